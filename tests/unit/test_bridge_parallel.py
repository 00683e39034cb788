# SPDX-License-Identifier: GPL-3.0-or-later
"""The same for many at once."""

from __future__ import annotations

import threading

import pytest
from bill_nextcloud.billmanager.mgrctl import AT_ONCE
from bill_nextcloud.parallel import for_each


def test_several_are_at_once() -> None:
    """As many as may call BILLmanager; none begins before there is room."""
    together = threading.Barrier(AT_ONCE)

    def act(_: int) -> None:
        together.wait(timeout=20)

    for_each(range(3 * AT_ONCE), act)


def test_one_or_none_needs_no_thread() -> None:
    """It is done where it is asked for."""
    seen: list[threading.Thread | None] = []
    for_each([], lambda _: seen.append(None))
    for_each([1], lambda _: seen.append(threading.current_thread()))
    assert seen == [threading.current_thread()]


def test_one_that_fails_stops_no_other() -> None:
    """Its error comes when all have ended."""
    done = []

    def act(number: int) -> None:
        if number == 0:
            raise ValueError("the first")
        done.append(number)

    with pytest.raises(ValueError, match="the first"):
        for_each(range(50), act)
    assert sorted(done) == list(range(1, 50))
