# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel's way to its database, and what can befall the database: an outage, a restore from a backup.

The tables are in an SQLite file, or in a MariaDB, as BILLmanager's are (`on_sqlite`, `on_mariadb`). What a caller names
is a file in both cases: the SQLite file itself, or the option file that tells how the MariaDB is reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol, cast


class Row(Protocol):
    """A row: its values in order, and by the names of their columns."""

    def __getitem__(self, key: Any, /) -> Any: ...
    def __iter__(self) -> Iterator[Any]: ...
    def keys(self) -> Iterable[str]: ...


class Cursor(Protocol):
    """What a statement has found (each of it a `Row`) or done."""

    @property
    def lastrowid(self) -> int | None: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...
    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """The little of a connection that is used here. Values stand for `?` in a statement; dates are text."""

    def execute(self, statement: str, values: Sequence[Any] = ..., /) -> Cursor: ...


class _Kind(Protocol):
    """What `on_sqlite` and `on_mariadb` are."""

    def create(self, path: Path, tables: str) -> None: ...
    def connected(self, path: Path) -> AbstractContextManager[Connection]: ...
    def begin_writing(self, connection: Connection) -> None: ...
    def begin_reading(self, connection: Connection) -> None: ...
    def shown(self, connection: Connection) -> AbstractContextManager[None]: ...
    def set_outage(self, path: Path, *, down: bool) -> None: ...
    def is_down(self, path: Path) -> bool: ...
    def back_up(self, path: Path, copy: Path) -> None: ...
    def restore(self, path: Path, copy: Path) -> None: ...
    def parameters(self, path: Path) -> dict[str, str]: ...


def _kind(path: Path) -> _Kind:
    # mgrctl is started several times per operation: it imports one of the two.
    if path.suffix == ".cnf":
        from . import on_mariadb

        return cast(_Kind, on_mariadb)
    from . import on_sqlite

    return cast(_Kind, on_sqlite)


@contextmanager
def transaction(path: Path) -> Iterator[Connection]:
    """One write transaction on the database of `path`: committed at the end, rolled back on any error. There is one at
    a time.

    Each use has a connection of its own, so threads and processes may use it at the same time.
    """
    kind = _kind(path)
    with kind.connected(path) as connection:
        kind.begin_writing(connection)
        try:
            with kind.shown(connection):
                yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


@contextmanager
def reading(path: Path) -> Iterator[Connection]:
    """One consistent view of the database of `path`."""
    kind = _kind(path)
    with kind.connected(path) as connection:
        kind.begin_reading(connection)
        with kind.shown(connection):
            yield connection
        connection.execute("ROLLBACK")


def create(path: Path, tables: str) -> None:
    """Makes `tables` in the empty database of `path`: statements of SQLite, each with a semicolon behind it."""
    _kind(path).create(path, tables)


def set_outage(path: Path, *, down: bool) -> None:
    """Begins or ends an outage of the database of `path`; nothing happens when it is so already.

    Every read by another program fails, also over a connection that is open already. This stand-in goes on.
    """
    _kind(path).set_outage(path, down=down)


def is_down(path: Path) -> bool:
    """Whether an outage is on."""
    return _kind(path).is_down(path)


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


def parameters(path: Path) -> dict[str, str]:
    """What `mgrctl paramlist` tells of the database of `path`: DBHost and so on."""
    return _kind(path).parameters(path)
