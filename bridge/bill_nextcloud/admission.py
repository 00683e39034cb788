# SPDX-License-Identifier: GPL-3.0-or-later
"""How many operations of one cloud are under way at once, so that a slow cloud does not keep those of others
waiting."""

from __future__ import annotations

import threading
import time

# Who was called out of the line takes its place within moments. One that does not come (it was cancelled) does not keep
# it for ever.
CALLED_SECONDS = 30.0

Cloud = int | None


class Admission:
    """Places for operations, ``most`` for each cloud; who finds none waits in line. Kept in memory: what waits is
    stored elsewhere and lines up again after a restart.

    A place is taken, or kept for one that was told to come. Whoever gives one up calls the next.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._guard = threading.Lock()
        self._inside: dict[Cloud, set[int]] = {}
        # With the moment until which its place is kept.
        self._called: dict[Cloud, dict[int, float]] = {}
        # In order; the values mean nothing.
        self._lines: dict[Cloud, dict[int, None]] = {}
        # Where an operation has a place, or was called to one: BILLmanager may show another cloud by now.
        self._clouds: dict[int, Cloud] = {}

    def line_up(self, cloud: Cloud, operation: int) -> bool:
        """Wait for a place, unless there is one, which is then kept for a moment; whether it waits now."""
        with self._guard:
            if operation in self._clouds:
                return False
            line = self._lines.setdefault(cloud, {})
            if self._taken(cloud) < self._most:
                line.pop(operation, None)
                self._call(cloud, operation)
                return False
            line[operation] = None
            return True

    def enter(self, cloud: Cloud, operation: int) -> bool:
        """Take a place; where there is none, wait in line and return ``False``."""
        with self._guard:
            self._give_up(operation)
            inside, line = self._inside.setdefault(cloud, set()), self._lines.setdefault(cloud, {})
            if len(inside) >= self._most:
                line[operation] = None
                return False
            line.pop(operation, None)
            inside.add(operation)
            self._clouds[operation] = cloud
            return True

    def leave(self, operation: int) -> int | None:
        """Give the place, or the turn to take one, back; the operation that is called now, if one waits."""
        with self._guard:
            if operation not in self._clouds:
                return None
            cloud = self._give_up(operation)
            line = self._lines.get(cloud)
            if not line or self._taken(cloud) >= self._most:
                return None
            following = next(iter(line))
            del line[following]
            self._call(cloud, following)
            return following

    def _taken(self, cloud: Cloud) -> int:
        called = self._called.get(cloud, {})
        for operation in [operation for operation, until in called.items() if until < time.monotonic()]:
            self._give_up(operation)
        return len(self._inside.get(cloud, ())) + len(called)

    def _call(self, cloud: Cloud, operation: int) -> None:
        self._called.setdefault(cloud, {})[operation] = time.monotonic() + CALLED_SECONDS
        self._clouds[operation] = cloud

    def _give_up(self, operation: int) -> Cloud:
        cloud = self._clouds.pop(operation, None)
        self._inside.get(cloud, set()).discard(operation)
        self._called.get(cloud, {}).pop(operation, None)
        return cloud
