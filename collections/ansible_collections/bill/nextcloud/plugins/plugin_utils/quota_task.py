# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the validated arguments of ``nextcloud_quota`` to its result."""

from __future__ import annotations

import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import account_options
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.plan import Change, as_yaml
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Cloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.cloud import connected
from ansible_collections.bill.nextcloud.plugins.plugin_utils.converge import converge
from ansible_collections.bill.nextcloud.plugins.plugin_utils.failures import Failed, add_failures
from ansible_collections.bill.nextcloud.plugins.plugin_utils.host import Host
from ansible_collections.bill.nextcloud.plugins.plugin_utils.jobs import (
    Job,
    Limits,
    diffs,
    fail_all,
    make_jobs,
    summary,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.instance_quota import (
    InstanceQuota,
    apply_instance,
    parse_instance_wish,
    plan_instance,
    read_instance,
    require_limits,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.users_task import failures_of


class _Instance:
    """The instance's quotas on their way to what is wished."""

    def __init__(self) -> None:
        self.before: InstanceQuota | None = None
        self.after: InstanceQuota | None = None
        self.changes: tuple[Change, ...] = ()
        self.changed = False
        self.failure: CloudError | None = None

    def converge(self, cloud: Cloud, wish: InstanceQuota, *, check_mode: bool) -> None:
        """Read, plan, and unless in check mode apply and read back.

        :raises CloudError: when it is not as wished afterwards; ``unsupported``.
        """
        settings = cloud.settings
        if settings is None:
            raise CloudError(
                "unsupported", f"The quotas of a whole {cloud.accounts.abilities.product} are not set by its API."
            )
        require_limits(settings, wish)
        self.before = self.after = read_instance(settings)
        self.changes = plan_instance(self.before, wish)
        if check_mode:
            self.changed = bool(self.changes)
            return
        try:
            for _change in apply_instance(settings, wish, self.changes):
                self.changed = True
        except CloudError as error:
            self.changed = self.changed or error.outcome_unknown
            raise
        if self.changes:
            self.after = read_instance(settings)
            missing = [change.field for change in plan_instance(self.after, wish)]
            if missing:
                raise CloudError("not_verified", "These settings differ still: {}.".format(", ".join(missing)))

    def result(self) -> dict[str, t.Any] | None:
        """Return the item ``instance`` of the result; None when nothing was read."""
        if self.after is None:
            return None
        return {"changes": [change.shown() for change in self.changes], **self.after.shown()}

    def diff(self) -> list[dict[str, str]]:
        """Return what ``--diff`` prints."""
        if self.before is None or not self.changed:
            return []
        before = self.before.shown()
        after = {**before, **{change.field: change.after for change in self.changes}}
        texts = {"before": as_yaml(before), "after": as_yaml(after)}
        return [{"before_header": "quotas of the instance", "after_header": "quotas of the instance", **texts}]


def run(parameters: t.Mapping[str, t.Any], host: Host, *, check_mode: bool, with_diff: bool) -> dict[str, t.Any]:
    """Set the instance's quotas, then those of accounts. When the former fail, no account is touched.

    :param parameters: arguments that passed the argument spec.
    :param host: of the task, where occ may be run.
    :returns: the task's result, as the module's documentation describes it.
    """
    jobs = _make_jobs(parameters)
    instance = _Instance()
    warnings: list[str] = []
    try:
        wish = parse_instance_wish(parameters)
        if parameters["quota"] is not None and parameters["accounts"] is None:
            raise CloudError("invalid_value", "quota is for the accounts, and none are given.")
        with connected(parameters, host) as cloud:
            warnings += cloud.warnings
            if wish.given:
                instance.converge(cloud, wish, check_mode=check_mode)
            warnings += converge(jobs, cloud, Limits(), check_mode=check_mode)
    except CloudError as error:
        instance.failure = error
        fail_all(
            jobs,
            error.recoded(error.code, f"The account was not touched. {error.message}".strip(), outcome_unknown=False),
        )
    result: dict[str, t.Any] = {
        "changed": instance.changed or any(job.changed for job in jobs),
        "instance": instance.result(),
        "accounts": [job.result() for job in jobs],
        "summary": summary(jobs),
    }
    for job in jobs:
        warnings += [f"account {job.name}: {text}" for text in job.warnings]
    if warnings:
        result["warnings"] = warnings
    if instance.failure is not None:
        for_instance = any(parameters[option] is not None for option in ("default", "maximum", "allow_unlimited"))
        subject = "quotas of the instance" if for_instance else "quotas of accounts"
        add_failures(result, [Failed(instance.failure, subject)])
    else:
        add_failures(result, failures_of(jobs))
    if with_diff:
        result["diff"] = [*instance.diff(), *diffs(jobs)]
    return result


def _make_jobs(parameters: t.Mapping[str, t.Any]) -> list[Job]:
    """Check the accounts asked for; each has to have a quota, its own or the one for all."""
    items = []
    for item in parameters["accounts"] or ():
        quota = item["quota"] if item["quota"] is not None else parameters["quota"]
        items.append(account_options(name=item["name"], state="exists", quota=quota))
    jobs = make_jobs(items, {})
    for job, item in zip(jobs, items, strict=True):
        if item["quota"] is None and job.failure is None:
            job.failure = CloudError("invalid_value", "No quota was given, neither for the account nor for all.")
    return jobs
