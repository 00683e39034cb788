# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server tells about itself: status.php, the capabilities, and the app serverinfo."""

from __future__ import annotations

import json
from typing import Any

from standins.cloud.app_config import AppConfig
from standins.cloud.ocs import NOT_FOUND, UNKNOWN_ROUTE, Answer, OcsError
from standins.cloud.passwords import policy
from standins.cloud.request import Call

VERSION = "31.0.6.2"


def status_page(maintenance: bool) -> Answer:
    """status.php, which needs no log-in and answers 200 in maintenance as well."""
    body = {
        "installed": True,
        "maintenance": maintenance,
        "needsDbUpgrade": False,
        "version": VERSION,
        "versionstring": "31.0.6",
        "edition": "",
        "productname": "Nextcloud",
        "extendedSupport": False,
    }
    headers = {"Content-Type": "application/json", "Access-Control-Allow-Origin": "*"}
    return Answer(200, json.dumps(body, separators=(",", ":")).encode(), headers)


def capabilities(config: AppConfig, url: str, delay_ms: int, logged_in: bool) -> dict[str, Any]:
    """The capabilities that matter to a client which manages accounts. url: of the cloud, without a final slash."""
    shown: dict[str, Any] = {"bruteforce": {"delay": delay_ms, "allow-listed": False}}
    if logged_in:
        api = f"{url}/ocs/v2.php/apps/password_policy/api/v1"
        shown["core"] = {"pollinterval": 60, "webdav-root": "remote.php/webdav", "reference-api": True}
        shown["password_policy"] = {
            "api": {"generate": f"{api}/generate", "validate": f"{api}/validate"},
            "policies": {"account": {"enforceHaveIBeenPwned": False, **policy(config)}},
            **policy(config),
        }
        shown["provisioning_api"] = {
            "version": "1.21.0",
            "AccountPropertyScopesVersion": 2,
            "AccountPropertyScopesFederatedEnabled": True,
            "AccountPropertyScopesPublishedEnabled": False,
        }
    version = {"major": 31, "minor": 0, "micro": 6, "string": "31.0.6", "edition": "", "extendedSupport": False}
    return {"version": version, "capabilities": shown}


def system(call: Call) -> dict[str, Any]:
    """GET apps/serverinfo/api/v1/info, as far as clients read it; null: a storage whose free space is not known."""
    if not call.cloud.config.flag("serverinfo", "enabled", "yes"):
        raise OcsError(NOT_FOUND, UNKNOWN_ROUTE, early=True)
    if not call.is_admin:
        raise OcsError(401, data={"message": "Unauthorized"})
    return {"nextcloud": {"system": {"version": VERSION, "freespace": call.cloud.free_space}}}
