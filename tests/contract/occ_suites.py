# SPDX-License-Identifier: GPL-3.0-or-later
"""What was recorded of occ from a real Nextcloud 31.0.6 and 17.0.10 and a real ownCloud 10.15.2: how it is prepared,
and what is left out."""

from __future__ import annotations

import requests
from contract.occ import Occ, OccSuite, load
from contract.suite import LeftOut

_MAINTENANCE = LeftOut("maintenance.*", "maintenance mode stops a real server for everybody")
_REPORT = LeftOut("user.report", "counts all accounts of a real server")
_PAGES = "a page of a real server's accounts has others on it"


def _admin_as_recorded(occ: Occ) -> None:
    """The recorded administrator had logged in."""
    assert occ.standin is not None
    requests.get(
        f"{occ.standin.url}/ocs/v1.php/cloud/user",
        auth=(occ.standin.admin_user, occ.standin.admin_password),
        headers={"OCS-APIRequest": "true"},
        timeout=10,
    ).raise_for_status()


def _admin_with_quota(occ: Occ) -> None:
    """The recorded administrator had a quota, too."""
    _admin_as_recorded(occ)
    occ.run("user:setting", "admin", "files", "quota", "10 GB")


def _begin_maintenance(occ: Occ) -> None:
    """On another server, whose administrator had no quota."""
    occ.run("user:setting", "--delete", "admin", "files", "quota")
    occ.run("maintenance:mode", "--on")


NEXTCLOUD_31 = OccSuite(
    product="nextcloud",
    variable="NEXTCLOUD_OCC",
    releases=range(24, 1000),
    recordings=load("nextcloud-31.0.6-occ.jsonl", "nextcloud-31.0.6-occ-further.jsonl"),
    count=208,
    names=(("user:list", "--limit=1000000"), ("group:list", "--limit=1000000", "--info")),
    preparations={"status": _admin_with_quota, "maintenance.status": _begin_maintenance},
    left_out=(
        _MAINTENANCE,
        _REPORT,
        LeftOut("user.list.json", _PAGES),
        LeftOut("user.list.info", _PAGES),
    ),
)
NEXTCLOUD_17 = OccSuite(
    product="nextcloud-17",
    variable="NEXTCLOUD_OCC",
    releases=range(24),
    recordings=load("nextcloud-17.0.10-occ.jsonl"),
    count=72,
    names=(("user:list", "--limit=1000000"), ("group:list", "--limit=1000000")),
    preparations={},
    left_out=(_REPORT, LeftOut("user.list.json", _PAGES)),
)
OWNCLOUD = OccSuite(
    product="owncloud",
    variable="OWNCLOUD_OCC",
    releases=range(10, 1000),
    recordings=load("owncloud-10.15.2-occ.jsonl"),
    count=78,
    names=(("user:list",), ("group:list",)),
    preparations={"status": _admin_as_recorded},
    left_out=(
        _REPORT,
        LeftOut("oc.user.home", "lists all accounts of a real server"),
        LeftOut("oc.user.inactive", "lists accounts of a real server"),
    ),
)
SUITES = {"nextcloud-31": NEXTCLOUD_31, "nextcloud-17": NEXTCLOUD_17, "owncloud-10": OWNCLOUD}
