# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles: graph/v1.0/applications and graph/v1.0/users/{id}/appRoleAssignments. Accounts are named by id only."""

from __future__ import annotations

import json
from typing import Any

from standins.cloud.ocs import Answer
from standins.cloud.opencloud.call import Call
from standins.cloud.opencloud.errors import GraphError, graph_answer, invalid, no_content
from standins.cloud.opencloud.gojson import Shape
from standins.cloud.opencloud.models import role_model
from standins.cloud.opencloud.state import APPLICATION_ID, ROLES

_ASSIGNMENT = Shape(
    "AppRoleAssignment",
    {
        "appRoleId": "string",
        "createdDateTime": "any",
        "deletedDateTime": "any",
        "id": "string",
        "principalDisplayName": "string",
        "principalId": "string",
        "principalType": "string",
        "resourceDisplayName": "string",
        "resourceId": "string",
    },
    ("appRoleId", "principalId", "resourceId"),
)


def _application() -> dict[str, Any]:
    roles = [{"displayName": name, "id": role} for role, name in ROLES.items()]
    return {"appRoles": roles, "displayName": "OpenCloud", "id": APPLICATION_ID}


def applications(_call: Call) -> Answer:
    """GET applications: the one there is, with the roles."""
    return graph_answer({"value": [_application()]})


def application(call: Call) -> Answer:
    """GET applications/{id}."""
    if call.names[0] != APPLICATION_ID:
        message = f"requested id {call.names[0]} does not match expected application id {APPLICATION_ID}"
        raise GraphError(404, message)
    return graph_answer(_application())


def _own_role(what: str) -> GraphError:
    """The error of the settings service, which is shown as it is."""
    detail = f"{what} own role assignment forbidden"
    error = {"id": "eu.opencloud.api.settings", "code": 403, "detail": detail, "status": "Forbidden"}
    return GraphError(403, json.dumps(error, separators=(",", ":")), "notAllowed")


def list_assignments(call: Call) -> Answer:
    """GET appRoleAssignments: one role, or none; an account that does not exist has none."""
    assignment = call.cloud.assignments.get(call.names[0])
    return graph_answer({"value": [role_model(assignment)] if assignment else []})


def assign(call: Call) -> Answer:
    """POST appRoleAssignments: replaces the role; whether the role exists is not looked at, as recorded.

    From source: nobody may change their own role (services/settings/pkg/service/v0/service.go).
    """
    given = call.read_body(_ASSIGNMENT)
    account = call.names[0]
    if given.get("principalId") != account:
        raise invalid(f"user id {account} does not match principal id {given.get('principalId', '')}")
    if given.get("resourceId") != APPLICATION_ID:
        raise invalid(f"resource id {account} does not match expected application id {APPLICATION_ID}")
    if account == call.acting.id:
        raise _own_role("Changing")
    return graph_answer(role_model(call.cloud.assign(account, given.get("appRoleId", ""))), 201)


def remove(call: Call) -> Answer:
    """DELETE appRoleAssignments/{id}, from source; the next log-in gives the role User again."""
    account, wanted = call.names
    assignment = call.cloud.assignments.get(account)
    if assignment is None or assignment.id != wanted:
        raise GraphError(404, f"appRoleAssignment {wanted} not found for user {account}")
    if account == call.acting.id:
        raise _own_role("Removing")
    del call.cloud.assignments[account]
    return no_content()
