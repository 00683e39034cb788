# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables in a MariaDB, as those of a BILLmanager are.

An option file tells how it is reached: `[client]` is the server's administrator, as whom this stand-in comes, and
`[billmgr]` is BILLmanager's own user, whom `paramlist` names, with the name of the database. During an outage that user
is locked out and its connections are ended, as those of a server that stops.
"""

from __future__ import annotations

import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from configparser import RawConfigParser
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

# Its import doubles the time that pymysql's takes, and mgrctl, which is started several times per operation, would not
# use it: a password of the plug-in mysql_native_password needs none of it.
_without = "cryptography" not in sys.modules
if _without:
    sys.modules["cryptography"] = None  # type: ignore[assignment]
import pymysql  # noqa: E402
from pymysql.constants import FIELD_TYPE  # noqa: E402
from pymysql.converters import conversions  # noqa: E402

from .errors import Outage  # noqa: E402

if _without:
    del sys.modules["cryptography"]

if TYPE_CHECKING:
    from pathlib import Path

    from _typeshed import StrPath

# As of SQLite, which the stand-in is written for: dates are text, and any number is one.
_DATES: tuple[Any, ...] = (FIELD_TYPE.DATE, FIELD_TYPE.DATETIME, FIELD_TYPE.TIMESTAMP)
_CONVERSIONS: dict[Any, Any] = {
    **{kind: convert for kind, convert in conversions.items() if kind not in _DATES},
    FIELD_TYPE.DECIMAL: float,
    FIELD_TYPE.NEWDECIMAL: float,
}


class _Row(tuple[Any, ...]):
    """The values, also by the names of their columns."""

    names: tuple[str, ...]

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__(self.names.index(key) if isinstance(key, str) else key)

    def keys(self) -> tuple[str, ...]:
        return self.names


class _Connection:
    """A connection of pymysql as `connection.Connection`. `billmgr`: BILLmanager's own user."""

    def __init__(self, connection: pymysql.connections.Connection, billmgr: str) -> None:
        self._connection = connection
        self.billmgr = billmgr

    def execute(self, statement: str, values: Sequence[Any] = ()) -> _Cursor:
        cursor = self._connection.cursor()
        # Without values pymysql leaves a percent sign alone.
        cursor.execute(statement.replace("?", "%s"), tuple(values) or None)
        return _Cursor(cursor)


class _Cursor:
    def __init__(self, cursor: pymysql.cursors.Cursor) -> None:
        self.lastrowid = cursor.lastrowid
        names = tuple(column[0] for column in cursor.description or ())
        rows = [_Row(values) for values in cursor.fetchall()]
        for row in rows:
            row.names = names
        self._rows = iter(rows)

    def fetchone(self) -> Any:
        return next(self._rows, None)

    def fetchall(self) -> list[Any]:
        return list(self._rows)

    def __iter__(self) -> Iterator[Any]:
        return self._rows


def add(server: Path, path: Path) -> None:
    """Makes a database with a user of its own on the MariaDB of which the option file `server` names the administrator
    (`[client]` with user, password, socket), and the option file `path` for it."""
    options = _options(server)
    name = f"billmgr_{secrets.token_hex(4)}"
    password = secrets.token_urlsafe(18)
    options["billmgr"] = {"user": name, "password": password, "database": name}
    path.touch(mode=0o600)
    with path.open("w", encoding="utf-8") as file:
        options.write(file)
    with _connected(options, None) as connection:
        connection.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
        connection.execute(f"CREATE USER {name}@localhost IDENTIFIED BY ?", (password,))
        connection.execute(f"GRANT ALL ON {name}.* TO {name}@localhost")


def create(path: Path, tables: str) -> None:
    """See `database.create`."""
    with connected(path) as connection:
        for statement in tables.replace("AUTOINCREMENT", "AUTO_INCREMENT").split(";"):
            if statement.strip():
                connection.execute(statement)


@contextmanager
def connected(path: StrPath) -> Iterator[_Connection]:
    """A connection without a transaction; `Outage` when the server does not run."""
    options = _options(path)
    with _connected(options, options["billmgr"]["database"]) as connection:
        yield connection


def begin_writing(connection: _Connection) -> None:
    """One writer at a time, as with SQLite; what it reads behind the lock is the newest."""
    connection.execute("START TRANSACTION")
    connection.execute("SELECT seconds FROM standin_clock FOR UPDATE")


def begin_reading(connection: _Connection) -> None:
    """All statements see the same."""
    connection.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")


@contextmanager
def shown(_: _Connection) -> Iterator[None]:
    """Nothing is ever hidden from the administrator."""
    yield


def set_outage(path: Path, *, down: bool) -> None:
    """See `database.set_outage`."""
    with connected(path) as connection:
        user = connection.billmgr
        connection.execute(f"ALTER USER {user}@localhost ACCOUNT {'LOCK' if down else 'UNLOCK'}")
        theirs = "SELECT 1 FROM information_schema.processlist WHERE user = ?"
        while down and connection.execute(theirs, (user,)).fetchone():
            connection.execute(f"KILL USER {user}")
            time.sleep(0.01)


def is_down(connection: _Connection) -> bool:
    """Whether an outage is on; so it is when the server stops at this moment."""
    locked = "SELECT 1 FROM mysql.global_priv WHERE user = ? AND JSON_VALUE(priv, '$.account_locked')"
    try:
        return connection.execute(locked, (connection.billmgr,)).fetchone() is not None
    except pymysql.OperationalError:
        return True


def back_up(path: Path, copy: Path) -> None:
    """See `database.back_up`; `copy` becomes a dump."""
    with copy.open("wb") as dump:
        command = ["mariadb-dump", f"--defaults-file={path}", "--single-transaction"]
        subprocess.run([*command, _options(path)["billmgr"]["database"]], stdout=dump, check=True)


def restore(path: Path, copy: Path) -> None:
    """See `database.restore`. Meanwhile nobody else comes in: providers stop BILLmanager for it."""
    set_outage(path, down=True)
    with copy.open("rb") as dump:
        command = ["mariadb", f"--defaults-file={path}", _options(path)["billmgr"]["database"]]
        subprocess.run(command, stdin=dump, check=True)
    set_outage(path, down=False)


def parameters(path: StrPath) -> dict[str, str]:
    """The real ones: with them a module can connect."""
    options = _options(path)
    own = options["billmgr"]
    return {
        "DBHost": "localhost",
        "DBUser": own["user"],
        "DBPassword": own["password"],
        "DBName": own["database"],
        "DBSocket": options["client"]["socket"],
    }


def _options(path: StrPath) -> RawConfigParser:
    options = RawConfigParser()
    with open(path, encoding="utf-8") as file:
        options.read_file(file)
    return options


@contextmanager
def _connected(options: RawConfigParser, database: str | None) -> Iterator[_Connection]:
    client = options["client"]
    try:
        connection = pymysql.connect(
            unix_socket=client["socket"],
            user=client["user"],
            password=client["password"],
            database=database,
            conv=_CONVERSIONS,
            autocommit=True,
            ssl_disabled=True,
        )
    except pymysql.OperationalError as error:
        raise Outage(str(error)) from error
    try:
        yield _Connection(connection, options["billmgr"]["user"])
    finally:
        connection.close()
