# SPDX-License-Identifier: GPL-3.0-or-later
"""Many accounts that are as they are wanted: one task, against the raw client that pages through them."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.cloud import Server
from harness.over_connection import COLLECTIONS

from bench.callers import NotTaken, Progress
from bench.measures import Measure, at_most, seen
from bench.raw import RawClient
from bench.real_delays import REAL
from bench.scene import GIB, GROUP

if str(COLLECTIONS) not in sys.path:
    sys.path.insert(0, str(COLLECTIONS))

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import USERS
from ansible_collections.bill.nextcloud.plugins.plugin_utils import users_task
from ansible_collections.bill.nextcloud.plugins.plugin_utils.host import Host

REQUESTS, OVER_RAW = 25, 1.3
PAGE = 500
API = "/ocs/v2.php/cloud"


def measure(accounts: int, progress: Progress) -> list[Measure]:
    """``accounts`` that exist as they are wanted, on a stand-in that is as slow as a real server: once, for what it
    takes is the server's delays. The task is in this process, without a playbook around it."""
    with tempfile.TemporaryDirectory() as directory:
        server = Server(Path(directory) / "cloud")
        try:
            standin = server.standin
            standin.make_accounts(
                "user_{number}", count=accounts, email="client@example.org", groups=[GROUP], quota=str(GIB)
            )
            wishes = [
                {"name": f"user_{number}", "state": "exists", "quota": str(GIB), "groups": [GROUP]}
                for number in range(1, accounts + 1)
            ]
            standin.set_delays(**REAL)
            progress("raw client", 0, 2)
            started = time.perf_counter()
            with RawClient(server.cloud) as client:
                _page_through(client, accounts)
            raw = time.perf_counter() - started
            progress("task", 1, 2)
            standin.clear_requests()
            started = time.perf_counter()
            _task(server, wishes)
            task = time.perf_counter() - started
            requests = len(standin.requests())
        finally:
            server.stop()
    name = f"nothing to change on {accounts} accounts"
    return [
        at_most(f"{name}: requests", requests, "", REQUESTS),
        at_most(f"{name}: over the raw client paging through them", task / raw, "×", OVER_RAW),
        seen(f"{name}: the task", task, "s"),
        seen(f"{name}: the raw client", raw, "s"),
    ]


def _task(server: Server, wishes: list[dict[str, Any]]) -> None:
    cloud = server.cloud
    arguments = {"api_url": cloud.url, "api_username": cloud.username, "api_password": cloud.password}
    validated = ArgumentSpecValidator(**USERS.keywords).validate({**arguments, "accounts": wishes})
    assert not validated.error_messages, validated.error_messages
    result = users_task.run(validated.validated_parameters, Host(_no_commands), check_mode=False, with_diff=False)
    if result["changed"] or result["summary"]["failed"]:
        raise NotTaken(f"there was something to change: {result['summary']} {result['messages'][:1]}")


def _no_commands(_: Mapping[str, Any]) -> Mapping[str, Any]:
    raise AssertionError("the API needs no command")


def _page_through(client: RawClient, accounts: int) -> None:
    """Read all accounts, and the administrator's. Raises :class:`NotTaken` when some are not there."""
    found = 0
    while True:
        query = {"format": "json", "limit": str(PAGE), "offset": str(found)}
        page = client.request("GET", f"{API}/users/details", query).json()["ocs"]["data"]["users"]
        found += len(page)
        if len(page) < PAGE:
            break
    if found != accounts + 1:
        raise NotTaken(f"{found} accounts were read, not {accounts + 1}")
