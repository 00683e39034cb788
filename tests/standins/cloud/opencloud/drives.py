# SPDX-License-Identifier: GPL-3.0-or-later
"""Personal drives and their quota: graph/v1.0/drives, users/{id}/drive, me/drive, me/drives.

There are no project spaces here.
"""

from __future__ import annotations

import re

from standins.cloud.ocs import Answer
from standins.cloud.opencloud.call import Call
from standins.cloud.opencloud.errors import GraphError, graph_answer, invalid
from standins.cloud.opencloud.gojson import Shape
from standins.cloud.opencloud.models import drive_model, shares_model
from standins.cloud.opencloud.state import ADMIN, SPACE_ADMIN, User

_QUOTA = Shape(
    "Quota", {"deleted": "int64", "remaining": "int64", "state": "string", "total": "int64", "used": "int64"}
)
_FIELDS: dict[str, str | Shape] = {
    "description": "string",
    "driveAlias": "string",
    "driveType": "string",
    "id": "string",
    "name": "string",
    "quota": _QUOTA,
    "special": "any",
}
_DRIVE = Shape("Drive", _FIELDS)
_CHANGES = Shape("DriveUpdate", _FIELDS)
_EQUAL = re.compile(r"(driveType|id) eq '?([^']*)'?")


def list_drives(call: Call) -> Answer:
    """GET drives: all for those who may see all, else only one's own."""
    everybody = call.cloud.role_of(call.acting) in (ADMIN, SPACE_ADMIN)
    users = list(call.cloud.users.values()) if everybody else [call.acting]
    return graph_answer({"value": _filtered(call, _shown(call, users))})


def _shown(call: Call, users: list[User]) -> list[dict[str, object]]:
    return [drive_model(call.cloud, user, user.drive, call.base_url) for user in users if user.drive]


def _filtered(call: Call, drives: list[dict[str, object]]) -> list[dict[str, object]]:
    raw = call.query.get("$filter")
    if raw is None:
        return drives
    found = _EQUAL.fullmatch(raw.strip())
    if found is None:
        raise GraphError(501, "unsupported filter operand", "notSupported")
    return [drive for drive in drives if drive[found[1]] == found[2]]


def mine(call: Call) -> Answer:
    """GET me/drives: what others share, and one's own."""
    return graph_answer({"value": _filtered(call, [shares_model(call.base_url), *_shown(call, [call.acting])])})


def my_drive(call: Call) -> Answer:
    """GET me/drive."""
    return _of_user(call, call.acting)


def of_user(call: Call) -> Answer:
    """GET users/{id}/drive: by id only; 404 until the account's first log-in."""
    return _of_user(call, call.cloud.users.get(call.names[0]))


def _of_user(call: Call, user: User | None) -> Answer:
    if user is None or user.drive is None or not _may_see(call, user):
        raise GraphError(404, "no drive returned from storage")
    return graph_answer(drive_model(call.cloud, user, user.drive, call.base_url))


def _may_see(call: Call, owner: User) -> bool:
    return owner is call.acting or call.cloud.role_of(call.acting) in (ADMIN, SPACE_ADMIN)


def read(call: Call) -> Answer:
    """GET drives/{id}."""
    owned = call.cloud.owner_of_drive(call.names[0])
    return _of_user(call, owned[0] if owned else None)


def create(call: Call) -> Answer:
    """POST drives: never a personal one. From source but for that: nobody here may make a project space."""
    try:
        given = call.read_body(_DRIVE)
    except GraphError as error:
        raise invalid("invalid body schema definition") from error
    if not given.get("name", "").strip():
        raise invalid("invalid spacename: spacename must not be empty")
    if given.get("driveType", "project") != "project":
        raise invalid("drives of this type cannot be created via this api")
    raise GraphError(403, "insufficient permissions to create a space.", "notAllowed")


def change(call: Call) -> Answer:
    """PATCH drives/{id}: the quota in bytes, 0 or less without limit; administrators only.

    Without a quota it is a change of the drive itself, which only its owner may do; to others it does not exist.
    """
    given = call.read_body(_CHANGES, what="invalid request body: error: ")
    total = given.get("quota", {}).get("total")
    if total is not None and not call.is_admin:
        raise GraphError(403, "user is not allowed to set the space quota", "notAllowed")
    owned = call.cloud.owner_of_drive(call.names[0])
    if owned is None or (total is None and owned[0] is not call.acting):
        raise GraphError(404, "drive not found")
    user, drive = owned
    if total is not None:
        call.cloud.set_quota(drive, total)
    drive.name = given.get("name", "").strip() or drive.name
    drive.touch(call.cloud.clock.now())
    return graph_answer(drive_model(call.cloud, user, drive, call.base_url))
