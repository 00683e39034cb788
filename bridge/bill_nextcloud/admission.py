# SPDX-License-Identifier: GPL-3.0-or-later
"""How many operations of one cloud are under way at once, so that slow clouds do not keep those of others waiting."""

from __future__ import annotations

import threading
import time

# Who was called out of the line takes its place within moments. One that does not come (it was cancelled) does not keep
# it for ever.
CALLED_SECONDS = 30.0

Cloud = int | None


class Admission:
    """``places`` for operations, shared by the clouds; who finds none waits in line.

    A cloud may have ``most`` at most, and no more than are free: so one slow cloud takes half of all, a second half of
    what is left, and eight of them leave three of a thousand; as places come back they end with equal shares (dynamic
    thresholds, as switches share their buffers: Choudhury and Hahne, 1998). Kept in memory: what waits is stored
    elsewhere and lines up again after a restart.

    A place is taken, or kept for one that was told to come. Whoever gives one up calls those that now find one.
    """

    def __init__(self, places: int, most: int) -> None:
        self._places = places
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
            self._forget_absent()
            line = self._lines.setdefault(cloud, {})
            if self._finds(cloud):
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
            free = self._places - sum(map(len, self._inside.values()))
            if len(inside) >= min(self._most, free):
                line[operation] = None
                return False
            line.pop(operation, None)
            inside.add(operation)
            self._clouds[operation] = cloud
            return True

    def leave(self, operation: int) -> list[int]:
        """Give the place, or the turn to take one, back; the operations that are called now, first those of the cloud
        with the fewest places."""
        with self._guard:
            if operation not in self._clouds:
                return []
            self._give_up(operation)
            self._forget_absent()
            called: list[int] = []
            while waiting := [cloud for cloud, line in self._lines.items() if line and self._finds(cloud)]:
                cloud = min(waiting, key=self._taken)
                following = next(iter(self._lines[cloud]))
                del self._lines[cloud][following]
                self._call(cloud, following)
                called.append(following)
            return called

    def _finds(self, cloud: Cloud) -> bool:
        return self._taken(cloud) < min(self._most, self._places - len(self._clouds))

    def _taken(self, cloud: Cloud) -> int:
        return len(self._inside.get(cloud, ())) + len(self._called.get(cloud, ()))

    def _forget_absent(self) -> None:
        now = time.monotonic()
        late = [one for called in self._called.values() for one, until in called.items() if until < now]
        for operation in late:
            self._give_up(operation)

    def _call(self, cloud: Cloud, operation: int) -> None:
        self._called.setdefault(cloud, {})[operation] = time.monotonic() + CALLED_SECONDS
        self._clouds[operation] = cloud

    def _give_up(self, operation: int) -> None:
        cloud = self._clouds.pop(operation, None)
        self._inside.get(cloud, set()).discard(operation)
        self._called.get(cloud, {}).pop(operation, None)
