# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts, as a cloud shows them, and the rules for names of accounts and groups."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass
from datetime import datetime, timezone

from . import quota as quotas
from .errors import CloudError

ADMIN_GROUP = "admin"
"""Members of this group are never changed."""

_NAME = re.compile(r"[a-zA-Z0-9 _.@'+-]+\Z")
_NAME_LENGTH = 64


@dataclass(frozen=True)
class Account:
    """An account as the cloud shows it."""

    name: str
    enabled: bool
    quota: quotas.Quota | None
    """None: the cloud did not tell."""
    used: int | None
    """Bytes; None: the cloud did not tell, or the account has no storage yet."""
    groups: tuple[str, ...]
    """Sorted."""
    email: str | None
    display_name: str | None
    language: str | None
    group_admin_of: tuple[str, ...] = ()
    """Sorted."""
    manager: str | None = None
    backend: str | None = None
    last_login: datetime | None = None
    """None: never, or the cloud did not tell."""
    fixed_fields: frozenset[str] = frozenset()
    """Which of ``display_name`` and ``password`` the account's backend does not let anybody change."""
    exact_quota: bool = False
    """The cloud keeps quotas to the byte, without rounding them."""
    admin_role: bool | None = None
    """Whether it is an administrator by its role; None: the product has a group for that."""

    @classmethod
    def from_record(cls, record: t.Any) -> Account:
        """Read the ``data`` of ``GET users/{id}``, or one of the records of ``GET users/details``.

        Name, ``enabled`` and groups have to be there: without them it cannot be known whether the account may be
        touched. Everything else may be missing (``quota`` is an empty list after a storage error).

        :raises ValueError: when the record does not have the shape of an account.
        """
        if not isinstance(record, dict):
            raise ValueError("the account's record is not an object")
        name = record.get("id")
        if not isinstance(name, str) or not name:
            raise ValueError("the account's record has no id")
        quota = record.get("quota")
        if not isinstance(quota, dict):
            quota = {}
        used = quotas.read(quota.get("used"))
        last_login = _read_time(record.get("lastLogin"))
        if last_login is None and used == quotas.Quota(0):
            used = None  # the first log-in makes the storage: what is said before is no measurement
        subadmin = record.get("subadmin")
        return cls(
            name=name,
            enabled=_read_enabled(record.get("enabled")),
            quota=quotas.read(quota.get("quota")),
            used=used.size if used is not None else None,
            groups=_read_groups(record.get("groups")),
            email=_text(record.get("email")),
            display_name=_text(record.get("displayname", record.get("display-name"))),
            language=_text(record.get("language")),
            group_admin_of=() if subadmin is None else _read_groups(subadmin),
            manager=_text(record.get("manager")),
            backend=_text(record.get("backend")),
            last_login=last_login,
            fixed_fields=_read_fixed_fields(record.get("backendCapabilities")),
        )

    @property
    def is_admin(self) -> bool:
        """Whether the account is an administrator of the cloud."""
        return ADMIN_GROUP in self.groups if self.admin_role is None else self.admin_role

    def shown(self) -> dict[str, t.Any]:
        """Return the account as results show it."""
        return {
            "name": self.name,
            "enabled": self.enabled,
            "quota": quotas.shown(self.quota),
            "used": self.used,
            "groups": list(self.groups),
            "email": self.email,
            "display_name": self.display_name,
            "language": self.language,
            "group_admin_of": list(self.group_admin_of),
            "manager": self.manager,
            "backend": self.backend,
            "last_login": shown_time(self.last_login),
            "administrator": self.is_admin,
        }


def shown_time(moment: datetime | None) -> str | None:
    """Return a moment in UTC as results show it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment is not None else None


def check_name(name: str) -> None:
    """Check a name by the rules that all products share, before any request. Each product has more of its own.

    :raises CloudError: ``invalid_name``.
    """
    if not _NAME.match(name) or name != name.strip(" ") or len(name) > _NAME_LENGTH or not name.strip("."):
        raise CloudError("invalid_name", f"The name is {quoted(name)}.")


def check_group_name(name: str) -> None:
    """Check the name of a group, before any request.

    Longer names than 64 characters are refused: Nextcloud would make a hash of them the group's identity
    (``OC\\Group\\Database::createGroup``). Names of dots only would be taken for parts of the address.

    :raises CloudError: ``invalid_value``.
    """
    if name == "0" or not name.strip(".") or name != name.strip() or len(name) > _NAME_LENGTH or not name.isprintable():
        raise CloudError(
            "invalid_value",
            f"A group's name has 1 to {_NAME_LENGTH} characters, not only dots, no space around, and is not 0:"
            f" {quoted(name)}.",
        )


def quoted(value: str) -> str:
    """Return a value from outside so that it fits into a message: one line, not endless."""
    return repr(value if len(value) <= 80 else value[:80] + "...")


def _read_enabled(value: t.Any) -> bool:
    """Read ``enabled``: a boolean, or text on some servers."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "1"):
        return True
    if isinstance(value, str) and value.lower() in ("false", "0", ""):
        return False
    raise ValueError("the account's record does not tell whether it is enabled")


def _read_groups(value: t.Any) -> tuple[str, ...]:
    """Read a list of groups, which is an object when PHP's array has holes in its numbering."""
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list) or not all(isinstance(group, str) for group in value):
        raise ValueError("the account's record has no list of groups")
    return tuple(sorted(value))


def _read_time(value: t.Any) -> datetime | None:
    """Read ``lastLogin``: milliseconds since 1970, 0 for never (-1 on servers that keep its first time apart)."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 2**53:
        return None
    try:
        return datetime.fromtimestamp(int(value) // 1000, timezone.utc)  # noqa: UP017 - Python 3.10
    except (OverflowError, ValueError, OSError):
        return None


def _read_fixed_fields(value: t.Any) -> frozenset[str]:
    """Read ``backendCapabilities``; what is not said is taken to be possible."""
    if not isinstance(value, dict):
        return frozenset()
    names = {"setDisplayName": "display_name", "setPassword": "password"}
    return frozenset(field for key, field in names.items() if value.get(key) is False)


def _text(value: t.Any) -> str | None:
    return value if isinstance(value, str) and value else None
