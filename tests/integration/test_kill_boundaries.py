# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 at every boundary of every operation: before and behind each call of mgrctl and each request to the cloud.

The boundaries are those of a run that nothing disturbed. Several are tried with one kill: each service has a cloud of
its own, and stands at a boundary of its own when the kill comes. A request that was held before its effect has its
effect at the very end: the cloud finishes what it has received, however late.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from harness.boundaries import CLOSE_KEPT, POST_CALLS, Boundary, Held, Places
from harness.cloud import Server
from harness.processes import kill_runs, kill_worker, until
from harness.sold import differences
from harness.stack import WRITING, Stack

CLOUDS = 8
COMMANDS = ("open", "setparam", "suspend", "resume", "close", CLOSE_KEPT, "reopen", "prolong")


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory, administrator: Path | None) -> Iterator[Places]:
    directory = tmp_path_factory.mktemp("boundaries")
    servers = [Server(directory / f"cloud-{number}") for number in range(CLOUDS)]
    first = Stack.set_up(directory, servers[0].cloud, server=servers[0].standin, mariadb=administrator)
    try:
        yield Places([first, *(first.beside(server) for server in servers[1:])])
    finally:
        first.worker.cleanup()
        for server in servers:
            server.stop()


def reports(held: Held) -> list[str]:
    """What BILLmanager answered to reports of this operation, as far as it took them."""
    function = POST_CALLS[held.command]
    return [call["answer"] for call in held.calls() if call["function"] == function and call["answer"] == "ok"]


def killed_at(places: Places, command: str, victim: str, boundaries: list[Boundary]) -> None:
    """Hold one service at each of ``boundaries``, kill, and look at what has become of them in the end."""
    first = places.stacks[0]
    all_held = places.begin_all(command, boundaries)
    with ThreadPoolExecutor(len(all_held)) as pool:
        calls = [pool.submit(first.panel.run, held.service, held.operation) for held in all_held]
        try:
            for held in all_held:
                until(held.stands, what=held.boundary)
        except AssertionError:
            first.panel.clear_faults()
            for held in all_held:
                held.place.standin.clear_faults()
            raise
        if victim == "worker":
            kill_worker(first.worker)
            before = [len(held.arrivals()) for held in all_held]
            for call in calls:
                call.result()
            assert [len(held.arrivals()) for held in all_held] == before, "the killed run went on"
            first.worker.start()
        else:
            before = [len(held.arrivals()) for held in all_held]
            kill_runs(first.worker)
        for held in all_held:
            first.panel.wait(held.operation, 60)
    for held, count in zip(all_held, before, strict=True):
        held.let_go()
        where = f"{command} of {held.service}, {victim} killed {held.boundary}"
        later = held.arrivals()[count:]
        assert not later or later[0]["method"] == "GET", f"{where}: begins with writing: {later}"
        writes = [(one["method"], one["path"]) for one in later if one["method"] in WRITING]
        assert len(writes) == len(set(writes)), f"{where}: writes twice: {writes}"
        assert differences(held.place, held.service) == [], where
        assert reports(held) == ["ok"], where
    created = [
        one["path"]
        for held in all_held
        for one in held.place.standin.requests()[held.seen :]
        if one["method"] == "POST" and one["path"].endswith("/cloud/users") and one["status"] == 200
    ]
    assert len(created) == (len(all_held) if command == "open" else 0)
    first.panel.clear_faults()
    assert list(first.worker.runtime.glob("run-*")) == [], "a run left its secrets"


def chunks(boundaries: list[Boundary]) -> Iterator[list[Boundary]]:
    for start in range(0, len(boundaries), CLOUDS):
        yield boundaries[start : start + CLOUDS]


@pytest.mark.parametrize("command", COMMANDS)
def test_worker(places: Places, command: str) -> None:
    """The bridge is killed: what it began dies with it, and after the restart it finishes by itself."""
    for chunk in chunks(places.boundaries(command)):
        killed_at(places, command, "worker", chunk)


@pytest.mark.parametrize("command", ["open", "setparam", "close", "changepassword"])
def test_ansible_playbook(places: Places, command: str) -> None:
    """The run is killed at each of its writing requests: the bridge asks the cloud first, and tries again."""
    for chunk in chunks([boundary for boundary in places.boundaries(command) if boundary.writing]):
        killed_at(places, command, "ansible-playbook", chunk)
