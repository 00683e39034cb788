# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 in the middle of an order: after a restart one working account, whose password the customer has."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import psutil
import pytest
from harness.stack import Stack
from standins.billmanager import Run

# Which request is held up, so that the kill falls into that part of the order: the look whether the name is free, the
# creation before and after the cloud did it, the read-back.
MOMENTS = {
    "look": {"method": "GET", "path": "/users/", "fault": "delay"},
    "creation not done yet": {"method": "POST", "path": "/cloud/users", "fault": "delay"},
    "creation done": {"method": "POST", "path": "/cloud/users", "fault": "delay_after"},
}
HELD_UP = 4.0


def processes(stack: Stack, wanted: str) -> list[psutil.Process]:
    """The processes below the bridge whose command line holds ``wanted``."""
    assert stack.worker.process is not None
    found = []
    for process in psutil.Process(stack.worker.process.pid).children(recursive=True):
        try:
            if wanted in " ".join(process.cmdline()):
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait until ``condition`` is true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def in_the_middle(stack: Stack, moment: str, service: int) -> tuple[threading.Thread, list[Run]]:
    """Begin the order in a thread and return when the held-up request has reached the cloud."""
    seen = len(stack.standin.arrivals())
    where = MOMENTS[moment]
    stack.standin.fault(where["fault"], method=where["method"], path=where["path"], seconds=HELD_UP, times=1)
    runs: list[Run] = []
    thread = threading.Thread(target=lambda: runs.append(stack.panel.run(service)))
    thread.start()
    until(
        lambda: any(
            one["method"] == where["method"] and where["path"] in one["path"] for one in stack.standin.arrivals()[seen:]
        )
    )
    return thread, runs


def one_working_account(stack: Stack, service: int) -> None:
    """BILLmanager shows the service as active, the cloud made one account, and the customer can use it."""
    assert stack.panel.service(service)["status_name"] == "active"
    name = f"user_{service}"
    # Also what was held up has its answer by now.
    until(lambda: len(stack.standin.requests()) == len(stack.standin.arrivals()))
    answers = [
        one["status"]
        for one in stack.standin.requests()
        if one["method"] == "POST" and one["path"].endswith("/cloud/users")
    ]
    assert answers.count(200) == 1, answers
    account = stack.cloud.account(name)
    assert account is not None
    assert account["groups"] == ["customers"]
    assert account["quota"]["quota"] == 1024**3
    assert stack.customer(service).can_store()


@pytest.mark.parametrize("moment", MOMENTS)
def test_worker(stack: Stack, moment: str) -> None:
    """The bridge is killed: its runs die with it, and after the restart it goes on by itself."""
    service = stack.order()
    thread, _ = in_the_middle(stack, moment, service)
    running = processes(stack, "ansible-playbook")
    assert running
    stack.worker.kill()
    _, alive = psutil.wait_procs(running, timeout=2)
    assert alive == [], "the run outlived the bridge"
    thread.join(60)
    time.sleep(HELD_UP)
    stack.worker.start()
    until(lambda: stack.panel.service(service)["status_name"] == "active")
    one_working_account(stack, service)
    assert list(stack.worker.runtime.glob("run-*")) == [], "secrets of the killed run were left"


@pytest.mark.parametrize("moment", MOMENTS)
def test_ansible_playbook(stack: Stack, moment: str) -> None:
    """The run is killed: no process of it goes on, and the bridge reads first and tries again."""
    service = stack.order()
    thread, runs = in_the_middle(stack, moment, service)
    running = processes(stack, "ansible-playbook")
    assert stack.worker.process is not None
    parents = [process for process in running if process.ppid() == stack.worker.process.pid]
    assert len(parents) == 1
    parents[0].kill()
    _, alive = psutil.wait_procs(running, timeout=2)
    assert alive == [], "a process of the run went on"
    thread.join(120)
    assert runs[0].error is None, runs[0]
    one_working_account(stack, service)


@pytest.mark.parametrize("moment", ["creation not done yet"])
def test_pmnextcloud(stack: Stack, moment: str) -> None:
    """The module is killed: the operation goes on, and is reported."""
    service = stack.order()
    thread, runs = in_the_middle(stack, moment, service)
    module = [
        process
        for process in psutil.process_iter(["cmdline", "cwd"])
        if "pmnextcloud" in " ".join(process.info["cmdline"] or [])
        and "--runningoperation" in process.info["cmdline"]
        # Another panel on this machine may run a module, too.
        and process.info["cwd"] == str(stack.panel.root)
    ]
    assert len(module) == 1
    module[0].kill()
    thread.join(60)
    assert runs[0].exit_code != 0
    until(lambda: stack.panel.service(service)["status_name"] == "active")
    one_working_account(stack, service)


def test_second_call_joins_the_running_operation(stack: Stack) -> None:
    """BILLmanager calls again while the first call is under way: one operation, one run, both get the answer."""
    service = stack.order()
    thread, runs = in_the_middle(stack, "creation not done yet", service)
    second = stack.panel.run(service)
    thread.join(60)
    assert (runs[0].exit_code, second.exit_code) == (0, 0)
    one_working_account(stack, service)
