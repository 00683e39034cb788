# SPDX-License-Identifier: GPL-3.0-or-later
"""The comparison of many accounts in one task, in this process: what it does when a cloud fails in the middle."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from harness.cloud import Server
from harness.over_connection import COLLECTIONS
from harness.worker import REPOSITORY

if str(COLLECTIONS) not in sys.path:
    sys.path.insert(0, str(COLLECTIONS))

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import PROBE
from ansible_collections.bill.nextcloud.plugins.plugin_utils.cloud import connected
from ansible_collections.bill.nextcloud.plugins.plugin_utils.host import Host

ACTION = REPOSITORY / "playbooks" / "plugins" / "action" / "cloud_drift.py"
GIB = 1024**3


@pytest.fixture
def action(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The plugin, which compares two accounts at a time."""
    spec = importlib.util.spec_from_file_location("cloud_drift_of_the_test", ACTION)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Its dataclasses look for their module.
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "AT_ONCE", 2)
    return module


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A cloud with six accounts, 1 GiB each."""
    started = Server(tmp_path / "cloud")
    started.standin.make_accounts("user_{number}", count=6, quota=str(GIB))
    yield started
    started.stop()


def compared(
    action: ModuleType, server: Server, *wishes: Mapping[str, Any]
) -> tuple[Any, list[dict[str, Any]], list[int]]:
    """Compare ``wishes``: what was found, its rows, and what was told on the way."""
    cloud = server.cloud
    arguments = {"api_url": cloud.url, "api_username": cloud.username, "api_password": cloud.password}
    parameters = ArgumentSpecValidator(**PROBE.keywords).validate(arguments).validated_parameters
    lines = [json.dumps([number, wish]).encode() for number, wish in enumerate(wishes, 1)]
    told: list[int] = []
    file = Path(server.standin.request_log).with_name("rows.jsonl")
    with file.open("w+b") as rows, connected(parameters, Host(no_commands)) as opened:
        found = action.Found(action.Rows(rows))
        action.compare(opened, lines, found, told.append)
    written = file.read_bytes()
    # Together the parts are all of it.
    assert b"".join(written[part["begin"] : part["end"]] for part in found.rows.parts) == written
    return found, [json.loads(line) for line in written.splitlines()], told


def no_commands(_: Mapping[str, Any]) -> Mapping[str, Any]:
    """The API needs none."""
    raise AssertionError


def wish(number: int, gib: int = 1) -> dict[str, Any]:
    """An account that is there, with so much space."""
    return {"name": f"user_{number}", "state": "present", "quota": str(gib * GIB)}


def test_what_does_not_agree(action: ModuleType, server: Server) -> None:
    """One that differs, one that is missing, one whose wish is nonsense; of those that agree there is no row."""
    nonsense = {"name": "user_4", "state": "present", "quota": "much"}
    found, rows, told = compared(action, server, wish(1), wish(2, 5), wish(9), wish(3), nonsense)
    assert [(row["service"], row["name"], row["changes"]) for row in rows] == [
        (2, "user_2", [{"field": "quota", "before": GIB, "after": 5 * GIB}]),
        (3, "user_9", [{"field": "state", "before": "absent", "after": "present"}]),
        (5, "user_4", []),
    ]
    assert [row["failure"] and row["failure"]["code"] for row in rows] == [None, None, "invalid_value"]
    assert (found.compared, found.rows.count, found.failure) == (4, 3, None)
    assert told == [2, 4, 4]


def test_a_cloud_that_fails_in_the_middle(action: ModuleType, server: Server) -> None:
    """What was compared before stays; the rest is not asked for, and told by the cloud's failure alone."""
    for path in ("/users/user_4", "/users/details"):
        server.standin.fault("maintenance", path=path)
    found, rows, told = compared(action, server, *(wish(number, 5) for number in range(1, 7)))
    assert [row["name"] for row in rows] == ["user_1", "user_2", "user_3"]
    assert (found.compared, found.rows.count, found.failure.code, told) == (3, 3, "maintenance", [2])
    asked = [seen["path"] for seen in server.standin.requests()]
    assert not [path for path in asked if path.endswith(("user_5", "user_6"))]


def test_a_cloud_that_answers_nothing_useful(
    action: ModuleType, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Single accounts that cannot be read for now have a row each; when they are many, or all, it is the cloud."""
    for path in ("/users/user_2", "/users/user_3", "/users/user_4", "/users/details"):
        server.standin.fault("status", status=500, path=path)
    found, rows, _ = compared(action, server, wish(1), wish(2))
    assert (found.failure, [(row["name"], row["failure"]["code"]) for row in rows]) == (
        None,
        [("user_2", "server_error")],
    )
    found, rows, _ = compared(action, server, wish(1), wish(5), wish(3), wish(4), wish(6))
    assert (found.failure.code, found.compared, rows) == ("server_error", 2, [])
    monkeypatch.setattr("bill_nextcloud.runs.rows._MOST_UNREAD", 0)
    found, rows, _ = compared(action, server, wish(1), wish(2), wish(5))
    assert (found.failure.code, found.compared, rows) == ("server_error", 1, [])
