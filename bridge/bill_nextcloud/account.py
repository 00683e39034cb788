# SPDX-License-Identifier: GPL-3.0-or-later
"""The account that a service is to have: what the mapping makes, and what the playbook is given."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass
from typing import Any

# No quotes, backslash, equals or dollar sign: the value passes through BILLmanager and mail templates.
_SYMBOLS = "-_.+!"
_KIB = 1024
_SIZES = ("bytes", "KiB", "MiB", "GiB", "TiB")
_CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits, _SYMBOLS)


@dataclass(frozen=True)
class Account:
    """What was sold, as an account. ``quota`` is in bytes, ``None`` is unlimited; empty texts are ``None``.

    ``groups`` are those that the tariff gives; ``groups_absent`` those that only other tariffs of the cloud give.
    ``invite``: the cloud makes the password up and mails a link to ``email``, by which the customer sets one.
    """

    name: str
    quota: int | None
    groups: tuple[str, ...] = ()
    groups_absent: tuple[str, ...] = ()
    email: str | None = None
    display_name: str | None = None
    language: str | None = None
    invite: bool = False


def size(value: Any) -> str:
    """A quota for people: bytes in the largest unit that keeps it exact, ``None`` is unlimited."""
    if value is None:
        return "unlimited"
    if not isinstance(value, int):
        return str(value)
    amount, unit = value, 0
    while amount and amount % _KIB == 0 and unit < len(_SIZES) - 1:
        amount, unit = amount // _KIB, unit + 1
    return f"{amount} {_SIZES[unit]}"


def new_password(length: int = 24) -> str:
    """A random password with each class of characters, which the default policies of the clouds take."""
    while True:
        password = "".join(secrets.choice("".join(_CLASSES)) for _ in range(length))
        # A leading symbol could be read as an option or a formula where the password is pasted.
        if password[0] not in _SYMBOLS and all(any(c in group for c in password) for group in _CLASSES):
            return password


def wish(
    command: str,
    account: Account,
    *,
    proven: bool,
    email_owner: str,
    new: bool = False,
    wipe_devices: bool = False,
    perhaps_set: bool = False,
) -> dict[str, Any]:
    """What ``nextcloud_users`` is asked for one command (the table "What every command means" of the design).

    ``command``: open, setparam, suspend, resume, reopen, close, ``close_retained`` (disabled now, deleted later),
    ``delete`` (later has come), changepassword; or ``sold`` (as sold and active: the drift of a hand run),
    ``sold_existing`` (the same, but a lost account is not made anew) and ``sold_suspended``. A new password is set
    without a trial, which would fail: each failed log-in brings the cloud nearer to locking our address.
    ``perhaps_set``: the account may have it, so it is set unless one log-in shows that it works already. Passwords
    themselves travel apart.
    ``proven``: the account was never confirmed as ours, so the module must prove it before it touches one that exists.
    ``new``: its name was claimed a moment ago, so one that exists is another's.
    An invitation matters where an account is made, and as such a proof. ``wipe_devices``: those of an account that is
    disabled delete its files.
    Raises ``KeyError`` for another command.
    """
    sold: dict[str, Any] = {
        "quota": "none" if account.quota is None else str(account.quota),
        "groups": list(account.groups),
        "groups_absent": list(account.groups_absent),
    }
    creation = {
        name: value
        for name, value in (
            ("display_name", account.display_name),
            ("language", account.language),
            ("email", account.email),
        )
        if value
    }
    create_only = [name for name in creation if name != "email" or email_owner == "customer"]
    billmanagers = {"email": account.email} if account.email and email_owner == "billmanager" else {}
    fields: dict[str, dict[str, Any]] = {
        "open": {"state": "present", **sold, **creation, "create_only": create_only},
        "sold": {"state": "present", **sold, **creation, "create_only": create_only},
        "setparam": {"state": "exists", **sold, **billmanagers},
        "suspend": {"state": "disabled"},
        "sold_existing": {"state": "present", "create": False, **sold, **billmanagers},
        "sold_suspended": {"state": "disabled", **sold, **billmanagers},
        "resume": {"state": "present", "create": False},
        "reopen": {"state": "present", "create": False, **sold, **billmanagers},
        "close": {"state": "absent"},
        "close_retained": {"state": "disabled"},
        "delete": {"state": "absent"},
        "changepassword": {"state": "exists", "update_password": "always" if perhaps_set else "set"},
    }
    asked = {"name": account.name, **fields[command]}
    if wipe_devices and asked["state"] == "disabled":
        asked["wipe"] = True
    if account.invite and (proven or command in ("open", "sold")):
        asked["invite"] = True
    if new:
        asked["ownership"] = "new"
    elif proven:
        asked["ownership"] = "proven"
        if account.email:
            asked["email"] = account.email
            asked["create_only"] = sorted({*asked.get("create_only", []), "email"})
    return asked
