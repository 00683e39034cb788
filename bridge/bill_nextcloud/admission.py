# SPDX-License-Identifier: GPL-3.0-or-later
"""How many operations of one cloud are under way at once, so that a slow cloud does not keep those of others waiting."""

from __future__ import annotations

import threading
from collections import deque


class Admission:
    """Places for operations, ``most`` for each cloud; who finds none waits in line. Kept in memory: what waits is stored
    elsewhere and lines up again after a restart."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._guard = threading.Lock()
        self._inside: dict[int | None, set[int]] = {}
        self._lines: dict[int | None, deque[int]] = {}

    def full(self, cloud: int | None) -> bool:
        """Whether the next operation of ``cloud`` would have to wait."""
        with self._guard:
            return len(self._inside.get(cloud, ())) + len(self._lines.get(cloud, ())) >= self._most

    def line_up(self, cloud: int | None, operation: int) -> None:
        """Wait for a place."""
        with self._guard:
            line = self._lines.setdefault(cloud, deque())
            if operation not in line:
                line.append(operation)

    def enter(self, cloud: int | None, operation: int) -> bool:
        """Take a place; where there is none, wait in line and return ``False``."""
        with self._guard:
            inside = self._inside.setdefault(cloud, set())
            if len(inside) < self._most:
                inside.add(operation)
                return True
            self._lines.setdefault(cloud, deque()).append(operation)
            return False

    def leave(self, cloud: int | None, operation: int) -> int | None:
        """Give the place back; the operation that may now go on, if one waits."""
        with self._guard:
            self._inside.get(cloud, set()).discard(operation)
            line = self._lines.get(cloud)
            return line.popleft() if line else None
