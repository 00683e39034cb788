# SPDX-License-Identifier: GPL-3.0-or-later
"""``make bench`` finds something to measure: a few calls of one of its subjects. No time is looked at."""

from __future__ import annotations

from bench import executable


def test_the_executable() -> None:
    """Each value has a name of its own, and one is held against a target."""
    measures = executable.measure("sqlite", None, 2, lambda *_: None)
    assert len({measure.measure for measure in measures}) == len(measures)
    assert all(measure.value for measure in measures)
    assert [measure.target for measure in measures if measure.target] == ["≤ 60"]
