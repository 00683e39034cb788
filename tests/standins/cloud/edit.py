# SPDX-License-Identifier: GPL-3.0-or-later
"""PUT users/{id}: one field of an account."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from standins.cloud import passwords, quota
from standins.cloud.account import Account
from standins.cloud.ocs import OcsError
from standins.cloud.request import EMAIL, Call

_LOCALE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")
_MAX_DISPLAY_NAME = 64
_LANGUAGE_CODES = """
ar be bg ca cs da de de_DE el en en_GB eo es es_MX et_EE eu fa fi fr ga gl he hr hu id is it ja ka ko lt_LT lv mk
nb nl nn_NO pl pt_BR pt_PT ro ru sc sk sl sr sv th tr ug uk uz vi zh_CN zh_HK zh_TW
"""
_LANGUAGES = frozenset(_LANGUAGE_CODES.split())
_LOCALES = frozenset(code.partition("_")[0] for code in _LANGUAGES)
_ADMIN_ONLY_FOR_SELF = ("quota", "manager")
_DISPLAY_NAME = ("display", "displayname")
_SEARCHED = (*_DISPLAY_NAME, "email")


def set_display_name(account: Account, name: str) -> None:
    """An empty name changes nothing; more than 64 characters are refused."""
    name = name.strip()
    if len(name) > _MAX_DISPLAY_NAME:
        raise account.release.refusals.bad_display_name.error()
    if name:
        account.chosen_name = name


def set_quota(account: Account, value: str) -> None:
    """Refuses what is no size or more than the cloud permits. Raises QuotaBreaks for a negative size that breaks it."""
    try:
        wanted = quota.wanted(value)
    except quota.QuotaRefused as error:
        raise account.release.refusals.bad_quota.error(value=value) from error
    largest = account.config.max_quota
    if not isinstance(wanted, str) and largest != -1 and wanted > largest:
        raise OcsError(101, f"Invalid quota value. {value} is exceeding the maximum quota")
    if wanted == "none" and not account.config.unlimited_allowed:
        raise OcsError(101, "Unlimited quota is forbidden on this instance")
    try:
        account.quota = quota.normalise(value)
    except quota.QuotaBreaks:
        if not account.release.negative_quota_is_zero:
            raise
        account.quota = "0 B"


def set_language(account: Account, code: str) -> None:
    """Only languages the cloud has."""
    if code not in _LANGUAGES:
        raise account.release.refusals.bad_language.error()
    account.language = code


def _edit_quota(account: Account, value: str) -> None:
    try:
        set_quota(account, value)
    except quota.QuotaBreaks as error:
        raise account.release.refusals.unexpected.error() from error


def _edit_password(account: Account, value: str) -> None:
    passwords.check_length(account.release, value)
    if not account.backend.set_password:
        raise account.release.refusals.fixed_password.error()
    try:
        passwords.check(account.config, value)
    except passwords.PasswordRefused as error:
        raise account.release.refusals.weak_password.error(reason=str(error)) from error
    account.password = value


def is_email(text: str) -> bool:
    """Whether the text is an e-mail address."""
    return EMAIL.fullmatch(text) is not None


def _edit_email(account: Account, value: str) -> None:
    if value and not is_email(value):
        raise account.release.refusals.bad_email.error()
    account.email = value or None


def _edit_locale(account: Account, value: str) -> None:
    if not _LOCALE.fullmatch(value) or value.partition("_")[0] not in _LOCALES:
        raise account.release.refusals.bad_locale.error()
    account.locale = value


def _edit_manager(account: Account, value: str) -> None:
    account.manager = value


def _edit_notify_email(account: Account, value: str) -> None:
    if value and value != account.email and value not in account.additional_mail:
        raise OcsError(101)
    account.notify_email = value or None


def _add_mail(account: Account, value: str) -> None:
    if not is_email(value) or value == account.email or value in account.additional_mail:
        raise OcsError(101)
    account.additional_mail.append(value)


def _edit_profile(account: Account, name: str, value: str) -> None:
    if name == "phone" and value and account.release.phone_checked:
        number = re.sub(r"[\s()/-]", "", value)
        if not re.fullmatch(r"\+\d{6,15}", number):
            raise OcsError(101, "Invalid phone")
        value = number
    account.profile[name] = value


# Without the fields of the profile. Those of _FURTHER are not in every release.
_FIELDS: dict[str, Callable[[Account, str], None]] = {
    "display": set_display_name,
    "displayname": set_display_name,
    "quota": _edit_quota,
    "password": _edit_password,
    "email": _edit_email,
    "language": set_language,
    "locale": _edit_locale,
}
_FURTHER: dict[str, Callable[[Account, str], None]] = {
    "manager": _edit_manager,
    "notify_email": _edit_notify_email,
    "additional_mail": _add_mail,
}


def _edit(account: Account, key: str, value: str) -> None:
    """Set one field. A key that this release does not have is refused."""
    if key in account.release.profile:
        _edit_profile(account, key, value)
    elif key in _FIELDS:
        _FIELDS[key](account, value)
    elif key in account.release.further_keys:
        _FURTHER[key](account, value)
    else:
        raise account.release.refusals.fixed_key.error()


def _target(call: Call, account_id: str) -> Account:
    account = call.cloud.find(account_id)
    if account is None or not call.may_reach(account):
        raise call.refusals.out_of_reach.error()
    return account


def put(call: Call) -> list[Any]:
    """PUT users/{id} with key and value."""
    key, value = call.text("key"), call.text("value")
    account = _target(call, call.path[1])
    forbidden = account is call.acting and not call.is_admin and key in _ADMIN_ONLY_FOR_SELF
    fixed = key in _DISPLAY_NAME and not account.backend.set_display_name
    if forbidden or fixed:
        raise call.refusals.fixed_key.error()
    _edit(account, key, value)
    if key in _SEARCHED:
        call.cloud.forget_searches()
    return []


def put_collection(call: Call) -> list[Any]:
    """PUT users/{id}/{collection}: replaces or, with an empty value, removes one further e-mail address."""
    key, value = call.text("key"), call.text("value")
    account = _target(call, call.path[1])
    if call.path[2] != "additional_mail":
        raise OcsError(103)
    account.additional_mail = [mail for mail in account.additional_mail if mail != key]
    if value:
        account.additional_mail.append(value)
    return []


def fields(call: Call) -> list[str]:
    """GET user/fields and user/fields/{id}: what may be edited."""
    account = _target(call, call.path[2]) if len(call.path) == 3 else call.acting
    release = call.cloud.release
    further = [name for name in ("additional_mail",) if name in release.further_keys]
    names = ["displayname", "email", *further, *release.profile]
    return names if account.backend.set_display_name else names[1:]
