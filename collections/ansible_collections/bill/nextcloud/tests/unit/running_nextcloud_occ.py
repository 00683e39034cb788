# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Works on accounts of a Nextcloud 31 whose occ answers by script, as a real one did."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import NEXTCLOUD, account_options
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils import converge
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Cloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.dialect import Identity
from ansible_collections.bill.nextcloud.plugins.plugin_utils.jobs import Limits, make_jobs
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.by_api import ByApi
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.installation import Installation
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.nextcloud.backend import connected
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.server import Server
from ansible_collections.bill.nextcloud.plugins.plugin_utils.proofs import Proofs
from ansible_collections.bill.nextcloud.tests.unit.running import NAME
from ansible_collections.bill.nextcloud.tests.unit.scripted import PASSWORD
from ansible_collections.bill.nextcloud.tests.unit.scripted_occ import Said, ScriptedOcc, failed, printed

PROCESSES = 2

LogIn = t.Callable[[str, str], bool]


def info(name: str = NAME, **fields: t.Any) -> dict[str, t.Any]:
    """What ``user:info`` of release 31 tells of an account that was never used."""
    return {
        "user_id": name,
        "display_name": name,
        "email": "",
        "cloud_id": f"{name}@https://cloud.example.org",
        "enabled": True,
        "groups": [],
        "quota": "none",
        "storage": [],
        "first_seen": "never",
        "last_seen": "never",
        "user_directory": f"/srv/cloud/data/{name}",
        "backend": "Database",
        **fields,
    }


def storage(used: float) -> dict[str, t.Any]:
    """What is told of the space of an account that was used."""
    return {"free": 5, "used": used, "total": 5, "relative": 0.02, "quota": -3}


def listed(*records: dict[str, t.Any]) -> Said:
    """A page of accounts: an object by their names, of which PHP makes a list when it is empty."""
    return printed({record["user_id"]: {k: v for k, v in record.items() if k != "storage"} for record in records} or [])


def expect_info(occ: ScriptedOcc, name: str = NAME, **fields: t.Any) -> None:
    """An account is read."""
    occ.expect_read("user:info", "--output=json", "--", name, said=printed(info(name, **fields)))


def expect_missing(occ: ScriptedOcc, name: str = NAME) -> None:
    """An account is read that does not exist."""
    occ.expect_read("user:info", "--output=json", "--", name, said=failed("user not found"))


def expect_page(occ: ScriptedOcc, *records: dict[str, t.Any], offset: int = 0, said: Said | None = None) -> None:
    """A page of all accounts is read."""
    arguments = ("user:list", "--info", "--output=json", "--limit=1000", f"--offset={offset}")
    occ.expect_read(*arguments, said=said or listed(*records))


def expect_settings(occ: ScriptedOcc, settings: t.Any, *app: str, name: str = NAME) -> None:
    """What is set for an account is read: all of it, or one app's."""
    occ.expect_read("user:setting", "--output=json", "--", name, *app, said=printed(settings))


def expect_set(occ: ScriptedOcc, app: str, key: str, value: str, said: Said | None = None, name: str = NAME) -> None:
    """A setting of an account is set."""
    occ.expect("user:setting", "--", name, app, key, value, said=said)


def expect_app_setting(occ: ScriptedOcc, app: str, key: str, value: str = "") -> None:
    """A setting of an app is read."""
    occ.expect_read("config:app:get", "--default-value=", "--", app, key, said=Said(0, f"{value}\n"))


def expect_creation(occ: ScriptedOcc, *options: str, name: str = NAME, said: Said | None = None) -> None:
    """An account is created with a password."""
    success = Said(0, f'The account "{name}" was created successfully\n')
    occ.expect("user:add", *options, "--password-from-env", "--", name, said=said or success, password=PASSWORD)


def opened(
    occ: ScriptedOcc,
    *,
    api: Cloud | None = None,
    log_in: LogIn | None = None,
    version: str = "31.0.6.2",
) -> Cloud:
    """The backend itself."""
    proofs = Proofs(log_in, "the log-in") if log_in is not None else None
    server = Server(occ.execute, {"processes": PROCESSES})
    identity = Identity(NEXTCLOUD, "Nextcloud", version, False, False)
    by_api = ByApi(api) if api is not None else None
    return connected(
        server,
        Installation(identity, {"installed": True, "version": version}),
        by_api,
        proofs,
    )


def run(
    occ: ScriptedOcc, *accounts: dict[str, t.Any], check_mode: bool = False, threads: bool = False, **connection: t.Any
) -> list[dict[str, t.Any]]:
    """Bring accounts to what is wished, and return their results.

    :param threads: several accounts at once; otherwise one by one, so that their commands come in order.
    :param connection: see :func:`opened`.
    """
    jobs = make_jobs([account_options(**{"name": NAME, **account}) for account in accounts], {})
    cloud = opened(occ, **connection)
    if not threads:
        cloud = replace(cloud, accounts_at_once=lambda: 1)
    converge.converge(jobs, cloud, Limits(), check_mode=check_mode, sleep=lambda seconds: None)
    return [job.result() for job in jobs]


def run_one(occ: ScriptedOcc, *, connection: dict[str, t.Any] | None = None, **account: t.Any) -> dict[str, t.Any]:
    """The same for one account."""
    return run(occ, account, **(connection or {}))[0]


def refusal(call: t.Callable[[], object]) -> CloudError:
    """Return why a call was refused."""
    with pytest.raises(CloudError) as caught:
        call()
    return caught.value
