# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what happened to operations."""

from __future__ import annotations

import json
import time
from typing import Any

from sqlalchemy import Connection, insert

from bill_nextcloud.record.tables import event as events

# Made once: to build a statement costs as much as to execute it.
INSERT = insert(events)


def tell(connection: Connection, number: int, what: str, **detail: Any) -> None:
    """Put ``what`` on the timeline of operation ``number``; ``detail`` without what is ``None``."""
    connection.execute(INSERT, event_row(number, what, **detail))


def event_row(number: int, what: str, **detail: Any) -> dict[str, Any]:
    """The same as a row, for several at once."""
    told = {name: value for name, value in detail.items() if value is not None}
    return {
        "operation": number,
        "at": time.time(),
        "what": what,
        "detail": json.dumps(told, ensure_ascii=False) if told else None,
    }
