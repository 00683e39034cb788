# SPDX-License-Identifier: GPL-3.0-or-later
"""What a long command shows while it works: bars on a terminal, and warnings in the command's own form."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


@contextmanager
def progress() -> Iterator[Progress]:
    """Bars on standard error, where that is a terminal. Warnings that are logged meanwhile come out above them, as
    ``bill-nextcloud: warning: …``, a line each; less is not shown."""
    console = Console(stderr=True, markup=False, highlight=False)
    bars = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    lines, root = _Lines(console), logging.getLogger("bill_nextcloud")
    propagate = root.propagate
    root.addHandler(lines)
    root.propagate = False
    try:
        with bars:
            yield bars
    finally:
        root.removeHandler(lines)
        root.propagate = propagate


class _Lines(logging.Handler):
    def __init__(self, console: Console) -> None:
        super().__init__(logging.WARNING)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        # The message is one line already (see ``bill_nextcloud.log``); a traceback is for the worker's journal.
        self._console.print(f"bill-nextcloud: {record.levelname.lower()}: {record.getMessage()}", soft_wrap=True)
