# SPDX-License-Identifier: GPL-3.0-or-later
"""A line for every request: who asked what, and what came of it. Never a password, a header or a body."""

from __future__ import annotations

import json
from collections import deque
from pathlib import Path
from typing import Any, TextIO

_KEPT = 100_000


class RequestLog:
    """Keeps the requests in memory and, with a path, as JSON lines in a file."""

    def __init__(self, path: Path | None) -> None:
        self._file: TextIO | None = path.open("a", buffering=1, encoding="utf-8") if path else None
        self._entries: deque[dict[str, Any]] = deque(maxlen=_KEPT)
        self._arrivals: deque[dict[str, str]] = deque(maxlen=_KEPT)
        self._under_way = 0

    def arrive(self, method: str, path: str) -> int:
        """Note that a request has come in; `add` follows when it has been dealt with. Returns how many are under way
        now, this one included."""
        self._arrivals.append({"method": method, "path": path})
        self._under_way += 1
        return self._under_way

    def arrivals(self) -> list[dict[str, str]]:
        """All requests that came in, oldest first."""
        return list(self._arrivals)

    def add(
        self,
        *,
        time: float,
        seconds: float,
        method: str,
        path: str,
        query: str,
        auth: str | None,
        status: int | None,
        fault: str | None,
        new_session: bool,
        at_once: int,
    ) -> None:
        """Note one request. time: seconds since 1970 by the stand-in's clock, when it came; seconds: until its answer;
        status None: no answer was given; new_session: the password was checked, and a session began; at_once: what
        `arrive` has returned."""
        self._under_way -= 1
        entry = {
            "time": time,
            "seconds": seconds,
            "method": method,
            "path": path,
            "query": query,
            "auth": auth,
            "status": status,
            "fault": fault,
            "new_session": new_session,
            "at_once": at_once,
        }
        self._entries.append(entry)
        if self._file:
            self._file.write(json.dumps(entry) + "\n")

    def entries(self) -> list[dict[str, Any]]:
        """All requests kept, oldest first."""
        return list(self._entries)

    def clear(self) -> None:
        """Forget the requests in memory; the file stays."""
        self._entries.clear()
        self._arrivals.clear()
