# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quotas: reading a wish, reading an answer, and the rounding of Nextcloud and ownCloud.

Both keep a quota as text with one decimal ("1.1 GB") and parse that text whenever they show or enforce it, so
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
_BYTES = re.compile(r"[0-9]{1,18}\Z")
_WITH_UNIT = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?) ?(?:([KMGTP])(?:I)?)?B\Z", re.IGNORECASE | re.ASCII)
_STORED = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?(?:e[0-9]{1,2})?)\s*([KMGTP]?B?)\Z", re.IGNORECASE | re.ASCII)
_LIMIT = 10**18  # bytes; PHP and JSON keep larger numbers with too few digits


@dataclass(frozen=True)
class Quota:
    """A known quota: a number of bytes, or unlimited (``size`` is None)."""

    size: int | None


def parse_wish(text: str) -> Quota:
    """Read a wished quota: bytes in decimal digits, a number with a unit, or ``none`` (unlimited).

    Units are B, KB, MB, GB, TB, PB and KiB, MiB, GiB, TiB, PiB in any case, both powers of 1024, as Nextcloud shows
    them; the number may have decimals after a dot. Everything else is refused on purpose: Nextcloud itself takes
    "1,5 GB" for one gigabyte and "-1" for unlimited. The cloud is sent bytes, since it takes "1 GiB" for one byte.

    :raises ValueError: for anything else.
    """
    if text == "none":
        return Quota(None)
    if _BYTES.match(text):
        return Quota(int(text))
    found = _WITH_UNIT.match(text)
    if found is None:
        raise ValueError("must be bytes in decimal digits, a number with a unit such as 10 GB or 1.5GiB, or none")
    number, unit = found.groups()
    size = Decimal(number) * 1024 ** _UNITS.index(f"{unit or ''}B".upper())
    if size > _LIMIT - 1:
        raise ValueError(f"must be below {_LIMIT} bytes")
    return Quota(int(size.quantize(Decimal(1), rounding=ROUND_HALF_UP)))


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
        return Quota(int(value)) if _BYTES.match(value) else None
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        value = int(value)
    if not isinstance(value, int):
        return None
    if value == _UNLIMITED_NUMBER:
        return Quota(None)
    return Quota(value) if value >= 0 else None


def sent_text(quota: Quota | None) -> str | None:
    """Return what Nextcloud and ownCloud are sent for a wished quota: bytes, or ``none``; None when none is wished."""
    if quota is None:
        return None
    return "none" if quota.size is None else str(quota.size)


def shown(quota: Quota | None) -> int | str | None:
    """Return a quota as results show it: bytes, None for unlimited, ``unknown``."""
    return UNKNOWN if quota is None else quota.size


def same(wish: Quota, current: Quota | None, *, exact: bool = False) -> bool:
    """Whether the current quota is what was wished, directly or after Nextcloud's rounding.

    :param exact: the cloud does not round.
    """
    if current is None:
        return False
    if wish.size is None or current.size is None:
        return wish.size is None and current.size is None
    return current.size == wish.size or (not exact and current.size in rounded(wish.size))


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
    """Return the numbers of bytes that may be read back after ``size`` was set.

    Three of them: current releases of Nextcloud turn the number into text with 14 digits on the way, older ones do not,
    and ownCloud shows the text that it has stored (:func:`read_stored`). They differ only above 10^14 bytes.
    """
    text = stored_text(_parsed(stored_text(size)))  # setQuota parses and formats what editUser had formatted
    exact = _parsed(text)
    return (int(float(f"{exact:.14g}")), int(exact), _whole_bytes(*text.split(" ")))


def read_stored(text: str) -> Quota | None:
    """Read a quota that the cloud keeps as text, such as the instance's default ("5 GB").

    :returns: None when the text is not one that Nextcloud would understand as a number (``computerFileSize``).
    """
    if text == "none":
        return Quota(None)
    found = _STORED.match(text.strip())
    if found is None:
        return None
    unit = found.group(2).upper()
    size = _whole_bytes(found.group(1), unit if unit.endswith("B") else unit + "B")
    return Quota(size) if size < _LIMIT else None


def _whole_bytes(number: str, unit: str) -> int:
    return int((Decimal(number) * 1024 ** _UNITS.index(unit)).to_integral_value(rounding=ROUND_HALF_UP))


def default_text(quota: Quota) -> str:
    """Return the text in which the instance's default is stored: as people know it if that is exact ("5 GB")."""
    if quota.size is None:
        return "none"
    text = stored_text(quota.size)
    return text if read_stored(text) == quota else f"{quota.size} B"


def _parsed(text: str) -> float:
    """Return the number of bytes of a stored text (``computerFileSize``)."""
    number, unit = text.split(" ")
    return _php_round(float(number) * 1024 ** _UNITS.index(unit), 0)


def _php_round(number: float, digits: int) -> float:
    """Round half away from zero on the decimal notation, as PHP's round() does; Python's rounds half to even."""
    return float(Decimal(repr(number)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP))
