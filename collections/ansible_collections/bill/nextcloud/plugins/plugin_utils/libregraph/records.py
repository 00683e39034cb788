# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The records of LibreGraph: accounts, and the personal drives that hold their files."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from ansible_collections.bill.nextcloud.plugins.module_utils.account import Account
from ansible_collections.bill.nextcloud.plugins.module_utils.quota import Quota
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph.graph import Reply, read_text

NAME_KEY = "onPremisesSamAccountName"
"""What an account's name is called."""
ADMIN_ROLES = frozenset(
    {
        "71881883-1768-46bd-a24d-a356a2afdf7f",  # Admin
        "2aadd357-682c-406b-8874-293091995fdd",  # Space Admin
    }
)
"""The roles whose accounts are never changed. Source: ``services/settings/pkg/store/defaults/defaults.go``."""


@dataclass(frozen=True)
class Drive:
    """The personal drive of an account."""

    id: str
    quota: Quota | None = None
    used: int | None = None


@dataclass(frozen=True)
class Found:
    """An account with what only this API has of it."""

    id: str
    account: Account
    drive: Drive | None
    """None: it has none before the account's first log-in."""
    tells_enabled: bool = True
    """Whether the cloud said that it is enabled or not. A server that cannot disable says it of nobody
    (``OC_LDAP_DISABLE_USER_MECHANISM=none``); others leave it out of a single record when their look-up fails."""

    def with_drive(self, drive: Drive | None) -> Found:
        """Return the same account with what its drive tells."""
        quota, used = (drive.quota, drive.used) if drive is not None else (None, None)
        return replace(self, drive=drive, account=replace(self.account, quota=quota, used=used))


def read_found(reply: Reply, record: t.Mapping[str, t.Any], drive: Drive | None) -> Found:
    """Read an account's record.

    Groups and roles have to be there: without them it cannot be known whether the account may
    be touched. Without ``accountEnabled`` it is shown as enabled, see ``tells_enabled``.

    :raises CloudError: ``not_an_answer``.
    """
    groups = record.get("memberOf")
    roles = record.get("appRoleAssignments")
    if not isinstance(groups, list) or not isinstance(roles, list):
        raise reply.error("not_an_answer", "The account's record has no groups or no roles.")
    signed_in = record.get("signInActivity")
    account = Account(
        name=read_text(reply, record, NAME_KEY),
        enabled=record.get("accountEnabled") is not False,
        quota=None,
        used=None,
        groups=tuple(sorted(read_text(reply, group, "displayName") for group in groups)),
        email=record.get("mail") or None,
        display_name=record.get("displayName") or None,
        language=record.get("preferredLanguage") or None,
        last_login=read_time(signed_in.get("lastSuccessfulSignInDateTime")) if isinstance(signed_in, dict) else None,
        exact_quota=True,
        admin_role=any(isinstance(role, dict) and role.get("appRoleId") in ADMIN_ROLES for role in roles),
    )
    tells_enabled = isinstance(record.get("accountEnabled"), bool)
    return Found(read_text(reply, record, "id"), account, None, tells_enabled).with_drive(drive)


def read_drive(record: t.Any) -> Drive | None:
    """Read a drive's record; None when it is none, which ``$expand=drive`` shows as a drive without an id.

    A total of 0 is unlimited. After a fault of the storage the quota is empty, which says nothing.
    """
    drive_id = record.get("id") if isinstance(record, dict) else None
    if not isinstance(drive_id, str) or not drive_id:
        return None
    quota = record.get("quota")
    total, used = (_read_size(quota.get(key)) if isinstance(quota, dict) else None for key in ("total", "used"))
    return Drive(drive_id, None if total is None else Quota(total or None), used)


def owner_of(record: t.Mapping[str, t.Any]) -> str | None:
    """Return the id of the account that owns a drive."""
    found: t.Any = record
    for name in ("owner", "user", "id"):
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) else None


def read_time(value: t.Any) -> datetime | None:
    """Read a moment as Go writes it, with up to nine decimals of a second; None for the year 1, which is no moment."""
    if not isinstance(value, str):
        return None
    head, _dot, tail = value.partition(".")
    zone = tail.lstrip("0123456789")
    try:
        moment = datetime.fromisoformat((head + zone).replace("Z", "+00:00")).astimezone(timezone.utc)  # noqa: UP017
    except (ValueError, OverflowError):
        return None
    return moment if moment.year > 1 else None


def _read_size(value: t.Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
