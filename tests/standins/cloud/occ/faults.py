# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of occ that a test orders: which commands they hit, how often, and what they do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from standins.cloud.faults import FaultRefused

# What happens to a command that a fault hits. "works" says whether the command's own work is done.
KINDS = {
    "fail": "does not work; ends with `status` (1), `output` and `errors`",
    "fail_after": "works, then ends with `status`, `output` and `errors`",
    "nothing": "does not work; ends with 0 and says `output`, as if all were well",
    "slow": "waits `seconds`, then works and ends; does not work when the program was ended meanwhile",
    "slow_after": "works, waits `seconds`, then ends",
    "hang": "waits until the faults are cleared, then works; does not work when the program was ended meanwhile",
    "hang_after": "works, waits until the faults are cleared, then ends",
    "noise": "works; `output` and `errors` come before what the command writes",
    "killed": "does not work; the program is ended by `signal` (9)",
    "killed_after": "works, then the program is ended by `signal`",
    "maintenance": "works as in maintenance mode",
}


@dataclass
class OccFault:
    """One ordered fault. command: its name; argument: one of its arguments. None matches everything; times None is for
    ever; the first `skip` commands that it is meant for pass."""

    kind: str
    command: str | None = None
    argument: str | None = None
    times: int | None = None
    skip: int = 0
    seconds: float = 1.0
    status: int = 1
    output: str = ""
    errors: str = ""
    signal: int = 9

    def hits(self, arguments: Sequence[str]) -> bool:
        """True for commands that this fault is meant for."""
        name = next((token for token in arguments if not token.startswith("-")), "")
        return self.command in (None, name) and (self.argument is None or self.argument in arguments)


class OccFaults:
    """The faults in force; the first that matches hits."""

    def __init__(self) -> None:
        self._faults: list[OccFault] = []
        self.cleared = asyncio.Event()

    def order(self, wish: Mapping[str, Any]) -> None:
        """Add a fault (the fields of OccFault, the kind as `fault`). Raises FaultRefused."""
        known = {one.name for one in fields(OccFault)} - {"kind"}
        unknown = set(wish) - known - {"fault"}
        if unknown or wish.get("fault") not in KINDS:
            told = ", ".join(sorted(unknown)) or "none"
            raise FaultRefused(f"fault is one of {', '.join(KINDS)}; unknown keys: {told}")
        times = wish.get("times")
        if times is not None and (not isinstance(times, int) or times < 1):
            raise FaultRefused("times must be a whole number from 1, or null")
        values = {name: value for name, value in wish.items() if name in known and value is not None}
        self._faults.append(OccFault(kind=str(wish["fault"]), **values))

    def clear(self) -> None:
        """Remove all faults, and let go on what they hold."""
        self._faults.clear()
        self.cleared.set()
        self.cleared = asyncio.Event()

    def take(self, arguments: Sequence[str]) -> OccFault | None:
        """The fault that hits this command; it is used up once."""
        for fault in self._faults:
            if not fault.hits(arguments):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times == 0:
                    self._faults.remove(fault)
            return fault
        return None
