# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls below /cloud/users: reading, creating, enabling, disabling, deleting."""

from __future__ import annotations

from typing import Any

from standins.cloud import edit, quota
from standins.cloud.ocs import NOT_FOUND, OcsError
from standins.cloud.request import Call
from standins.cloud.state import (
    ADMIN_GROUP,
    MAX_PASSWORD,
    PROFILE_SCOPES,
    Account,
    Group,
    NameRefused,
    PasswordRefused,
)

_OWN_FIRST_SCOPES = "v2-federated"


def _php_number(value: float) -> int | float:
    return int(value) if value == int(value) and abs(value) < 1e17 else value


def _quota_data(account: Account) -> dict[str, int | float]:
    limit, used = account.quota_bytes, account.files.used
    if limit > 0:
        relative = _php_number(round(used / limit * 10000) / 100)
        return {"free": limit - used, "used": used, "total": limit, "relative": relative, "quota": limit}
    return {"free": quota.UNLIMITED, "used": used, "total": quota.UNLIMITED, "relative": 0, "quota": limit}


def record(call: Call, account: Account, *, own: bool = False) -> dict[str, Any]:
    """An account as the API shows it. own: to itself, with the scopes of its profile fields."""
    cloud = call.cloud
    data: dict[str, Any] = {"enabled": account.enabled}
    if call.is_admin:
        data["storageLocation"] = f"/data/{account.id}"
    data |= {
        "id": account.id,
        "firstLoginTimestamp": account.first_login,
        "lastLoginTimestamp": account.last_login,
        "lastLogin": account.last_login * 1000,
        "backend": "Database",
        "subadmin": [group.id for group in cloud.subadmin_groups(account)],
        "quota": _quota_data(account),
        "manager": account.manager,
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
    for name, scope in PROFILE_SCOPES.items():
        data[name] = account.profile[name]
        if own:
            data[f"{name}Scope"] = scope
    return data | {
        "groups": [group.id for group in cloud.groups_of(account)],
        "language": account.language,
        "locale": account.locale,
        "notify_email": account.notify_email,
        "backendCapabilities": {"setDisplayName": True, "setPassword": True},
    }


def _visible(call: Call) -> list[Account]:
    """The page of accounts that the acting account may see."""
    search, limit, offset = call.page()
    if call.is_admin:
        return call.cloud.search(search, limit, offset)
    found: dict[str, Account] = {}
    for group in call.cloud.subadmin_groups(call.acting):
        found |= {account.id: account for account in call.cloud.members(group, search, limit, offset)}
    return list(found.values())


def _shown(call: Call, accounts: list[Account]) -> dict[str, Any]:
    """Full records, or the bare id of accounts out of reach."""
    return {
        "users": {
            account.id: record(call, account) if call.cloud.may_manage(call.acting, account) else {"id": account.id}
            for account in accounts
        }
    }


def list_ids(call: Call) -> dict[str, Any]:
    """GET users."""
    call.require_subadmin()
    return {"users": [account.id for account in _visible(call)]}


def list_details(call: Call) -> dict[str, Any]:
    """GET users/details."""
    call.require_subadmin()
    return _shown(call, _visible(call))


def list_disabled(call: Call) -> dict[str, Any]:
    """GET users/disabled: full records."""
    call.require_subadmin()
    search, limit, offset = call.page()
    found = [
        account
        for account in call.cloud.accounts()
        if not account.enabled and account.matches(search) and call.cloud.may_manage(call.acting, account)
    ]
    return _shown(call, found[offset:] if limit is None else found[offset : offset + limit])


def read(call: Call) -> dict[str, Any]:
    """GET users/{id}."""
    account = call.cloud.find(call.path[1])
    if account is None:
        raise OcsError(404, "User does not exist")
    own = account is call.acting
    if not own and not call.cloud.may_manage(call.acting, account):
        raise OcsError(NOT_FOUND)
    return record(call, account, own=own and call.path[1] == account.id)


def read_self(call: Call) -> dict[str, Any]:
    """GET user."""
    return record(call, call.acting, own=True)


def create(call: Call) -> dict[str, Any]:
    """POST users. Not atomic: only a bad display name takes the new account back."""
    call.require_subadmin()
    account_id, password, email = call.text("userid"), call.text("password", ""), call.text("email", "")
    if call.cloud.find(account_id):
        raise OcsError(102, "User already exists")
    groups = _groups_to_join(call)
    subadmin_of = _groups_to_manage(call)
    if len(password.encode()) > MAX_PASSWORD:
        raise OcsError(101, "Invalid password value")
    if not password:
        if not email:
            raise OcsError(108, "An email address is required, to send a password link to the user.")
        password = call.cloud.new_token()
    try:
        account = call.cloud.create(account_id, password)
    except NameRefused as error:
        raise OcsError(101, str(error)) from error
    except PasswordRefused as error:
        raise OcsError(107, str(error)) from error
    for group in groups:
        group.members.add(account.id)
    for group in subadmin_of:
        group.subadmins.add(account.id)
    try:
        edit.set_display_name(account, call.text("displayName", ""))
    except OcsError:
        call.cloud.delete(account)
        raise
    _set_rest(call, account)
    account.email = email or None
    return {"id": account_id}


def _set_rest(call: Call, account: Account) -> None:
    """What is set after the account was made; a refusal leaves the account."""
    if wanted := call.text("quota", ""):
        try:
            edit.set_quota(account, wanted)
        except quota.QuotaBreaks as error:
            raise OcsError(101, "Failed to set quota to invalid value ?") from error
    if language := call.text("language", ""):
        edit.set_language(account, language)
    account.manager = call.text("manager", "")


def _groups_to_join(call: Call) -> list[Group]:
    names = call.texts("groups")
    for name in names:
        group = call.cloud.groups.get(name)
        if group is None:
            raise OcsError(104, f"Group {name} does not exist")
        if not call.is_admin and call.acting.id not in group.subadmins:
            raise OcsError(105, f"Insufficient privileges for group {name}")
    if not names and not call.is_admin:
        raise OcsError(106, "No group specified (required for sub-admins)")
    return [call.cloud.groups[name] for name in names]


def _groups_to_manage(call: Call) -> list[Group]:
    groups = []
    for name in call.texts("subadmin"):
        group = call.cloud.groups.get(name)
        if group is None:
            raise OcsError(109, "Sub-admin group does not exist")
        if name == ADMIN_GROUP:
            raise OcsError(103, "Cannot create sub-admins for admin group")
        if not call.is_admin and call.acting.id not in group.subadmins:
            raise OcsError(403, "No permissions to promote sub-admins")
        groups.append(group)
    return groups


def _other(call: Call, *, missing: int) -> Account:
    """The account named in the path, which must not be the acting one (101). missing: the code for an unknown one."""
    call.require_subadmin()
    account = call.cloud.find(call.path[1])
    if account is None:
        raise OcsError(missing)
    if account is call.acting:
        raise OcsError(101)
    if not call.cloud.may_manage(call.acting, account):
        raise OcsError(NOT_FOUND)
    return account


def delete(call: Call) -> list[Any]:
    """DELETE users/{id}."""
    call.cloud.delete(_other(call, missing=NOT_FOUND))
    return []


def enable(call: Call) -> list[Any]:
    """PUT users/{id}/enable. Repeats are fine."""
    _other(call, missing=101).enabled = True
    return []


def disable(call: Call) -> list[Any]:
    """PUT users/{id}/disable. Repeats are fine."""
    _other(call, missing=101).enabled = False
    return []


def wipe(call: Call) -> list[Any]:
    """POST users/{id}/wipe: ends the account's app passwords."""
    _other(call, missing=NOT_FOUND).app_passwords.clear()
    return []


def welcome(call: Call) -> list[Any]:
    """POST users/{id}/welcome: no mail is sent."""
    call.require_subadmin()
    account = call.cloud.find(call.path[1])
    if account is None or not call.cloud.may_manage(call.acting, account):
        raise OcsError(NOT_FOUND)
    if not account.email:
        raise OcsError(101, "Email address not available")
    return []
