# SPDX-License-Identifier: GPL-3.0-or-later
"""Places for operations, so many for each cloud."""

from __future__ import annotations

from bill_nextcloud.admission import Admission


def test_who_finds_no_place_waits_in_line() -> None:
    """First come, first served; another cloud has places of its own."""
    admission = Admission(2)
    assert [admission.enter(1, operation) for operation in (10, 11, 12, 13)] == [True, True, False, False]
    assert admission.enter(2, 20)
    assert admission.line_up(1, 14)
    assert not admission.line_up(2, 21)
    assert admission.leave(1, 11) == 12
    assert admission.enter(1, 12)
    assert admission.leave(1, 10) == 13
    assert admission.leave(1, 13) == 14
    assert admission.leave(1, 14) is None


def test_nobody_waits_twice() -> None:
    """Lining up again, or trying in vain, keeps the place in line."""
    admission = Admission(1)
    assert admission.enter(1, 4)
    assert admission.line_up(1, 5)
    assert admission.line_up(1, 5)
    assert not admission.enter(1, 5)
    assert admission.leave(1, 4) == 5
    assert admission.leave(1, 4) is None


def test_who_found_no_place_calls_nobody() -> None:
    """Least of all itself: it would be out of the line, and without a place."""
    admission = Admission(1)
    assert admission.enter(1, 4)
    assert not admission.enter(1, 5)
    assert admission.leave(1, 5) is None
    assert admission.leave(1, 4) == 5


def test_a_turn_that_is_not_taken_goes_to_the_next() -> None:
    """Who was called may have been cancelled meanwhile."""
    admission = Admission(1)
    assert admission.enter(1, 4)
    assert admission.line_up(1, 5)
    assert admission.line_up(1, 6)
    assert admission.leave(1, 4) == 5
    assert admission.leave(1, 5) == 6
