# SPDX-License-Identifier: GPL-3.0-or-later
"""The line of the log for an operation: the same names each time, so that it can be searched."""

from __future__ import annotations

from typing import Any

from bill_nextcloud.record import Operation
from bill_nextcloud.request import Outcome


def write(level: Any, sentence: str, operation: Operation, outcome: Outcome | None = None, **more: object) -> None:
    """Write ``sentence`` with what names the operation, its account and, with an ``outcome``, its run. ``level``: a
    logger's method."""
    level(
        sentence,
        command=operation.command,
        service=operation.service,
        account=outcome.account if outcome else operation.account,
        operation=operation.billmanager_operation,
        id=operation.id,
        run=outcome.run if outcome else None,
        action=outcome.result.get("action") if outcome else None,
        **more,
    )
