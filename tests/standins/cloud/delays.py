# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the stand-in takes to answer, so that it can be as slow as a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from standins.cloud.faults import matches

_KEYS = {"login", "routes", "at_once"}


class DelaysRefused(Exception):
    """The wish for delays makes no sense."""


@dataclass(frozen=True)
class Route:
    """Requests that take `seconds`, and `each` for each item that their query has as its limit. method, path: as those
    of a fault."""

    seconds: float = 0.0
    each: float = 0.0
    method: str | None = None
    path: str | None = None


class Delays:
    """What an answer waits for. None at the start."""

    def __init__(self) -> None:
        self._login = 0.0
        self._routes: Sequence[Route] = ()
        self._places: asyncio.Semaphore | None = None

    def set(self, wish: Mapping[str, Any]) -> None:
        """Replace all delays: `login`, seconds that a new log-in takes (one that begins a session by its cookies, or
        would); `routes`, a list of `Route`, of which the first that matches is taken; `at_once`, how many requests the
        server works on at the same time, None for any number. Raises DelaysRefused."""
        unknown = set(wish) - _KEYS
        if unknown:
            raise DelaysRefused(f"unknown keys: {', '.join(sorted(unknown))}")
        at_once = wish.get("at_once")
        if at_once is not None and (not isinstance(at_once, int) or at_once < 1):
            raise DelaysRefused("at_once must be a whole number from 1, or null")
        self._routes = [Route(**route) for route in wish.get("routes", ())]
        self._login = float(wish.get("login", 0))
        self._places = None if at_once is None else asyncio.Semaphore(at_once)

    async def wait(self, method: str, path: str, *, logged_in: bool, limit: int = 0) -> None:
        """Take as long as the request takes, once there is a place for it."""
        seconds = self._login if logged_in else 0.0
        for one in self._routes:
            if matches(method, path, one.method, one.path):
                seconds += one.seconds + one.each * limit
                break
        if not seconds:
            return
        if self._places is None:
            await asyncio.sleep(seconds)
            return
        async with self._places:
            await asyncio.sleep(seconds)
