# SPDX-License-Identifier: GPL-3.0-or-later
"""Places for a cloud's operations: never more than there are, and nobody in line is forgotten."""

from __future__ import annotations

import random

import pytest
from bill_nextcloud.admission import CALLED_SECONDS, Admission
from harness.clock import Clock


def test_who_finds_no_place_waits_in_line() -> None:
    """And is called in order; clouds do not share places."""
    admission = Admission(100, 2)
    assert [admission.enter(1, operation) for operation in (10, 11, 12, 13)] == [True, True, False, False]
    assert admission.enter(2, 20)
    assert admission.line_up(1, 14)
    assert not admission.line_up(2, 21)
    assert admission.leave(11) == [12]
    assert admission.enter(1, 12)
    assert admission.leave(10) == [13]
    assert admission.leave(13) == [14]
    assert admission.leave(14) == []


def test_nobody_waits_twice() -> None:
    """Lining up again, or trying in vain, keeps the place in line."""
    admission = Admission(100, 1)
    assert admission.enter(1, 4)
    assert admission.line_up(1, 5)
    assert admission.line_up(1, 5)
    assert not admission.enter(1, 5)
    assert admission.leave(4) == [5]
    assert admission.enter(1, 5)
    assert admission.leave(5) == []


def test_who_found_no_place_calls_nobody() -> None:
    """Least of all itself: it would be out of the line, and without a place."""
    admission = Admission(100, 1)
    assert admission.enter(1, 4)
    assert not admission.enter(1, 5)
    assert admission.leave(5) == []
    assert admission.leave(4) == [5]


def test_who_entered_without_being_called_does_not_stay_in_line() -> None:
    """Otherwise a later call would go to it, and the turn would be lost."""
    admission = Admission(100, 1)
    assert admission.enter(1, 4)
    assert admission.line_up(1, 5)
    assert admission.line_up(1, 6)
    assert admission.leave(4) == [5]
    assert admission.leave(5) == [6]
    assert admission.enter(1, 6)
    assert not admission.enter(1, 5)
    assert admission.leave(6) == [5]


def test_an_operation_that_was_taken_for_another_clouds() -> None:
    """Its place is given back where it was taken."""
    admission = Admission(100, 1)
    assert not admission.line_up(None, 4)
    assert admission.enter(1, 4)
    assert admission.leave(4) == []
    assert admission.enter(1, 5)
    assert admission.enter(None, 6)


def test_who_does_not_come_loses_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was cancelled, say; its place is not kept for ever."""
    now = [100.0]
    Clock(monkeypatch, "admission", lambda: now[0])
    admission = Admission(100, 1)
    assert not admission.line_up(1, 4)
    assert admission.line_up(1, 5)
    now[0] += CALLED_SECONDS + 1
    assert not admission.line_up(1, 5)


def test_slow_clouds_leave_places_for_others() -> None:
    """However many operations they have: a cloud may have as many places as are free."""
    admission = Admission(100, 500)
    taken = {cloud: sum(admission.enter(cloud, cloud * 1000 + one) for one in range(200)) for cloud in (1, 2)}
    assert taken == {1: 50, 2: 25}
    assert admission.enter(3, 3000)
    # What is given up goes to whoever has the fewest.
    later = sum(admission.enter(3, 3001 + one) for one in range(200))
    assert 0 < later < 25
    called = [one for gone in range(1000, 1050) for one in admission.leave(gone)]
    assert called[0] // 1000 == 3
    assert all(admission.enter(one // 1000, one) for one in called)
    assert later + 1 + len([one for one in called if one // 1000 == 3]) == 25
    assert len([one for one in called if one // 1000 == 1]) == 25
    assert admission.enter(4, 4000)


def test_one_worker_for_each_of_two_clouds() -> None:
    """The least that the settings allow."""
    admission = Admission(2, 500)
    assert [admission.enter(1, 10), admission.enter(1, 11), admission.enter(2, 20), admission.enter(3, 30)] == [
        True,
        False,
        True,
        False,
    ]
    # The one that waits at an empty place goes before the one whose cloud has one.
    assert admission.leave(20) == [30]
    assert admission.leave(10) == [11]


@pytest.mark.parametrize("places", [2, 5, 100])
@pytest.mark.parametrize("seed", range(20))
def test_nobody_is_forgotten(seed: int, places: int) -> None:
    """Whatever comes in whatever order: as long as somebody waits, somebody is inside or was called."""
    chance = random.Random(seed)
    admission = Admission(places, 3)
    coming, inside, waiting, called = set(range(40)), set[int](), set[int](), set[int]()

    def cloud(operation: int) -> int:
        return operation % 3

    while coming or inside or waiting or called:
        assert len(inside) <= places
        assert all(len([one for one in inside if cloud(one) == which]) <= 3 for which in range(3))
        assert not waiting or inside or called
        choices = [name for name, those in (("come", coming), ("enter", called), ("leave", inside)) if those]
        what = chance.choice(choices)
        if what == "come":
            operation = coming.pop()
            (waiting if admission.line_up(cloud(operation), operation) else called).add(operation)
        elif what == "enter":
            operation = called.pop()
            entered = admission.enter(cloud(operation), operation)
            (inside if entered else waiting).add(operation)
            if not entered:
                assert admission.leave(operation) == []
        else:
            following = admission.leave(inside.pop())
            assert waiting >= set(following)
            waiting -= set(following)
            called |= set(following)
