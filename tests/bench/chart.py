# SPDX-License-Identifier: GPL-3.0-or-later
"""Bars as an SVG file. Written here: no plotting library is pinned, and bars are a few rectangles."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape

_BAR, _GAP, _LABEL, _WIDTH, _MARGIN = 16, 14, 190, 460, 10
_COLOURS = ("#1b6ca8", "#9aa5b1", "#c3cad1", "#d98e32", "#8a4f9e", "#4f9e6a")


def write_bars(path: Path, title: str, groups: Mapping[str, Mapping[str, float]], unit: str) -> None:
    """A group of horizontal bars for each of ``groups``: what each is about, and its length in ``unit``."""
    longest = max(value for bars in groups.values() for value in bars.values())
    drawn, top = [_text(_MARGIN, 22, title, bold=True)], 40
    for group, bars in groups.items():
        drawn.append(_text(_MARGIN, top + 12, group, bold=True))
        top += 20
        for number, (what, value) in enumerate(bars.items()):
            length = _WIDTH * value / longest
            colour = _COLOURS[number % len(_COLOURS)]
            drawn.append(_text(_MARGIN, top + 12, what))
            drawn.append(f'<rect x="{_LABEL}" y="{top}" width="{length:.1f}" height="{_BAR - 2}" fill="{colour}"/>')
            drawn.append(_text(_LABEL + length + 5, top + 12, f"{value:.3g} {unit}"))
            top += _BAR
        top += _GAP
    size = f'width="{_LABEL + _WIDTH + 90}" height="{top}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        *drawn,
        "</svg>",
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _text(left: float, base: float, text: str, *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{left:.1f}" y="{base}"{weight}>{escape(text)}</text>'
