# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the validated arguments of a task on accounts to its result."""

from __future__ import annotations

import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.cloud import connected
from ansible_collections.bill.nextcloud.plugins.plugin_utils.converge import (
    Job,
    Limits,
    converge,
    diffs,
    fail_all,
    groups_created,
    make_jobs,
    summary,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.failures import Failed, add_failures

_MOST_TOLD = 10


def run(parameters: t.Mapping[str, t.Any], *, check_mode: bool, with_diff: bool) -> dict[str, t.Any]:
    """Bring several accounts to what is wished (``nextcloud_users``).

    :param parameters: arguments that passed the argument spec.
    :returns: the task's result, as the module's documentation describes it; an account's failure is in its item.
    """
    jobs = make_jobs(parameters["accounts"], parameters.get("passwords") or {})
    warnings = _converge(
        jobs,
        parameters,
        Limits(parameters.get("max_deletions"), parameters.get("max_suspensions")),
        check_mode=check_mode,
    )
    result: dict[str, t.Any] = {
        "changed": any(job.changed for job in jobs),
        "accounts": [job.result() for job in jobs],
        "groups_created": groups_created(jobs),
        "messages": [failed.error.words(failed.subject) for failed in failures_of(jobs)],
        "summary": summary(jobs),
    }
    told = [f"account {job.name}: {text}" for job in jobs for text in job.warnings]
    warnings += told[:_MOST_TOLD]
    if len(told) > _MOST_TOLD:
        warnings.append(f"{len(told) - _MOST_TOLD} more warnings are in the result's accounts")
    if result["messages"]:
        warnings.append(
            f"{len(result['messages'])} of {len(jobs)} accounts failed, which does not fail the task;"
            " the result's messages say why"
        )
    return _finished(result, jobs, warnings, with_diff)


def run_one(parameters: t.Mapping[str, t.Any], *, check_mode: bool, with_diff: bool) -> dict[str, t.Any]:
    """Bring one account to what is wished (``nextcloud_user``).

    :returns: the task's result; it has failed when the account has.
    """
    jobs = make_jobs([parameters], {})
    warnings = _converge(jobs, parameters, Limits(), check_mode=check_mode)
    job = jobs[0]
    result = job.result()
    warnings += result.pop("warnings")
    result["groups_created"] = groups_created(jobs)
    add_failures(result, failures_of(jobs))
    return _finished(result, jobs, warnings, with_diff)


def failures_of(jobs: t.Iterable[Job]) -> list[Failed]:
    """Return the accounts that failed."""
    return [Failed(job.failure, f"account {job.name}", job.name) for job in jobs if job.failure is not None]


def _converge(
    jobs: t.Sequence[Job], parameters: t.Mapping[str, t.Any], limits: Limits, *, check_mode: bool
) -> list[str]:
    """Do it; return what should be known of the connection."""
    try:
        with connected(parameters) as cloud:
            return [
                *cloud.warnings,
                *converge(jobs, cloud, limits, check_mode=check_mode, create_groups=parameters["create_groups"]),
            ]
    except CloudError as error:  # of the connection options: converge raises nothing
        fail_all(jobs, error)
        return []


def _finished(
    result: dict[str, t.Any], jobs: t.Sequence[Job], warnings: list[str], with_diff: bool
) -> dict[str, t.Any]:
    if warnings:
        result["warnings"] = warnings
    if with_diff:
        result["diff"] = diffs(jobs)
    return result
