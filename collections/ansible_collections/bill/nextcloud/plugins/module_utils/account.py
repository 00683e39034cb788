# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts: what a cloud has (:class:`Account`) and what is wanted (:class:`Wish`)."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from . import quota as quotas
from .errors import CloudError

ADMIN_GROUP = "admin"
"""Members of this group are never changed."""

_NAME = re.compile(r"[a-zA-Z0-9 _.@'-]+\Z")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\Z")
_NAME_LENGTH = 64  # OCP\\IUserManager::MAX_USERID_LENGTH


@dataclass(frozen=True)
class Account:
    """An account as the cloud shows it."""

    name: str
    enabled: bool
    quota: quotas.Quota | None
    """None: the cloud did not tell."""
    used: int | None
    """Bytes; None: the cloud did not tell."""
    groups: tuple[str, ...]
    """Sorted."""
    email: str | None
    display_name: str | None
    language: str | None

    @classmethod
    def from_record(cls, record: t.Any) -> Account:
        """Read the ``data`` of ``GET users/{id}``.

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
        return cls(
            name=name,
            enabled=_read_enabled(record.get("enabled")),
            quota=quotas.read(quota.get("quota")),
            used=used.size if used is not None else None,
            groups=_read_groups(record.get("groups")),
            email=_text(record.get("email")),
            display_name=_text(record.get("displayname", record.get("display-name"))),
            language=_text(record.get("language")),
        )

    @property
    def is_admin(self) -> bool:
        """Whether the account is an administrator of the cloud."""
        return ADMIN_GROUP in self.groups

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
        }


@dataclass(frozen=True)
class Wish:
    """What one account should be. A field that is None (or an empty tuple) is left alone."""

    name: str
    state: str
    """``present``, ``exists``, ``disabled`` or ``absent``."""
    create: bool = True
    password: str | None = field(default=None, repr=False)
    display_name: str | None = None
    email: str | None = None
    language: str | None = None
    create_only: frozenset[str] = frozenset()
    quota: quotas.Quota | None = None
    groups: tuple[str, ...] = ()
    groups_absent: tuple[str, ...] = ()
    proven: bool = False
    """An account that exists already has to be proven ours before it is touched."""


def check_name(name: str) -> None:
    """Check a name by Nextcloud's rules (``OC\\User\\Manager::validateUserId``), before any request.

    :raises CloudError: ``invalid_name``.
    """
    if not _NAME.match(name) or name != name.strip(" ") or len(name) > _NAME_LENGTH or not name.strip("."):
        raise CloudError("invalid_name", f"The name is {_quoted(name)}.")


def parse_wish(arguments: t.Mapping[str, t.Any], passwords: t.Mapping[str, t.Any]) -> Wish:
    """Make a :class:`Wish` of one validated item of the option ``accounts``.

    :param arguments: the item, all keys of the argument spec present.
    :param passwords: the option ``passwords``; the item's own password wins.
    :raises CloudError: ``invalid_name`` or ``invalid_value``.
    """
    name = arguments["name"]
    check_name(name)
    password = arguments["password"]
    if password is None and passwords.get(name) is not None:
        password = str(passwords[name])
    wish = Wish(
        name=name,
        state=arguments["state"],
        create=arguments["create"],
        password=password or None,
        display_name=_wished_text("display_name", arguments["display_name"]),
        email=_wished_email(arguments["email"]),
        language=_wished_text("language", arguments["language"]),
        create_only=frozenset(arguments["create_only"] or ()),
        quota=_wished_quota(arguments["quota"]),
        groups=_wished_groups("groups", arguments["groups"]),
        groups_absent=_wished_groups("groups_absent", arguments["groups_absent"]),
        proven=arguments["ownership"] == "proven",
    )
    both = sorted(set(wish.groups) & set(wish.groups_absent))
    if both:
        raise CloudError("invalid_value", "In groups and in groups_absent at once: {}.".format(", ".join(both)))
    if ADMIN_GROUP in wish.groups:
        raise CloudError("invalid_value", "Nobody is made an administrator: take admin out of groups.")
    if wish.proven and not wish.password:
        raise CloudError("invalid_value", "Ownership can be proven only with the password.")
    return wish


def _wished_text(option: str, value: str | None) -> str | None:
    if value is None:
        return None
    if not value.strip():
        raise CloudError("invalid_value", f"{option} is empty; leave it out to leave the field alone.")
    return value.strip()  # Nextcloud strips it, too


def _wished_email(value: str | None) -> str | None:
    """Check roughly: Nextcloud stores any text at creation, and only an edit refuses what is no address."""
    if value is None or not value.strip():
        return None if value is None else ""
    if not _EMAIL.match(value.strip()):
        raise CloudError("invalid_value", f"email is not an address: {_quoted(value)}.")
    return value.strip()


def _wished_quota(value: str | None) -> quotas.Quota | None:
    if value is None:
        return None
    try:
        return quotas.parse_wish(value)
    except ValueError as error:
        raise CloudError("invalid_value", f"{error}: {_quoted(value)}.") from error


def _wished_groups(option: str, value: t.Sequence[str] | None) -> tuple[str, ...]:
    groups = tuple(sorted(set(value or ())))
    if any(not group for group in groups):
        raise CloudError("invalid_value", f"{option} holds an empty name.")
    return groups


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
    """Read ``groups``: a list, or an object when PHP's array has holes in its numbering."""
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list) or not all(isinstance(group, str) for group in value):
        raise ValueError("the account's record has no list of groups")
    return tuple(sorted(value))


def _text(value: t.Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _quoted(value: str) -> str:
    """Return a value from outside so that it fits into a message: one line, not endless."""
    return repr(value if len(value) <= 80 else value[:80] + "...")
