# SPDX-License-Identifier: GPL-3.0-or-later
"""The clock of the stand-in, which a test can advance."""

from __future__ import annotations

import time


class Clock:
    """Real time plus what tests added. Everything that expires asks this clock."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once."""
        self._ahead += seconds
