# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts as the API shows them."""

from __future__ import annotations

from typing import Any

from standins.cloud import quota
from standins.cloud.account import Account
from standins.cloud.php import percent
from standins.cloud.request import Call

_OWN_FIRST_SCOPES = "v2-federated"
_FREE_UNKNOWN = -2


def _quota_data(account: Account) -> dict[str, int | float]:
    """Of a release that tells the quota as it was set: unlimited is unlimited, and free space may be negative."""
    limit, used = account.quota_bytes, account.files.used
    if limit > 0:
        relative = percent(used, limit)
        return {"free": limit - used, "used": used, "total": limit, "relative": relative, "quota": limit}
    return {"free": quota.UNLIMITED, "used": used, "total": quota.UNLIMITED, "relative": 0, "quota": limit}


def _storage_quota_data(account: Account, disk_free: int | None) -> dict[str, int | float | str]:
    """Of a release that asks the account's storage, which the first log-in makes (`getStorageInfo` of OC_Helper).

    disk_free: bytes; None: not known.
    """
    limit, used = account.quota_bytes, account.files.used
    if not account.first_login:
        return {"quota": limit if limit >= 0 else "none", "used": 0}
    unlimited = _FREE_UNKNOWN if disk_free is None else disk_free
    free = unlimited if limit < 0 else account.files.free(limit)
    total: int | float = free if free < 0 else free + used
    if limit > 0:
        total = min(total, limit)
    relative = percent(used, total) if total > 0 else 0
    return {"free": free, "used": used, "total": total, "relative": relative, "quota": limit}


def _manager(call: Call, account: Account) -> str:
    """The account's manager: shown to admins, to group admins if they may see that account, to nobody else."""
    if call.is_admin:
        return account.manager
    manager = call.cloud.find(account.manager)
    return account.manager if manager and call.manages_groups and call.may_reach(manager) else ""


def record(call: Call, account: Account, *, own: bool = False) -> dict[str, Any]:
    """An account as the API shows it. own: to itself, with the scopes of its profile fields."""
    cloud, release = call.cloud, call.cloud.release
    own = own and release.scopes
    data: dict[str, Any] = {}
    if not release.enabled_for_managers or cloud.may_manage(call.acting, account):
        data["enabled"] = account.enabled
    if call.is_admin or release.storage_for_all:
        data["storageLocation"] = f"/data/{account.id}"
    data |= {
        "id": account.id,
        "firstLoginTimestamp": account.first_login,
        "lastLoginTimestamp": account.last_login,
        "lastLogin": account.last_login * 1000,
        "backend": account.backend.name,
        "subadmin": [group.id for group in cloud.subadmin_groups(account)],
        "quota": _storage_quota_data(account, cloud.free_space) if release.storage_quota else _quota_data(account),
        "manager": _manager(call, account),
    }
    if own:
        data["avatarScope"] = _OWN_FIRST_SCOPES
    data["email"] = account.email
    if own:
        data["emailScope"] = _OWN_FIRST_SCOPES
    data["additional_mail"] = list(account.additional_mail)
    if own:
        data["additional_mailScope"] = [_OWN_FIRST_SCOPES for _ in account.additional_mail]
    data["displayname"] = data["display-name"] = account.display_name
    if own:
        data["displaynameScope"] = _OWN_FIRST_SCOPES
    for name, scope in release.profile.items():
        data[name] = account.profile_value(name)
        if own:
            data[f"{name}Scope"] = scope
    data |= {
        "groups": [group.id for group in cloud.groups_of(account)],
        "language": account.language_shown,
        "locale": account.locale,
        "notify_email": account.notify_email,
        "backendCapabilities": {
            "setDisplayName": account.backend.set_display_name,
            "setPassword": account.backend.set_password,
        },
    }
    return {name: value for name, value in data.items() if name not in release.hidden_fields}


def shown(call: Call, accounts: list[Account]) -> dict[str, Any]:
    """Full records by id, or the bare id of accounts that are gone or out of reach."""
    return {
        "users": {
            account.id: record(call, account) if not account.gone and call.may_reach(account) else {"id": account.id}
            for account in accounts
        }
    }
