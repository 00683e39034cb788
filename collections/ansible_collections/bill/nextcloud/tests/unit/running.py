# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs wishes against a scripted cloud, as a task does."""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import replace

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import USERS, Spec
from ansible_collections.bill.nextcloud.plugins.plugin_utils import converge, users_task
from ansible_collections.bill.nextcloud.plugins.plugin_utils.apply import Application
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Cloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.cloud import connection_of
from ansible_collections.bill.nextcloud.plugins.plugin_utils.connection import Connection
from ansible_collections.bill.nextcloud.plugins.plugin_utils.host import Host
from ansible_collections.bill.nextcloud.plugins.plugin_utils.jobs import Limits, make_jobs
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud import backend
from ansible_collections.bill.nextcloud.tests.unit.scripted import ADMIN, ADMIN_PASSWORD, ScriptedCloud

NAME = "user_12"


def _no_server(arguments: t.Mapping[str, t.Any]) -> t.NoReturn:
    raise AssertionError(f"nothing is run on a server: {arguments}")


NO_SERVER = Host(_no_server)
"""The host of a task that is done over the API."""


def validated(spec: Spec, url: str, **options: t.Any) -> dict[str, t.Any]:
    """Return the options of a task of a module, with the connection, as its action plugin hands them on.

    An option that is None is not given.
    """
    connection = {
        "api_url": url,
        "api_username": ADMIN,
        "api_password": ADMIN_PASSWORD,
        "api_requests": 1,  # the script of a cloud has an order
        "dialect": "nextcloud",
    }
    result = ArgumentSpecValidator(**spec.keywords).validate(
        {option: value for option, value in {**connection, **options}.items() if value is not None}
    )
    assert not result.error_messages, result.error_messages
    return t.cast("dict[str, t.Any]", result.validated_parameters)


def arguments(url: str, *accounts: dict[str, t.Any], **options: t.Any) -> dict[str, t.Any]:
    """Return validated arguments of a task of ``nextcloud_users``."""
    return validated(USERS, url, accounts=[{"name": NAME, **account} for account in accounts], **options)


def run(
    cloud: ScriptedCloud, *accounts: dict[str, t.Any], check_mode: bool = False, **options: t.Any
) -> dict[str, t.Any]:
    """Run a whole task and return its result."""
    return users_task.run(arguments(cloud.url, *accounts, **options), NO_SERVER, check_mode=check_mode, with_diff=True)


def run_one(cloud: ScriptedCloud, check_mode: bool = False, **account: t.Any) -> dict[str, t.Any]:
    """Run a task for one account and return that account's result."""
    result = run(cloud, account, check_mode=check_mode)
    return t.cast("dict[str, t.Any]", result["accounts"][0])


def run_impatiently(
    cloud: ScriptedCloud, *accounts: dict[str, t.Any], seconds: float = 0.3, slept: list[float] | None = None
) -> list[dict[str, t.Any]]:
    """Run a task that waits only so long for answers, and does not sleep; return the results of the accounts.

    :param slept: collects the seconds that would have been slept.
    """
    connection = replace(
        connection_of(validated(USERS, cloud.url, accounts=[])), connect_seconds=seconds, read_seconds=seconds
    )
    jobs = make_jobs(arguments(cloud.url, *accounts)["accounts"], {})
    sleep = (slept if slept is not None else []).append
    with backend.connected(connection) as opened:
        converge.converge(
            jobs,
            opened,
            Limits(),
            check_mode=False,
            apply=lambda *plan: Application(*plan, sleep=sleep),
            sleep=sleep,
        )
    return [job.result() for job in jobs]


@contextlib.contextmanager
def plain_cloud(connection: Connection) -> t.Iterator[Cloud]:
    """Open a cloud that has nothing but accounts and groups, as a backend."""
    with backend.connected(connection) as opened:
        yield replace(opened, settings=None, actions={}, on_server={}, group_quotas=None)


def code(result: dict[str, t.Any]) -> str | None:
    """Return the code of an account's failure."""
    failure = result["failure"]
    return None if failure is None else t.cast("str", failure["code"])


def outcome(result: dict[str, t.Any]) -> tuple[str | None, str, bool]:
    """Return failure code, action and changed of an account's result."""
    return code(result), result["action"], result["changed"]
