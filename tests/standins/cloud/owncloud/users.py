# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls below /cloud/users that concern accounts: lists, reading, creating, enabling, disabling, deleting."""

from __future__ import annotations

from typing import Any

from standins.cloud.account import Account
from standins.cloud.names import NameRefused
from standins.cloud.ocs import NOT_FOUND, OcsError
from standins.cloud.owncloud.ocs import unauthorised
from standins.cloud.passwords import PasswordRefused
from standins.cloud.php import percent
from standins.cloud.request import Call
from standins.cloud.state import Group, page

# Bytes free when the disk does not know (OCP\Files\FileInfo::SPACE_UNKNOWN).
_SPACE_UNKNOWN = -2


def _storage(account: Account, disk: int | None) -> dict[str, int | float]:
    """What an account has in use, and what is left for it. disk: bytes free there, None: not known.

    With a limited quota as recorded; the disk counts as in `getStorageInfo` of lib/private/legacy/helper.php.
    """
    limit, used = account.quota_bytes, account.files.used
    free: int | float = _SPACE_UNKNOWN if disk is None else disk
    if limit >= 0:
        left = max(0, limit - used)
        free = left if free < 0 else min(free, left)
    total = free + used if free >= 0 else free
    if 0 < limit < total:
        total = limit
    return {"free": free, "used": used, "total": total, "relative": percent(used, total) if total > 0 else 0}


def read(call: Call) -> dict[str, Any]:
    """GET users/{id}. What is in use is known from the first log-in on."""
    account = call.cloud.find(call.path[1])
    if account is None:
        raise OcsError(NOT_FOUND, "The requested user could not be found")
    if not call.may_reach(account):
        raise unauthorised()
    managed = call.cloud.may_manage(call.acting, account)
    state = {"enabled": str(account.enabled).lower()} if managed else {}
    used = _storage(account, call.cloud.free_space) if account.last_login else {}
    return {
        **state,
        "quota": {**used, "definition": account.quota},
        "email": account.email,
        "displayname": account.display_name,
        "home": f"/data/{account.id}",
        # No text that a call can send switches it on: only the PHP value true does.
        "two_factor_auth_enabled": "false",
        "last_login": account.last_login,
        "creation_time": account.created,
        "language": account.language_shown,
    }


def read_self(call: Call) -> dict[str, Any]:
    """GET user."""
    acting = call.acting
    return {
        "id": acting.id,
        "display-name": acting.display_name,
        "email": acting.email,
        "language": acting.language_shown,
    }


def list_ids(call: Call) -> dict[str, Any]:
    """GET users: one page. For group admins over their groups, one after the other. A limit of 0 is none; so is one
    below it here, and an offset below 0 (not recorded)."""
    search, asked, offset = call.raw_page()
    limit, offset = asked if asked and asked > 0 else None, max(0, offset)
    if call.is_admin:
        return {"users": [account.id for account in call.cloud.search(search, limit, offset)]}
    groups = call.cloud.subadmin_groups(call.acting)
    found = [account.id for group in groups for account in call.cloud.members(group, search)]
    return {"users": page(list(dict.fromkeys(found)), limit, offset)}


def create(call: Call) -> list[Any]:
    """POST users: takes id, password and groups, and nothing else."""
    account_id, password = call.text("userid", ""), call.text("password", "")
    if call.cloud.find(account_id):
        raise OcsError(102, "User already exists")
    groups = _groups_to_join(call)
    try:
        account = call.cloud.create(account_id, password)
    except (NameRefused, PasswordRefused) as error:
        raise OcsError(101, str(error)) from error
    for group in groups:
        group.members.add(account.id)
    return []


def _groups_to_join(call: Call) -> list[Group]:
    names = call.given.get("groups")
    if not isinstance(names, list):
        if not call.is_admin:
            raise OcsError(106, "no group specified (required for subadmins)")
        return []
    for name in names:
        group = call.cloud.groups.get(name)
        if group is None:
            raise OcsError(104, f"group {name} does not exist")
        if not call.is_admin and group not in call.cloud.subadmin_groups(call.acting):
            raise OcsError(105, f"insufficient privileges for group {name}")
    return [call.cloud.groups[name] for name in names]


def _other(call: Call) -> Account:
    """The account named in the path, which must not be the acting one (101), and must be in its reach (997)."""
    account = call.cloud.find(call.path[1])
    if account is None or account is call.acting:
        raise OcsError(101)
    if not call.cloud.may_manage(call.acting, account):
        raise unauthorised()
    return account


def delete(call: Call) -> list[Any]:
    """DELETE users/{id}."""
    call.cloud.delete(_other(call))
    return []


def enable(call: Call) -> list[Any]:
    """PUT users/{id}/enable. Repeats are fine."""
    _other(call).enabled = True
    return []


def disable(call: Call) -> list[Any]:
    """PUT users/{id}/disable. Repeats are fine."""
    _other(call).enabled = False
    return []
