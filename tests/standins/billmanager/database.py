# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel's way to its database, and what can befall the database: an outage, a restore from a backup.

During an outage the tables that others read have other names, so that every read by another program fails, also over a
connection that is open already. This stand-in gives them their names back for as long as one of its transactions lasts.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_HIDDEN = "standin_hidden_"


@contextmanager
def transaction(path: Path) -> Iterator[sqlite3.Connection]:
    """One write transaction on the database at `path`: committed at the end, rolled back on any error.

    Each use has a connection of its own, so threads and processes may use it at the same time.
    """
    with _connected(path) as connection:
        connection.execute("PRAGMA synchronous = NORMAL")  # a killed process loses nothing; power may fail
        connection.execute("BEGIN IMMEDIATE")
        try:
            with _shown(connection):
                yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """One consistent view of the database at `path`."""
    with _connected(path) as connection:
        connection.execute("BEGIN IMMEDIATE" if _hidden(connection) else "BEGIN")
        with _shown(connection):
            yield connection
        connection.execute("ROLLBACK")


def set_outage(path: Path, *, down: bool) -> None:
    """Begins or ends an outage of the database at `path`; nothing happens when it is so already."""
    with _connected(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        if down and not _hidden(connection):
            _hide(connection)
        elif not down:
            _show(connection)
        connection.execute("COMMIT")


def is_down(path: Path) -> bool:
    """Whether an outage is on."""
    with _connected(path) as connection:
        return bool(_hidden(connection))


def back_up(path: Path, copy: Path) -> None:
    """Copies the database at `path` to the new file `copy`."""
    with _connected(path) as connection, _connected(copy) as target:
        connection.backup(target)


def restore(path: Path, copy: Path) -> None:
    """Puts the content of `copy` in the place of that of the database at `path`. The panel's clock goes on."""
    with _connected(path) as connection, _connected(copy) as source:
        (ahead,) = connection.execute("SELECT seconds FROM standin_clock").fetchone()
        source.backup(connection)
        connection.execute("UPDATE standin_clock SET seconds = ?", (ahead,))


@contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    connection.row_factory = sqlite3.Row
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def _shown(connection: sqlite3.Connection) -> Iterator[None]:
    if not _hidden(connection):
        yield
        return
    _show(connection)
    yield
    _hide(connection)


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
