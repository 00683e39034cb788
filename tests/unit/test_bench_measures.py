# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``make bench`` makes of its values: percentiles, slopes, targets, its file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bench.measures import Measure, at_least, at_most, left_out, percentile, seen, slope, write


def test_percentiles() -> None:
    """The smallest value that so many do not exceed."""
    values = list(range(100, 0, -1))
    assert [percentile(values, share) for share in (0, 0.5, 0.99, 1)] == [1, 50, 99, 100]
    assert percentile([3], 0.99) == 3
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_slopes() -> None:
    """Of the line that fits best."""
    assert slope([(0, 5), (1, 7), (2, 9)]) == pytest.approx(2)
    assert slope([(0, 1), (1, 0), (2, 1)]) == pytest.approx(0)
    with pytest.raises(ValueError, match="two points"):
        slope([(0, 1)])


def test_targets() -> None:
    """The value as it was measured counts, not as it is shown."""
    assert at_most("a", 60, "ms", 60) == Measure("a", 60, "ms", "≤ 60", met=True)
    assert at_most("a", 60.01, "ms", 60) == Measure("a", 60, "ms", "≤ 60", met=False)
    assert at_least("a", 99.99, "1/s", 100) == Measure("a", 100, "1/s", "≥ 100", met=False)
    assert seen("a", 12345.6, "ms") == Measure("a", 12346, "ms")


def test_the_file(tmp_path: Path) -> None:
    """A list of objects with these five names; what was left out says why."""
    path = tmp_path / "build" / "bench.json"
    write(path, [at_most("a", 1.5, "×", 2), left_out("b", "PostgreSQL is not installed")])
    assert json.loads(path.read_text("utf-8")) == [
        {"measure": "a", "value": 1.5, "unit": "×", "target": "≤ 2", "met": True},
        {
            "measure": "b: left out, PostgreSQL is not installed",
            "value": None,
            "unit": "",
            "target": None,
            "met": None,
        },
    ]
