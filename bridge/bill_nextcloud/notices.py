# SPDX-License-Identifier: GPL-3.0-or-later
"""Callers that wait until something happens to an operation."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Notices:
    """Who waits for which operation. In memory: a caller ends with the process."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: dict[int, list[threading.Event]] = {}

    @contextmanager
    def expected(self, number: int) -> Iterator[threading.Event]:
        """An event that is set by :meth:`give`, for the time of the block."""
        happened = threading.Event()
        with self._guard:
            self._waiting.setdefault(number, []).append(happened)
        try:
            yield happened
        finally:
            with self._guard:
                left = [event for event in self._waiting.pop(number) if event is not happened]
                if left:
                    self._waiting[number] = left

    def give(self, number: int) -> None:
        """Something happened to operation ``number``."""
        with self._guard:
            for event in self._waiting.get(number, []):
                event.set()
