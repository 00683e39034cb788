# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of the module from beginning to end: execute, judge, count a failed attempt, write history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from . import operations
from .database import reading, transaction
from .descriptor import Descriptor
from .layout import Layout
from .lines import append_line
from .run import Run, error_document, execute, judge

HIDDEN = "(hidden)"


def call_module(
    layout: Layout,
    module: str,
    command: str,
    arguments: Sequence[str],
    *,
    timeout: float,
    stdin: str | None = None,
    item: int | None = None,
    operation: int | None = None,
) -> Run:
    """Runs `module --command COMMAND ARGUMENTS`. With `operation`, a failure is counted and kept with it."""
    descriptor = Descriptor(layout.descriptor(module), module)
    before = _errorxml(layout, operation)
    argv = ["--command", command, *arguments]
    output = execute(layout.root, layout.module(module), argv, stdin, timeout)
    malformed, error = judge(output, module, command, descriptor)
    with transaction(layout.database) as connection:
        if operation is not None and error is not None:
            operations.fail(connection, operation, error_document(error), before)
        running = connection.execute("SELECT 1 FROM runningoperation WHERE id = ?", (operation,)).fetchone()
        status_name = "" if item is None else operations.status_name(connection, item)
    finished = operation is not None and running is None
    result = Run(command, item, operation, **asdict(output), finished=finished, status_name=status_name,
                 malformed=malformed, error=error)  # fmt: skip
    _record(layout, result, argv)
    return result


def _errorxml(layout: Layout, operation: int | None) -> str | None:
    with reading(layout.database) as connection:
        row = connection.execute("SELECT errorxml FROM runningoperation WHERE id = ?", (operation,)).fetchone()
    return None if row is None else row["errorxml"]


def _record(layout: Layout, run: Run, argv: list[str]) -> None:
    """Adds the run to var/history.jsonl, without the password of an argument and without what the module printed."""
    shown = [HIDDEN if before == "--password" else value for before, value in zip(["", *argv], argv, strict=False)]
    append_line(
        layout.history,
        {
            "command": run.command,
            "item": run.item,
            "operation": run.operation,
            "argv": shown,
            "exit_code": run.exit_code,
            "seconds": round(run.seconds, 3),
            "timed_out": run.timed_out,
            "finished": run.finished,
            "status_name": run.status_name,
            "malformed": run.malformed,
            "error": None if run.error is None else run.error.type,
        },
    )
