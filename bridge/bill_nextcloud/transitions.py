# SPDX-License-Identifier: GPL-3.0-or-later
"""How an operation goes from one state to the next, on record."""

from __future__ import annotations

import time
from typing import Any

from bill_nextcloud.record import Operation, Operations, State


def park(record: Operations, operation: Operation, state: State, what: str, **more: Any) -> None:
    """Let ``operation`` wait in ``state``; it is handed over anew behind the step that does this. ``more``: columns
    (``failure``, ``first_failed_at``, ``due_at``, ``cloud``), and what else is to be told on its timeline."""
    columns = {name: more.pop(name) for name in ("failure", "first_failed_at", "due_at", "cloud") if name in more}
    values = {"due_at": None, **columns, "state": state, "dispatch": operation.dispatch + 1}
    record.update(operation.id, what, detail=more, **values)


def end(record: Operations, operation: Operation, state: State, what: str, **more: Any) -> None:
    """End ``operation``. ``more``: columns (``failure``, ``first_failed_at``), and what else is to be told."""
    columns = {name: more.pop(name) for name in ("failure", "first_failed_at") if name in more}
    values = {**columns, "state": state, "due_at": None, "ended_at": time.time()}
    record.update(operation.id, what, detail=more, **values)
