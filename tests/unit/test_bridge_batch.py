# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches of a cloud: whatever goes wrong, each member gets an answer, and the next one, too."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future

import pytest
from bill_nextcloud.batch import TOGETHER, Batches
from bill_nextcloud.errors import Failure
from bill_nextcloud.request import Outcome, Request
from bill_nextcloud.work import Work
from harness.processes import until


def fine(module: int, requests: list[Request], ahead: Sequence[Work | None]) -> list[Outcome]:
    """All of them are done."""
    return [Outcome(one, account="user_1") for one in requests]


def nothing(module: int, request: Request) -> None:
    """No name is claimed ahead."""


def test_a_thread_that_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one who asked is told; the cloud works for the next one."""
    batches = Batches(fine, nothing, lambda *_: None)
    start = threading.Thread.start

    def fails(thread: threading.Thread) -> None:
        monkeypatch.setattr(threading.Thread, "start", start)
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fails)
    with pytest.raises(RuntimeError):
        batches.submit(3, Request(1, "open"))
    assert batches.submit(3, Request(2, "open")).result(10) == Outcome(Request(2, "open"), account="user_1")


def test_results_that_cannot_be_observed() -> None:
    """They are what became of the operations all the same."""

    def observe(module: int, failures: list[Failure | None]) -> None:
        raise OSError("no space left")

    batches = Batches(fine, nothing, observe)
    assert batches.submit(3, Request(1, "open")).result(10) == Outcome(Request(1, "open"), account="user_1")


def test_what_waits_with_its_cloud_is_no_observation() -> None:
    """Why a cloud was held is told, but says nothing of how it is now: it may be released by then."""
    failure = Failure("maintenance", {"cloud": "Blue"})
    observed: list[list[Failure | None]] = []

    def converge(module: int, requests: list[Request], ahead: Sequence[Work | None]) -> list[Outcome]:
        return [Outcome(one, failure=failure, held=one.service == 2) for one in requests]

    batches = Batches(converge, nothing, lambda module, failures: observed.append(failures))
    assert batches.submit(3, Request(2, "suspend")).result(10).failure == failure
    assert batches.submit(3, Request(1, "suspend")).result(10).failure == failure
    assert observed == [[], [failure]]


class Cloud:
    """One whose first run lasts until ``free``; ``batches``: the services of each run, ``ahead``: those of them that
    were claimed ahead. ``asked``: for whom that was begun."""

    def __init__(self) -> None:
        self.free, self.claiming = threading.Event(), threading.Event()
        self.claiming.set()
        self.asked: list[int] = []
        self.batches: list[list[int]] = []
        self.ahead: list[list[int]] = []
        self.batch = Batches(self._converge, self._claim_ahead, lambda *_: None)
        self.submit(1, "suspend")
        until(lambda: self.batches)

    def submit(self, service: int, command: str = "open") -> Future[Outcome]:
        return self.batch.submit(3, Request(service, command))

    def _claim_ahead(self, module: int, request: Request) -> Work | None:
        self.asked.append(request.service)
        assert self.claiming.wait(10)
        if request.service == 13:
            raise ValueError("nobody expects this")
        return Work(request)

    def _converge(self, module: int, requests: list[Request], ahead: Sequence[Work | None]) -> list[Outcome]:
        self.batches.append([one.service for one in requests])
        assert all(one is None or one.request == request for one, request in zip(ahead, requests, strict=True))
        self.ahead.append([one.request.service for one in ahead if one is not None])
        assert self.free.wait(10)
        return fine(module, requests, ahead)


def test_orders_that_wait_are_claimed_ahead() -> None:
    """Other events are not, nor an order for which nobody waits; one that goes wrong is left to its batch."""
    cloud = Cloud()
    found = [cloud.submit(2), cloud.submit(13), cloud.submit(3, "close"), cloud.submit(4)]
    until(lambda: len(cloud.asked) == 3)
    cloud.free.set()
    assert [one.result(10).request.service for one in found] == [2, 13, 3, 4]
    assert cloud.batches == [[1], [2, 13, 3, 4]]
    assert cloud.ahead == [[], [2, 4]]
    cloud.submit(5).result(10)
    assert sorted(cloud.asked) == [2, 4, 13]


def test_a_claim_that_was_not_begun_is_left_to_the_batch() -> None:
    """One that was begun is waited for: nobody claims for an order twice at the same time."""
    cloud = Cloud()
    cloud.claiming.clear()
    found = [cloud.submit(service) for service in range(2, 12)]
    until(lambda: len(cloud.asked) == 4)
    cloud.free.set()
    assert cloud.batches == [[1]]
    cloud.claiming.set()
    for one in found:
        one.result(10)
    begun = set(cloud.asked)
    assert cloud.batches == [[1], list(range(2, 12))]
    assert set(cloud.ahead[1]) <= begun
    assert len(cloud.ahead[1]) >= 4
    assert sorted(begun) == sorted(cloud.asked)


def test_one_run_has_so_many() -> None:
    """What is beyond that goes into the next."""
    cloud = Cloud()
    found = [cloud.submit(number, "suspend") for number in range(2, TOGETHER + 4)]
    cloud.free.set()
    for one in found:
        one.result(10)
    assert [len(batch) for batch in cloud.batches] == [1, TOGETHER, 2]
