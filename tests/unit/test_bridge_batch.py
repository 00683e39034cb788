# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches of a cloud: whatever goes wrong, each member gets an answer, and the next one, too."""

from __future__ import annotations

import threading

import pytest
from bill_nextcloud.batch import Batches
from bill_nextcloud.errors import Failure
from bill_nextcloud.request import Outcome, Request


def test_a_thread_that_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one who asked is told; the cloud works for the next one."""
    batches = Batches(lambda _, requests: [Outcome(one) for one in requests], lambda *_: None)
    start = threading.Thread.start

    def fails(thread: threading.Thread) -> None:
        monkeypatch.setattr(threading.Thread, "start", start)
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fails)
    with pytest.raises(RuntimeError):
        batches.submit(3, Request(1, "open"))
    assert batches.submit(3, Request(2, "open")).result(10) == Outcome(Request(2, "open"))


def test_results_that_cannot_be_observed() -> None:
    """They are what became of the operations all the same."""

    def observe(module: int, failures: list[Failure | None]) -> None:
        raise OSError("no space left")

    batches = Batches(lambda _, requests: [Outcome(one, account="user_1") for one in requests], observe)
    assert batches.submit(3, Request(1, "open")).result(10) == Outcome(Request(1, "open"), account="user_1")
