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
    size, MiB), ten times a second; ``processor``: seconds of processors that they took, as far as seen; ``before``:
    those that the process had taken already."""

    seconds: float = 0.0
    before: float = 0.0
    samples: list[float] = field(default_factory=list)
    _used: dict[int, float] = field(default_factory=dict)

    @property
    def peak(self) -> float:
        """The largest sample."""
        return max(self.samples, default=0.0)

    @property
    def processor(self) -> float:
        """See the class."""
        return sum(self._used.values()) - self.before

    def look(self, process: psutil.Process) -> None:
        """Take a sample of ``process`` and all that it has started."""
        processes = [process]
        with contextlib.suppress(psutil.Error):
            processes += process.children(recursive=True)
        total = 0.0
        for one in processes:
            total += memory(one)
            with contextlib.suppress(psutil.Error):
                times = one.cpu_times()
                self._used[one.pid] = times.user + times.system
        self.samples.append(total)


@contextlib.contextmanager
def sampled(pid: int) -> Iterator[Sampled]:
    """Sample the process ``pid`` and all that it starts while the block lasts."""
    found, ended = Sampled(), threading.Event()
    process = psutil.Process(pid)
    before = process.cpu_times()
    found.before = before.user + before.system

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
