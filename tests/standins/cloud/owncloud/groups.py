# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups, their members, and group admins."""

from __future__ import annotations

from typing import Any

from standins.cloud.account import Account
from standins.cloud.ocs import NOT_FOUND, OcsError
from standins.cloud.owncloud.ocs import unauthorised
from standins.cloud.owncloud.state import subadmins_allowed
from standins.cloud.request import Call
from standins.cloud.state import ADMIN_GROUP, Group


def create(call: Call) -> list[Any]:
    """POST groups, which knows no display name. One with a slash is made, and refused nevertheless (recorded on
    version 2 only, which does not tell the code)."""
    name = call.text("groupid", "")
    if not name:
        raise OcsError(101, "Invalid group name")
    if name in call.cloud.groups:
        raise OcsError(102)
    if not call.is_admin:
        raise unauthorised()
    call.cloud.groups[name] = Group(name, name)
    if "/" in name:
        raise OcsError(101)
    return []


def delete(call: Call) -> list[Any]:
    """DELETE groups/{id}; its members stay."""
    name = call.path[1]
    if name not in call.cloud.groups:
        raise OcsError(101)
    if name == ADMIN_GROUP:
        raise OcsError(102)
    del call.cloud.groups[name]
    return []


def _manages(call: Call, group: Group) -> bool:
    return call.is_admin or group in call.cloud.subadmin_groups(call.acting)


def members(call: Call) -> dict[str, Any]:
    """GET groups/{id}: the accounts in it. The refusal is from the source (provisioning_api's Groups.php)."""
    group = call.cloud.groups.get(call.path[1])
    if group is None:
        raise OcsError(NOT_FOUND, "The requested group could not be found")
    if not _manages(call, group):
        raise unauthorised("User does not have access to specified group")
    return {"users": [account.id for account in call.cloud.members(group) if not account.gone]}


def subadmins_of_group(call: Call) -> list[str]:
    """GET groups/{id}/subadmins. The refusal is from the source (provisioning_api's Groups.php)."""
    group = call.cloud.groups.get(call.path[1])
    if group is None:
        raise OcsError(101, "Group does not exist")
    accounts = (call.cloud.find(name) for name in sorted(group.subadmins))
    return [account.id for account in accounts if account and group in call.cloud.subadmin_groups(account)]


def of_user(call: Call) -> dict[str, Any]:
    """GET users/{id}/groups: all to itself and admins, to a group admin those that it manages."""
    account = call.cloud.find(call.path[1])
    if account is None:
        raise OcsError(NOT_FOUND)
    if not call.may_reach(account):
        raise unauthorised()
    groups = call.cloud.groups_of(account)
    return {"groups": [group.id for group in groups if account is call.acting or _manages(call, group)]}


def _named_group(call: Call) -> Group:
    name = call.text("groupid", "")
    if not name:
        raise OcsError(101)
    group = call.cloud.groups.get(name)
    if group is None:
        raise OcsError(102)
    return group


def _member(call: Call) -> Account:
    account = call.cloud.find(call.path[1])
    if account is None:
        raise OcsError(103)
    return account


def add_member(call: Call) -> list[Any]:
    """POST users/{id}/groups. Repeats are fine. That a group admin may add to its own groups only is not recorded."""
    group, account = _named_group(call), _member(call)
    if not _manages(call, group):
        raise OcsError(104)
    group.members.add(account.id)
    return []


def remove_member(call: Call) -> list[Any]:
    """DELETE users/{id}/groups. Repeats are fine. What a group admin may not do is from the source
    (provisioning_api's Users.php)."""
    group = _named_group(call)
    if not _manages(call, group):
        raise OcsError(104)
    account = _member(call)
    if account is call.acting and call.is_admin and group.id == ADMIN_GROUP:
        raise OcsError(105, "Cannot remove yourself from the admin group")
    if account is call.acting and not call.is_admin:
        raise OcsError(105, "Cannot remove yourself from this group as you are a SubAdmin")
    group.members.discard(account.id)
    return []


def list_subadmin(call: Call) -> list[str]:
    """GET users/{id}/subadmins: the groups that an account manages. Refusals are from the source (Users.php)."""
    account = call.cloud.find(call.path[1])
    if account is None:
        raise OcsError(NOT_FOUND, "The requested user could not be found")
    if not call.may_reach(account):
        raise unauthorised()
    return [group.id for group in call.cloud.subadmin_groups(account)]


def add_subadmin(call: Call) -> list[Any]:
    """POST users/{id}/subadmins. Repeats are fine. Where group admins are switched off it is refused; the code of that
    refusal is not known (owncloud/core#41634 says only that there is one)."""
    account, name = call.cloud.find(call.path[1]), call.text("groupid", "")
    group = call.cloud.groups.get(name)
    if account is None:
        raise OcsError(101, "User does not exist")
    if group is None:
        raise OcsError(102, f"Group:{name} does not exist")
    if group.id == ADMIN_GROUP:
        raise OcsError(103, "Cannot create subadmins for admin group")
    if not subadmins_allowed(call.cloud.config):
        raise OcsError(103, "Unknown error occurred")
    group.subadmins.add(account.id)
    return []


def remove_subadmin(call: Call) -> list[Any]:
    """DELETE users/{id}/subadmins."""
    account, group = call.cloud.find(call.path[1]), call.cloud.groups.get(call.text("groupid", ""))
    if account is None:
        raise OcsError(101, "User does not exist")
    if group is None:
        raise OcsError(101, "Group does not exist")
    if group not in call.cloud.subadmin_groups(account):
        raise OcsError(102, "User is not a subadmin of this group")
    group.subadmins.discard(account.id)
    return []
