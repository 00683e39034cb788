# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured, against what is aimed at; the one writer of ``build/bench.json``."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measure:
    """One value. ``target`` says what is aimed at (``"≤ 60"``), ``met`` whether it was reached; both are ``None`` for a
    value that is only there to be compared with. ``value`` is ``None`` for what was not measured: ``measure`` says
    why."""

    measure: str
    value: float | None
    unit: str
    target: str | None = None
    met: bool | None = None


def at_most(measure: str, value: float, unit: str, limit: float) -> Measure:
    """A value that is to be ``limit`` or less."""
    return Measure(measure, rounded(value), unit, f"≤ {limit:g}", value <= limit)


def at_least(measure: str, value: float, unit: str, limit: float) -> Measure:
    """A value that is to be ``limit`` or more."""
    return Measure(measure, rounded(value), unit, f"≥ {limit:g}", value >= limit)


def seen(measure: str, value: float, unit: str) -> Measure:
    """A value without a target."""
    return Measure(measure, rounded(value), unit)


def left_out(measure: str, why: str) -> Measure:
    """What could not be measured here."""
    return Measure(f"{measure}: left out, {why}", None, "")


def noted(what: str) -> Measure:
    """What values depend on, beside them."""
    return Measure(what, None, "")


def rounded(value: float) -> float:
    """Three significant digits: what a repetition would show, too."""
    return float(f"{value:.3g}") if abs(value) < 1000 else float(round(value))


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest of ``values`` that ``share`` (0 to 1) of them do not exceed. Raises ``ValueError`` for none."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values")
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """The slope of the straight line that fits ``points`` best (least squares). Raises ``ValueError`` below two."""
    if len(points) < 2:
        raise ValueError("a line needs two points")
    middle_x = sum(x for x, _ in points) / len(points)
    middle_y = sum(y for _, y in points) / len(points)
    spread = sum((x - middle_x) ** 2 for x, _ in points)
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / spread


def write(path: Path, measures: Sequence[Measure]) -> None:
    """Write ``measures`` as a JSON list of objects with the fields of :class:`Measure`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps([asdict(measure) for measure in measures], ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
