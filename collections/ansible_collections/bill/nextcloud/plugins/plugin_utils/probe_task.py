# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the validated arguments of ``nextcloud_probe`` to its result. It changes nothing."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.account import shown_time
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import AUTO, OCC
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Cloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.cloud import (
    anonymous,
    connected,
    connection_of,
    has_log_in,
    server_of,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.dialect import STATUS, identify
from ansible_collections.bill.nextcloud.plugins.plugin_utils.failures import Failed, add_failures
from ansible_collections.bill.nextcloud.plugins.plugin_utils.host import Host
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.installation import identify as identify_occ


def run(parameters: t.Mapping[str, t.Any], host: Host) -> dict[str, t.Any]:
    """Find out what a cloud is, and whether its accounts may be changed.

    :param parameters: arguments that passed the argument spec.
    :param host: of the task, where occ may be run.
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
        _identify(parameters, host, result)
        # Who asks wants to know whether the credentials are good now: no session of before says so.
        with connected({**parameters, "dialect": result["dialect"], "session_path": None}, host) as cloud:
            _probe(cloud, result, parameters)
    except CloudError as error:
        failures.append(Failed(error, "cloud {}".format(parameters.get("api_url") or "on the server that has its occ")))
    add_failures(result, failures)
    return result


def _identify(parameters: t.Mapping[str, t.Any], host: Host, result: dict[str, t.Any]) -> None:
    """Find out what the cloud is.

    :raises CloudError: ``maintenance``; ``unknown_product``; ``invalid_value`` when it is not what the task says; see
        :func:`connected`.
    """
    connection = connection_of(parameters) if has_log_in(parameters) else None
    if connection is not None and connection.warnings:
        result["warnings"] = list(connection.warnings)
    if parameters["transport"] == OCC or connection is None:
        identity, request = identify_occ(server_of(parameters, host)).identity, "occ status"
    else:
        with contextlib.closing(anonymous(connection)) as transport:
            identity, request = identify(transport), f"GET {STATUS}"
    result.update(
        product=identity.product,
        version=identity.version,
        maintenance=identity.maintenance,
        needs_upgrade=identity.needs_upgrade,
    )
    if identity.maintenance:
        raise CloudError("maintenance", "", request=request, http_status=200 if request.startswith("GET") else None)
    result["dialect"] = identity.known_dialect if parameters["dialect"] == AUTO else parameters["dialect"]
    if connection is not None:
        result["credentials_expire"] = shown_time(connection.credentials.end)
    if identity.dialect not in (None, result["dialect"]):
        told = f"{identity.product} {identity.version}, which is {identity.dialect}"
        raise CloudError("invalid_value", f"dialect is {result['dialect']}, and the cloud says that it is {told}.")


def _probe(cloud: Cloud, result: dict[str, t.Any], parameters: t.Mapping[str, t.Any]) -> None:
    """Fill the result step by step.

    :raises CloudError: at the first thing that makes the cloud unusable.
    """
    result["capabilities"] = capabilities = cloud.inspection.read_capabilities()
    account = cloud.accounts.read_acting()
    if account is not None:
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
    is_admin = account is None or account.is_admin
    if parameters["read_limits"] and (parameters["write_proof"] or is_admin):
        result["limits"] = cloud.inspection.limits(capabilities)
    if parameters["read_space"] and is_admin:
        result["free_space"] = cloud.inspection.free_space()
