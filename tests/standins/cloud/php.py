# SPDX-License-Identifier: GPL-3.0-or-later
"""How PHP reads numbers in texts and writes them: what the real server does without meaning to."""

from __future__ import annotations

import math
import re

_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_ARRAY_INDEX = re.compile(r"0|-?[1-9]\d{0,17}")


def leading_number(text: str) -> float:
    """What `(float)$text` gives: the number at the beginning, else 0."""
    found = _NUMBER.match(text)
    return float(found.group()) if found else 0.0


def integer(text: str) -> int:
    """What `(int)$text` gives: "10 GB" is 10, "yes" is 0."""
    return int(leading_number(text))


def numeric(text: str) -> float | None:
    """The value of a text that is nothing but a number (`is_numeric`)."""
    found = _NUMBER.match(text)
    return float(found.group()) if found and not text[found.end() :].strip() else None


def rounded(value: float, digits: int) -> float:
    """Round half away from zero."""
    scale = 10.0**digits
    return math.floor(abs(value) * scale + 0.5) / scale * (1 if value >= 0 else -1)


def number_text(value: float) -> str:
    """A number as it is written into a text: 14 significant digits."""
    return f"{value:.14g}"


def percent(part: float, whole: float) -> int | float:
    """How much of the whole it is, with two decimals; a whole number is written without any."""
    value = round(part / whole * 10000) / 100
    return int(value) if value == int(value) and abs(value) < 1e17 else value


def array_key(text: str) -> str | int:
    """A text as an array's key: one that looks like a whole number becomes one."""
    return int(text) if _ARRAY_INDEX.fullmatch(text) else text
