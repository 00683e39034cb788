# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls below /cloud/users that concern one account: reading, creating, enabling, disabling, deleting."""

from __future__ import annotations

import contextlib
import secrets
from typing import Any

from standins.cloud import edit, passwords, quota
from standins.cloud.account import Account
from standins.cloud.mails import MailFailed
from standins.cloud.names import NameRefused
from standins.cloud.ocs import NOT_FOUND, OcsError
from standins.cloud.records import record
from standins.cloud.release import Refusal
from standins.cloud.request import Call
from standins.cloud.state import ADMIN_GROUP, Group

_ID_CHARACTERS = "abcdefgijkmnopqrstwxyzABCDEFGHJKLMNPQRSTWXYZ23456789"
_ATTEMPTS = 10
_UNKNOWN = Refusal(101)


def read(call: Call) -> dict[str, Any]:
    """GET users/{id}."""
    account = call.cloud.find(call.path[1])
    if account is None:
        raise OcsError(404, "User does not exist")
    if not call.may_reach(account):
        raise call.refusals.out_of_reach.error()
    return record(call, account, own=account is call.acting and call.path[1] == account.id)


def read_self(call: Call) -> dict[str, Any]:
    """GET user."""
    data = record(call, call.acting, own=True)
    data[call.cloud.release.own_display_name] = data.pop("displayname")
    return data


def create(call: Call) -> dict[str, Any]:
    """POST users. Not atomic: only a bad display name takes the new account back, and not in all releases."""
    call.require_subadmin()
    account_id, password, email = call.text("userid"), call.text("password", ""), call.text("email", "")
    if account_id in ("", "0") and call.cloud.config.ids_generated:
        account_id = _free_id(call)
    if call.cloud.find(account_id):
        raise OcsError(102, "User already exists")
    groups = _groups_to_join(call)
    subadmin_of = _groups_to_manage(call)
    passwords.check_length(call.cloud.release, password)
    if not password and not email:
        raise call.refusals.no_password_nor_email.error()
    if not email and call.cloud.config.email_required:
        raise OcsError(110, "Required email address was not provided")
    try:
        account = call.cloud.create(account_id, password or passwords.generate(call.cloud.config))
    except NameRefused as error:
        raise call.refusals.bad_id.error(reason=str(error)) from error
    except passwords.PasswordRefused as error:
        raise OcsError(107, str(error)) from error
    for group in groups:
        group.members.add(account.id)
    for group in subadmin_of:
        group.subadmins.add(account.id)
    try:
        edit.set_display_name(account, call.text("displayName", ""))
    except OcsError as error:
        if not call.cloud.release.creation_undone:
            raise OcsError(101, "Bad request") from error
        call.cloud.delete(account)
        raise
    _set_rest(call, account)
    _greet(call, account, email, with_link=not password)
    return {"id": account_id}


def _free_id(call: Call) -> str:
    for _ in range(_ATTEMPTS):
        account_id = "".join(secrets.choice(_ID_CHARACTERS) for _ in range(10))
        if not call.cloud.find(account_id):
            return account_id
    raise OcsError(111, "Could not create non-existing user ID")


def _greet(call: Call, account: Account, email: str, *, with_link: bool) -> None:
    """Store the e-mail address and send the welcome mail, if mails are wanted. One that fails changes nothing.

    Where they are not wanted, nobody ever gets the link of an account made without a password.
    """
    account.email = email or None
    if account.email and call.cloud.config.email_sent:
        account.invited = with_link
        if call.cloud.release.broken_by_bad_email and not edit.is_email(account.email):
            raise call.refusals.unexpected.error()
        with contextlib.suppress(MailFailed):
            call.cloud.mails.send_welcome(account.id, account.email, with_link=with_link)


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
            raise call.refusals.unknown_group.error(name=name)
        if not call.is_admin and call.acting.id not in group.subadmins:
            raise call.refusals.foreign_group.error(name=name)
    if not names and not call.is_admin:
        raise call.refusals.no_group.error()
    return [call.cloud.groups[name] for name in names]


def _groups_to_manage(call: Call) -> list[Group]:
    groups = []
    for name in call.texts("subadmin"):
        group = call.cloud.groups.get(name)
        if group is None:
            raise call.refusals.unknown_managed_group.error()
        if name == ADMIN_GROUP:
            raise call.refusals.admin_as_managed_group.error()
        if not call.is_admin and call.acting.id not in group.subadmins:
            raise call.refusals.foreign_managed_group.error()
        groups.append(group)
    return groups


def _other(call: Call, *, missing: Refusal) -> Account:
    """The account named in the path, which must not be the acting one (101). missing: how an unknown one is refused."""
    call.require_subadmin()
    account = call.cloud.find(call.path[1])
    if account is None:
        raise missing.error()
    if account is call.acting:
        raise OcsError(101)
    if not call.cloud.may_manage(call.acting, account):
        raise call.refusals.out_of_reach.error()
    return account


def delete(call: Call) -> list[Any]:
    """DELETE users/{id}. A backend that keeps its accounts refuses (101)."""
    account = _other(call, missing=call.refusals.unknown_on_delete)
    if not account.backend.delete:
        raise OcsError(101)
    call.cloud.delete(account)
    return []


def enable(call: Call) -> list[Any]:
    """PUT users/{id}/enable. Repeats are fine."""
    _other(call, missing=_UNKNOWN).enabled = True
    return []


def disable(call: Call) -> list[Any]:
    """PUT users/{id}/disable. Repeats are fine."""
    _other(call, missing=_UNKNOWN).enabled = False
    return []


def wipe(call: Call) -> list[Any]:
    """POST users/{id}/wipe: ends the account's app passwords."""
    _other(call, missing=call.refusals.unknown_on_delete).app_passwords.clear()
    return []


def welcome(call: Call) -> list[Any]:
    """POST users/{id}/welcome: the welcome mail once more, with a link if the first had one."""
    call.require_subadmin()
    account = call.cloud.find(call.path[1])
    if account is None:
        raise OcsError(NOT_FOUND)
    if not call.cloud.may_manage(call.acting, account):
        raise call.refusals.out_of_reach.error()
    if not account.email:
        raise OcsError(101, "Email address not available")
    try:
        call.cloud.mails.send_welcome(account.id, account.email, with_link=account.invited)
    except MailFailed as error:
        raise OcsError(102, "Sending email failed") from error
    return []
