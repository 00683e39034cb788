# SPDX-License-Identifier: GPL-3.0-or-later
"""How the bridge knows that a run on a lost worker host writes no more.

The worker host sends a tick again and again, and the bridge answers each. A run may go on for as many seconds as the
lease has, counted from the *sending* of the last tick that was answered; then it kills itself, whatever the network
does. So the bridge, which has answered its last tick at some moment, knows: that many seconds later nothing writes any
more. Answers that arrive late lengthen nothing. Before the first answer a run does not begin.

A tick is a keepalive event of ansible-runner, an answer a line feed.
"""

from __future__ import annotations

import io
import json
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import IO, Any

TICK = {"event": "keepalive", "counter": 0, "uuid": 0}
_TICK_LINE = json.dumps(TICK).encode() + b"\n"
_ANSWER = b"\n"
_TICKS_IN_A_LEASE = 5
# A host that was suspended meanwhile finds out so soon.
_LOOK_SECONDS = 0.5
# What the bridge adds: for the last look, and for clocks that run at different speeds.
MARGIN = 2.0


class Lease:
    """The worker host's side. ``channel``: descriptor of the answers; ``seconds``: the lease; ``tick`` sends one, and
    may raise ``OSError``; ``end`` is called when the lease is over or the connection ends, and does not return."""

    def __init__(self, channel: int, seconds: float, tick: Callable[[], None], end: Callable[[], None]) -> None:
        self._channel = channel
        self._seconds = seconds
        self._tick = tick
        self._end = end
        self._sent: deque[float] = deque()
        self._granted = threading.Event()

    def begin(self) -> None:
        """Return when the bridge has granted the lease; from then on it is watched."""
        for target in (self._watch, self._send):
            # Two: sending may wait for a network that is gone.
            threading.Thread(target=target, daemon=True).start()
        self._granted.wait()

    def _send(self) -> None:
        while True:
            self._sent.append(_now())
            try:
                self._tick()
            except OSError:
                self._end()
            time.sleep(self._seconds / _TICKS_IN_A_LEASE)

    def _watch(self) -> None:
        until = _now() + self._seconds
        while _now() < until:
            if not select.select([self._channel], [], [], _LOOK_SECONDS)[0]:
                continue
            answers = os.read(self._channel, 4096)
            if not answers or len(answers) > len(self._sent):
                break
            for _ in answers:
                until = self._sent.popleft() + self._seconds
            self._granted.set()
        self._end()


def _now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class _Patient(io.RawIOBase):
    """Reads from a pipe; raises ``TimeoutError`` when nothing comes for so many seconds."""

    def __init__(self, pipe: IO[bytes], seconds: float) -> None:
        self._pipe = pipe
        self._seconds = seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not select.select([self._pipe], [], [], self._seconds)[0]:
            raise TimeoutError("nothing was heard of it")
        data = os.read(self._pipe.fileno(), len(buffer))
        buffer[: len(data)] = data
        return len(data)


class Answering(io.BufferedReader):
    """The bridge's side: what a worker host sends, while its ticks are answered.

    ``pipe``: from there; ``answers``: to there; ``patience``: seconds of silence; ``limit``: seconds for everything.
    Both end in ``TimeoutError``. ``answered``: the monotonic time of the last tick that was answered, ``None`` before.
    """

    def __init__(self, pipe: IO[bytes], answers: IO[bytes], *, patience: float, limit: float) -> None:
        super().__init__(_Patient(pipe, patience))
        self._answers = answers
        self._deadline = time.monotonic() + limit
        self.answered: float | None = None

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(size)
        if line == _TICK_LINE:
            now = time.monotonic()
            if now > self._deadline:
                raise TimeoutError("the run takes too long")
            # First: the answer may arrive although its sending fails.
            self.answered = now
            self._answers.write(_ANSWER)
            self._answers.flush()
        return line

    def over(self, seconds: float) -> float:
        """The monotonic time from which nothing writes any more, where the lease has ``seconds``."""
        return 0.0 if self.answered is None else self.answered + seconds + MARGIN
