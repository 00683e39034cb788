# SPDX-License-Identifier: GPL-3.0-or-later
"""The line of the log for an operation that came to something: the same names each time, so that it can be searched."""

from __future__ import annotations

from typing import Any

from bill_nextcloud.convergence import Outcome
from bill_nextcloud.record import Operation


def write(level: Any, sentence: str, operation: Operation, outcome: Outcome, **more: object) -> None:
    """Write ``sentence`` with what names the operation, its account and its run. ``level``: a logger's method."""
    level(
        sentence,
        command=operation.command,
        service=operation.service,
        account=outcome.account,
        operation=operation.billmanager_operation,
        id=operation.id,
        run=outcome.run,
        action=outcome.result.get("action"),
        **more,
    )
