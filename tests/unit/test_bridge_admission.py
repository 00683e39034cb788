# SPDX-License-Identifier: GPL-3.0-or-later
"""Places for a cloud's operations: never more than there are, and nobody in line is forgotten."""

from __future__ import annotations

import random

import pytest
from bill_nextcloud.admission import CALLED_SECONDS, Admission


def test_who_finds_no_place_waits_in_line() -> None:
    """And is called in order; clouds do not share places."""
    admission = Admission(2)
    assert [admission.enter(1, operation) for operation in (10, 11, 12, 13)] == [True, True, False, False]
    assert admission.enter(2, 20)
    assert admission.line_up(1, 14)
    assert not admission.line_up(2, 21)
    assert admission.leave(11) == 12
    assert admission.enter(1, 12)
    assert admission.leave(10) == 13
    assert admission.leave(13) == 14
    assert admission.leave(14) is None


def test_nobody_waits_twice() -> None:
    """Lining up again, or trying in vain, keeps the place in line."""
    admission = Admission(1)
    assert admission.enter(1, 4)
    assert admission.line_up(1, 5)
    assert admission.line_up(1, 5)
    assert not admission.enter(1, 5)
    assert admission.leave(4) == 5
    assert admission.enter(1, 5)
    assert admission.leave(5) is None


def test_who_found_no_place_calls_nobody() -> None:
    """Least of all itself: it would be out of the line, and without a place."""
    admission = Admission(1)
    assert admission.enter(1, 4)
    assert not admission.enter(1, 5)
    assert admission.leave(5) is None
    assert admission.leave(4) == 5


def test_who_entered_without_being_called_does_not_stay_in_line() -> None:
    """Otherwise a later call would go to it, and the turn would be lost."""
    admission = Admission(1)
    assert admission.enter(1, 4)
    assert admission.line_up(1, 5)
    assert admission.line_up(1, 6)
    assert admission.leave(4) == 5
    assert admission.leave(5) == 6
    assert admission.enter(1, 6)
    assert not admission.enter(1, 5)
    assert admission.leave(6) == 5


def test_an_operation_that_was_taken_for_another_clouds() -> None:
    """Its place is given back where it was taken."""
    admission = Admission(1)
    assert not admission.line_up(None, 4)
    assert admission.enter(1, 4)
    assert admission.leave(4) is None
    assert admission.enter(1, 5)
    assert admission.enter(None, 6)


def test_who_does_not_come_loses_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was cancelled, say; its place is not kept for ever."""
    now = [100.0]
    monkeypatch.setattr("bill_nextcloud.admission.time.monotonic", lambda: now[0])
    admission = Admission(1)
    assert not admission.line_up(1, 4)
    assert admission.line_up(1, 5)
    now[0] += CALLED_SECONDS + 1
    assert not admission.line_up(1, 5)


@pytest.mark.parametrize("seed", range(20))
def test_nobody_is_forgotten(seed: int) -> None:
    """Whatever comes in whatever order: as long as somebody waits, somebody is inside or was called."""
    chance = random.Random(seed)
    admission = Admission(3)
    coming, inside, waiting = set(range(40)), set[int](), set[int]()

    def call(operation: int) -> None:
        (waiting if admission.line_up(1, operation) else called).add(operation)

    called = set[int]()
    while coming or inside or waiting or called:
        assert len(inside) <= 3
        assert not waiting or inside or called
        choices = [name for name, those in (("come", coming), ("enter", called), ("leave", inside)) if those]
        what = chance.choice(choices)
        if what == "come":
            call(coming.pop())
        elif what == "enter":
            operation = called.pop()
            entered = admission.enter(1, operation)
            (inside if entered else waiting).add(operation)
            if not entered:
                assert admission.leave(operation) is None
        else:
            operation = inside.pop()
            following = admission.leave(operation)
            if following is not None:
                waiting.discard(following)
                called.add(following)
