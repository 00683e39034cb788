# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts, groups, roles and drives as LibreGraph shows them."""

from __future__ import annotations

import time
from typing import Any

from standins.cloud.opencloud.state import APPLICATION_ID, Assignment, Cloud, Drive, Group, User

_UNLIMITED = 2**63 - 1
_SHARES = "a0ca6a90-a365-4782-871e-d44447bbc668"


def user_model(user: User, base_url: str, *, with_mail: bool = True, with_enabled: bool = True) -> dict[str, Any]:
    """An account. with_enabled: also when it was never set; answers to writes then leave it out."""
    shown: dict[str, Any] = {
        "accountEnabled": user.may_log_in if with_enabled else user.enabled,
        "displayName": user.display_name,
        "givenName": user.given_name,
        "id": user.id,
        "identities": [_identity(user, base_url)] if user.known_to_issuer else None,
        "mail": user.mail if with_mail else None,
        "onPremisesSamAccountName": user.name,
        "surname": user.surname,
        "userType": "Member",
    }
    return {name: value for name, value in shown.items() if value is not None}


def me_model(user: User, base_url: str) -> dict[str, Any]:
    """The acting account, as it sees itself."""
    return {
        "displayName": user.display_name,
        "id": user.id,
        "identities": [_identity(user, base_url)],
        "mail": user.mail or "",
        "onPremisesSamAccountName": user.name,
        "preferredLanguage": user.language,
        "userType": "Member",
    }


def stranger_model(user: User, base_url: str) -> dict[str, Any]:
    """An account in the list of somebody who may not manage accounts."""
    shown = {"displayName": user.display_name, "id": user.id, "onPremisesSamAccountName": "", "userType": "Member"}
    return shown | ({"identities": [_identity(user, base_url)]} if user.known_to_issuer else {})


def _identity(user: User, base_url: str) -> dict[str, str]:
    return {"issuer": base_url, "issuerAssignedId": user.id}


def group_model(group: Group) -> dict[str, Any]:
    """A group without its members."""
    return {"displayName": group.name, "groupTypes": [], "id": group.id}


def role_model(assignment: Assignment) -> dict[str, str]:
    """The role of an account."""
    return {
        "appRoleId": assignment.role,
        "id": assignment.id,
        "principalId": assignment.account,
        "principalType": "User",
        "resourceDisplayName": "OpenCloud",
        "resourceId": APPLICATION_ID,
    }


def drive_model(cloud: Cloud, user: User, drive: Drive, base_url: str) -> dict[str, Any]:
    """A personal drive with its quota."""
    drive_id = cloud.drive_id(user)
    seconds, fraction = int(drive.changed), int(drive.changed % 1 * 10**9)
    return {
        "driveAlias": f"personal/{user.name.lower()}",
        "driveType": "personal",
        "id": drive_id,
        "lastModifiedDateTime": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{fraction:09d}Z",
        "name": drive.name,
        "owner": {"user": {"displayName": "", "id": user.id}},
        "quota": _quota_model(drive),
        "root": {
            "eTag": f'"{drive.tag}"',
            "id": drive_id,
            "webDavUrl": f"{base_url}/dav/spaces/{drive_id}",
        },
        "webUrl": f"{base_url}/f/{drive_id}",
    }


def shares_model(base_url: str) -> dict[str, Any]:
    """The drive of what others share, which everybody has."""
    drive_id = f"{_SHARES}${_SHARES}"
    return {
        "driveAlias": "virtual/shares",
        "driveType": "virtual",
        "id": drive_id,
        "name": "Shares",
        "root": {"eTag": "DECAFC00FEE", "id": drive_id, "webDavUrl": f"{base_url}/dav/spaces/{drive_id}"},
        "webUrl": f"{base_url}/f/{drive_id}",
    }


def _remaining(drive: Drive) -> int:
    """Bytes left."""
    return max(0, drive.limit - drive.files.used) if drive.limit else _UNLIMITED


def _quota_model(drive: Drive) -> dict[str, Any]:
    """Bytes, and how full it is (services/graph/pkg/service/v0/drives.go, calculateQuotaState)."""
    percent = drive.files.used / (drive.limit or _UNLIMITED) * 100
    states = ((75, "normal"), (90, "nearing"), (99, "critical"))
    state = next((name for limit, name in states if percent <= limit), "exceeded")
    return {"remaining": _remaining(drive), "state": state, "total": drive.limit, "used": drive.files.used}
