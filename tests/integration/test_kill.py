# SPDX-License-Identifier: GPL-3.0-or-later
"""In the middle of an order the module is killed, or BILLmanager calls again: one working account in the end."""

from __future__ import annotations

import threading

from harness.processes import kill_callers, until
from harness.stack import Stack
from standins.billmanager import Run

# Which request is held up: the creation, before or after the cloud did it.
MOMENTS = {"creation not done yet": "delay", "creation done": "delay_after"}
HELD_UP = 4.0


def in_the_middle(stack: Stack, moment: str, service: int) -> tuple[threading.Thread, list[Run]]:
    """Begin the order in a thread and return when the held-up request has reached the cloud."""
    seen = len(stack.standin.arrivals())
    stack.standin.fault(MOMENTS[moment], method="POST", path="/cloud/users", seconds=HELD_UP, times=1)
    runs: list[Run] = []
    thread = threading.Thread(target=lambda: runs.append(stack.panel.run(service)))
    thread.start()
    until(lambda: any(one["method"] == "POST" for one in stack.standin.arrivals()[seen:]))
    return thread, runs


def one_working_account(stack: Stack, service: int, made: int = 1) -> None:
    """BILLmanager shows the service as active, the cloud made one account (``made`` in all), and the customer can use
    it."""
    assert stack.panel.service(service)["status_name"] == "active"
    name = f"user_{service}"
    # Also what was held up has its answer by now.
    until(lambda: len(stack.standin.requests()) == len(stack.standin.arrivals()))
    answers = [
        one["status"]
        for one in stack.standin.requests()
        if one["method"] == "POST" and one["path"].endswith("/cloud/users")
    ]
    assert answers.count(200) == made, answers
    account = stack.cloud.account(name)
    assert account is not None
    assert account["groups"] == ["customers"]
    assert account["quota"]["quota"] == 1024**3
    assert stack.customer(service).can_store()


def test_pmnextcloud(stack: Stack) -> None:
    """The module is killed: the operation goes on, and is reported."""
    service = stack.order()
    thread, runs = in_the_middle(stack, "creation not done yet", service)
    assert kill_callers(stack.panel) == 1
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
