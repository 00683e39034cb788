# SPDX-License-Identifier: GPL-3.0-or-later
"""Places for operations, so many for each cloud."""

from __future__ import annotations

from bill_nextcloud.admission import Admission


def test_who_finds_no_place_waits_in_line() -> None:
    """First come, first served; another cloud has places of its own."""
    admission = Admission(2)
    assert [admission.enter(1, operation) for operation in (10, 11, 12, 13)] == [True, True, False, False]
    assert admission.enter(2, 20)
    assert admission.full(1)
    assert not admission.full(2)
    assert admission.leave(1, 11) == 12
    assert admission.enter(1, 12)
    assert admission.leave(1, 10) == 13
    assert admission.leave(1, 13) is None


def test_nobody_waits_twice() -> None:
    """Lining up again keeps the place in line."""
    admission = Admission(1)
    admission.line_up(1, 5)
    admission.line_up(1, 5)
    assert admission.full(1)
    assert admission.leave(1, 4) == 5
    assert admission.leave(1, 4) is None
