# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls as BILLmanager makes them: over the bridge's socket, or by running the module."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from standins.billmanager import Panel
from standins.billmanager.run import Output, execute

PATIENCE = 120.0

Progress = Callable[[str, int, int], None]
"""``(what, done, of)``: how far a measurement is."""


class NotTaken(Exception):
    """The bridge did not take what it was to take: a measurement would be of something else."""


@dataclass(frozen=True)
class Event:
    """One call of BILLmanager: command, service and operation."""

    command: str
    service: int
    operation: int

    def call(self) -> dict[str, str]:
        """The line that ``pmnextcloud`` sends for it."""
        return {"command": self.command, "item": str(self.service), "runningoperation": str(self.operation)}

    def arguments(self) -> list[str]:
        """The module's arguments for it."""
        return [
            *("--command", self.command),
            *("--item", str(self.service)),
            *("--runningoperation", str(self.operation)),
        ]


@dataclass(frozen=True)
class Burst:
    """Many calls: how long they took together, and each from the connection to the answer (seconds)."""

    seconds: float
    answered: list[float]


def ask(path: Path, call: dict[str, Any], patience: float | None = PATIENCE) -> dict[str, Any]:
    """One call over the socket, byte for byte as ``pmnextcloud`` makes it; ``patience``: how long to wait for each
    answer (seconds; ``None``: for ever). Raises :class:`NotTaken`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(patience)
        connection.connect(str(path))
        connection.sendall(json.dumps(call).encode() + b"\n")
        with connection.makefile("rb") as answers:
            answers.readline()
            answer: dict[str, Any] = json.loads(answers.readline() or b"{}")
    if answer.get("status") not in ("accepted", "done"):
        raise NotTaken(f"{call}: {answer}")
    return answer


def burst(path: Path, events: Sequence[Event], callers: int, progress: Progress | None = None) -> Burst:
    """Send ``events`` from so many callers at once; each sends its next as soon as it has the answer.

    The callers are threads here: beside the bridge they cost little, unlike a Python process for each event.
    """

    def one(event: Event) -> float:
        started = time.perf_counter()
        ask(path, event.call())
        return time.perf_counter() - started

    answered: list[float] = []
    started = time.perf_counter()
    with ThreadPoolExecutor(callers) as pool:
        for seconds in pool.map(one, events):
            answered.append(seconds)
            if progress is not None and len(answered) % 100 == 0:
                progress("events", len(answered), len(events))
    return Burst(time.perf_counter() - started, answered)


def run_module(panel: Panel, event: Event) -> Output:
    """Run ``pmnextcloud`` as BILLmanager does, and nothing around it. Raises :class:`NotTaken`."""
    module = panel.layout.module("pmnextcloud")
    output = execute(panel.root, module, event.arguments(), None, PATIENCE)
    if output.exit_code != 0:
        raise NotTaken(f"{event}: {output}")
    return output


def run_modules(panel: Panel, events: Sequence[Event], what: str, progress: Progress) -> Iterator[float]:
    """Run the module for each of ``events``, one after the other; the seconds of each."""
    for number, event in enumerate(events, 1):
        yield run_module(panel, event).seconds
        progress(what, number, len(events))
