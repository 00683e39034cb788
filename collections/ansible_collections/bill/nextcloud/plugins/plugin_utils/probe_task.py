# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the validated arguments of ``nextcloud_probe`` to its result. It changes nothing."""

from __future__ import annotations

import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.quota import UNKNOWN
from ansible_collections.bill.nextcloud.plugins.plugin_utils.cloud import Cloud, connected
from ansible_collections.bill.nextcloud.plugins.plugin_utils.failures import Failed, add_failures
from ansible_collections.bill.nextcloud.plugins.plugin_utils.instance_quota import read_instance
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud import API, require
from ansible_collections.bill.nextcloud.plugins.plugin_utils.settings import NOT_TOLD
from ansible_collections.bill.nextcloud.plugins.plugin_utils.space import free_space

_INVALID_NAME = 101


def run(parameters: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Find out what a cloud is, and whether the acting account may change its accounts.

    :param parameters: arguments that passed the argument spec.
    :returns: the task's result; it has failed when the cloud cannot be used, with all that was found out before.
    """
    result: dict[str, t.Any] = {
        "changed": False,
        "product": None,
        "version": None,
        "maintenance": None,
        "needs_upgrade": None,
        "capabilities": None,
        "limits": None,
        "groups": None,
        "free_space": None,
        "acting_account": None,
        "may_write": None,
    }
    failures: list[Failed] = []
    try:
        with connected(parameters) as cloud:
            if cloud.warnings:
                result["warnings"] = list(cloud.warnings)
            _probe(cloud, result, parameters)
    except CloudError as error:
        failures.append(Failed(error, "cloud {}".format(parameters["api_url"])))
    add_failures(result, failures)
    return result


def _probe(cloud: Cloud, result: dict[str, t.Any], parameters: t.Mapping[str, t.Any]) -> None:
    """Fill the result step by step.

    :raises CloudError: at the first thing that makes the cloud unusable.
    """
    status = cloud.session.read_status()
    result.update(
        product=_text(status.get("productname")) or "Nextcloud",
        version=_text(status.get("versionstring")),
        maintenance=bool(status.get("maintenance")),
        needs_upgrade=bool(status.get("needsDbUpgrade")),
    )
    if result["maintenance"]:
        raise CloudError("maintenance", "", request="GET /status.php", http_status=200)
    result["capabilities"] = capabilities = _read_capabilities(cloud)
    account = cloud.accounts.read_acting()
    result["acting_account"] = {
        "name": account.name,
        "is_admin": account.is_admin,
        "group_admin_of": list(account.group_admin_of),
    }
    if parameters["list_groups"]:
        result["groups"] = cloud.groups.names()
    if parameters["write_proof"]:
        try:
            _prove_write(cloud)
        except CloudError as error:
            if error.code == "write_not_permitted":
                result["may_write"] = False
            raise
        result["may_write"] = True
    # With the proof it is an administrator.
    if parameters["read_limits"] and (parameters["write_proof"] or account.is_admin):
        result["limits"] = _limits(cloud, capabilities)
    if parameters["read_space"] and account.is_admin:
        result["free_space"] = free_space(cloud.session)


def _read_capabilities(cloud: Cloud) -> dict[str, t.Any]:
    reply = cloud.session.request("GET", API + "/capabilities")
    require(reply, {})
    capabilities = reply.data.get("capabilities") if isinstance(reply.data, dict) else None
    if not isinstance(capabilities, dict):
        raise reply.error("not_an_answer", "It holds no capabilities.")
    return capabilities


def _prove_write(cloud: Cloud) -> None:
    """Send a writing request that can have no effect: the creation of a group without a name.

    A server answers with "invalid name" only after the acting account was found to be allowed to create one, with its
    password confirmed; the same is asked of every change of an account (``GroupsController::addGroup``).

    :raises CloudError: ``write_not_permitted``; ``refused`` when the answer is none of those two.
    """
    reply = cloud.session.request("POST", API + "/groups", form=[("groupid", "")])
    if reply.code != _INVALID_NAME:
        raise reply.error("refused", f"A group without a name was not answered with code {_INVALID_NAME}.")


def _limits(cloud: Cloud, capabilities: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what limits accounts on this cloud; ``unknown`` and None stand for what it does not tell."""
    policy = capabilities.get("password_policy")
    throttle = capabilities.get("bruteforce")
    try:
        quotas = read_instance(cloud.settings).shown()
    except CloudError as error:
        if error.code not in NOT_TOLD:
            raise
        quotas = {"default": UNKNOWN, "maximum": UNKNOWN, "allow_unlimited": None}
    requires_email = cloud.settings.read_if_told("core", "newUser.requireEmail")
    return {
        "quota_default": quotas["default"],
        "quota_maximum": quotas["maximum"],
        "quota_allow_unlimited": quotas["allow_unlimited"],
        "password_min_length": policy.get("minLength") if isinstance(policy, dict) else None,
        "email_required": None if requires_email is None else requires_email == "yes",
        "mails_new_accounts": cloud.settings.mails_new_accounts(),
        "login_delay_milliseconds": throttle.get("delay") if isinstance(throttle, dict) else None,
    }


def _text(value: t.Any) -> str | None:
    return value if isinstance(value, str) and value else None
