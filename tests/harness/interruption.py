# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that are ended in the middle take away what they have begun, on somebody's cloud as well."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def end_in_order() -> None:
    """Let SIGTERM, and a terminal that is closed, be what Ctrl-C is: a ``KeyboardInterrupt``."""
    for number in ENDING:
        # As nohup wants it.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in ENDING}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let the end wait: what was begun is taken away."""
    with _handled(lambda *_: None):
        yield


@contextmanager
def noticed() -> Iterator[threading.Event]:
    """Set when the program is to end, in place of a ``KeyboardInterrupt``."""
    asked = threading.Event()
    with _handled(lambda *_: asked.set()):
        yield asked
