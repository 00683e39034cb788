# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one account should be: reading and checking it, before any request."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field, replace

from . import quota as quotas
from .account import ADMIN_GROUP, check_name, quoted
from .argument_spec import ON_CREATE
from .errors import CloudError

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\Z")
_PASSWORD_LENGTH = 469  # OCP\\IUserManager::MAX_PASSWORD_LENGTH, bytes


@dataclass(frozen=True)
class Wish:
    """What one account should be. A field that is None (or an empty tuple) is left alone."""

    name: str
    state: str
    """``present``, ``exists``, ``disabled`` or ``absent``."""
    create: bool = True
    password: str | None = field(default=None, repr=False)
    update_password: str = ON_CREATE
    """``on_create``; or an account that exists already gets the password, too: unless a trial shows that it has it
    (``always``), or without a trial (``set``)."""
    invite: bool = False
    """It is created without a password, and the cloud writes to its e-mail address."""
    display_name: str | None = None
    email: str | None = None
    language: str | None = None
    manager: str | None = None
    """Name of another account; empty for none."""
    create_only: frozenset[str] = frozenset()
    quota: quotas.Quota | None = None
    groups: tuple[str, ...] = ()
    groups_absent: tuple[str, ...] = ()
    group_admin_of: tuple[str, ...] = ()
    group_admin_of_absent: tuple[str, ...] = ()
    proven: bool = False
    """An account that exists already has to be proven ours before it is touched."""
    new: bool = False
    """An account that exists already is another's."""
    wipe: bool = False
    """When the account is disabled, its devices are told to delete what they hold of it."""
    transfer_files_to: str | None = None
    """Before the account is deleted, its files become those of this one."""

    @property
    def sets_password(self) -> bool:
        """Whether an account that exists already gets the password, too."""
        return self.update_password != ON_CREATE

    def without(self, *options: str) -> Wish:
        """Return the same wish with ``language``, ``manager`` or ``quota`` left alone, which None says."""
        nothing: dict[str, t.Any] = dict.fromkeys(options)
        return replace(self, **nothing)

    def for_new_account(self) -> Wish:
        """Return the same wish for an account that is to get everything a new one gets."""
        return replace(self, create_only=frozenset())


def parse_wish(arguments: t.Mapping[str, t.Any], passwords: t.Mapping[str, t.Any]) -> Wish:
    """Make a :class:`Wish` of the validated options of one account.

    :param arguments: all keys of ``argument_spec.ACCOUNT`` present.
    :param passwords: passwords by name of the account; the account's own password wins.
    :raises CloudError: ``invalid_name`` or ``invalid_value``.
    """
    name = arguments["name"]
    check_name(name)
    password = arguments["password"]
    if password is None and passwords.get(name) is not None:
        password = str(passwords[name])
    wish = Wish(
        name=name,
        state=arguments["state"],
        create=arguments["create"],
        password=password or None,
        update_password=arguments["update_password"],
        invite=arguments["invite"],
        display_name=_wished_text("display_name", arguments["display_name"]),
        email=_wished_email(arguments["email"]),
        language=_wished_text("language", arguments["language"]),
        manager=_wished_manager(arguments["manager"]),
        create_only=frozenset(arguments["create_only"] or ()),
        quota=wished_quota("quota", arguments["quota"]),
        groups=wished_groups("groups", arguments["groups"]),
        groups_absent=wished_groups("groups_absent", arguments["groups_absent"]),
        group_admin_of=wished_groups("group_admin_of", arguments["group_admin_of"]),
        group_admin_of_absent=wished_groups("group_admin_of_absent", arguments["group_admin_of_absent"]),
        proven=arguments["ownership"] == "proven",
        new=arguments["ownership"] == "new",
        wipe=arguments["wipe"],
        transfer_files_to=arguments["transfer_files_to"] or None,
    )
    _check(wish)
    return wish


def _check(wish: Wish) -> None:
    """Check what several options say together."""
    for option, wanted, unwanted in (
        ("groups", wish.groups, wish.groups_absent),
        ("group_admin_of", wish.group_admin_of, wish.group_admin_of_absent),
    ):
        both = sorted(set(wanted) & set(unwanted))
        if both:
            raise CloudError("invalid_value", "In {0} and in {0}_absent at once: {1}.".format(option, ", ".join(both)))
    if ADMIN_GROUP in wish.groups:
        raise CloudError("invalid_value", "Nobody is made an administrator: take admin out of groups.")
    if ADMIN_GROUP in wish.group_admin_of:
        raise CloudError("invalid_value", "The group admin has no group administrators: take it out of group_admin_of.")
    if wish.password is not None and len(wish.password.encode()) > _PASSWORD_LENGTH:
        raise CloudError("invalid_value", f"The password is longer than {_PASSWORD_LENGTH} bytes.")
    if wish.invite and wish.password is not None:
        raise CloudError("invalid_value", "An invitation takes the place of a password: give one of the two.")
    if wish.invite and not wish.email and wish.state != "absent":
        raise CloudError("invalid_value", "An invitation needs email.")
    if wish.sets_password and wish.password is None and wish.state != "absent":
        raise CloudError("invalid_value", f"update_password is {wish.update_password}, and no password was given.")
    if wish.proven and not wish.password and not wish.invite:
        raise CloudError("invalid_value", "Ownership can be proven only with the password, or by an invitation.")
    if wish.new and (wish.state != "present" or not wish.create):
        raise CloudError("invalid_value", "ownership=new is for state=present with create=true only.")
    if wish.transfer_files_to is not None:
        _check_receiver(wish, wish.transfer_files_to)
    if wish.proven and wish.sets_password:
        raise CloudError("invalid_value", "Ownership is proven by the present password, so it cannot be set, too.")


def _check_receiver(wish: Wish, receiver: str) -> None:
    """Check the account that is to get the files of another one."""
    check_name(receiver)
    if wish.state != "absent":
        raise CloudError(
            "invalid_value", "transfer_files_to is for an account that is deleted: its state is absent then."
        )
    if receiver.lower() == wish.name.lower():
        raise CloudError("invalid_value", "transfer_files_to names the account that is to be deleted.")


def wished_quota(option: str, value: str | None) -> quotas.Quota | None:
    """Read a wished quota; None when the option was not given.

    :raises CloudError: ``invalid_value``.
    """
    if value is None:
        return None
    try:
        return quotas.parse_wish(value)
    except ValueError as error:
        raise CloudError("invalid_value", f"{option} {error}: {quoted(value)}.") from error


def wished_groups(option: str, value: t.Sequence[str] | None) -> tuple[str, ...]:
    """Read a list of groups, sorted and each once.

    :raises CloudError: ``invalid_value``.
    """
    groups = tuple(sorted(set(value or ())))
    if any(not group for group in groups):
        raise CloudError("invalid_value", f"{option} holds an empty name.")
    return groups


def _wished_text(option: str, value: str | None) -> str | None:
    if value is None:
        return None
    if not value.strip():
        raise CloudError("invalid_value", f"{option} is empty; leave it out to leave the field alone.")
    return value.strip()  # Nextcloud strips it, too


def _wished_email(value: str | None) -> str | None:
    """Check roughly: Nextcloud stores any text at creation, and only an edit refuses what is no address."""
    if value is None or not value.strip():
        return None if value is None else ""
    if not _EMAIL.match(value.strip()):
        raise CloudError("invalid_value", f"email is not an address: {quoted(value)}.")
    return value.strip()


def _wished_manager(value: str | None) -> str | None:
    if value:
        check_name(value)
    return value
