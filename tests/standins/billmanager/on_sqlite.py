# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables in an SQLite file: nothing has to be installed for it, and a test has it at once.

During an outage the tables that others read have other names, so that every read by another program fails, also over a
connection that is open already. This stand-in gives them their names back for as long as one of its transactions lasts.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from _typeshed import StrPath

_HIDDEN = "standin_hidden_"


def create(path: Path, tables: str) -> None:
    """See `database.create`."""
    with connected(path) as connection:
        connection.execute("PRAGMA journal_mode = WAL")  # readers never wait for a writer, as with InnoDB
        connection.executescript(f"BEGIN; {tables} COMMIT;")


@contextmanager
def connected(path: StrPath) -> Iterator[sqlite3.Connection]:
    """A connection without a transaction."""
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    connection.row_factory = sqlite3.Row
    try:
        yield connection
    finally:
        connection.close()


def begin_writing(connection: sqlite3.Connection) -> None:
    """A killed process loses nothing; power may fail."""
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("BEGIN IMMEDIATE")


def begin_reading(connection: sqlite3.Connection) -> None:
    """To show hidden tables is to write."""
    connection.execute("BEGIN IMMEDIATE" if _hidden(connection) else "BEGIN")


@contextmanager
def shown(connection: sqlite3.Connection) -> Iterator[None]:
    """All tables have their names inside."""
    if not _hidden(connection):
        yield
        return
    _show(connection)
    yield
    _hide(connection)


def set_outage(path: Path, *, down: bool) -> None:
    """See `database.set_outage`."""
    with connected(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        if down and not _hidden(connection):
            _hide(connection)
        elif not down:
            _show(connection)
        connection.execute("COMMIT")


def is_down(connection: sqlite3.Connection) -> bool:
    """Whether an outage is on."""
    return bool(_hidden(connection))


def back_up(path: Path, copy: Path) -> None:
    """See `database.back_up`; `copy` becomes an SQLite file."""
    with connected(path) as connection, connected(copy) as target:
        connection.backup(target)


def restore(path: Path, copy: Path) -> None:
    """See `database.restore`."""
    with connected(path) as connection, connected(copy) as source:
        source.backup(connection)


def parameters(path: StrPath) -> dict[str, str]:
    """BILLmanager's database is MySQL. Here DBName is the path and the rest is empty: a module takes the address itself
    from its own settings (`Panel.database_url`)."""
    return {"DBHost": "", "DBUser": "", "DBPassword": "", "DBName": str(path), "DBSocket": ""}


def _hidden(connection: sqlite3.Connection) -> list[str]:
    return [name for name in _tables(connection) if name.startswith(_HIDDEN)]


def _show(connection: sqlite3.Connection) -> None:
    for name in _hidden(connection):
        connection.execute(f"ALTER TABLE {name} RENAME TO {name.removeprefix(_HIDDEN)}")


def _hide(connection: sqlite3.Connection) -> None:
    for name in _tables(connection):
        if not name.startswith(("standin_", "sqlite_")):
            connection.execute(f"ALTER TABLE {name} RENAME TO {_HIDDEN}{name}")


def _tables(connection: sqlite3.Connection) -> list[str]:
    return [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()]
