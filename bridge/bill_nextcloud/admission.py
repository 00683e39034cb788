# SPDX-License-Identifier: GPL-3.0-or-later
"""How many operations of one cloud are under way at once, so that a slow cloud does not keep those of others
waiting."""

from __future__ import annotations

import threading
from collections import deque


class Admission:
    """Places for operations, ``most`` for each cloud; who finds none waits in line. Kept in memory: what waits is
    stored elsewhere and lines up again after a restart."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._guard = threading.Lock()
        self._inside: dict[int | None, set[int]] = {}
        self._lines: dict[int | None, deque[int]] = {}

    def line_up(self, cloud: int | None, operation: int) -> bool:
        """Wait for a place, unless there is one; whether it waits now."""
        with self._guard:
            line = self._lines.setdefault(cloud, deque())
            if operation in line:
                return True
            if len(self._inside.get(cloud, ())) + len(line) < self._most:
                return False
            line.append(operation)
            return True

    def enter(self, cloud: int | None, operation: int) -> bool:
        """Take a place; where there is none, wait in line and return ``False``."""
        with self._guard:
            inside = self._inside.setdefault(cloud, set())
            if len(inside) < self._most:
                inside.add(operation)
                return True
            line = self._lines.setdefault(cloud, deque())
            if operation not in line:
                line.append(operation)
            return False

    def leave(self, cloud: int | None, operation: int) -> int | None:
        """Give the place, or the turn to take one, back; the operation that may now go on, if one waits."""
        with self._guard:
            inside = self._inside.setdefault(cloud, set())
            inside.discard(operation)
            line = self._lines.get(cloud)
            # Who found no place leaves none: the next would find none either.
            return line.popleft() if line and len(inside) < self._most else None
