# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that a test orders: which requests they hit, how often, and what they do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# What happens to a request that a fault hits. "works" says whether the request's own work is done.
KINDS = {
    "delay": "waits `seconds`, then works and answers",
    "delay_after": "works, waits `seconds`, then answers",
    "hold": "waits until the faults are cleared, then works and answers",
    "hold_after": "works, waits until the faults are cleared, then answers",
    "status": "does not work; answers `status` (500) with `body` and `headers`; with `ocs_code` an error of the API",
    "html": "does not work; answers 200 with a log-in page",
    "empty": "does not work; answers 200 with an empty body",
    "cut_before": "does not work; closes the connection without an answer",
    "cut_after": "works, then closes the connection without an answer",
    "maintenance": "does not work; answers 503 as in maintenance mode; status.php says so",
    "rate_limit": "does not work; answers 429 with an empty body",
    "not_permitted": "does not work; answers 403 Password confirmation is required",
    "drip": "works, then answers one byte every `seconds` (1)",
    "redirect": "does not work; answers 302 to `location` (https://other.invalid/)",
    "huge": "does not work; answers 200 with a body of 100 MB",
}
_KEYS = {
    "method",
    "path",
    "fault",
    "seconds",
    "status",
    "times",
    "skip",
    "body",
    "headers",
    "ocs_code",
    "message",
    "location",
}


class FaultRefused(Exception):
    """The order for a fault makes no sense."""


@dataclass
class Fault:
    """One ordered fault. method and path None match everything; times None is for ever; the first `skip` requests that
    it is meant for pass.

    path is a part of the path, or its end when a `$` stands behind it.
    """

    kind: str
    method: str | None = None
    path: str | None = None
    seconds: float = 1.0
    status: int = 500
    times: int | None = None
    skip: int = 0
    body: str = "<html><body><h1>Server error</h1></body></html>"
    headers: dict[str, str] = field(default_factory=dict)
    ocs_code: int | None = None
    message: str = ""
    location: str = "https://other.invalid/"

    def hits(self, method: str, path: str) -> bool:
        """True for requests that this fault is meant for."""
        return matches(method, path, self.method, self.path)


def matches(method: str, path: str, wanted_method: str | None, wanted_path: str | None) -> bool:
    """True for a request with that method and path; what is wanted is as in `Fault`."""
    if wanted_method not in (None, method):
        return False
    if wanted_path is not None and wanted_path.endswith("$"):
        return path.endswith(wanted_path[:-1])
    return wanted_path is None or wanted_path in path


class Faults:
    """The faults in force, in the order in which they were ordered; the first that matches hits."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self.cleared = asyncio.Event()

    def order(self, wish: Mapping[str, Any]) -> None:
        """Add a fault. Raises FaultRefused for unknown kinds or keys."""
        unknown = set(wish) - _KEYS
        kind = wish.get("fault")
        if unknown or kind not in KINDS:
            raise FaultRefused(
                f"fault is one of {', '.join(KINDS)}; unknown keys: {', '.join(sorted(unknown)) or 'none'}"
            )
        times = wish.get("times")
        if times is not None and (not isinstance(times, int) or times < 1):
            raise FaultRefused("times must be a whole number from 1, or null")
        values = {name: value for name, value in wish.items() if name != "fault" and value is not None}
        self._faults.append(Fault(kind=str(kind), **values))

    def clear(self) -> None:
        """Remove all faults, and let go on what they hold."""
        self._faults.clear()
        self.cleared.set()
        self.cleared = asyncio.Event()

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that hits this request; it is used up once."""
        for fault in self._faults:
            if fault.hits(method, path):
                if fault.skip:
                    fault.skip -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._faults.remove(fault)
                return fault
        return None
