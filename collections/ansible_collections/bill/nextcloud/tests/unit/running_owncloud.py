# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs tasks against a scripted cloud that answers as ownCloud 10.15 does, in version 1 of the API."""

from __future__ import annotations

import contextlib
import json
import typing as t

from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Cloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.cloud import connected
from ansible_collections.bill.nextcloud.tests.unit import running
from ansible_collections.bill.nextcloud.tests.unit.scripted import ADMIN, Answer, ScriptedCloud

DIALECT: dict[str, t.Any] = {"dialect": "owncloud"}
_API = "/ocs/v1.php/cloud"


def ok(data: t.Any = ()) -> Answer:
    """A success."""
    meta = {"status": "ok", "statuscode": 100, "message": None}
    return Answer(200, json.dumps({"ocs": {"meta": meta, "data": data}}).encode())


def no(code: int, message: str | None = None, http_status: int = 200) -> Answer:
    """A refusal, which has the HTTP status 200."""
    meta = {"status": "failure", "statuscode": code, "message": message}
    return Answer(http_status, json.dumps({"ocs": {"meta": meta, "data": []}}).encode())


def unauthorised(message: str | None = None) -> Answer:
    """The answer to a wrong log-in, to what is not permitted, and to changes of an account that does not exist."""
    return no(997, message, 401)


def missing() -> Answer:
    """The answer to GET of an account that does not exist."""
    return no(998, "The requested user could not be found")


def record(name: str, **fields: t.Any) -> dict[str, t.Any]:
    """An account's record."""
    return {
        "enabled": "true",
        "quota": {"definition": "default"},
        "email": None,
        "displayname": name,
        "home": f"/srv/cloud/data/{name}",
        "two_factor_auth_enabled": "false",
        "last_login": 0,
        "creation_time": 1795423060,
        "language": "en",
        **fields,
    }


def expect(
    cloud: ScriptedCloud,
    method: str,
    path: str,
    answer: Answer,
    form: list[tuple[str, str]] | None = None,
    **more: t.Any,
) -> None:
    """Add a request below the provisioning API."""
    cloud.expect(method, _API + path, answer, form, **more)


def expect_log_in(cloud: ScriptedCloud, answer: Answer | None = None, name: str = ADMIN) -> None:
    """A task begins with the question who is logged in."""
    shown = {"id": name, "display-name": name, "email": None, "language": "en"}
    expect(cloud, "GET", "/user", answer or ok(shown))


def expect_read(
    cloud: ScriptedCloud,
    name: str,
    groups: t.Sequence[str | int] = (),
    group_admin_of: t.Sequence[str] | None = (),
    **fields: t.Any,
) -> None:
    """An account is read. group_admin_of: None when it is known already and not asked for."""
    expect(cloud, "GET", f"/users/{name}", ok(record(name, **fields)))
    expect(cloud, "GET", f"/users/{name}/groups", ok({"groups": list(groups)}))
    if group_admin_of is not None:
        expect(cloud, "GET", f"/users/{name}/subadmins", ok(list(group_admin_of)))


def expect_edit(cloud: ScriptedCloud, name: str, key: str, value: str, answer: Answer | None = None) -> None:
    """One field of an account is set."""
    expect(cloud, "PUT", f"/users/{name}", answer or ok(), [("key", key), ("value", value)])


def run(cloud: ScriptedCloud, *accounts: dict[str, t.Any], check_mode: bool = False) -> list[dict[str, t.Any]]:
    """Run a task of ``nextcloud_users`` and return the results of the accounts."""
    result = running.run(cloud, *accounts, check_mode=check_mode, **DIALECT)
    return t.cast("list[dict[str, t.Any]]", result["accounts"])


def run_one(cloud: ScriptedCloud, check_mode: bool = False, **account: t.Any) -> dict[str, t.Any]:
    """The same for one account."""
    return run(cloud, account, check_mode=check_mode)[0]


def opened(cloud: ScriptedCloud) -> contextlib.AbstractContextManager[Cloud]:
    """The backend itself."""
    return connected(running.arguments(cloud.url, **DIALECT), running.NO_SERVER)
