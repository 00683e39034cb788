# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls below graph/v1.0/groups."""

from __future__ import annotations

from urllib.parse import urlsplit

from standins.cloud.ocs import Answer
from standins.cloud.opencloud import odata
from standins.cloud.opencloud.call import Call
from standins.cloud.opencloud.errors import GraphError, graph_answer, invalid, no_content, not_found
from standins.cloud.opencloud.gojson import Shape
from standins.cloud.opencloud.models import group_model, user_model
from standins.cloud.opencloud.state import Group

_BOUND = "members@odata.bind"
_SHAPE = Shape(
    "Group",
    {
        "description": "string",
        "displayName": "string",
        "groupTypes": "[]string",
        "id": "string",
        "members": "any",
        _BOUND: "[]string",
    },
)
_REFERENCE = Shape("MemberReference", {"@odata.id": "string"})
_LONGEST_NAME = 256
_MOST_AT_ONCE = 20


def create(call: Call) -> Answer:
    """POST groups."""
    given = call.read_body(_SHAPE)
    if "displayName" not in given:
        raise invalid("Missing Required Attribute")
    _check_name(given["displayName"])
    if "id" in given:
        raise invalid("group id is a read-only attribute")
    call.require_writable()
    if call.cloud.find_group(given["displayName"]) is not None:
        raise GraphError(409, "group already exists")
    return graph_answer(group_model(call.cloud.add_group(given["displayName"])), 201)


def _check_name(name: str) -> None:
    if not 0 < len(name.strip().encode()) <= _LONGEST_NAME:
        raise invalid("Invalid displayName")


def list_groups(call: Call) -> Answer:
    """GET groups."""
    term = odata.search_term(call.query)
    if not call.is_admin and not odata.has_long_search(call.query):
        raise GraphError(403, "search term too short")
    if not call.is_admin and ("$filter" in call.query or "$expand" in call.query):
        raise GraphError(403, "query has forbidden elements for regular users")
    groups = [group for group in call.cloud.groups.values() if term is None or term.lower() in group.name.lower()]
    groups = odata.ordered(groups, call.query, {"displayName": lambda group: group.name})
    return graph_answer({"value": [_shown(call, group) for group in groups]})


def _shown(call: Call, group: Group) -> dict[str, object]:
    members = {"members": _members(call, group)} if "members" in odata.expanded(call.query) else {}
    return group_model(group) | members


def _members(call: Call, group: Group) -> list[dict[str, object]]:
    return [user_model(call.cloud.users[member], call.base_url) for member in group.members]


def read(call: Call) -> Answer:
    """GET groups/{id or name}."""
    return graph_answer(_shown(call, call.group()))


def change(call: Call) -> Answer:
    """PATCH groups/{id}: another name, further members (from source: at most 20)."""
    given = call.read_body(_SHAPE)
    if not given:
        return no_content()
    if "displayName" in given:
        _check_name(given["displayName"])
        call.require_writable()
        group, holder = call.group(), call.cloud.find_group(given["displayName"])
        if holder is not None and holder is not group:
            raise GraphError(409, "Group name already in use")
        group.name = given["displayName"]
    references = given.get(_BOUND, [])
    if len(references) > _MOST_AT_ONCE:
        raise invalid(f"Request is limited to {_MOST_AT_ONCE} members")
    accounts = [
        _account(one, "Error parsing member@odata.bind values", "Only user are allowed as group members")
        for one in references
    ]
    if accounts:
        _add(call, accounts)
    return no_content()


def delete(call: Call) -> Answer:
    """DELETE groups/{id or name}."""
    call.require_writable()
    del call.cloud.groups[call.group().id]
    return no_content()


def members(call: Call) -> Answer:
    """GET groups/{id}/members: a bare list."""
    return graph_answer(_members(call, call.group()))


def add_member(call: Call) -> Answer:
    """POST groups/{id}/members/$ref; once more changes nothing."""
    given = call.read_body(_REFERENCE)
    if "@odata.id" not in given:
        raise invalid("@odata.id reference is missing")
    account = _account(given["@odata.id"], "Error parsing @odata.id url", "Only users are allowed as group members")
    _add(call, [account])
    return no_content()


def _account(reference: str, unreadable: str, no_user: str) -> str:
    """The id of the account at the end of the address, whatever host it names."""
    parts = urlsplit(reference).path.rstrip("/").split("/")
    if len(parts) < 2 or not parts[-1]:
        raise invalid(unreadable)
    if parts[-2] != "users":
        raise invalid(no_user)
    return parts[-1]


def _add(call: Call, accounts: list[str]) -> None:
    """All or none. Accounts are named by id only."""
    call.require_writable()
    group = call.group()
    if not all(account in call.cloud.users for account in accounts):
        raise not_found()
    group.members.update(dict.fromkeys(accounts))


def remove_member(call: Call) -> Answer:
    """DELETE groups/{id}/members/{account}/$ref; 404 when it is not in the group."""
    call.require_writable()
    group, account = call.group(), call.names[1]
    if account not in group.members:
        raise not_found()
    del group.members[account]
    return no_content()
