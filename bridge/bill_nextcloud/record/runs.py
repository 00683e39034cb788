# SPDX-License-Identifier: GPL-3.0-or-later
"""Which playbook runs were begun for which operation: on record before they begin, so that a killed one is, too."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, union

from bill_nextcloud.record.store import Store
from bill_nextcloud.record.tables import attempt as attempts
from bill_nextcloud.record.tables import operation as operations
from bill_nextcloud.record.tables import run as runs


def runs_of_client(connection: Connection, client: int) -> list[str]:
    """The runs of a client's operations; also those that an earlier version only noted at their end."""
    mine = operations.c.client == client
    query = union(
        select(runs.c.ident).join(operations, operations.c.id == runs.c.operation).where(mine),
        select(attempts.c.run)
        .join(operations, operations.c.id == attempts.c.operation)
        .where(mine, attempts.c.run.is_not(None)),
    )
    return sorted(str(row[0]) for row in connection.execute(query))


@dataclass(frozen=True)
class RunRow:
    """One run of one operation. ``ident`` names its artifacts; ``looks``: it changed nothing."""

    ident: str
    operation: int
    at: float
    looks: bool


class RunsOnRecord:
    """Each method raises ``EngineUnavailable`` when the record's database fails."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def begin(self, ident: str, operations: Sequence[int], *, looks: bool) -> None:
        """A run is about to begin for ``operations`` (their numbers)."""
        now = time.time()
        rows = [{"ident": ident, "operation": number, "at": now, "looks": looks} for number in operations]

        def begun(connection: Connection) -> None:
            connection.execute(insert(runs), rows)

        if rows:
            self._store.write(begun)

    def of(self, operation: int) -> list[RunRow]:
        """The runs of an operation, in order."""
        query = select(runs).where(runs.c.operation == operation).order_by(runs.c.at, runs.c.ident)
        with self._store.reading() as connection:
            return [RunRow(**row._mapping) for row in connection.execute(query)]
