# SPDX-License-Identifier: GPL-3.0-or-later
"""The lease of a run on a worker host: granted, answered, ended."""

from __future__ import annotations

import io
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from bill_nextcloud.runs.lease import MARGIN, TICK, Answering, Lease


@contextmanager
def pipe() -> Iterator[tuple[int, int]]:
    """Both ends, closed at the end."""
    reading, writing = os.pipe()
    try:
        yield reading, writing
    finally:
        for end in (reading, writing):
            try:
                os.close(end)
            except OSError:
                continue  # closed by the test


class Ended(BaseException):
    """The process would be gone."""


def begun(channel: int, seconds: float) -> tuple[threading.Event, threading.Event, list[float]]:
    """A lease of which nobody has answered a tick: (granted, ended, moments of its ticks)."""
    granted, ended = threading.Event(), threading.Event()
    ticks: list[float] = []

    def end() -> None:
        ended.set()
        threading.Event().wait()  # as a process that is gone: nothing comes after it

    def begin() -> None:
        Lease(channel, seconds, lambda: ticks.append(time.monotonic()), end).begin()
        granted.set()

    threading.Thread(target=begin, daemon=True).start()
    return granted, ended, ticks


def test_a_lease_is_granted_by_an_answer_and_ends_without() -> None:
    """Counted from the sending of the tick that was answered, not from the answer."""
    with pipe() as (reading, writing):
        granted, ended, ticks = begun(reading, 1.0)
        time.sleep(0.7)
        assert not granted.is_set()
        os.write(writing, b"\n")  # late: for the first tick
        assert granted.wait(0.5)
        assert ended.wait(2)
        assert time.monotonic() - ticks[0] < 1.0 + 0.6


def test_a_lease_goes_on_as_long_as_it_is_answered() -> None:
    """And ends at once with the connection."""
    with pipe() as (reading, writing):
        granted, ended, ticks = begun(reading, 1.0)
        answered = 0
        until = time.monotonic() + 2.5
        while time.monotonic() < until:
            if answered < len(ticks):
                os.write(writing, b"\n")
                answered += 1
            time.sleep(0.02)
        assert granted.is_set()
        assert not ended.is_set()
        os.close(writing)
        assert ended.wait(0.3)


def test_more_answers_than_ticks_end_a_lease() -> None:
    """They cannot be this bridge's."""
    with pipe() as (reading, writing):
        granted, ended, _ = begun(reading, 30)
        os.write(writing, b"\n" * 100)
        assert ended.wait(2)
        assert not granted.is_set()


def answering(reading: int, answers: io.BytesIO, **more: float) -> Answering:
    """The bridge's side of a stream."""
    return Answering(os.fdopen(reading, "rb", closefd=False), answers, **{"patience": 0.2, "limit": 60, **more})


def test_ticks_are_answered_and_remembered() -> None:
    """One answer for each; nothing else is answered; silence ends in an error."""
    with pipe() as (reading, writing):
        answers = io.BytesIO()
        stream = answering(reading, answers)
        os.write(writing, b'{"status": "starting"}\n')
        stream.readline()
        assert (stream.answered, stream.over(20)) == (None, 0.0)
        before = time.monotonic()
        os.write(writing, (json.dumps(TICK) + "\n").encode() * 2)
        stream.readline()
        stream.readline()
        assert answers.getvalue() == b"\n\n"
        assert before + 20 + MARGIN <= stream.over(20) <= time.monotonic() + 20 + MARGIN
        with pytest.raises(TimeoutError):
            stream.readline()


def test_a_run_that_takes_too_long_is_not_granted_more() -> None:
    """Its tick stays without an answer."""
    with pipe() as (reading, writing):
        answers = io.BytesIO()
        stream = answering(reading, answers, limit=-1)
        os.write(writing, (json.dumps(TICK) + "\n").encode())
        with pytest.raises(TimeoutError):
            stream.readline()
        assert answers.getvalue() == b""
