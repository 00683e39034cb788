# SPDX-License-Identifier: GPL-3.0-or-later
"""One provisioning call, taken apart: path, parameters, and who is asking."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from standins.cloud.ocs import SERVER_ERROR, UNAUTHORISED, OcsError
from standins.cloud.state import Account, Cloud

_NOT_SUBADMIN = "Logged in account must be at least a sub admin"
_NOT_ADMIN = "Logged in account must be an admin, a sub admin or gotten special right to access this setting"
Parameters = dict[str, str | list[str]]


def parameters(query: str, content_type: str, body: bytes) -> Parameters:
    """Query and body (form or JSON) as PHP sees them: names ending in [] are lists. The query wins."""
    if content_type.startswith("application/json"):
        found = _from_json(body)
    elif content_type.startswith("application/x-www-form-urlencoded"):
        found = _from_form(body.decode("utf-8", "replace"))
    else:
        found = {}
    return found | _from_form(query)


def _from_form(text: str) -> Parameters:
    found: Parameters = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        base, bracket, _ = name.partition("[")
        if bracket:
            values = found.setdefault(base, [])
            if isinstance(values, list):
                values.append(value)
        else:
            found[name] = value
    return found


def _from_json(body: bytes) -> Parameters:
    try:
        data = json.loads(body)
    except ValueError:
        return {}
    if not isinstance(data, dict):
        return {}
    return {
        name: [str(item) for item in value] if isinstance(value, list) else str(value)
        for name, value in data.items()
        if value is not None
    }


@dataclass(frozen=True)
class Call:
    """A provisioning call after authentication. `path` holds the decoded segments below /cloud."""

    cloud: Cloud
    acting: Account
    path: tuple[str, ...]
    given: Mapping[str, str | list[str]]

    @property
    def is_admin(self) -> bool:
        """True when the acting account may do everything."""
        return self.cloud.is_admin(self.acting)

    def text(self, name: str, default: str | None = None) -> str:
        """A parameter. One that is missing and has no default breaks the real server: 996."""
        value = self.given.get(name, default)
        if not isinstance(value, str):
            raise OcsError(SERVER_ERROR, "Internal Server Error\n", early=True)
        return value

    def texts(self, name: str) -> list[str]:
        """A list parameter, empty when missing."""
        value = self.given.get(name, [])
        return value if isinstance(value, list) else [value]

    def page(self) -> tuple[str, int | None, int]:
        """search, limit (None = all) and offset."""
        limit, offset = self.text("limit", ""), self.text("offset", "0")
        return self.text("search", ""), int(limit) if limit.isdigit() else None, int(offset) if offset.isdigit() else 0

    def require_subadmin(self) -> None:
        """Raise 403 unless the account is an admin or manages a group."""
        if not self.is_admin and not self.cloud.subadmin_groups(self.acting):
            raise OcsError(403, _NOT_SUBADMIN)

    def require_admin(self) -> None:
        """Raise 403 unless the account is an admin."""
        if not self.is_admin:
            raise OcsError(403, _NOT_ADMIN)


def not_logged_in() -> OcsError:
    """The answer to a call without credentials."""
    return OcsError(UNAUTHORISED, "Current user is not logged in")
