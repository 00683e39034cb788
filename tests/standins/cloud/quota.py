# SPDX-License-Identifier: GPL-3.0-or-later
"""Nextcloud's quota texts: parsing, rounding, and the loss in between.

A quota is stored as a text such as "1.5 GB" (powers of 1024, one decimal), `none` or `default`. The recordings
`user.quota[...]` hold what a real server makes of odd values.
"""

from __future__ import annotations

import math
import re

UNLIMITED = -3
_UNITS = {"b": 0, "k": 1, "kb": 1, "m": 2, "mb": 2, "g": 3, "gb": 3, "t": 4, "tb": 4, "p": 5, "pb": 5}
_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?")
_UNIT_AT_END = re.compile(r"[kmgtp]?b?$")


class QuotaRefused(Exception):
    """The text is no size (error 101)."""


class QuotaBreaks(Exception):
    """The text is a size that makes the real server fail with an internal error (negative sizes)."""


def _leading_number(text: str) -> float:
    found = _NUMBER.match(text)
    return float(found.group()) if found else 0.0


def _round(value: float, digits: int) -> float:
    """Round half away from zero, as PHP does."""
    scale = 10.0**digits
    return math.floor(abs(value) * scale + 0.5) / scale * (1 if value >= 0 else -1)


def _text(value: float) -> str:
    """A number as PHP writes it into a text (14 significant digits)."""
    return f"{value:.14g}"


def _numeric(text: str) -> float | None:
    """The value of a text that is nothing but a number."""
    found = _NUMBER.match(text)
    return float(found.group()) if found and not text[found.end() :].strip() else None


def size(text: str) -> float:
    """Bytes of a size text. Raises QuotaRefused when it ends neither in a number nor in a unit."""
    text = text.lower()
    number = _numeric(text)
    if number is not None:
        return number
    unit = _UNIT_AT_END.search(text)
    if unit is None or unit.group() not in _UNITS:
        raise QuotaRefused(text)
    # Everything between number and unit is ignored: "1,5 GB" is 1 GB and "1 GiB" is one byte.
    return _round(_leading_number(text) * 1024.0 ** _UNITS[unit.group()], 0)


def human(size_in_bytes: float) -> str:
    """The text Nextcloud stores for a size: whole bytes and KB, one decimal above. Raises QuotaBreaks below zero."""
    if size_in_bytes < 0:
        raise QuotaBreaks(size_in_bytes)
    if size_in_bytes < 1024:
        return f"{_text(size_in_bytes)} B"
    value = _round(size_in_bytes / 1024, 0)
    for unit in ("KB", "MB", "GB", "TB"):
        if value < 1024:
            return f"{_text(value)} {unit}"
        value = _round(value / 1024, 1)
    return f"{_text(value)} PB"


def normalise(value: str) -> str:
    """What is stored for a value given over the API. Raises QuotaRefused or QuotaBreaks."""
    if value in ("none", "default"):
        return value
    number = _numeric(value)
    wanted = size(value) if number is None else number
    if number is None and wanted == -1:
        return "none"
    # The real server rounds twice: once in the controller, once in the account.
    return human(size(human(wanted)))


def stored_bytes(text: str) -> int | float:
    """Bytes of a stored text, -3 when unlimited. Huge sizes are floats of 14 significant digits, as recorded."""
    if text in ("none", "default"):
        return UNLIMITED
    value = float(_text(size(text)))
    return int(value) if value < 1e17 else value
