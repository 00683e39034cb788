# SPDX-License-Identifier: GPL-3.0-or-later
"""Handing over to the engine: a wake that comes too early is not lost, and what is under way is known."""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from bill_nextcloud.engine import STRANDED_SECONDS, Engine
from bill_nextcloud.errors import EngineUnavailable
from bill_nextcloud.settings import BridgeSettings, Settings
from dbos import DBOS, SetWorkflowID
from harness.clock import Clock
from harness.processes import until


class Hands(Engine):
    """The engine without its database: what is stored waits for a word in ``allowed``, an exception fails it."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, lambda *_: None, lambda *_: None, lambda *_: None)
        self.allowed: queue.SimpleQueue[Exception | None] = queue.SimpleQueue()
        self.stored: list[int] = []
        threading.Thread(target=self._hand_over, daemon=True).start()

    def _store(self, operation: int, *_: Any) -> None:
        failure = self.allowed.get()
        if failure is not None:
            raise failure
        self.stored.append(operation)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Hands]:
    """One that is not launched."""
    yield Hands(Settings(bridge=BridgeSettings(state_directory=tmp_path)))
    DBOS.destroy()


def hand_over(engine: Engine, operation: int, service: int) -> Future[None]:
    """As the bridge does."""
    engine.expect(operation, 1)
    return engine.enqueue(operation, 1, service=service)


def test_a_wake_before_the_hand_over_is_kept(engine: Hands) -> None:
    """An operation that waits in line may be called out of it before the engine has it."""
    engine.expect(7, 1)
    engine.wake(7, 1)
    done = engine.enqueue(7, 1, service=12, delay=3600)
    assert engine._wakes.empty()
    engine.allowed.put(None)
    done.result(10)
    assert engine.stored == [7]
    assert engine._wakes.get(timeout=10) == (7, 1)


def test_a_wake_afterwards_goes_its_way(engine: Hands) -> None:
    """And none that nobody asked for."""
    engine.allowed.put(None)
    hand_over(engine, 7, service=12).result(10)
    assert engine._wakes.empty()
    engine.wake(7, 1)
    assert engine._wakes.get(timeout=10) == (7, 1)


def test_a_failure_is_told_and_ends_nothing(engine: Hands) -> None:
    """Who waits hears of it; the next one is handed over."""
    engine.allowed.put(EngineUnavailable(detail="full"))
    engine.allowed.put(None)
    failed, taken = hand_over(engine, 7, service=12), hand_over(engine, 8, service=13)
    with pytest.raises(EngineUnavailable):
        failed.result(10)
    taken.result(10)
    assert engine.stored == [8]


def test_what_ended_without_storing_it_is_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the disk was full at that moment; not what runs, and not at the first look."""
    entered, goes_on = threading.Event(), threading.Event()

    def attempt(operation: int, dispatch: int) -> None:
        if operation == 2:
            entered.set()
            assert goes_on.wait(30)

    now = [1000.0]
    Clock(monkeypatch, "engine", lambda: now[0])
    engine = Engine(
        Settings(bridge=BridgeSettings(state_directory=tmp_path)), attempt, lambda *_: None, lambda *_: None
    )
    engine.start()
    try:
        for number in (1, 2):
            hand_over(engine, number, service=number).result(10)
        assert entered.wait(30)
        until(lambda: engine.live() == {(2, 1)})
        with sqlite3.connect(tmp_path / "engine.sqlite") as connection:
            connection.execute("UPDATE workflow_status SET status = 'PENDING' WHERE workflow_uuid = '1.1'")
        assert engine.live() == {(1, 1), (2, 1)}
        assert engine.take_stranded() == 0
        now[0] += STRANDED_SECONDS - 1
        assert engine.take_stranded() == 0
        now[0] += 2
        assert engine.take_stranded() == 1
        assert engine.live() == {(2, 1)}
        now[0] += STRANDED_SECONDS + 1
        assert engine.take_stranded() == 0
    finally:
        goes_on.set()
        DBOS.destroy()


def test_what_was_taken_away_begins_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its thread was late: the next hand-over may be under way already."""
    begun: list[tuple[int, int]] = []
    goes_on = threading.Event()
    settings = Settings(bridge=BridgeSettings(state_directory=tmp_path))
    engine = Engine(settings, lambda *one: begun.append(one), lambda *_: None, lambda *_: None)
    workflow = engine._workflow

    def late(*one: int) -> None:
        assert goes_on.wait(30)
        workflow(*one)

    now = [1000.0]
    Clock(monkeypatch, "engine", lambda: now[0])
    monkeypatch.setattr("bill_nextcloud.engine.DBOS.cancel_workflows", lambda _: None)  # it came too late
    engine.start()
    try:
        slow = DBOS.workflow(name="late")(late)
        with SetWorkflowID("1.1"):
            DBOS.start_workflow(slow, 1, 1)
        until(lambda: engine.live() == {(1, 1)})
        assert engine.take_stranded() == 0
        now[0] += STRANDED_SECONDS + 1
        assert engine.take_stranded() == 1
        goes_on.set()
        until(lambda: engine.live() == set())
        assert begun == []
    finally:
        goes_on.set()
        DBOS.destroy()


def test_a_wake_that_fails_ends_no_others(engine: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it was."""
    woken: list[str] = []
    failures = [MemoryError(), ValueError()]

    def wake(name: str, delay_seconds: float) -> None:
        if failures:
            raise failures.pop()
        woken.append(name)

    monkeypatch.setattr("bill_nextcloud.engine.DBOS.set_workflow_delay", wake)
    Clock(monkeypatch, "engine")
    threading.Thread(target=engine._wake_up, daemon=True).start()
    engine.wake(7, 1)
    engine.wake(8, 1)
    until(lambda: sorted(woken) == ["7.1", "8.1"])
