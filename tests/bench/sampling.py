# SPDX-License-Identifier: GPL-3.0-or-later
"""What a process and all that it starts take while something goes on: memory, and time of processors."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import psutil

MIB = 1024**2
_EVERY_SECONDS = 0.1


def memory(process: psutil.Process) -> float:
    """The proportional set size in MiB; 0 for a process that has ended."""
    with contextlib.suppress(psutil.Error):
        return float(process.memory_full_info().pss) / MIB
    return 0.0


@dataclass
class Sampled:
    """What was seen. ``seconds``: how long it took; ``samples``: what all processes had together (proportional set
    size, MiB), ten times a second; ``processor``: seconds of processors that they took, as far as seen."""

    seconds: float = 0.0
    samples: list[float] = field(default_factory=list)
    _used: dict[int, float] = field(default_factory=dict)
    _before: float = 0.0

    @property
    def peak(self) -> float:
        """The largest sample."""
        return max(self.samples, default=0.0)

    @property
    def processor(self) -> float:
        """See the class."""
        return sum(self._used.values()) - self._before

    def begin(self, process: psutil.Process) -> None:
        """What ``process`` and all that it has started took before does not count."""
        for one in _family(process):
            self._note_processor(one)
        self._before = sum(self._used.values())

    def look(self, process: psutil.Process) -> None:
        """Take a sample of ``process`` and all that it has started."""
        total = 0.0
        for one in _family(process):
            total += memory(one)
            self._note_processor(one)
        self.samples.append(total)

    def _note_processor(self, process: psutil.Process) -> None:
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            self._used[process.pid] = times.user + times.system


@contextlib.contextmanager
def sampled(pid: int) -> Iterator[Sampled]:
    """Sample the process ``pid`` and all that it starts while the block lasts."""
    found, ended = Sampled(), threading.Event()
    process = psutil.Process(pid)
    found.begin(process)

    def watch() -> None:
        while not ended.wait(_EVERY_SECONDS):
            found.look(process)

    thread = threading.Thread(target=watch)
    started = time.monotonic()
    thread.start()
    try:
        yield found
    finally:
        found.seconds = time.monotonic() - started
        ended.set()
        thread.join()


def _family(process: psutil.Process) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        return [process, *process.children(recursive=True)]
    return [process]
