# SPDX-License-Identifier: GPL-3.0-or-later
"""Options and arguments that several commands share, and what their texts mean."""

from __future__ import annotations

import re
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

SettingsFile = Annotated[
    Path, typer.Option("--settings", envvar="BILL_NEXTCLOUD_SETTINGS", help="The settings file.", metavar="FILE")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON (times in UTC) instead of a table.")]
CloudArgument = Annotated[str, typer.Argument(metavar="CLOUD", help="The cloud's number or name.")]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_AGO = re.compile(r"(\d{1,9})([smhdw])")


def moment(value: str) -> float:
    """Seconds since 1970 that ``value`` means: some time ago (``30m``, ``2h``, ``7d``), or a date with or without a
    time, in the local time zone unless it names one. Raises ``typer.BadParameter``."""
    ago = _AGO.fullmatch(value.strip())
    if ago:
        return time.time() - int(ago[1]) * _UNITS[ago[2]]
    try:
        return datetime.fromisoformat(value.strip()).timestamp()
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{value!r} is no time: write 30m, 2h, 7d, 2026-11-01 or 2026-11-01T14:30") from None
