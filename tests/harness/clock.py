# SPDX-License-Identifier: GPL-3.0-or-later
"""The time that one module of the bridge sees, while every other thread of the process keeps the system's."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest


class Clock:
    """In place of ``time`` in ``module`` alone: what :mod:`time` itself has is everybody's, also that of threads that
    earlier tests left.

    ``now()``: what ``monotonic()`` says. ``slept``: the seconds of each ``sleep()``, which returns at once.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, module: str, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self.slept: list[float] = []
        monkeypatch.setattr(f"bill_nextcloud.{module}.time", self)

    def monotonic(self) -> float:
        return self.now()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
