# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens the bridge's own SQLite files so that many operations at once do not keep each other waiting."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import URL, Engine, create_engine, event

_BUSY_MILLISECONDS = 30_000
# SQLite takes one writer at a time, and who finds it busy sleeps and tries again, later and later: unfair, and seconds
# long among many. So few try at once, and the others wait here, in turn.
_PATIENCE_SECONDS = 300


def open_sqlite(url: URL | str, *, connections: int, synchronous: Literal["FULL", "NORMAL"]) -> Engine:
    """An SQLAlchemy engine on a file with a write-ahead log. ``synchronous``: with ``FULL`` a commit waits for the
    disk, with ``NORMAL`` a power cut may take the last ones; a killed process loses nothing either way.

    Raises SQLAlchemy's ``ArgumentError`` for an address that is none.
    """
    engine = create_engine(url, pool_size=connections, max_overflow=0, pool_timeout=_PATIENCE_SECONDS)

    def set_up(connection: Any, _: Any) -> None:
        # The driver begins transactions by itself only before a write, which would let two writers meet; so: at once.
        connection.isolation_level = "IMMEDIATE"
        connection.execute(f"PRAGMA busy_timeout={_BUSY_MILLISECONDS}")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={synchronous}")

    event.listen(engine, "connect", set_up)
    return engine
