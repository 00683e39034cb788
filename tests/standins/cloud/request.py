# SPDX-License-Identifier: GPL-3.0-or-later
"""One provisioning call, taken apart: path, parameters, and who is asking."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from standins.cloud.account import Account
from standins.cloud.ocs import UNAUTHORISED, OcsError
from standins.cloud.php import integer
from standins.cloud.release import Refusal, Refusals
from standins.cloud.state import Cloud

Parameters = dict[str, str | list[str]]
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


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
    """A provisioning call after authentication. `path` holds the decoded segments behind `cloud` or `apps`."""

    cloud: Cloud
    acting: Account
    path: tuple[str, ...]
    given: Mapping[str, str | list[str]]

    @property
    def refusals(self) -> Refusals:
        """How this cloud refuses."""
        return self.cloud.release.refusals

    @property
    def is_admin(self) -> bool:
        """True when the acting account may do everything."""
        return self.cloud.is_admin(self.acting)

    @property
    def manages_groups(self) -> bool:
        """True when the acting account is a group admin."""
        return bool(self.cloud.subadmin_groups(self.acting))

    def may_reach(self, account: Account) -> bool:
        """True for the acting account itself and those that it may manage."""
        return account is self.acting or self.cloud.may_manage(self.acting, account)

    def text(self, name: str, default: str | None = None) -> str:
        """A parameter. One that is missing and has no default is what the real server does not expect."""
        value = self.given.get(name, default)
        if not isinstance(value, str):
            raise self.refusals.unexpected.error()
        return value

    def texts(self, name: str) -> list[str]:
        """A list parameter, empty when missing."""
        value = self.given.get(name, [])
        return value if isinstance(value, list) else [value]

    def raw_page(self) -> tuple[str, int | None, int]:
        """search, limit (None = all) and offset as they were given; a text that is no number is 0."""
        limit = integer(self.text("limit")) if "limit" in self.given else None
        return self.text("search", ""), limit, integer(self.text("offset", "0"))

    def page(self, *, negative_limit: bool = True) -> tuple[str, int | None, int]:
        """search, limit and offset. An offset below 0 breaks the real server; so does a limit, unless it means all."""
        search, limit, offset = self.raw_page()
        if offset < 0 or (limit is not None and limit < 0 and not negative_limit):
            raise self.refusals.unexpected.error()
        return search, None if limit is not None and limit < 0 else limit, offset

    def require_subadmin(self) -> None:
        """Refuse unless the account is an admin or manages a group."""
        if not self.is_admin and not self.manages_groups:
            raise self.refusals.not_subadmin.error()

    def require_admin(self, refusal: Refusal | None = None) -> None:
        """Refuse, with not_admin if nothing else is given, unless the account is an admin."""
        if not self.is_admin:
            raise (refusal or self.refusals.not_admin).error()


def not_logged_in() -> OcsError:
    """The answer to a call without credentials."""
    return OcsError(UNAUTHORISED, "Current user is not logged in")
