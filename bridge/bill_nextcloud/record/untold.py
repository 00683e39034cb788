# SPDX-License-Identifier: GPL-3.0-or-later
"""Failures for good that BILLmanager did not take when they happened."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from bill_nextcloud.record.store import Store
from bill_nextcloud.record.tables import untold


class Untold:
    """Numbers of operations. Each method raises ``EngineUnavailable`` when the record's database fails."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, operation: int) -> None:
        """The failure of an operation is still to be told; as often as one likes."""

        def added(connection: Connection) -> None:
            connection.execute(delete(untold).where(untold.c.operation == operation))
            connection.execute(insert(untold).values(operation=operation))

        self._store.write(added)

    def remove(self, operation: int) -> None:
        """It was told, or need not be any more."""
        self._store.write(lambda connection: connection.execute(delete(untold).where(untold.c.operation == operation)))

    def all(self) -> list[int]:
        """Those that are still to be told."""
        with self._store.reading() as connection:
            return list(connection.execute(select(untold.c.operation).order_by(untold.c.operation)).scalars())
