# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls below graph/v1.0/users and graph/v1.0/me, roles and drives left out."""

from __future__ import annotations

import re
import uuid
from typing import Any

from standins.cloud.ocs import Answer
from standins.cloud.opencloud import odata
from standins.cloud.opencloud.access import password_fits
from standins.cloud.opencloud.call import Call
from standins.cloud.opencloud.errors import GraphError, graph_answer, invalid, no_content, not_found
from standins.cloud.opencloud.gojson import Shape
from standins.cloud.opencloud.models import drive_model, group_model, me_model, role_model, stranger_model, user_model
from standins.cloud.opencloud.state import User

# services/graph/pkg/service/v0/users.go
_DOMAIN = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*"
_NAME = re.compile(rf"[a-zA-Z_][a-zA-Z0-9.!#$%&'*+/=?^_`{{|}}~-]*(@{_DOMAIN})*")
_MAIL = re.compile(rf"[a-zA-Z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_DOMAIN}")
_PASSWORD = Shape("PasswordProfile", {"forceChangePasswordNextSignIn": "bool", "password": "string"})
_FIELDS: dict[str, str | Shape] = {
    "accountEnabled": "bool",
    "appRoleAssignments": "any",
    "displayName": "string",
    "drive": "any",
    "drives": "any",
    "givenName": "string",
    "id": "string",
    "identities": "any",
    "mail": "string",
    "memberOf": "any",
    "onPremisesSamAccountName": "string",
    "passwordProfile": _PASSWORD,
    "preferredLanguage": "string",
    "signInActivity": "any",
    "surname": "string",
    "userType": "string",
}
_NEW = Shape("User", _FIELDS, ("displayName", "onPremisesSamAccountName"))
_CHANGES = Shape("UserUpdate", _FIELDS)
_PASSWORD_CHANGE = Shape("PasswordChange", {"currentPassword": "string", "newPassword": "string"})
_READ_ONLY = {
    "id": "user id is a read-only attribute",
    "memberOf": "memberOf id is a read-only attribute",
    "userType": "userType is a read-only attribute",
}


def create(call: Call) -> Answer:
    """POST users. No password rule, no check of the e-mail address for a second account."""
    given = call.read_body(_NEW)
    if not given.get("displayName"):
        raise invalid("Empty displayname")
    name = given.get("onPremisesSamAccountName", "")
    if not _NAME.fullmatch(name):
        raise invalid("Invalid username")
    if "mail" in given and not _MAIL.fullmatch(given["mail"]):
        raise invalid("invalid email address")
    _refuse_read_only(given)
    call.require_writable()
    user = User(
        str(uuid.uuid4()),
        name,
        given["displayName"],
        given.get("passwordProfile", {}).get("password") or None,
        given.get("mail"),
        given.get("surname") or name,
        given.get("givenName"),
        given.get("accountEnabled"),
    )
    call.cloud.add_user(user)
    return graph_answer(user_model(user, call.base_url, with_enabled=False), 201)


def _refuse_read_only(given: dict[str, Any]) -> None:
    for name, message in _READ_ONLY.items():
        if name in given:
            raise invalid(message)


def list_users(call: Call) -> Answer:
    """GET users. Who may not manage accounts must search, and sees little of the others."""
    term = odata.search_term(call.query)
    if not call.is_admin and not odata.has_long_search(call.query):
        raise GraphError(403, "search term too short")
    if not call.is_admin and "$filter" in call.query:
        raise GraphError(403, "filter has forbidden elements for regular users")
    expanded = odata.expanded(call.query)
    if not call.is_admin and expanded:
        raise GraphError(403, "query has forbidden elements for regular users")
    users = [user for user in _filtered(call) if term is None or _holds(user, term.lower())]
    keys = {
        "displayName": lambda user: user.display_name,
        "mail": lambda user: user.mail or "",
        "onPremisesSamAccountName": lambda user: user.name,
    }
    users = odata.ordered(users, call.query, keys)
    if not call.is_admin:
        return graph_answer({"value": [stranger_model(user, call.base_url) for user in users]})
    inside = expanded & {"appRoleAssignments", "memberOf"}
    return graph_answer({"value": [user_model(user, call.base_url) | _inside(call, user, inside) for user in users]})


def _holds(user: User, term: str) -> bool:
    return any(term in text.lower() for text in (user.name, user.mail or "", user.display_name))


def _filtered(call: Call) -> list[User]:
    users = list(call.cloud.users.values())
    wanted = odata.read_filter(call.query)
    if wanted is None:
        return users
    if wanted.kind == "memberOf":
        group = call.cloud.find_group(wanted.value)
        if group is None:
            raise not_found()
        return [call.cloud.users[member] for member in group.members]
    if wanted.kind == "appRoleAssignments":
        return [user for user in users if call.cloud.role_of(user) == wanted.value]
    if wanted.kind == "eq":
        if wanted.name != "userType" or wanted.value not in ("Member", "Guest", "Federated"):
            raise odata.unsupported()
        # The real server does not look which of the first two is asked for.
        return [] if wanted.value == "Federated" else users
    if wanted.name != "displayName":
        return []
    value = wanted.value.lower()
    if wanted.kind == "startswith":
        return [user for user in users if user.display_name.lower().startswith(value)]
    return [user for user in users if value in user.display_name.lower()]


def _inside(call: Call, user: User, names: frozenset[str]) -> dict[str, Any]:
    """What is shown inside an account."""
    shown: dict[str, Any] = {}
    if "drive" in names:
        drive = user.drive
        shown["drive"] = {"name": ""} if drive is None else drive_model(call.cloud, user, drive, call.base_url)
    if "drives" in names:
        shown["drives"] = []
    if "memberOf" in names:
        shown["memberOf"] = [group_model(group) for group in call.cloud.groups_of(user)]
    if "appRoleAssignments" in names:
        assignment = call.cloud.assignments.get(user.id)
        shown["appRoleAssignments"] = [role_model(assignment)] if assignment else []
    return shown


def read(call: Call) -> Answer:
    """GET users/{id or name}: everybody may, and nobody sees the e-mail address."""
    user = call.user()
    shown = user_model(user, call.base_url, with_mail=False)
    return graph_answer(shown | _inside(call, user, odata.expanded(call.query)))


def change(call: Call) -> Answer:
    """PATCH users/{id or name}."""
    given = call.read_body(_CHANGES)
    if "preferredLanguage" in given:
        raise invalid("user is not allowed to change other users language")
    return _changed(call, call.user(), given)


def _changed(call: Call, user: User, given: dict[str, Any]) -> Answer:
    if not given:
        return no_content()
    _refuse_read_only(given)
    if "onPremisesSamAccountName" in given and not _NAME.fullmatch(given["onPremisesSamAccountName"]):
        raise invalid("Invalid username")
    if "mail" in given and not _MAIL.fullmatch(given["mail"]):
        raise invalid(f"'{given['mail']}' is not a valid email address")
    call.require_writable()
    if "onPremisesSamAccountName" in given:
        call.cloud.rename_user(user, given["onPremisesSamAccountName"])
    # An empty text changes nothing: services/graph/pkg/identity/ldap.go, UpdateUser.
    user.display_name = given.get("displayName") or user.display_name
    user.mail = given.get("mail") or user.mail
    user.surname = given.get("surname") or user.surname
    user.given_name = given.get("givenName") or user.given_name
    user.password = given.get("passwordProfile", {}).get("password") or user.password
    user.enabled = given.get("accountEnabled", user.enabled)
    return graph_answer(user_model(user, call.base_url, with_enabled=False))


def delete(call: Call) -> Answer:
    """DELETE users/{id or name}: with the drive, at once.

    From source: where the directory is read-only, the drive is gone although the answer is 405.
    """
    user = call.user()
    if user is call.acting:
        raise GraphError(403, "self deletion forbidden", "notAllowed")
    user.drive = None
    call.require_writable()
    call.cloud.remove_user(user)
    return no_content()


def me(call: Call) -> Answer:
    """GET me."""
    expanded = odata.expanded(call.query)
    shown = me_model(call.acting, call.base_url)
    if "memberOf" in expanded:
        shown = user_model(call.acting, call.base_url) | {"preferredLanguage": call.acting.language}
    inside = expanded & {"appRoleAssignments", "memberOf"}
    return graph_answer(shown | _inside(call, call.acting, inside))


def change_me(call: Call) -> Answer:
    """PATCH me, from source: the language, but neither the display name nor the e-mail address."""
    given = call.read_body(_CHANGES)
    for name, shown in (("displayName", "displayname"), ("mail", "mail")):
        if name in given:
            raise invalid(f"user is not allowed to change own {shown}")
    language = given.pop("preferredLanguage", None)
    if language is None:
        return _changed(call, call.acting, given)
    call.acting.language = language
    if given:
        return _changed(call, call.acting, given)
    return graph_answer(user_model(call.acting, call.base_url) | {"preferredLanguage": language})


def change_password(call: Call) -> Answer:
    """POST me/changePassword, from source, services/graph/pkg/service/v0/password.go."""
    given = call.read_body(_PASSWORD_CHANGE, what="")
    old, new = given.get("currentPassword", ""), given.get("newPassword", "")
    if not old or not new:
        raise invalid(f"{'new' if old else 'current'} password cannot be empty")
    if old == new:
        raise invalid("new password must be different from current password")
    if not password_fits(call.acting, old):
        raise invalid("wrong current password")
    if call.cloud.settings.directory_read_only:
        raise GraphError(500, "password change failed", "invalidRequest")
    call.acting.password = new
    return no_content()
