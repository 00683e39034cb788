# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel's way to its database, and what can befall the database: an outage, a restore from a backup.

The tables are in an SQLite file, or in a MariaDB, as BILLmanager's are (`on_sqlite`, `on_mariadb`). What a caller names
is a file in both cases: the SQLite file itself, or the option file that tells how the MariaDB is reached.
"""

from __future__ import annotations

import os
from contextlib import contextmanager

from .errors import Outage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from _typeshed import StrPath

    from .connection import Connection, Kind


def _kind(path: StrPath) -> Kind:
    # mgrctl is started several times per operation: it imports one of the two.
    if os.fspath(path).endswith(".cnf"):
        from . import on_mariadb

        return on_mariadb  # type: ignore[return-value]  # it takes connections of its own only
    from . import on_sqlite

    return on_sqlite  # type: ignore[return-value]  # it takes connections of its own only


@contextmanager
def transaction(path: StrPath, *, in_outage: bool = True) -> Iterator[Connection]:
    """One write transaction on the database of `path`: committed at the end, rolled back on any error. There is one at
    a time.

    Each use has a connection of its own, so threads and processes may use it at the same time. `Outage` while one is
    on, unless `in_outage`, and when the database's server does not run.
    """
    kind = _kind(path)
    with kind.connected(path) as connection:
        _check(kind, connection, in_outage)
        kind.begin_writing(connection)
        try:
            with kind.shown(connection):
                yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


@contextmanager
def reading(path: StrPath, *, in_outage: bool = True) -> Iterator[Connection]:
    """One consistent view of the database of `path`. `Outage` as with `transaction`."""
    kind = _kind(path)
    with kind.connected(path) as connection:
        _check(kind, connection, in_outage)
        kind.begin_reading(connection)
        with kind.shown(connection):
            yield connection
        connection.execute("ROLLBACK")


def _check(kind: Kind, connection: Connection, in_outage: bool) -> None:
    if not in_outage and kind.is_down(connection):
        raise Outage


def create(path: Path, tables: str) -> None:
    """Makes `tables` in the empty database of `path`: statements of SQLite, each with a semicolon behind it."""
    _kind(path).create(path, tables)


def set_outage(path: Path, *, down: bool) -> None:
    """Begins or ends an outage of the database of `path`; nothing happens when it is so already.

    Every read by another program fails, also over a connection that is open already. This stand-in goes on.
    """
    _kind(path).set_outage(path, down=down)


def back_up(path: Path, copy: Path) -> None:
    """Copies the content of the database of `path` to the new file `copy`."""
    _kind(path).back_up(path, copy)


def restore(path: Path, copy: Path) -> None:
    """Puts the content of `copy` in the place of that of the database of `path`. The panel's clock goes on."""
    with reading(path) as connection:
        (ahead,) = connection.execute("SELECT seconds FROM standin_clock").fetchone()
    _kind(path).restore(path, copy)
    with transaction(path) as connection:
        connection.execute("UPDATE standin_clock SET seconds = ?", (ahead,))


def parameters(path: StrPath) -> dict[str, str]:
    """What `mgrctl paramlist` tells of the database of `path`: DBHost and so on."""
    return _kind(path).parameters(path)
