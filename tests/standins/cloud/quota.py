# SPDX-License-Identifier: GPL-3.0-or-later
"""Nextcloud's quota texts: parsing, rounding, and the loss in between.

A quota is stored as a text such as "1.5 GB" (powers of 1024, one decimal), `none` or `default`. The recordings
`user.quota[...]` hold what a real server makes of odd values.
"""

from __future__ import annotations

import re

from standins.cloud.php import leading_number, number_text, numeric, rounded

UNLIMITED = -3
_UNITS = {"b": 0, "k": 1, "kb": 1, "m": 2, "mb": 2, "g": 3, "gb": 3, "t": 4, "tb": 4, "p": 5, "pb": 5}
_UNIT_AT_END = re.compile(r"[kmgtp]?b?$")


class QuotaRefused(Exception):
    """The text is no size (error 101)."""


class QuotaBreaks(Exception):
    """The text is a size that makes the real server fail with an internal error (negative sizes)."""


def size(text: str) -> float:
    """Bytes of a size text. Raises QuotaRefused when it ends neither in a number nor in a unit."""
    text = text.lower()
    number = numeric(text)
    if number is not None:
        return number
    unit = _UNIT_AT_END.search(text)
    if unit is None or unit.group() not in _UNITS:
        raise QuotaRefused(text)
    # Everything between number and unit is ignored: "1,5 GB" is 1 GB and "1 GiB" is one byte.
    return rounded(leading_number(text) * 1024.0 ** _UNITS[unit.group()], 0)


def human(size_in_bytes: float) -> str:
    """The text Nextcloud stores for a size: whole bytes and KB, one decimal above. Raises QuotaBreaks below zero."""
    if size_in_bytes < 0:
        raise QuotaBreaks(size_in_bytes)
    if size_in_bytes < 1024:
        return f"{number_text(size_in_bytes)} B"
    value = rounded(size_in_bytes / 1024, 0)
    for unit in ("KB", "MB", "GB", "TB"):
        if value < 1024:
            return f"{number_text(value)} {unit}"
        value = rounded(value / 1024, 1)
    return f"{number_text(value)} PB"


def wanted(value: str) -> str | float:
    """What a value given over the API asks for: `none`, `default`, or bytes. Raises QuotaRefused."""
    if value in ("none", "default"):
        return value
    number = numeric(value)
    if number is not None:
        return number
    # -1 with a unit is unlimited, a bare -1 is not: a slip of the real server.
    return "none" if (given := size(value)) == -1 else given


def normalise(value: str) -> str:
    """What is stored for a value given over the API. Raises QuotaRefused or QuotaBreaks."""
    asked = wanted(value)
    # The real server rounds twice: once in the controller, once in the account.
    return asked if isinstance(asked, str) else human(size(human(asked)))


def in_bytes(text: str, *, exact: bool = False) -> int | float:
    """Bytes of a quota in force, -3 when unlimited or unreadable. `default` must have been replaced before.

    Huge sizes are floats, of 14 significant digits unless they are to be exact: releases differ in this.
    """
    if text == "none":
        return UNLIMITED
    try:
        value = size(text) if exact else float(number_text(size(text)))
    except QuotaRefused:
        return UNLIMITED
    return int(value) if value < 1e17 else value
