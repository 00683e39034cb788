# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One step with each of many accounts, several at the same time."""

from __future__ import annotations

import signal
import threading

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.steps import Steps


def test_as_many_at_once_as_the_cloud_takes() -> None:
    """All of them are there at the same time, and no more."""
    together = threading.Barrier(5)

    def step(number: int) -> None:
        together.wait(30)

    failed: list[int] = []
    assert Steps(step, lambda item, error: failed.append(item), 5).take(list(range(20))) == (None, [])
    assert (failed, together.n_waiting) == ([], 0)


@pytest.mark.parametrize("at_once", [1, 3])
def test_a_fault_of_the_cloud_ends_it(at_once: int) -> None:
    """Whoever was not begun is left out, and the fault says that nothing was sent for them."""
    begun: list[int] = []
    lock = threading.Lock()

    def step(number: int) -> None:
        with lock:
            begun.append(number)
        if number == 4:
            raise CloudError("maintenance", "now", outcome_unknown=True)

    failed: list[int] = []
    fault, left_out = Steps(step, lambda item, error: failed.append(item), at_once).take(list(range(1000)))
    assert fault is not None
    assert (fault.code, fault.outcome_unknown, failed) == ("maintenance", False, [4])
    assert sorted([*begun, *left_out]) == list(range(1000))
    assert len(begun) < 1000
    if at_once == 1:
        assert left_out == list(range(5, 1000))


def test_a_fault_of_one_account_ends_nothing() -> None:
    """The others are gone on with."""

    def step(number: int) -> None:
        if number % 2:
            raise CloudError("invalid_value", "odd")

    failed: list[int] = []
    assert Steps(step, lambda item, error: failed.append(item), 4).take(list(range(10))) == (None, [])
    assert sorted(failed) == [1, 3, 5, 7, 9]


def test_a_fault_of_ours_is_raised() -> None:
    """It is no account's."""

    def step(number: int) -> None:
        if number == 3:
            raise LookupError("ours")

    with pytest.raises(LookupError):
        Steps(step, lambda item, error: None, 4).take(list(range(10)))


def test_accounts_that_hang_while_others_are_answered() -> None:
    """Their time-outs come together at the end, and are no three in a row."""
    hanging, others = threading.Event(), threading.Semaphore(0)

    def step(number: int) -> None:
        if number < 3:
            hanging.wait(30)
            raise CloudError("timeout", "No complete answer in time.")
        others.release()
        if number == 9:
            hanging.set()

    failed: list[int] = []
    fault, left_out = Steps(step, lambda item, error: failed.append(item), 4).take(list(range(30)))
    assert (fault, left_out, sorted(failed)) == (None, [], [0, 1, 2])


@pytest.mark.parametrize("at_once", [1, 4])
def test_a_cloud_that_answers_nobody(at_once: int) -> None:
    """After three accounts in a row it counts as away."""

    def step(number: int) -> None:
        if number >= 10:
            raise CloudError("timeout", "No complete answer in time.")

    failed: list[int] = []
    fault, left_out = Steps(step, lambda item, error: failed.append(item), at_once).take(list(range(1000)))
    assert fault is not None
    assert fault.code == "timeout"
    assert 3 <= len(failed) <= 3 + at_once
    assert len(failed) + len(left_out) == 990


@pytest.mark.parametrize("lane", [False, True])
def test_the_end_of_the_task_ends_all_steps(lane: bool) -> None:
    """A time-out of the task is raised in the thread that waits; no further step is begun by another one."""
    taken: list[int] = []
    stopped: list[CloudError] = []

    class TaskEnded(BaseException):
        """As Ansible raises one."""

    def step(number: int) -> None:
        if number == 0 and not lane:
            raise TaskEnded
        taken.append(number)
        if number == 1:
            stopping.wait(30)

    stopping = threading.Event()

    def stop(fault: CloudError) -> None:
        stopped.append(fault)
        stopping.set()

    def in_line(number: int) -> bool:
        if number == 0 and lane:
            return False
        return number > 0

    steps = Steps(step, lambda item, error: None, 2, stop=stop, in_line=in_line)
    if lane:

        def interrupted(*_: object) -> None:
            raise TaskEnded

        previous = signal.signal(signal.SIGALRM, interrupted)
        signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(TaskEnded):
            steps.take(list(range(20)))
    finally:
        if lane:
            signal.signal(signal.SIGALRM, previous)
    assert [fault.code for fault in stopped] == ["timeout"]
    assert [number for number in taken if number > 1] == []
