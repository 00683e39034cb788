# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker's warm starts: whoever of worker, server and run is killed in the middle, what it began dies with it."""

from __future__ import annotations

import re

import psutil
import pytest
from harness.leaks import Watcher
from harness.processes import below, kill_worker, until
from harness.stack import Stack

from .conftest import SetUp
from .test_kill import in_the_middle, one_working_account


def warm(stack: Stack) -> psutil.Process:
    """The process that runs begin in, when it is ready."""
    assert stack.worker.process is not None
    worker = stack.worker.process.pid
    until(lambda: "warm_start: warm starts pid=" in stack.worker.log.read_text())
    (server,) = [one for one in below(stack.worker, "runs.warm.server") if one.ppid() == worker]
    return server


@pytest.mark.parametrize("moment", ["creation not done yet", "creation done"])
def test_server_is_killed(stack: Stack, moment: str) -> None:
    """What the run did is not known: the cloud is asked, and then the account is made once and is the customer's."""
    server = warm(stack)
    service = stack.order()
    watcher = Watcher()
    thread, _ = in_the_middle(stack, moment, service)
    begun = server.children(recursive=True)
    assert {one.ppid() for one in begun} > {server.pid}
    server.kill()
    _, alive = psutil.wait_procs(begun, timeout=5)
    assert alive == []
    thread.join(60)
    until(lambda: stack.panel.service(service)["status_name"] == "active")
    one_working_account(stack, service)
    said = stack.worker.log.read_text()
    assert re.search("run ended .* warm=yes status=failed code=-9", said)
    assert re.search("server of warm starts ended .*next_start_seconds=", said)
    watcher.stop()
    assert watcher.leaks([stack.cloud.password, stack.panel.service(service)["params"]["userpassword"]]) == []


def test_worker_is_killed(stack: Stack) -> None:
    """Nothing is left of it, of its server and of the run; after the restart it goes on by itself."""
    server = warm(stack)
    service = stack.order()
    thread, _ = in_the_middle(stack, "creation done", service)
    assert server.children()
    kill_worker(stack.worker)
    assert not server.is_running()
    thread.join(60)
    stack.worker.start()
    until(lambda: stack.panel.service(service)["status_name"] == "active")
    one_working_account(stack, service)


def test_worker_that_stops(stack: Stack) -> None:
    """The server ends with it, and nothing is left in its directories."""
    service = stack.opened()
    server = warm(stack)
    stack.run(service, stack.panel.suspend(service))
    stack.worker.stop()
    _, alive = psutil.wait_procs([server], timeout=5)
    assert alive == []
    assert [path.name for path in stack.worker.runtime.iterdir()] == []
    assert "Traceback" not in stack.worker.log.read_text()


def test_switched_off(set_up: SetUp) -> None:
    """There is no server, and an order is carried out all the same."""
    stack = set_up({"runs": {"warm_start": False}})
    assert stack.opened()
    assert below(stack.worker, "runs.warm.server") == []
