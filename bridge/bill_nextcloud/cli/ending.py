# SPDX-License-Identifier: GPL-3.0-or-later
"""A command that is told to end takes away first what it has begun."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer


class _Ended(KeyboardInterrupt):
    """``subprocess`` waits for what it has killed, which after a mere ``KeyboardInterrupt`` it does not."""


@contextmanager
def ended_in_order() -> Iterator[None]:
    """SIGTERM, SIGHUP and SIGINT (Ctrl-C) end what is done here as an exception does, and the command with the exit
    status 128 + number of the signal. One that was ignored before (``nohup``) stays so; after the first, others change
    nothing. For the main thread."""
    told: list[int] = []

    def end(number: int, frame: FrameType | None) -> None:
        told.append(number)
        # A second one would break off what the first has begun.
        if len(told) == 1:
            raise _Ended

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)}
    taken = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}
    for number in taken:
        signal.signal(number, end)
    try:
        yield
    except _Ended:
        raise typer.Exit(128 + told[0]) from None
    finally:
        for number, handler in taken.items():
            signal.signal(number, handler)
