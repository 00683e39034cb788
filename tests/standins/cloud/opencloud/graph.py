# SPDX-License-Identifier: GPL-3.0-or-later
"""Which call of graph/v1.0 is answered by what (services/graph/pkg/service/v0/service.go)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from standins.cloud.ocs import Answer
from standins.cloud.opencloud import drives, groups, roles, users
from standins.cloud.opencloud.call import Call
from standins.cloud.opencloud.errors import GRAPH_HEADERS, NO_PAGE, TEXT_HEADERS, GraphError

_Handler = Callable[[Call], Answer]
_WRITES = ("POST", "PATCH", "DELETE")


class _Route(NamedTuple):
    """path: `*` stands for a name. guarded: the methods that only administrators may use."""

    path: str
    handlers: Mapping[str, _Handler]
    guarded: tuple[str, ...] = ()


_ROUTES = (
    _Route("applications", {"GET": roles.applications}),
    _Route("applications/*", {"GET": roles.application}),
    _Route("me", {"GET": users.me, "PATCH": users.change_me}),
    _Route("me/changePassword", {"POST": users.change_password}),
    _Route("me/drive", {"GET": drives.my_drive}),
    _Route("me/drives", {"GET": drives.mine}),
    _Route("users", {"GET": users.list_users, "POST": users.create}, _WRITES),
    _Route("users/*", {"GET": users.read, "PATCH": users.change, "DELETE": users.delete}, _WRITES),
    _Route("users/*/drive", {"GET": drives.of_user}),
    _Route("users/*/appRoleAssignments", {"GET": roles.list_assignments, "POST": roles.assign}, ("GET", *_WRITES)),
    _Route("users/*/appRoleAssignments/*", {"DELETE": roles.remove}, _WRITES),
    _Route("groups", {"GET": groups.list_groups, "POST": groups.create}, _WRITES),
    _Route("groups/*", {"GET": groups.read, "PATCH": groups.change, "DELETE": groups.delete}, _WRITES),
    _Route("groups/*/members", {"GET": groups.members}, ("GET",)),
    _Route("groups/*/members/$ref", {"POST": groups.add_member}, _WRITES),
    _Route("groups/*/members/*/$ref", {"DELETE": groups.remove_member}, _WRITES),
    _Route("drives", {"GET": drives.list_drives, "POST": drives.create}),
    _Route("drives/*", {"GET": drives.read, "PATCH": drives.change}),
)


def answer(method: str, path: tuple[str, ...], call: Call) -> Answer:
    """The answer. path: decoded segments below graph/v1.0."""
    path = path[:-1] if path[-1:] == ("",) else path
    for route in _ROUTES:
        names = _names(route.path.split("/"), path)
        if names is None:
            continue
        if method not in route.handlers:
            return Answer(405, b"", GRAPH_HEADERS | {"Allow": ", ".join(route.handlers)})
        try:
            if method in route.guarded and not call.is_admin:
                raise GraphError(403, "Forbidden")
            return route.handlers[method](replace(call, names=names))
        except GraphError as error:
            return error.answer()
    return Answer(404, NO_PAGE, TEXT_HEADERS | GRAPH_HEADERS)


def _names(pattern: list[str], path: tuple[str, ...]) -> tuple[str, ...] | None:
    """What stands where the pattern has `*`; None when the path is another."""
    if len(pattern) != len(path) or any(want not in ("*", have) for want, have in zip(pattern, path, strict=True)):
        return None
    return tuple(have for want, have in zip(pattern, path, strict=True) if want == "*")
