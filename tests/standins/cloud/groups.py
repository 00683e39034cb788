# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups, their members, and group admins."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_plus

from standins.cloud.account import Account
from standins.cloud.names import MAX_GROUP, group_id
from standins.cloud.ocs import NOT_FOUND, UNKNOWN_ERROR, OcsError
from standins.cloud.records import shown
from standins.cloud.request import Call
from standins.cloud.state import ADMIN_GROUP, Group


def _group_record(call: Call, group: Group) -> dict[str, Any]:
    members = call.cloud.members(group)
    return {
        "id": group.id,
        "displayname": group.display_name,
        "usercount": len(members),
        "disabled": sum(not account.enabled for account in members),
        "canAdd": True,
        "canRemove": True,
    }


def list_ids(call: Call) -> dict[str, Any]:
    """GET groups."""
    call.require_subadmin()
    return {"groups": [group.id for group in call.cloud.search_groups(*call.raw_page())]}


def list_details(call: Call) -> dict[str, Any]:
    """GET groups/details."""
    call.require_admin()
    return {"groups": [_group_record(call, group) for group in call.cloud.search_groups(*call.raw_page())]}


def create(call: Call) -> list[Any]:
    """POST groups."""
    call.require_admin()
    name = call.text("groupid")
    display_name = call.text("displayname", "") if call.cloud.release.group_names else ""
    if name in ("", "0"):
        raise OcsError(101, "Invalid group name")
    if name in call.cloud.groups:
        raise OcsError(102, "group exists")
    if len(name) > MAX_GROUP:
        raise call.refusals.unexpected.error()
    identifier = group_id(name)
    if identifier in call.cloud.groups:
        raise OcsError(103, "Not supported by backend")
    call.cloud.groups[identifier] = Group(identifier, display_name.strip() or name)
    return []


def _named(call: Call) -> str:
    """The group id of the path, decoded once more: GroupsController does so, except for sub-admins."""
    return unquote_plus(call.path[1])


def update(call: Call) -> list[Any]:
    """PUT groups/{id} with key displayname."""
    call.require_admin()
    key, value = call.text("key"), call.text("value")
    if key != "displayname":
        raise OcsError(UNKNOWN_ERROR)
    group = call.cloud.groups.get(_named(call))
    if group is None:
        raise OcsError(NOT_FOUND, "Group does not exist")
    if not value.strip():
        raise OcsError(101, "Not supported by backend")
    group.display_name = value.strip()
    return []


def delete(call: Call) -> list[Any]:
    """DELETE groups/{id}; its members stay."""
    call.require_admin()
    name = _named(call)
    if name not in call.cloud.groups:
        raise OcsError(101)
    if name == ADMIN_GROUP:
        raise OcsError(102)
    del call.cloud.groups[name]
    return []


def _managed(call: Call, missing: int, refused: int) -> Group:
    """The group of the path, if the acting account may look into it."""
    call.require_subadmin()
    message = "The requested group could not be found"
    group = call.cloud.groups.get(_named(call))
    if group is None:
        raise OcsError(missing, message)
    if not call.is_admin and call.acting.id not in group.subadmins:
        raise OcsError(refused, "" if refused == 403 else message)
    return group


def members(call: Call) -> dict[str, Any]:
    """GET groups/{id}/users and groups/{id}: all of them, whatever page is asked for."""
    group = _managed(call, missing=404, refused=403)
    return {"users": [account.id for account in call.cloud.members(group) if not account.gone]}


def member_details(call: Call) -> dict[str, Any]:
    """GET groups/{id}/users/details. Accounts that are gone are left out of the page, which is shorter then."""
    group = _managed(call, missing=NOT_FOUND, refused=NOT_FOUND)
    return shown(call, [account for account in call.cloud.members(group, *call.page()) if not account.gone])


def subadmins_of_group(call: Call) -> list[str]:
    """GET groups/{id}/subadmins."""
    call.require_admin()
    group = call.cloud.groups.get(call.path[1])
    if group is None:
        raise OcsError(101, "Group does not exist")
    return sorted(group.subadmins)


def _readable_groups(call: Call) -> list[Group]:
    """Groups of the account in the path: all to itself and admins, the shared ones to a group admin."""
    account = call.cloud.find(call.path[1])
    if account is None:
        raise OcsError(NOT_FOUND)
    groups = call.cloud.groups_of(account)
    if account is call.acting or call.is_admin:
        return groups
    if not call.cloud.may_manage(call.acting, account):
        raise call.refusals.out_of_reach.error()
    return [group for group in groups if call.acting.id in group.subadmins]


def of_user(call: Call) -> dict[str, Any]:
    """GET users/{id}/groups."""
    return {"groups": [group.id for group in _readable_groups(call)]}


def of_user_details(call: Call) -> dict[str, Any]:
    """GET users/{id}/groups/details."""
    return {"groups": [_group_record(call, group) for group in _readable_groups(call)]}


def _membership(call: Call, name: str) -> tuple[Group, Account]:
    group, account = call.cloud.groups.get(name), call.cloud.find(call.path[1])
    if group is None:
        raise OcsError(102)
    if account is None:
        raise OcsError(103)
    if not call.is_admin and call.acting.id not in group.subadmins:
        raise OcsError(104)
    return group, account


def add_member(call: Call) -> list[Any]:
    """POST users/{id}/groups. Repeats are fine."""
    call.require_subadmin()
    name = call.text("groupid", "")
    if not name:
        raise OcsError(101)
    group, account = _membership(call, name)
    group.members.add(account.id)
    return []


def remove_member(call: Call) -> list[Any]:
    """DELETE users/{id}/groups. Repeats are fine; not oneself from `admin`, not the last group of a group admin."""
    call.require_subadmin()
    name = call.text("groupid")
    if not name.strip():
        raise OcsError(101)
    group, account = _membership(call, name)
    if account is call.acting and call.is_admin and name == ADMIN_GROUP:
        raise OcsError(105, "Cannot remove yourself from the admin group")
    if not call.is_admin:
        if account is call.acting:
            raise call.refusals.own_managed_group.error()
        shared = [one for one in call.cloud.subadmin_groups(call.acting) if account.id in one.members]
        if len(shared) <= 1:
            raise call.refusals.last_managed_group.error()
    group.members.discard(account.id)
    return []


def list_subadmin(call: Call) -> list[str]:
    """GET users/{id}/subadmins: the groups that an account manages."""
    call.require_admin()
    account = call.cloud.find(call.path[1])
    if account is None:
        raise OcsError(404, "User does not exist")
    return [group.id for group in call.cloud.subadmin_groups(account)]


def list_subadmin_details(call: Call) -> dict[str, Any]:
    """GET users/{id}/subadmins/details: of oneself, or of anybody to an admin."""
    account = call.cloud.find(call.path[1])
    if account is None or not (call.is_admin or account is call.acting):
        raise OcsError(NOT_FOUND)
    return {"groups": [_group_record(call, group) for group in call.cloud.subadmin_groups(account)]}


def add_subadmin(call: Call) -> list[Any]:
    """POST users/{id}/subadmins. Repeats are fine."""
    call.require_admin()
    group, account = call.cloud.groups.get(call.text("groupid")), call.cloud.find(call.path[1])
    if account is None:
        raise OcsError(101, "User does not exist")
    if group is None:
        raise OcsError(102, "Group does not exist")
    if group.id == ADMIN_GROUP:
        raise call.refusals.admin_as_managed_group.error()
    group.subadmins.add(account.id)
    return []


def remove_subadmin(call: Call) -> list[Any]:
    """DELETE users/{id}/subadmins."""
    call.require_admin()
    group, account = call.cloud.groups.get(call.text("groupid")), call.cloud.find(call.path[1])
    if account is None:
        raise OcsError(101, "User does not exist")
    if group is None:
        raise OcsError(101, "Group does not exist")
    if account.id not in group.subadmins:
        raise call.refusals.not_managing.error()
    group.subadmins.discard(account.id)
    return []
