# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quotas: reading a wish, reading an answer, and Nextcloud's own rounding.

Nextcloud keeps a quota as text with one decimal ("1.1 GB") and parses that text whenever it shows or enforces it, so
1234567890 bytes read back as another number. A quota is right when it equals the wish or the wish after this rounding.
Source: Nextcloud 31, ``OC_Helper::humanFileSize``, ``OC_Helper::computerFileSize``, ``OC\\User\\User::setQuota``.
"""

from __future__ import annotations

import math
import re
import typing as t
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

UNKNOWN = "unknown"
"""How a result shows a quota that the cloud did not tell."""

_UNITS = ("B", "KB", "MB", "GB", "TB", "PB")
_UNLIMITED_NUMBER = -3  # OCP\\Files\\FileInfo::SPACE_UNLIMITED
_WISH = re.compile(r"[0-9]{1,18}\Z")


@dataclass(frozen=True)
class Quota:
    """A known quota: a number of bytes, or unlimited (``size`` is None)."""

    size: int | None

    @property
    def unlimited(self) -> bool:
        """Whether there is no limit."""
        return self.size is None


def parse_wish(text: str) -> Quota:
    """Read a wished quota: decimal digits (bytes) or ``none`` (unlimited).

    Units are refused on purpose: Nextcloud takes "1 GiB" for one byte and "1,5 GB" for one gigabyte.

    :raises ValueError: for anything else.
    """
    if text == "none":
        return Quota(None)
    if not _WISH.match(text):
        raise ValueError("quota must be a number of bytes in decimal digits (at most 18), or none")
    return Quota(int(text))


def read(value: t.Any) -> Quota | None:
    """Read ``quota.quota`` of an account's record; None when the cloud did not tell it.

    Seen: a number of bytes (integer, or a float above 10^14), -3 or ``none`` for unlimited; other negative numbers
    are Nextcloud's "not computed yet" and the like.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        if value == "none":
            return Quota(None)
        return Quota(int(value)) if _WISH.match(value) else None
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        value = int(value)
    if not isinstance(value, int):
        return None
    if value == _UNLIMITED_NUMBER:
        return Quota(None)
    return Quota(value) if value >= 0 else None


def shown(quota: Quota | None) -> int | str | None:
    """Return a quota as results show it: bytes, None for unlimited, ``unknown``."""
    return UNKNOWN if quota is None else quota.size


def same(wish: Quota, current: Quota | None) -> bool:
    """Whether the current quota is what was wished, directly or after Nextcloud's rounding."""
    if current is None:
        return False
    if wish.size is None or current.size is None:
        return wish.size is None and current.size is None
    return current.size == wish.size or current.size in rounded(wish.size)


def stored_text(size: float) -> str:
    """Return the text that Nextcloud stores for a number of bytes (``humanFileSize``)."""
    number = float(size)
    digits = 0
    for unit in _UNITS[:-1]:
        if number < 1024:
            return f"{number:.14g} {unit}"
        number = _php_round(number / 1024, digits)
        digits = 1
    return f"{number:.14g} {_UNITS[-1]}"


def rounded(size: int) -> tuple[int, ...]:
    """Return the numbers of bytes that Nextcloud may read back after ``size`` was set.

    Two of them: current releases turn the number into text with 14 digits on the way, older ones do not. They differ
    only above 10^14 bytes.
    """
    text = stored_text(_parsed(stored_text(size)))  # setQuota parses and formats what editUser had formatted
    exact = _parsed(text)
    return (int(float(f"{exact:.14g}")), int(exact))


def _parsed(text: str) -> float:
    """Return the number of bytes of a stored text (``computerFileSize``)."""
    number, unit = text.split(" ")
    return _php_round(float(number) * 1024 ** _UNITS.index(unit), 0)


def _php_round(number: float, digits: int) -> float:
    """Round half away from zero on the decimal notation, as PHP's round() does; Python's rounds half to even."""
    return float(Decimal(repr(number)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP))
