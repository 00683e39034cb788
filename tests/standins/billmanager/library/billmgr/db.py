# SPDX-License-Identifier: GPL-3.0-or-later
"""Queries, with MySQL's place holders."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import Any


def db_query(query: str, *values: Any) -> list[dict[str, Any]]:
    """The rows of a query, by the names of their columns."""
    address = f"file:{os.environ['BILLMANAGER_DATABASE']}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=30)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query.replace("%s", "?"), values)]
