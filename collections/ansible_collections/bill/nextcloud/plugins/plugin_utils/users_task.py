# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the validated arguments of a task on accounts to its result."""

from __future__ import annotations

import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.cloud import connected
from ansible_collections.bill.nextcloud.plugins.plugin_utils.converge import converge
from ansible_collections.bill.nextcloud.plugins.plugin_utils.failures import Failed, add_failures
from ansible_collections.bill.nextcloud.plugins.plugin_utils.host import Host
from ansible_collections.bill.nextcloud.plugins.plugin_utils.jobs import (
    Job,
    Limits,
    diffs,
    fail_all,
    groups_created,
    make_jobs,
    summary,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.disabled_shares import SUBJECT, DisabledShares

_MOST_TOLD = 10


def run(parameters: t.Mapping[str, t.Any], host: Host, *, check_mode: bool, with_diff: bool) -> dict[str, t.Any]:
    """Bring several accounts to what is wished (``nextcloud_users``).

    :param parameters: arguments that passed the argument spec.
    :param host: of the task, where occ may be run.
    :returns: the task's result, as the module's documentation describes it; an account's failure is in its item.
    """
    jobs = make_jobs(parameters["accounts"], parameters.get("passwords") or {})
    shares = DisabledShares(parameters["disabled_shares"]) if parameters.get("disabled_shares") else None
    warnings = _converge(
        jobs,
        parameters,
        host,
        Limits(parameters.get("max_deletions"), parameters.get("max_suspensions")),
        shares,
        check_mode=check_mode,
    )
    failed_accounts = failures_of(jobs)
    failures = list(failed_accounts)
    if shares is not None and shares.failure is not None:
        failures.insert(0, Failed(shares.failure, SUBJECT))
    result: dict[str, t.Any] = {
        "changed": any(job.changed for job in jobs) or (shares is not None and shares.changed),
        "accounts": [job.result() for job in jobs],
        "disabled_shares": shares.result() if shares is not None else None,
        "groups_created": groups_created(jobs),
        "messages": [failed.error.words(failed.subject) for failed in failures],
        "summary": summary(jobs),
    }
    told = [f"account {job.name}: {text}" for job in jobs for text in job.warnings]
    warnings += told[:_MOST_TOLD]
    if len(told) > _MOST_TOLD:
        warnings.append(f"{len(told) - _MOST_TOLD} more warnings are in the result's accounts")
    if failures:
        what = f"{len(failed_accounts)} of {len(jobs)} accounts failed"
        if len(failures) > len(failed_accounts):
            what += f", and the {SUBJECT} are not as asked for"
        warnings.append(f"{what}, which does not fail the task; the result's messages say why")
    return _finished(result, jobs, warnings, with_diff, shares.diff() if shares is not None else ())


def run_one(parameters: t.Mapping[str, t.Any], host: Host, *, check_mode: bool, with_diff: bool) -> dict[str, t.Any]:
    """Bring one account to what is wished (``nextcloud_user``).

    :returns: the task's result; it has failed when the account has.
    """
    jobs = make_jobs([parameters], {})
    warnings = _converge(jobs, parameters, host, Limits(), None, check_mode=check_mode)
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
    jobs: t.Sequence[Job],
    parameters: t.Mapping[str, t.Any],
    host: Host,
    limits: Limits,
    shares: DisabledShares | None,
    *,
    check_mode: bool,
) -> list[str]:
    """Do it, the switch of the whole cloud first; return what should be known of the connection."""
    try:
        with connected(parameters, host) as cloud:
            warnings: list[str] = []
            if shares is not None:
                shares.converge(cloud, check_mode=check_mode)
            fault = shares.failure if shares is not None else None
            if fault is not None and fault.cloud_wide:
                fail_all(jobs, fault.recoded(fault.code, fault.message, outcome_unknown=False))
            else:
                warnings = converge(
                    jobs,
                    cloud,
                    limits,
                    check_mode=check_mode,
                    create_groups=parameters["create_groups"],
                    no_suspension=_no_suspension(fault),
                )
            return [*cloud.warnings, *warnings]
    except CloudError as error:  # of the connection options: neither of the two raises anything
        fail_all(jobs, error)
        if shares is not None:
            shares.failure = error
        return []


def _no_suspension(fault: CloudError | None) -> CloudError | None:
    """Return what fails the accounts to be disabled when the switch is not what was asked for."""
    if fault is None:
        return None
    message = f"It is not disabled, because the {SUBJECT} are not as asked for. {fault.message}".strip()
    return fault.recoded(fault.code, message, outcome_unknown=False)


def _finished(
    result: dict[str, t.Any],
    jobs: t.Sequence[Job],
    warnings: list[str],
    with_diff: bool,
    further_diffs: t.Sequence[dict[str, str]] = (),
) -> dict[str, t.Any]:
    if warnings:
        result["warnings"] = warnings
    if with_diff:
        result["diff"] = [*further_diffs, *diffs(jobs)]
    return result
