# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the product of a cloud is found out."""

from __future__ import annotations

import contextlib
import json
import typing as t

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import USERS
from ansible_collections.bill.nextcloud.plugins.plugin_utils import users_task
from ansible_collections.bill.nextcloud.plugins.plugin_utils.cloud import anonymous, connection_of
from ansible_collections.bill.nextcloud.plugins.plugin_utils.dialect import dialect_of, identify
from ansible_collections.bill.nextcloud.tests.unit.running import NAME, NO_SERVER, code, validated
from ansible_collections.bill.nextcloud.tests.unit.scripted import Answer, ScriptedCloud, html, no, ok, record

# What servers told, as recorded or as their documentation shows it.
NEXTCLOUD = {"version": "31.0.6.2", "versionstring": "31.0.6", "edition": "", "productname": "Nextcloud"}
OLD_NEXTCLOUD = {"version": "17.0.10.1", "versionstring": "17.0.10", "edition": "", "productname": "Nextcloud"}
OWNCLOUD = {"version": "10.15.2.0", "versionstring": "10.15.2", "productname": "ownCloud", "product": "ownCloud"}
OPENCLOUD = {
    "version": "0.1.0.0",
    "versionstring": "0.1.0",
    "edition": "Community",
    "productname": "OpenCloud",
    "product": "OpenCloud",
    "productversion": "0.1.0+ebba86148",
}
OCIS = {"version": "10.11.0.0", "versionstring": "10.11.0", "product": "Infinite Scale", "productversion": "7.1.0"}


@pytest.mark.parametrize(
    ("told", "dialect"),
    [
        (NEXTCLOUD, "nextcloud"),
        (OLD_NEXTCLOUD, "nextcloud"),
        ({**NEXTCLOUD, "productname": "ownCloud of ours"}, "nextcloud"),
        ({**NEXTCLOUD, "productname": "Cloud"}, "nextcloud"),
        (OWNCLOUD, "owncloud"),
        ({**OWNCLOUD, "versionstring": "11.0.0", "version": "11.0.0.0"}, "owncloud"),
        ({**OWNCLOUD, "version": "", "versionstring": ""}, "owncloud"),
        ({"version": "10.3.2.2", "versionstring": "10.3.2", "productname": "Cloud"}, "owncloud"),
        ({"version": "", "versionstring": "", "productname": "ownCloud"}, None),
        ({"major": 31, "productname": "Cloud"}, "nextcloud"),
        (OPENCLOUD, "libregraph"),
        (OCIS, "libregraph"),
        ({"version": "3.0.0.0", "versionstring": "3.0.0", "productname": "Something"}, None),
        ({"productname": "Something"}, None),
        ({}, None),
    ],
)
def test_what_servers_tell(told: dict[str, t.Any], dialect: str | None) -> None:
    """The name that an operator gave decides nothing as long as there is anything better."""
    assert dialect_of(told) == dialect


def run(cloud: ScriptedCloud) -> dict[str, t.Any]:
    """Run a task that does not say which dialect, and return the account's result."""
    wish = [{"name": NAME, "state": "disabled"}]
    parameters = validated(USERS, cloud.url, accounts=wish, dialect="auto")
    result = users_task.run(parameters, NO_SERVER, check_mode=False, with_diff=False)
    return t.cast("dict[str, t.Any]", result["accounts"][0])


def test_a_nextcloud_is_asked_once(cloud: ScriptedCloud) -> None:
    """Nobody is logged in for it."""
    cloud.expect("GET", "/status.php", Answer(200, json.dumps({"installed": True, **NEXTCLOUD}).encode()))
    cloud.expect("GET", f"/users/{NAME}", ok(record(NAME, enabled=False)))
    assert code(run(cloud)) is None


def test_where_the_status_is_closed_the_capabilities_tell(cloud: ScriptedCloud) -> None:
    """Everybody may read those, too."""
    cloud.expect("GET", "/status.php", html(403))
    version = {"major": 31, "string": "31.0.6", "edition": "", "extendedSupport": False}
    cloud.expect("GET", "/capabilities", ok({"version": version, "capabilities": {}}), user=None)
    cloud.expect("GET", f"/users/{NAME}", ok(record(NAME, enabled=False)))
    assert code(run(cloud)) is None


@pytest.mark.parametrize(
    ("name", "told", "dialect"),
    [
        ("Cloud", {"major": 31, "string": "31.0.6"}, "nextcloud"),
        ("ownCloud", {"major": 31, "string": "31.0.6"}, "nextcloud"),
        ("Nextcloud", None, "nextcloud"),
        ("ownCloud", None, "owncloud"),
        ("Cloud", None, None),
    ],
)
def test_a_version_that_is_kept_back(
    cloud: ScriptedCloud, name: str, told: dict[str, t.Any] | None, dialect: str | None
) -> None:
    """The capabilities tell it; only where they do not, either, the name decides."""
    status = {"installed": True, "version": "", "versionstring": "", "productname": name}
    cloud.expect("GET", "/status.php", Answer(200, json.dumps(status).encode()))
    refused = no(401, 997, "Unauthorised")
    cloud.expect("GET", "/capabilities", ok({"version": told}) if told is not None else refused, user=None)
    with contextlib.closing(anonymous(connection_of(validated(USERS, cloud.url, accounts=[])))) as transport:
        assert identify(transport).dialect == dialect


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (html(200), "not_an_answer"),
        (Answer(200, b""), "not_an_answer"),
        (html(401), "not_an_answer"),
        (html(404), "not_an_answer"),
        (Answer(429, b""), "rate_limited"),
        (html(500), "server_error"),
        (html(502), "server_error"),
        (html(503), "maintenance"),
    ],
)
@pytest.mark.parametrize("capabilities", [no(401, 997, "Unauthorised"), html(404), Answer(401, b"")])
def test_a_bad_answer_says_nothing_of_the_credentials(
    cloud: ScriptedCloud, status: Answer, capabilities: Answer, failure: str
) -> None:
    """ownCloud and oCIS show their capabilities to nobody who is not logged in (recorded), and nobody is."""
    cloud.expect("GET", "/status.php", status)
    cloud.expect("GET", "/capabilities", capabilities, user=None)
    assert code(run(cloud)) == failure


def test_maintenance(cloud: ScriptedCloud) -> None:
    """As a Nextcloud says it."""
    cloud.expect("GET", "/status.php", html(503))
    cloud.expect("GET", "/capabilities", no(503, 503, **{"X-Nextcloud-Maintenance-Mode": "1"}), user=None)
    assert code(run(cloud)) == "maintenance"


def test_a_product_that_is_not_known(cloud: ScriptedCloud) -> None:
    """No password is sent to it."""
    other = Answer(200, b'{"installed": true, "productname": "Other", "version": "3.0"}')
    cloud.expect("GET", "/status.php", other)
    cloud.expect("GET", "/capabilities", html(404), user=None)
    assert code(run(cloud)) == "unknown_product"
