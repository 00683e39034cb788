# SPDX-License-Identifier: GPL-3.0-or-later
"""PUT users/{id}: one field of an account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from standins.cloud import quota
from standins.cloud.account import Account
from standins.cloud.ocs import OcsError
from standins.cloud.owncloud import passwords
from standins.cloud.owncloud.ocs import EmptyAnswer, unauthorised
from standins.cloud.passwords import PasswordRefused
from standins.cloud.request import EMAIL, Call

_MAX_DISPLAY_NAME = 64
# What is stored for a negative quota.
_NOTHING = " B"


def _edit_display_name(account: Account, value: str) -> None:
    """An empty name shows the id again (lib/private/User/User.php). Where the backend cannot rename, nothing happens
    (from there as well)."""
    name = value.strip()
    if len(name) > _MAX_DISPLAY_NAME:
        raise EmptyAnswer
    if account.backend.set_display_name:
        account.chosen_name = name or None


def _edit_quota(account: Account, value: str) -> None:
    if value in ("none", "default"):
        account.quota = value
        return
    try:
        # Rounded twice: in the controller and in the account.
        account.quota = quota.human(quota.size(quota.human(quota.size(value))))
    except quota.QuotaRefused as error:
        raise OcsError(103, f"Invalid quota value {value}") from error
    except quota.QuotaBreaks:
        account.quota = _NOTHING


def _edit_password(account: Account, value: str) -> None:
    """Where the backend cannot set it, nothing happens (lib/private/User/User.php)."""
    if not value:
        raise OcsError(403, "Password cannot be empty")
    try:
        passwords.check(account.config, value)
    except PasswordRefused as error:
        raise OcsError(403, str(error)) from error
    if account.backend.set_password:
        account.password = value


def _edit_email(account: Account, value: str) -> None:
    """One that was cleared is an empty text from then on."""
    if value and not EMAIL.fullmatch(value):
        raise OcsError(102)
    account.email = value


def _edit_two_factor(_account: Account, _value: str) -> None:
    """Answered with success, and without effect (see `users.read`)."""


_FIELDS: dict[str, Callable[[Account, str], None]] = {
    "display": _edit_display_name,
    "displayname": _edit_display_name,
    "quota": _edit_quota,
    "password": _edit_password,
    "email": _edit_email,
    "two_factor_auth_enabled": _edit_two_factor,
}


def put(call: Call) -> list[Any]:
    """PUT users/{id} with key and value. An unknown account, an unknown key and one that is not permitted are all
    answered with 997, as a wrong log-in is."""
    key, value = call.text("key", ""), call.text("value", "")
    account = call.cloud.find(call.path[1])
    if account is None or not call.may_reach(account) or key not in _FIELDS:
        raise unauthorised()
    if key == "quota" and account is call.acting and not call.is_admin:
        raise unauthorised()
    _FIELDS[key](account, value)
    return []
