# SPDX-License-Identifier: GPL-3.0-or-later
"""The month of a register."""

from __future__ import annotations

import calendar
import re

_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


def days_of(month: str) -> tuple[str, str]:
    """The first and the last day (YYYY-MM-DD) of ``month`` (YYYY-MM). Raises ``ValueError`` for anything else."""
    found = _MONTH.fullmatch(month)
    if not found or found[1] == "0000":
        raise ValueError(f"{month!r} is no month: write 2026-10")
    last = calendar.monthrange(int(found[1]), int(found[2]))[1]
    return f"{month}-01", f"{month}-{last:02}"
