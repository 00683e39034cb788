# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens the engine's SQLite file so that many operations at once do not keep each other waiting."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, create_engine, event

_BUSY_MILLISECONDS = 30_000
# SQLite takes one writer at a time, and who finds it busy sleeps and tries again, later and later: unfair, and seconds
# long among many. So few try at once, and the others wait here, in turn.
_CONNECTIONS = 4
_PATIENCE_SECONDS = 300


def sqlite_engine(url: str) -> Engine:
    """An SQLAlchemy engine for DBOS (``system_database_engine``) on the SQLite file of ``url``."""
    engine = create_engine(url, pool_size=_CONNECTIONS, max_overflow=0, pool_timeout=_PATIENCE_SECONDS)
    event.listen(engine, "connect", _set_up)
    return engine


def _set_up(connection: Any, _: Any) -> None:
    # As DBOS does for an engine of its own.
    connection.isolation_level = "IMMEDIATE"
    connection.execute(f"PRAGMA busy_timeout={_BUSY_MILLISECONDS}")
    connection.execute("PRAGMA foreign_keys=ON")
    # Readers wait for nobody, and a commit need not wait for the disk: what was acknowledged is on record (which does
    # wait), and what a power cut takes from here, the last moments, is handed over again from there. A killed process
    # loses nothing.
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
