# SPDX-License-Identifier: GPL-3.0-or-later
"""Many accounts compared, or their use read, in one task, in this process: what it does when a cloud fails midway."""

from __future__ import annotations

import importlib.util
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Cloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.cloud import connected
from ansible_collections.bill.nextcloud.plugins.plugin_utils.host import Host
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.auto import combined

ACTIONS = REPOSITORY / "playbooks" / "plugins" / "action"
GIB = 1024**3


@pytest.fixture
def action(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The plugin, which compares two accounts at a time."""
    return loaded("cloud_drift", monkeypatch)


def loaded(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A plugin, which works on two accounts at a time."""
    spec = importlib.util.spec_from_file_location(f"{name}_of_the_test", ACTIONS / f"{name}.py")
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
    action: ModuleType, server: Server, *wishes: Mapping[str, Any], of: Callable[[Cloud], Cloud] = lambda cloud: cloud
) -> tuple[Any, list[dict[str, Any]], list[int]]:
    """Compare ``wishes``: what was found, its rows, and what was told on the way. ``of``: makes the cloud another."""
    lines = [json.dumps([number, wish]).encode() for number, wish in enumerate(wishes, 1)]
    told: list[int] = []
    file = Path(server.standin.request_log).with_name("rows.jsonl")
    with file.open("w+b") as rows, connected(connection(server), Host(no_commands)) as opened:
        found = action.Found(action.Rows(rows))
        action.compare(of(opened), lines, found, told.append)
    written = file.read_bytes()
    # Together the parts are all of it.
    assert b"".join(written[part["begin"] : part["end"]] for part in found.rows.parts) == written
    return found, [json.loads(line) for line in written.splitlines()], told


def connection(server: Server) -> dict[str, Any]:
    """The options of a task that is done over the API."""
    cloud = server.cloud
    arguments = {"api_url": cloud.url, "api_username": cloud.username, "api_password": cloud.password}
    validated: dict[str, Any] = ArgumentSpecValidator(**PROBE.keywords).validate(arguments).validated_parameters
    return validated


def no_commands(_: Mapping[str, Any]) -> Mapping[str, Any]:
    """The API needs none."""
    raise AssertionError


def wish(number: int, gib: int = 1) -> dict[str, Any]:
    """An account that is there, with so much space."""
    return {"name": f"user_{number}", "state": "present", "quota": str(gib * GIB)}


def test_what_does_not_agree(action: ModuleType, server: Server) -> None:
    """One that differs, one that is missing, one whose wish is nonsense, and one that this cloud cannot take: it was
    never looked for, so it is not missing. Of those that agree there is no row."""
    nonsense = {"name": "user_4", "state": "present", "quota": "much"}
    long = {"name": "user_5", "state": "present", "display_name": "x" * 65}
    found, rows, told = compared(action, server, wish(1), wish(2, 5), wish(9), wish(3), nonsense, long)
    assert [(row["service"], row["name"], row["changes"]) for row in rows] == [
        (2, "user_2", [{"field": "quota", "before": GIB, "after": 5 * GIB}]),
        (3, "user_9", [{"field": "state", "before": "absent", "after": "present"}]),
        (5, "user_4", []),
        (6, "user_5", []),
    ]
    assert [row["failure"] and row["failure"]["code"] for row in rows] == [None, None, *["invalid_value"] * 2]
    assert (found.compared, found.rows.count, found.failure) == (4, 4, None)
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
    found, rows, _ = compared(action, server, wish(3), wish(4), wish(1))
    assert (found.failure.code, found.compared, rows) == ("server_error", 0, [])
    # All that were left, when others were read before: it is theirs.
    found, rows, _ = compared(action, server, wish(1), wish(5), wish(3))
    assert (found.failure, found.compared, [row["name"] for row in rows]) == (None, 2, ["user_3"])
    monkeypatch.setattr("bill_nextcloud.runs.rows._MOST_UNREAD", 0)
    found, rows, _ = compared(action, server, wish(1), wish(2), wish(5))
    assert (found.failure.code, found.compared, rows) == ("server_error", 1, [])


def test_occ_is_not_opened_for_edits_that_are_only_planned(
    action: ModuleType, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With either way to the cloud, more differ than the API lets be edited at once, more than once."""
    monkeypatch.setattr(action, "AT_ONCE", 51)
    server.standin.make_accounts("user_{number}", first=7, count=102, quota=str(GIB))
    opened: list[object] = []
    made: list[Cloud] = []

    def open_occ(by_api: object) -> Cloud:
        opened.append(by_api)
        raise CloudError("host_unreachable", "")

    def either(api: Cloud) -> Cloud:
        made.append(combined(api, open_occ))
        return made[0]

    found, rows, _ = compared(action, server, *(wish(number, 5) for number in range(7, 109)), of=either)
    assert (found.failure, found.compared, len(rows), opened) == (None, 102, 102, [])
    assert made[0].transport().reasons == ()
    # A task that edits has the reason, once.
    for edits in (60, 70):
        made[0].expect_edits(edits)
    assert made[0].transport().reasons == ("60 edits are needed, and the API allows 50 in 10 minutes",)


@pytest.mark.parametrize(("broken", "code", "read"), [((3,), None, [1, 2, 3]), ((1, 2), "server_error", [])])
def test_use_that_cannot_be_read(
    server: Server, monkeypatch: pytest.MonkeyPatch, broken: Sequence[int], code: str | None, read: Sequence[int]
) -> None:
    """The last account of many is not all of them; the first two, and nobody before them, are."""
    plugin = loaded("cloud_usage", monkeypatch)
    for path in ("/users/details", *(f"/users/user_{number}" for number in broken)):
        server.standin.fault("status", status=500, path=path)
    lines = [json.dumps([number, f"user_{number}"]).encode() for number in (1, 2, 3)]
    with tempfile.TemporaryFile() as file, connected(connection(server), Host(no_commands)) as cloud:
        fault = plugin.read(cloud, lines, plugin.Rows(file), lambda count: None)
        file.seek(0)
        rows = [json.loads(line) for line in file]
    assert (fault and fault.code, [row["service"] for row in rows]) == (code, read)
    assert [row["service"] for row in rows if row["failure"]] == [number for number in read if number in broken]
