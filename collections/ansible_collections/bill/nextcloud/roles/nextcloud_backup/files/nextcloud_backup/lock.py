# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import Busy

PAUSE_SECONDS = 0.5


@contextmanager
def held(path: Path, wait_seconds: float) -> Iterator[None]:
    """Hold the lock. Raises :class:`Busy` if another run still has it after ``wait_seconds``."""
    number = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + wait_seconds
        while True:
            try:
                fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise Busy("another run of nextcloud-backup is under way; nothing was done") from None
                time.sleep(PAUSE_SECONDS)
        yield
    finally:
        os.close(number)
