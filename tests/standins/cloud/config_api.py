# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls below /apps/provisioning_api/api/v1/config/apps: the settings of apps (AppConfigController)."""

from __future__ import annotations

import re
from typing import Any

from standins.cloud.ocs import OcsError
from standins.cloud.php import integer
from standins.cloud.request import Call

_APP = re.compile(r"[a-z]([a-z0-9_]*[a-z0-9])?")
_MAX_APP = 32
_MAX_KEY = 64
_PROTECTED = ("installed_version", "enabled", "types")
_PROTECTED_CORE = ("public_", "remote_")
_LOCKED = "The given key can not be set"


def apps(call: Call) -> dict[str, list[str]]:
    """GET: apps that have settings."""
    call.require_admin(call.refusals.not_plain_admin)
    return {"data": call.cloud.config.apps()}


def keys(call: Call) -> dict[str, list[str]]:
    """GET {app}: its keys that are set."""
    call.require_admin(call.refusals.not_plain_admin)
    return {"data": call.cloud.config.keys(_app(call, call.path[-1]))}


def read(call: Call) -> dict[str, str]:
    """GET {app}/{key}: its value; the parameter defaultValue, else an empty text, when it is not set."""
    call.require_admin(call.refusals.not_plain_admin)
    app, key = _app(call, call.path[-2]), call.path[-1]
    return {"data": call.cloud.config.get(app, key, call.text("defaultValue", ""))}


def write(call: Call) -> list[Any]:
    """POST {app}/{key} with value."""
    value = call.text("value")
    call.require_admin(call.refusals.not_delegated)
    app, key = _writable(call, value)
    call.cloud.config.set(app, key, value)
    return []


def delete(call: Call) -> list[Any]:
    """DELETE {app}/{key}. Repeats are fine."""
    call.require_admin(call.refusals.not_plain_admin)
    app, key = _writable(call, "")
    call.cloud.config.set(app, key, None)
    return []


def _refused(message: str) -> OcsError:
    """403 whose reason is in the data; the message of the envelope is empty."""
    return OcsError(403, data={"data": {"message": message}})


def _app(call: Call, app: str) -> str:
    if not _APP.fullmatch(app):
        raise _refused("Invalid app id given")
    if len(app) > _MAX_APP or len(call.path[-1]) > _MAX_KEY:
        raise call.refusals.unexpected.error()
    return app


def _writable(call: Call, value: str) -> tuple[str, str]:
    """App and key of the path, if they may be set to that value."""
    app, key = _app(call, call.path[-2]), call.path[-1]
    if key in _PROTECTED:
        raise _refused(_LOCKED)
    if app == "core" and (key.startswith(_PROTECTED_CORE) or (key == "encryption_enabled" and value != "yes")):
        raise _refused(_LOCKED)
    asked = call.cloud.config.get("files", "allow_unlimited_quota", "1")
    unlimited_forbidden = call.cloud.release.quota_limits and integer(asked) == 0
    if (app, key, value) == ("files", "default_quota", "none") and unlimited_forbidden:
        raise _refused(f"{_LOCKED}, unlimited quota is forbidden on this instance")
    return app, key
