# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the validated arguments of ``nextcloud_group`` to its result."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from functools import partial

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import TABLE, CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.group_plan import (
    Group,
    GroupWish,
    make_group_diff,
    parse_group_wish,
    plan_group,
    wished_members,
)
from ansible_collections.bill.nextcloud.plugins.module_utils.plan import CREATE, DELETE, NONE, NOTHING, Plan
from ansible_collections.bill.nextcloud.plugins.module_utils.quota import Quota
from ansible_collections.bill.nextcloud.plugins.module_utils.wish import Wish
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Cloud, GroupQuotas
from ansible_collections.bill.nextcloud.plugins.plugin_utils.cloud import connected
from ansible_collections.bill.nextcloud.plugins.plugin_utils.failures import Failed, add_failures
from ansible_collections.bill.nextcloud.plugins.plugin_utils.host import Host


class _GroupJob:
    """One group on its way to what is wished."""

    def __init__(self, wish: GroupWish, cloud: Cloud) -> None:
        self._wish = wish
        self._cloud = cloud
        self._quota: Quota | None = None
        self.before: Group | None = None
        self.group: Group | None = None
        self.plan: Plan = NOTHING
        self.changed = False
        self.warnings: list[str] = []
        self.failures: list[tuple[str, CloudError]] = []
        """Members that could not be added or removed."""

    def read_and_plan(self, max_removals: int | None) -> None:
        """Find out what has to change.

        :raises CloudError: for what concerns the group or the cloud; a member's fault is noted in ``failures``.
        """
        wish, abilities = self._wish, self._cloud.accounts.abilities
        if not abilities.group_display_names and wish.display_name not in (None, wish.name):
            raise CloudError("unsupported", f"{abilities.product} has no display names of groups.")
        self.before = self.group = self._read()
        now = (self.before.members if self.before is not None else None) or frozenset()
        wished = wished_members(now, wish)
        removals = now - wished
        kept = self._members_in_other_case(now, removals)
        self._cloud.prepare([Wish(name, "exists") for name in sorted((removals - kept) | (wished - now))])
        kept |= {name for name in sorted(removals - kept) if not self._may_change(name, removed=True)}
        added = {name for name in sorted(wished - now) if self._may_change(name)}
        if wish.exact and removals - kept and added != wished - now:
            # perhaps a slip of the pen, and one of those to be removed is the one that was meant
            self.warnings.append("nobody is removed, because not all of members can be members")
            kept |= removals
        self.plan = plan_group(self.before, wish, (now & wished) | kept | added, self._quota)
        if max_removals is not None and len(removals - kept) > max_removals:
            raise CloudError("limit_reached", f"{len(removals - kept)} removals are planned, {max_removals} allowed.")

    def _members_in_other_case(self, now: frozenset[str], removals: frozenset[str]) -> set[str]:
        """Return members to keep because they are asked for in another notation (adding those fails).

        For the cloud it is the same account: removing it and failing to add it would end a membership that was wished.
        """
        asked = {name.lower() for name in self._wish.members or ()}
        actual = {name.lower(): name for name in now}
        for name in self._wish.members_absent:
            found = actual.get(name.lower())
            if found is not None and found != name:
                self.failures.append((name, CloudError("account_conflict", f"The cloud has it as {found}.")))
        return {name for name in removals if name.lower() in asked}

    def apply(self) -> None:
        """Carry the plan out and read back.

        :raises CloudError: for what concerns the group or the cloud.
        """
        groups, wish = self._cloud.groups, self._wish
        if self.plan.action == DELETE:
            self._send(lambda: groups.delete(wish.name), lambda group: group is None)
        if self.plan.action == CREATE:
            self._send(lambda: groups.create(wish.name, wish.display_name), lambda group: group is not None)
        for change in self.plan.changes:
            if change.field == "display_name" and self.plan.action != CREATE:
                self._rename()
            elif change.field == "quota" and wish.quota is not None:
                self._send(
                    partial(self._quotas.set, wish.name, wish.quota),
                    lambda group: self._quotas.read(wish.name) == wish.quota,
                )
            elif change.field == "members":
                self._change_members(frozenset(change.before), frozenset(change.after))
        if self.plan.action != NONE:
            self._verify(may_rename=self.plan.action == CREATE)

    def _read(self) -> Group | None:
        group = self._cloud.groups.read(self._wish.name)
        if self._wish.quota is not None:
            self._quota = self._quotas.read(self._wish.name)
        if group is None:
            return None
        members = self._cloud.groups.members(group.name) if self._wish.looks_at_members else None
        return replace(group, members=members, quota=self._quota)

    @property
    def _quotas(self) -> GroupQuotas:
        if self._cloud.group_quotas is None:
            raise CloudError("unsupported", f"{self._cloud.accounts.abilities.product} has no quotas of groups.")
        return self._cloud.group_quotas

    def _may_change(self, name: str, *, removed: bool = False) -> bool:
        """Whether this account may be added or removed; if not, that is noted."""
        try:
            if self._cloud.accounts.read(name) is None:
                raise CloudError("account_missing", "")
        except CloudError as error:
            if error.cloud_wide:
                raise
            if removed and error.code == "protected_account" and self._wish.exact:
                self.warnings.append(f"{name} stays a member: {TABLE[error.code].meaning}")
            else:
                self.failures.append((name, error))
            return False
        return True

    def _change_members(self, now: frozenset[str], wished: frozenset[str]) -> None:
        accounts, group = self._cloud.accounts, self._wish.name
        for name in sorted(wished ^ now):
            try:
                if name in wished:
                    accounts.add_group(name, group)
                else:
                    accounts.remove_group(name, group)
                self.changed = True
            except CloudError as error:
                self.changed = self.changed or error.outcome_unknown
                if error.cloud_wide:
                    raise
                self.failures.append((name, error))

    def _send(self, send: t.Callable[[], object], done: t.Callable[[Group | None], bool]) -> None:
        """Send a change once; when its outcome is unknown, read the group.

        :param done: whether a group, as read, shows the change.
        """
        try:
            send()
        except CloudError as error:
            if not error.outcome_unknown:
                raise
            self.changed = True  # as far as anybody knows
            try:
                group = self._cloud.groups.read(self._wish.name)
            except CloudError as fault:
                if fault.cloud_wide:
                    raise
                message = f"{error.message} Reading the group afterwards failed: {fault.message or fault.code}"
                raise error.recoded("outcome_unknown", message, outcome_unknown=True) from fault
            if not done(group):
                raise
        self.changed = True

    def _rename(self) -> None:
        name, display_name = self._wish.name, self._wish.display_name or ""
        self._send(
            lambda: self._cloud.groups.rename(name, display_name),
            lambda group: group is not None and group.display_name == display_name,
        )

    def _verify(self, *, may_rename: bool) -> None:
        """Read back and compare with the plan; an unknown outcome that turned out well is no failure.

        :param may_rename: a display name that is not shown is set once more.
        """
        self.group = group = self._read()
        if not self._wish.present:
            if group is not None:
                raise CloudError("not_verified", "The group exists still.")
            return
        if group is None:
            raise CloudError("not_verified", "The group does not exist.")
        if self._wish.display_name not in (None, group.display_name):
            if may_rename:  # an old release of Nextcloud may not read it at creation
                self._rename()
                self._verify(may_rename=False)
                return
            raise CloudError("not_verified", "The display name differs still.")
        if self._wish.quota not in (None, group.quota):
            raise CloudError("not_verified", "The quota differs still.")
        for change in self.plan.changes:
            if change.field == "members":
                differing = frozenset(change.after) ^ (group.members or frozenset())
                self.failures = [
                    (name, error) for name, error in self.failures if not error.outcome_unknown or name in differing
                ]
                unexplained = sorted(differing - {name for name, error in self.failures})
                if unexplained:
                    raise CloudError("not_verified", "Members that differ still: {}.".format(", ".join(unexplained)))


def run(parameters: t.Mapping[str, t.Any], host: Host, *, check_mode: bool, with_diff: bool) -> dict[str, t.Any]:
    """Bring one group and its members to what is wished.

    :param parameters: arguments that passed the argument spec.
    :param host: of the task, where occ may be run.
    :returns: the task's result; it has failed when the group or any member has, after all others were done.
    """
    job: _GroupJob | None = None
    failures: list[Failed] = []
    warnings: list[str] = []
    try:
        wish = parse_group_wish(parameters)
        with connected(parameters, host) as cloud:
            warnings += cloud.warnings
            job = _GroupJob(wish, cloud)
            job.read_and_plan(parameters["max_removals"])
            if check_mode:
                job.changed = job.plan.action != NONE
            else:
                job.apply()
    except CloudError as error:
        failures.append(Failed(error, f"group {parameters['name']}"))
    result: dict[str, t.Any] = {"changed": False, "action": NONE, "changes": [], "group": None}
    if job is not None:
        failures += [Failed(error, f"account {name}", name) for name, error in job.failures]
        warnings += job.warnings
        result.update(
            changed=job.changed,
            action=job.plan.action if job.changed else NONE,
            changes=[change.shown() for change in job.plan.changes],
            group=job.group.shown() if job.group is not None else None,
        )
        if with_diff and job.changed:
            result["diff"] = [make_group_diff(parameters["name"], job.before, job.plan)]
    result["failures"] = [failed.error.failure(failed.account) for failed in failures]
    if warnings:
        result["warnings"] = warnings
    add_failures(result, failures)
    return result
