# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server tells about itself: status.php, the capabilities, and the app serverinfo."""

from __future__ import annotations

import json
from typing import Any

from standins.cloud.app_config import AppConfig
from standins.cloud.ocs import NOT_FOUND, UNKNOWN_ROUTE, Answer, OcsError
from standins.cloud.passwords import policy
from standins.cloud.release import Release
from standins.cloud.request import Call


def status_page(release: Release, *, maintenance: bool) -> Answer:
    """status.php, which needs no log-in and answers 200 in maintenance as well."""
    body = {
        "installed": True,
        "maintenance": maintenance,
        "needsDbUpgrade": False,
        "version": release.full_version,
        "versionstring": release.version_text,
        "edition": "",
        "productname": "Nextcloud",
        "extendedSupport": False,
    }
    headers = {"Content-Type": "application/json", "Access-Control-Allow-Origin": "*"}
    return Answer(200, json.dumps(body, separators=(",", ":")).encode(), headers)


def capabilities(config: AppConfig, url: str, delay_ms: int, logged_in: bool) -> dict[str, Any]:
    """The capabilities that matter to a client which manages accounts. url: of the cloud, without a final slash."""
    release = config.release
    shown: dict[str, Any] = {"bruteforce": {"delay": delay_ms}}
    if not release.brief_capabilities:
        shown["bruteforce"]["allow-listed"] = False
    if logged_in:
        api = f"{url}/ocs/v2.php/apps/password_policy/api/v1"
        shown["core"] = {"pollinterval": 60, "webdav-root": "remote.php/webdav"}
        shown["password_policy"] = {
            "api": {"generate": f"{api}/generate", "validate": f"{api}/validate"},
            **policy(config),
        }
    if logged_in and not release.brief_capabilities:
        shown["core"]["reference-api"] = True
        shown["password_policy"]["policies"] = {"account": {"enforceHaveIBeenPwned": False, **policy(config)}}
        shown["provisioning_api"] = {
            "version": "1.21.0",
            "AccountPropertyScopesVersion": 2,
            "AccountPropertyScopesFederatedEnabled": True,
            "AccountPropertyScopesPublishedEnabled": False,
        }
    major, minor, micro, _ = release.version
    version = {"major": major, "minor": minor, "micro": micro, "string": release.version_text}
    return {"version": {**version, "edition": "", "extendedSupport": False}, "capabilities": shown}


def system(call: Call) -> dict[str, Any]:
    """GET apps/serverinfo/api/v1/info, as far as clients read it; null: a storage whose free space is not known."""
    if not call.cloud.config.flag("serverinfo", "enabled", "yes"):
        raise OcsError(NOT_FOUND, UNKNOWN_ROUTE, early=True)
    if not call.is_admin:
        raise OcsError(401, data={"message": "Unauthorized"})
    return {"nextcloud": {"system": {"version": call.cloud.release.full_version, "freespace": call.cloud.free_space}}}
