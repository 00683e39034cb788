# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a list of wished accounts to a list of results: check, read and plan all, keep the limits, apply one by one."""

from __future__ import annotations

import time
import typing as t
from functools import partial

from ansible_collections.bill.nextcloud.plugins.module_utils import plan as plans
from ansible_collections.bill.nextcloud.plugins.module_utils.account import Account, check_group_name
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import SET, WIPE_DEVICES
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.wish import Wish
from ansible_collections.bill.nextcloud.plugins.plugin_utils.apply import Application
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import (
    GIVE_LOG_IN,
    Abilities,
    Accounts,
    Cloud,
    Groups,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.jobs import Job, Limits, fail_all
from ansible_collections.bill.nextcloud.plugins.plugin_utils.ownership import (
    is_half_made,
    read_completed,
    require_proof,
    tries_password,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.steps import Steps

_Apply = t.Callable[[Cloud, Wish, Account | None, plans.Plan], Application]


def converge(
    jobs: t.Sequence[Job],
    cloud: Cloud,
    limits: Limits,
    *,
    check_mode: bool,
    create_groups: bool = False,
    no_suspension: CloudError | None = None,
    apply: _Apply = Application,
    sleep: t.Callable[[float], None] = time.sleep,
) -> list[str]:
    """Bring the accounts to what is wished; the jobs hold the outcome. Returns what should be known of the whole task.

    Nothing is raised: an account's fault is its own failure, and a fault of the cloud (no connection, wrong
    credentials, maintenance ...) becomes the failure of every account that is not done yet, without another request.

    :param check_mode: plan only.
    :param create_groups: groups that are needed and missing are created.
    :param no_suspension: why no account may be disabled: the failure of those that would be.
    :param apply: carries out the plan of one account.
    :param sleep: waits so many seconds.
    """

    def prepare(job: Job, wish: Wish) -> None:
        _read_and_plan(job, wish, cloud, sleep)
        # Otherwise the cloud's own refusal tells, without more requests; and where it comes after the creation, a later
        # run can go on with the account, but for a new one.
        halfway = wish.new and "groups" not in cloud.accounts.abilities.created_with
        if check_mode or create_groups or job.plan.opens or halfway:
            job.missing_groups = _missing_groups(job.plan, cloud.groups, create_groups)

    if check_mode:
        cloud.only_reads()
    try:
        cloud.prepare([job.wish for job in jobs if job.failure is None and job.wish is not None])
    except CloudError as error:
        fail_all(jobs, error)
        return []
    fault = _each(cloud, jobs, prepare)
    if fault is not None:
        fail_all((job for job in jobs if job.plan.action != plans.NONE), fault)  # read and planned, now not to be done
        return []
    _keep_limit(jobs, limits.deletions, "deletions", lambda plan: plan.action == plans.DELETE)
    _keep_receivers(jobs)
    if no_suspension is not None:
        fail_all((job for job in jobs if job.plan.suspends), no_suspension)
    _keep_limit(jobs, limits.suspensions, "suspensions", lambda plan: plan.suspends)
    planned = [job for job in jobs if job.plan.action != plans.NONE and job.failure is None]
    cloud.expect_edits(sum(job.plan.edits for job in planned))
    if check_mode:
        for job in planned:
            job.written = True
            job.groups_created += job.missing_groups
    else:
        _apply_all(planned, cloud, apply)
    for job in jobs:
        if job.pending:
            job.warnings.append(
                f"{', '.join(job.pending)} cannot be set before the account has logged in for the first time;"
                " a run after that sets it"
            )
    return _edit_warnings(planned, cloud)


def _apply_all(jobs: t.Sequence[Job], cloud: Cloud, apply: _Apply) -> None:
    """Carry the plans out, in rounds over all accounts: what matters most is done everywhere before the rest begins.

    Missing groups are made before, one after the other: several accounts may need the same. Accounts with edits, where
    the cloud allows only so many, come one after the other as well, so that it is the last ones that get none.
    """
    in_need = [job for job in jobs if job.missing_groups]
    fault = _each(cloud, in_need, lambda job, wish: _create_groups(job, cloud), in_line=lambda job: True)
    if fault is not None:
        fail_all(jobs, fault)
        return

    def is_limited(job: Job) -> bool:
        return job.plan.edits > 0 and cloud.accounts.abilities.edit_limit is not None

    for number in range(plans.ROUNDS):
        fault = _each(
            cloud,
            [job for job in jobs if job.plan.in_round(number)],
            partial(_apply, cloud=cloud, apply=apply, number=number),
            in_line=is_limited,
        )
        if fault is not None:
            fail_all((job for job in jobs if job.plan.last_round > number), fault)
            break


def _edit_warnings(jobs: t.Sequence[Job], cloud: Cloud) -> list[str]:
    """Warn when the plans have more edits than the cloud allows at once."""
    edits = sum(job.plan.edits for job in jobs)
    limit = cloud.accounts.abilities.edit_limit if edits else None
    return [limit.warning(edits)] if limit is not None and edits > limit.edits else []


def _each(
    cloud: Cloud,
    jobs: t.Sequence[Job],
    step: t.Callable[[Job, Wish], None],
    in_line: t.Callable[[Job], bool] = lambda job: False,
) -> CloudError | None:
    """Take a step with every job that has not failed; return the fault of the cloud that ended it, if one did.

    It is returned as those are told of it with whom no step was taken.

    :param in_line: see :class:`Steps`.
    """

    def take(job: Job) -> None:
        if job.wish is not None:  # as all that remain have one
            step(job, job.wish)

    def failed(job: Job, error: CloudError) -> None:
        job.failure = error

    remaining = [job for job in jobs if job.failure is None and job.wish is not None]
    steps = Steps(take, failed, cloud.accounts_at_once(), stop=cloud.stop, in_line=in_line)
    fault, left_out = steps.take(remaining)
    if fault is None:
        return None
    fault = fault.for_others()
    fail_all(left_out, fault)
    return fault


def _read_and_plan(job: Job, wish: Wish, cloud: Cloud, sleep: t.Callable[[float], None]) -> None:
    accounts = cloud.accounts
    wish = job.wish = _possible(job, wish, cloud)
    job.current = job.account = accounts.read(wish.name)
    job.was_read = True
    if job.current is not None and wish.new:
        raise CloudError("account_conflict", "It exists already, and ownership=new is for a name that is free.")
    if job.current is not None and wish.proven:
        job.current = job.account = read_completed(accounts, job.current, wish, sleep)
    if job.current is not None and wish.proven:
        require_proof(accounts, job.current, wish, email=True)
        if is_half_made(accounts, job.current, wish):
            wish = job.wish = wish.for_new_account()
    if wish.invite and job.current is not None and wish.state != "absent":
        _check_invited(job.current)
    set_password = _has_other_password(job, wish, accounts)
    plan = plans.make_plan(job.current, wish, set_password=set_password)
    if _quota_waits(job.current, wish, plan, cloud):
        job.pending.append("quota")
        wish = job.wish = wish.without("quota")
        plan = plans.make_plan(job.current, wish, set_password=set_password)
    if not accounts.abilities.removes_emails and any(c.field == "email" and c.after is None for c in plan.changes):
        raise CloudError("unsupported", f"{accounts.abilities.product} does not let an e-mail address be removed.")
    if wish.transfer_files_to is not None and plan.action == plans.DELETE:
        _check_other("transfer_files_to", wish.transfer_files_to, accounts)
    if wish.manager and "manager" in plan.fields:
        _check_other("manager", wish.manager, accounts)
        _check_possible(wish, accounts.abilities)  # a record that was read shows whether there are managers
    if wish.invite and plan.action == plans.CREATE:
        _check_invitation(job, cloud)
    for warning in (
        plans.quota_warning(job.current, wish),
        plans.first_login_warning(job.current, plan, accounts.abilities.example_files),
    ):
        if warning is not None:
            job.warnings.append(warning)
    job.plan = plan


def _possible(job: Job, wish: Wish, cloud: Cloud) -> Wish:
    """Return what of a wish the product can do; what it leaves out is told.

    :raises CloudError: ``invalid_name``; ``invalid_value``; ``unsupported`` when it cannot do without that.
    """
    cloud.accounts.check_name(wish.name)
    if wish.state == "absent":
        if wish.transfer_files_to is not None:
            cloud.file_transfer()
        return wish
    abilities = cloud.accounts.abilities
    _check_possible(wish, abilities)
    if wish.wipe:
        cloud.action(WIPE_DEVICES)
    if wish.quota is not None and wish.quota.size is not None and wish.quota.size < abilities.smallest_quota:
        raise CloudError(
            "unsupported",
            f"{abilities.product} has no quota of {wish.quota.size} bytes; the smallest is {abilities.smallest_quota}.",
        )
    longest = abilities.longest_display_name
    if longest is not None and len(wish.display_name or "") > longest:
        raise CloudError("invalid_value", f"display_name is longer than {longest} characters.")
    ignored = sorted(option for option in abilities.ignores if getattr(wish, option))
    if ignored:
        job.warnings.append(f"{abilities.product} has nothing for {', '.join(ignored)}, which is left alone")
    return wish.without(*ignored)


def _check_possible(wish: Wish, abilities: Abilities) -> None:
    """Refuse what the product has nothing for.

    :raises CloudError: ``unsupported``.
    """
    impossible = sorted(option for option in abilities.cannot if getattr(wish, option))
    if impossible:
        help_ = f" {GIVE_LOG_IN}" if abilities.api_only.issuperset(impossible) else ""
        raise CloudError("unsupported", f"{abilities.product} has nothing for {', '.join(impossible)}.{help_}")


def _quota_waits(current: Account | None, wish: Wish, plan: plans.Plan, cloud: Cloud) -> bool:
    """Whether the plan of an account that exists has a quota that cannot be set now, so that it is not planned."""
    if current is None or "quota" not in plan.fields:
        return False
    return cloud.quota_waits(wish.name, wish.password if current.enabled or plan.opens else None)


def _has_other_password(job: Job, wish: Wish, accounts: Accounts) -> bool:
    """Whether the password has to be set; a doubt is a yes, with a warning."""
    if not wish.sets_password or job.current is None or wish.state == "absent":
        return False
    if wish.update_password == SET:
        return True
    if job.current.enabled:
        proven = tries_password(accounts, wish.name, wish.password or "")
        if proven is not None:
            return not proven
    reason = "the account is disabled"
    if job.current.enabled:
        reason = "the cloud takes no passwords, or too many log-ins failed in this task"
    job.warnings.append(f"it could not be told whether the password is right already ({reason}), so it is set")
    return True


def _keep_receivers(jobs: t.Sequence[Job]) -> None:
    """Files are not transferred to an account that the same task deletes."""
    deleted = {job.name.lower() for job in jobs if job.failure is None and job.plan.action == plans.DELETE}
    for job in jobs:
        receiver = job.wish.transfer_files_to if job.wish is not None else None
        if job.failure is None and job.plan.action == plans.DELETE and (receiver or "").lower() in deleted:
            message = f"transfer_files_to is {receiver}, which the same task deletes; nothing is done."
            job.failure = CloudError("invalid_value", message)


def _check_other(option: str, name: str, accounts: Accounts) -> None:
    """Check an account that an option names; the cloud itself would take any text for a manager.

    :raises CloudError: ``invalid_value``.
    """
    try:
        found = accounts.look_up(name)
    except CloudError as error:
        if error.code != "account_conflict":
            raise
        message = f"{option} is {name}. {error.message}"
        raise error.recoded("invalid_value", message, outcome_unknown=False) from error
    if found is None:
        raise CloudError("invalid_value", f"There is no account {name}, which {option} names.")


def _check_invited(account: Account) -> None:
    """An account without an e-mail address that nobody used is what a refused invitation leaves behind.

    :raises CloudError: ``account_conflict``.
    """
    if not account.email and account.last_login is None:
        raise CloudError(
            "account_conflict",
            "It has no e-mail address and was never used, so nobody was invited to it: delete it and run again,"
            " or leave invite out.",
        )


def _check_invitation(job: Job, cloud: Cloud) -> None:
    """An account whose invitation never leaves the cloud would be open for nobody.

    :raises CloudError: ``invalid_value``.
    """
    mails = cloud.settings.mails_new_accounts() if cloud.settings is not None else None
    if mails is None:
        job.warnings.append("the cloud does not tell whether it sends mail to new accounts, so the invitation may fail")
    elif not mails:
        raise CloudError(
            "invalid_value",
            "The cloud sends no mail to new accounts (setting newUser.sendEmail of core is no), so nobody is invited;"
            " 'occ config:app:set core newUser.sendEmail --value yes' on the cloud changes that.",
        )


def _missing_groups(plan: plans.Plan, groups: Groups, create: bool) -> tuple[str, ...]:
    """Return the groups that a plan needs and the cloud lacks.

    :raises CloudError: ``group_missing`` when they are not to be created; ``invalid_value`` when they cannot be.
    """
    missing = tuple(group for group in plan.needed_groups if not groups.exists(group))
    if missing and not create:
        raise CloudError("group_missing", "Missing: {}.".format(", ".join(f'"{group}"' for group in missing)))
    for group in missing:
        check_group_name(group)
    return missing


def _keep_limit(jobs: t.Sequence[Job], limit: int | None, what: str, counts: t.Callable[[plans.Plan], bool]) -> None:
    """When more plans than allowed count, none of them is carried out."""
    counted = [job for job in jobs if job.failure is None and counts(job.plan)]
    if limit is not None and len(counted) > limit:
        for job in counted:
            job.failure = CloudError("limit_reached", f"{len(counted)} {what} are planned, {limit} allowed.")


def _apply(
    job: Job,
    wish: Wish,
    cloud: Cloud,
    apply: _Apply,
    number: int,
) -> None:
    if job.application is None:
        job.application = apply(cloud, wish, job.current, job.plan)
    application = job.application
    try:
        application.run_round(number)
    finally:
        job.account = application.account
        job.written = application.written
        job.warnings += application.warnings
        application.warnings.clear()
        job.pending += [field for field in application.pending if field not in job.pending]


def _create_groups(job: Job, cloud: Cloud) -> None:
    for group in job.missing_groups:
        if not cloud.groups.exists(group):  # not made for another account meanwhile
            try:
                if cloud.groups.create(group):
                    job.groups_created.append(group)
            except CloudError as error:
                if error.outcome_unknown:  # made, as far as anybody knows
                    job.groups_created.append(group)
                raise
