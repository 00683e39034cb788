# SPDX-License-Identifier: GPL-3.0-or-later
"""A real PostgreSQL server for tests: its own data directory, a free port of the loopback, durable as in production."""

from __future__ import annotations

import secrets
import shutil
import signal
import socket
from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg import sql

from harness.database_server import DatabaseServer, NotInstalled

DEBIAN = Path("/usr/lib/postgresql")
OWNER = "bridge"


def find_binaries() -> Path:
    """The directory with ``initdb`` and ``postgres``: Debian's newest, else where PATH has them. Raises
    :class:`NotInstalled`."""
    versions = [path.parent for path in DEBIAN.glob("*/bin/initdb") if path.parents[1].name.isdigit()]
    if versions:
        return max(versions, key=lambda path: int(path.parent.name))
    found = shutil.which("initdb")
    if found is None:
        raise NotInstalled("PostgreSQL is not installed: apt-get install postgresql")
    return Path(found).resolve().parent


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class PostgreSQL(DatabaseServer):
    """The server. ``url``: the superuser's address."""

    name = "PostgreSQL"
    # An immediate shutdown, which also takes the server's processes along.
    dies_of = "QUIT"
    ends_by = signal.SIGINT

    def __init__(self) -> None:
        self._binaries = find_binaries()
        super().__init__("postgres")
        self._password, self._owner_password = secrets.token_urlsafe(18), secrets.token_urlsafe(18)
        self._port = free_port()
        self.url = self._address("postgres", self._password, "postgres")

    def _address(self, user: str, password: str, database: str) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self._port}/{database}"

    def make(self) -> None:
        password_file = self.directory / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(self._password)
        self.give(self.directory, password_file)
        # --no-sync is about the new directory alone; the server itself writes through (fsync is on).
        options = ["--no-sync", "--auth=scram-sha-256", "--username=postgres", "--encoding=UTF8", "--locale=C"]
        places = [f"--pgdata={self.directory / 'data'}", f"--pwfile={password_file}"]
        self.run([str(self._binaries / "initdb"), *places, *options])
        password_file.unlink()

    def command(self) -> Sequence[str]:
        return (
            *(str(self._binaries / "postgres"), "-D", str(self.directory / "data")),
            *("-c", "listen_addresses=127.0.0.1"),
            *("-c", f"port={self._port}"),
            *("-c", "unix_socket_directories="),
        )

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def prepare(self) -> None:
        statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
        self._execute(statement.format(sql.Identifier(OWNER), sql.Literal(self._owner_password)))

    def create_database(self, name: str) -> str:
        """A new empty database, and the address for its owner, who may do nothing beyond it."""
        self._execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(OWNER)))
        return self._address(OWNER, self._owner_password, name)

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)
