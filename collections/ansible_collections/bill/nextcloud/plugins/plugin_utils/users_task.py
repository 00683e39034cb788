# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the validated arguments of a task to its result."""

from __future__ import annotations

import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils import converge
from ansible_collections.bill.nextcloud.plugins.plugin_utils.endpoint import Endpoint
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud import Nextcloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.session import Session


def run(parameters: t.Mapping[str, t.Any], *, check_mode: bool, with_diff: bool) -> dict[str, t.Any]:
    """Bring the accounts to what is wished.

    :param parameters: arguments that passed the argument spec.
    :returns: the task's result, as the module's documentation describes it.
    """
    jobs = converge.make_jobs(parameters["accounts"], parameters.get("passwords") or {})
    warnings: list[str] = []
    try:
        endpoint = Endpoint.parse(parameters["api_url"], parameters.get("ca_path"))
    except CloudError as error:
        converge.fail_all(jobs, error)
    else:
        if endpoint.clear_text_warning:
            warnings.append(endpoint.clear_text_warning)
        username = parameters["api_username"]
        session = Session(endpoint, username, parameters["api_password"])
        try:
            cloud = Nextcloud(session, username, lambda name, password: Session(endpoint, name, password, kept=False))
            limits = converge.Limits(parameters.get("max_deletions"), parameters.get("max_suspensions"))
            converge.converge(jobs, cloud, limits, check_mode=check_mode)
        finally:
            session.close()
    result: dict[str, t.Any] = {
        "changed": any(job.changed for job in jobs),
        "accounts": [job.result() for job in jobs],
        "summary": converge.summary(jobs),
    }
    if warnings:
        result["warnings"] = warnings
    if with_diff:
        result["diff"] = converge.diffs(jobs)
    return result
