# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the validated arguments of ``nextcloud_probe`` to its result. It changes nothing."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.account import shown_time
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import AUTO
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Cloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.cloud import anonymous, connected, connection_of
from ansible_collections.bill.nextcloud.plugins.plugin_utils.dialect import STATUS, identify
from ansible_collections.bill.nextcloud.plugins.plugin_utils.failures import Failed, add_failures


def run(parameters: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Find out what a cloud is, and whether the acting account may change its accounts.

    :param parameters: arguments that passed the argument spec.
    :returns: the task's result; it has failed when the cloud cannot be used, with all that was found out before.
    """
    result: dict[str, t.Any] = {
        "changed": False,
        "dialect": None,
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
        "credentials_expire": None,
    }
    failures: list[Failed] = []
    try:
        connection = connection_of(parameters)
        if connection.warnings:
            result["warnings"] = list(connection.warnings)
        with contextlib.closing(anonymous(connection)) as transport:
            identity = identify(transport)
        result.update(
            product=identity.product,
            version=identity.version,
            maintenance=identity.maintenance,
            needs_upgrade=identity.needs_upgrade,
        )
        if identity.maintenance:
            raise CloudError("maintenance", "", request=f"GET {STATUS}", http_status=200)
        result["dialect"] = identity.known_dialect if parameters["dialect"] == AUTO else parameters["dialect"]
        result["credentials_expire"] = shown_time(connection.credentials.end)
        if identity.dialect not in (None, result["dialect"]):
            told = f"{identity.product} {identity.version}, which is {identity.dialect}"
            raise CloudError("invalid_value", f"dialect is {result['dialect']}, and the cloud says that it is {told}.")
        with connected({**parameters, "dialect": result["dialect"]}) as cloud:
            _probe(cloud, result, parameters)
    except CloudError as error:
        failures.append(Failed(error, "cloud {}".format(parameters["api_url"])))
    add_failures(result, failures)
    return result


def _probe(cloud: Cloud, result: dict[str, t.Any], parameters: t.Mapping[str, t.Any]) -> None:
    """Fill the result step by step.

    :raises CloudError: at the first thing that makes the cloud unusable.
    """
    result["capabilities"] = capabilities = cloud.inspection.read_capabilities()
    account = cloud.accounts.read_acting()
    result["acting_account"] = {
        "name": account.name,
        "is_admin": account.is_admin,
        "group_admin_of": list(account.group_admin_of),
    }
    if result["credentials_expire"] is None:
        result["credentials_expire"] = shown_time(cloud.credentials_end())
    if parameters["list_groups"]:
        result["groups"] = cloud.groups.names()
    if parameters["write_proof"]:
        try:
            cloud.inspection.prove_write()
        except CloudError as error:
            if error.code in ("write_not_permitted", "backend_refused"):
                result["may_write"] = False
            raise
        result["may_write"] = True
    # With the proof it is an administrator.
    if parameters["read_limits"] and (parameters["write_proof"] or account.is_admin):
        result["limits"] = cloud.inspection.limits(capabilities)
    if parameters["read_space"] and account.is_admin:
        result["free_space"] = cloud.inspection.free_space()
