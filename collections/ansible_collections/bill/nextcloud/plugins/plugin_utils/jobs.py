# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The accounts of a task on their way to results."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.bill.nextcloud.plugins.module_utils import plan as plans
from ansible_collections.bill.nextcloud.plugins.module_utils.account import Account
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.wish import Wish, parse_wish
from ansible_collections.bill.nextcloud.plugins.plugin_utils.apply import Application


@dataclass
class Job:
    """One asked-for account on its way to a result."""

    name: str
    state: str
    wish: Wish | None = None
    current: Account | None = None
    """As first read."""
    account: Account | None = None
    """As last read."""
    was_read: bool = False
    """Whether it was looked for on the cloud, so that no account means that there is none."""
    plan: plans.Plan = plans.NOTHING
    missing_groups: tuple[str, ...] = ()
    """Groups to be created for it."""
    groups_created: list[str] = field(default_factory=list)
    """Those that were created, or in check mode would be."""
    written: bool = False
    """Whether the account was changed, as far as known, or in check mode would be."""
    warnings: list[str] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    """Fields that the cloud does not let anybody set yet; a later run sets them."""
    failure: CloudError | None = None
    application: Application | None = None
    """Its plan being carried out."""

    @property
    def changed(self) -> bool:
        """Whether anything was changed for it: the account, or a group that was made."""
        return self.written or bool(self.groups_created)

    @property
    def action(self) -> str:
        """What was done to the account, or in check mode would be done."""
        return self.plan.action if self.written else plans.NONE

    def result(self) -> dict[str, t.Any]:
        """Return the item of the result's ``accounts``."""
        return {
            "name": self.name,
            "state": self.state,
            "changed": self.changed,
            "action": self.action,
            "changes": [change.shown() for change in self.plan.changes],
            "account": self.account.shown() if self.account is not None else None,
            "pending": self.pending,
            "warnings": self.warnings,
            "failure": self.failure.failure(self.name) if self.failure is not None else None,
        }


@dataclass(frozen=True)
class Limits:
    """How many accounts one task may delete and suspend; None means any number."""

    deletions: int | None = None
    suspensions: int | None = None


def make_jobs(items: t.Sequence[t.Mapping[str, t.Any]], passwords: t.Mapping[str, t.Any]) -> list[Job]:
    """Check the asked-for accounts without any request: names, values, and that none is listed twice."""
    times: dict[str, int] = {}
    for item in items:
        times[item["name"].lower()] = times.get(item["name"].lower(), 0) + 1
    jobs = []
    for item in items:
        job = Job(item["name"], item["state"])
        try:
            job.wish = parse_wish(item, passwords)
            if times[job.name.lower()] > 1:
                raise CloudError("duplicate_name", f"It is listed {times[job.name.lower()]} times; nothing is done.")
        except CloudError as error:
            job.failure = error
        jobs.append(job)
    return jobs


def fail_all(jobs: t.Iterable[Job], error: CloudError) -> None:
    """Give every job that has not failed yet the same failure."""
    for job in jobs:
        job.failure = job.failure or error


def groups_created(jobs: t.Iterable[Job]) -> list[str]:
    """Return the groups that were created, or in check mode would be; sorted."""
    return sorted({group for job in jobs for group in job.groups_created})


def diffs(jobs: t.Iterable[Job]) -> list[dict[str, str]]:
    """Return what ``--diff`` prints: one entry for each account that was, or would be, changed."""
    return [plans.make_diff(job.name, job.current, job.plan) for job in jobs if job.written]


def summary(jobs: t.Sequence[Job]) -> dict[str, int]:
    """Count the results. An account may count as changed and as failed, when only a part was done."""
    return {
        "total": len(jobs),
        "changed": sum(job.changed for job in jobs),
        "failed": sum(job.failure is not None for job in jobs),
        "unchanged": sum(not job.changed and job.failure is None for job in jobs),
    }
