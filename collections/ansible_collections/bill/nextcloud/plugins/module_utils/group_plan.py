# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a group should be, and what has to change for it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from . import quota as quotas
from .account import ADMIN_GROUP, check_group_name, check_name, quoted
from .errors import CloudError
from .plan import CREATE, DELETE, NONE, UPDATE, Change, Plan, as_yaml
from .wish import wished_quota

_DISPLAY_NAME_LENGTH = 255  # oc_groups.displayname


@dataclass(frozen=True)
class Group:
    """A group as the cloud shows it."""

    name: str
    display_name: str
    members: frozenset[str] | None = None
    """None: not looked at."""
    quota: quotas.Quota | None = None
    """What all members share. None: not looked at, or the cloud keeps a text that is no quota."""

    def shown(self) -> dict[str, t.Any]:
        """Return the group as results show it."""
        members = None if self.members is None else sorted(self.members)
        return {
            "name": self.name,
            "display_name": self.display_name,
            "quota": quotas.shown(self.quota),
            "members": members,
        }


@dataclass(frozen=True)
class GroupWish:
    """What a group should be. None is left alone."""

    name: str
    present: bool = True
    display_name: str | None = None
    quota: quotas.Quota | None = None
    members: tuple[str, ...] | None = None
    members_absent: tuple[str, ...] = ()
    exact: bool = False
    """Nobody but ``members`` is a member."""

    @property
    def looks_at_members(self) -> bool:
        """Whether the members have to be known."""
        return self.present and (self.members is not None or bool(self.members_absent))


def parse_group_wish(arguments: t.Mapping[str, t.Any]) -> GroupWish:
    """Make a :class:`GroupWish` of the validated options of ``nextcloud_group``.

    :raises CloudError: ``invalid_value``, ``invalid_name``, ``duplicate_name`` or ``protected_group``.
    """
    name = arguments["name"]
    check_group_name(name)
    if name == ADMIN_GROUP:
        raise CloudError("protected_group", "")
    display_name = arguments["display_name"]
    if display_name is not None and not display_name.strip():
        raise CloudError("invalid_value", "display_name is empty; leave it out to leave it alone.")
    if display_name is not None and len(display_name.strip()) > _DISPLAY_NAME_LENGTH:
        raise CloudError("invalid_value", f"display_name is longer than {_DISPLAY_NAME_LENGTH} characters.")
    present = arguments["state"] == "present"
    quota = wished_quota("quota", arguments["quota"])
    if quota is not None and quota.size == 0:  # the app groupquota refuses it, and divides by it
        raise CloudError("invalid_value", "The quota of a group has to be above zero.")
    if quota is not None and not present:
        raise CloudError("invalid_value", "A group that is absent has no quota: leave it out.")
    members = arguments["members"]
    absent = arguments["members_absent"] or []
    _check_names([*(members or ()), *absent])
    if arguments["members_exact"] and members is None:
        raise CloudError("invalid_value", "members_exact needs members; an empty list removes everybody.")
    if not present and (members or absent):
        raise CloudError("invalid_value", "A group that is absent has no members: leave them out.")
    return GroupWish(
        name=name,
        present=present,
        display_name=display_name.strip() if display_name is not None else None,
        quota=quota,
        members=tuple(members) if members is not None else None,
        members_absent=tuple(absent),
        exact=arguments["members_exact"],
    )


def _check_names(names: t.Sequence[str]) -> None:
    """Check that each is a name and that none is listed twice, in either list: case makes no difference."""
    seen: set[str] = set()
    for name in names:
        check_name(name)
        if name.lower() in seen:
            raise CloudError("duplicate_name", f"{quoted(name)} is listed twice.")
        seen.add(name.lower())


def plan_group(
    current: Group | None,
    wish: GroupWish,
    members: frozenset[str] | None = None,
    quota: quotas.Quota | None = None,
) -> Plan:
    """Compare what is with what is wished.

    :param current: the group as read, with members if they are looked at; None when it does not exist.
    :param members: who is to be a member afterwards, when that is not all that was wished.
    :param quota: what the members share now, when it is looked at: a former group of the name may have left one.
    """
    if not wish.present:
        return Plan(NONE) if current is None else Plan(DELETE, (Change("state", "present", "absent"),))
    changes = []
    now = (current.members if current is not None else None) or frozenset()
    shown_as = current.display_name if current is not None else None
    if current is None:
        changes.append(Change("state", "absent", "present"))
    if wish.display_name is not None and wish.display_name != (shown_as or wish.name):
        changes.append(Change("display_name", shown_as, wish.display_name))
    if wish.quota is not None and wish.quota != quota:
        changes.append(Change("quota", quotas.shown(quota), wish.quota.size))
    wished = wished_members(now, wish) if members is None else members
    if wished != now:
        changes.append(Change("members", sorted(now), sorted(wished)))
    return Plan((UPDATE if current is not None else CREATE) if changes else NONE, tuple(changes))


def wished_members(now: frozenset[str], wish: GroupWish) -> frozenset[str]:
    """Return who should be a member, given who is one."""
    if wish.exact:
        return frozenset(wish.members or ())
    return (now | frozenset(wish.members or ())) - frozenset(wish.members_absent)


def make_group_diff(name: str, current: Group | None, plan: Plan) -> dict[str, str]:
    """Return what ``--diff`` prints."""
    before = current.shown() if current is not None else {}
    for field in ("quota", "members"):
        if getattr(current, field, None) is None:  # not looked at
            before.pop(field, None)
    after = {} if plan.action == DELETE else {**(before or {"name": name}), **_after(plan)}
    header = f"group {name}"
    return {"before_header": header, "after_header": header, "before": as_yaml(before), "after": as_yaml(after)}


def _after(plan: Plan) -> dict[str, t.Any]:
    return {change.field: change.after for change in plan.changes if change.field != "state"}
