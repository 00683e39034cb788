# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan: what has to change so that the current account becomes the wished one.

Check mode shows it, diff prints it, apply carries it out, and the read-back is right when a new plan is empty.
"""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass

from . import quota as quotas
from .account import Account
from .errors import CloudError
from .wish import Wish

NONE = "none"
CREATE = "created"
UPDATE = "updated"
DELETE = "deleted"

PASSWORD_SHOWN = "(set)"  # noqa: S105 - it stands for one
"""How a plan shows a password."""

DEVICES = "devices"
"""The field of a plan that stands for an account's devices, of which the account itself tells nothing."""

FILES = "files"
"""The field of a plan that stands for an account's files, of which the account itself tells nothing."""

_WIPED = "(wiped)"
_LATER = {"password": 1, "email": 2, "display_name": 2, "language": 2, "manager": 2}
ROUNDS = 3
"""In so many rounds over all accounts a task sends its changes: where a cloud allows only so many edits, money comes
before passwords, and passwords before looks."""

_UNLIMITED_FIELDS = ("quota", "default", "maximum")
_SHOWN_IN_DIFF = ("enabled", "quota", "groups", "group_admin_of", "email", "display_name", "language", "manager")


@dataclass(frozen=True)
class Change:
    """One field that differs. Values are as results show them (groups as sorted lists, quota as bytes or None)."""

    field: str
    before: t.Any
    after: t.Any

    @property
    def round(self) -> int:
        """In which round it is sent: whatever no cloud limits comes first, together with the quota."""
        return _LATER.get(self.field, 0)

    def shown(self) -> dict[str, t.Any]:
        """Return the change as results show it."""
        return {"field": self.field, "before": self.before, "after": self.after}


@dataclass(frozen=True)
class Plan:
    """All changes of one account, in the order in which they are carried out."""

    action: str
    """``none``, ``created``, ``updated`` or ``deleted``."""
    changes: tuple[Change, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields that differ."""
        return tuple(change.field for change in self.changes)

    def in_round(self, number: int) -> tuple[Change, ...]:
        """Return the changes of a round. Creations and deletions are done at once."""
        if self.action in (CREATE, DELETE):
            return self.changes if number == 0 else ()
        return tuple(change for change in self.changes if change.round == number)

    @property
    def last_round(self) -> int:
        """The last round that has a change."""
        return max((number for number in range(ROUNDS) if self.in_round(number)), default=0)

    @property
    def edits(self) -> int:
        """How many of the changes are edits of single fields, which a cloud may limit."""
        return sum(change.field in ("quota", *_LATER) for change in self.changes) if self.action == UPDATE else 0

    @property
    def needed_groups(self) -> tuple[str, ...]:
        """The groups that have to exist for the changes, sorted."""
        needed: set[str] = set()
        for change in self.changes:
            if change.field in ("groups", "group_admin_of"):
                needed |= set(change.after) - set(change.before or ())
        return tuple(sorted(needed))

    @property
    def opens(self) -> bool:
        """Whether an account that is disabled would be enabled."""
        return any(c.field == "enabled" and c.before is False and c.after is True for c in self.changes)

    @property
    def suspends(self) -> bool:
        """Whether an account that is enabled would be disabled."""
        return any(c.field == "enabled" and c.before is True and c.after is False for c in self.changes)


NOTHING = Plan(NONE)
"""The plan of an account that is as it should be."""


def make_plan(current: Account | None, wish: Wish, *, made_now: bool = False, set_password: bool = False) -> Plan:
    """Compare what is with what is wished.

    :param current: the account as read; None when it does not exist.
    :param wish: the wish.
    :param made_now: the account was created a moment ago for this wish, so fields of ``create_only`` count as well.
    :param set_password: an existing account has another password than the wished one (an account does not tell).
    :raises CloudError: ``account_missing`` when the account has to exist and does not; ``invalid_value`` when it has to
        be created and no password was given, or when devices are to be wiped of an account that is to be deleted;
        ``backend_refused`` when its backend keeps a field from being changed.
    """
    if wish.state == "absent":
        if current is None:
            return NOTHING
        if wish.wipe and current.enabled:
            raise CloudError(
                "invalid_value",
                "The cloud forgets the devices of an account with the account, so they would not be wiped: disable it"
                " with wipe first, and delete it when its devices have asked the cloud; or leave wipe out.",
            )
        gone = Change("state", "present", "absent")
        if wish.transfer_files_to is None:
            return Plan(DELETE, (gone,))
        return Plan(DELETE, (Change(FILES, None, f"(transferred to {wish.transfer_files_to})"), gone))
    if current is None:
        return _plan_creation(wish)
    changes = tuple(_differences(current, wish, frozenset() if made_now else wish.create_only))
    if set_password:
        changes += (Change("password", None, PASSWORD_SHOWN),)
    fixed = [change.field for change in changes if change.field in current.fixed_fields]
    if fixed:
        backend = f" ({current.backend})" if current.backend else ""
        raise CloudError("backend_refused", f"The backend{backend} does not let these be set: {', '.join(fixed)}.")
    return Plan(UPDATE if changes else NONE, changes)


def _plan_creation(wish: Wish) -> Plan:
    if wish.state != "present" or not wish.create:
        raise CloudError("account_missing", f"It is not created, because {_why_not_created(wish)}.")
    if wish.password is None and not wish.invite:
        raise CloudError("invalid_value", "The account has to be created, and no password was given for it.")
    changes = [Change("state", "absent", "present"), Change("enabled", None, True)]
    changes.append(
        Change("invitation", None, "(asked for)") if wish.invite else Change("password", None, PASSWORD_SHOWN)
    )
    for field in ("groups", "group_admin_of"):
        if getattr(wish, field):
            changes.append(Change(field, None, list(getattr(wish, field))))
    if wish.quota is not None:
        changes.append(Change("quota", None, wish.quota.size))
    for field in ("email", "display_name", "language", "manager"):
        if getattr(wish, field):
            changes.append(Change(field, None, getattr(wish, field)))
    return Plan(CREATE, tuple(changes))


def _why_not_created(wish: Wish) -> str:
    return "create is false" if wish.state == "present" else "it has to exist already"


def _differences(current: Account, wish: Wish, left_alone: frozenset[str]) -> t.Iterator[Change]:
    """Yield what differs, in the order in which it is sent within a round."""
    if wish.state != "exists":
        enabled = wish.state == "present"
        if current.enabled is not enabled:
            if wish.wipe and not enabled:
                yield Change(DEVICES, None, _WIPED)
            yield Change("enabled", current.enabled, enabled)
    for field in ("groups", "group_admin_of"):
        now = set(getattr(current, field))
        wished = (now | set(getattr(wish, field))) - set(getattr(wish, f"{field}_absent"))
        if wished != now:
            yield Change(field, sorted(now), sorted(wished))
    if wish.quota is not None and not quotas.same(wish.quota, current.quota, exact=current.exact_quota):
        yield Change("quota", quotas.shown(current.quota), wish.quota.size)
    if wish.email is not None and "email" not in left_alone and not same_email(wish.email, current.email):
        yield Change("email", current.email, wish.email or None)
    for field in ("display_name", "language"):
        wanted = getattr(wish, field)
        if wanted is not None and field not in left_alone and wanted != getattr(current, field):
            yield Change(field, getattr(current, field), wanted)
    if wish.manager is not None and wish.manager != (current.manager or ""):
        yield Change("manager", current.manager, wish.manager or None)


def same_email(one: str | None, other: str | None) -> bool:
    """Compare e-mail addresses ignoring case; None and empty are equal."""
    return (one or "").strip().lower() == (other or "").strip().lower()


def first_login_warning(current: Account | None, plan: Plan, example_files: int | None) -> str | None:
    """Return a warning when an account without any files gets a quota that those of its first log-in may not fit into.

    A quota of 0 is none of those: Nextcloud 31 writes them nevertheless (seen).

    :param example_files: bytes of the files that an account gets with its first log-in, if that is known.
    """
    if not example_files or (current is not None and (current.last_login is not None or current.used)):
        return None
    for change in plan.changes:
        if change.field == "quota" and change.after is not None and 0 < change.after < example_files:
            return (
                f"quota of {change.after} bytes: the example files of a new account may not fit (up to {example_files}"
                " bytes), and then its first log-in fails"
            )
    return None


def quota_warning(current: Account | None, wish: Wish) -> str | None:
    """Return a warning when the wished quota is below what the account uses already."""
    if wish.state == "absent" or current is None or current.used is None:
        return None
    if wish.quota is None or wish.quota.size is None or wish.quota.size >= current.used:
        return None
    sizes = f"{current.used} bytes are used, the quota is {wish.quota.size} bytes"
    return f"quota below use: {sizes}; nothing is deleted, uploads fail"


def make_diff(name: str, current: Account | None, plan: Plan) -> dict[str, str]:
    """Return what ``--diff`` prints for one account: its fields before and after, as YAML."""
    before: dict[str, t.Any] = {}
    if current is not None:
        shown = current.shown()
        before = {field: shown[field] for field in _SHOWN_IN_DIFF}
    after = {} if plan.action == DELETE else dict(before)
    if plan.action != DELETE:
        after.update((change.field, change.after) for change in plan.changes if change.field != "state")
    return {"before_header": name, "after_header": name, "before": as_yaml(before), "after": as_yaml(after)}


def as_yaml(values: t.Mapping[str, t.Any]) -> str:
    """Return a flat mapping as YAML text; values in JSON notation, which is YAML."""
    lines = []
    for field, value in values.items():
        shown = NONE if field in _UNLIMITED_FIELDS and value is None else json.dumps(value, ensure_ascii=False)
        lines.append(f"{field}: {shown}\n")
    return "".join(lines)
