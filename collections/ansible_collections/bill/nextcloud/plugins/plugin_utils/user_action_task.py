# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the validated arguments of ``nextcloud_user_action`` to its result."""

from __future__ import annotations

import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import SEND_WELCOME
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Cloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.cloud import connected
from ansible_collections.bill.nextcloud.plugins.plugin_utils.failures import Failed, add_failures
from ansible_collections.bill.nextcloud.plugins.plugin_utils.host import Host


def run(parameters: t.Mapping[str, t.Any], host: Host, *, check_mode: bool) -> dict[str, t.Any]:
    """Do something to one account, once.

    :param parameters: arguments that passed the argument spec.
    :param host: of the task, where occ may be run.
    :returns: the task's result; it has failed when the action has.
    """
    name = parameters["name"]
    result: dict[str, t.Any] = {"changed": False, "name": name, "action": parameters["action"], "account": None}
    failures: list[Failed] = []
    try:
        with connected(parameters, host) as cloud:
            if cloud.warnings:
                result["warnings"] = list(cloud.warnings)
            _act(cloud, name, parameters["action"], result, check_mode=check_mode)
    except CloudError as error:
        result["changed"] = error.outcome_unknown
        failures.append(Failed(error, f"account {name}", name))
    add_failures(result, failures)
    return result


def _act(cloud: Cloud, name: str, action: str, result: dict[str, t.Any], *, check_mode: bool) -> None:
    """Read the account, then act, which is sent at most once.

    :raises CloudError: when it cannot be done, or when its outcome is unknown.
    """
    act = cloud.action(action)
    account = cloud.accounts.read(name)
    if account is None:
        raise CloudError("account_missing", "")
    result["account"] = account.shown()
    if action == SEND_WELCOME and not account.email:
        raise CloudError("invalid_value", "It has no e-mail address to write to.")
    if not check_mode:
        act(name)
    result["changed"] = True
