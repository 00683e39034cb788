# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .. import processes
from ..cloud import Config
from ..errors import DatabaseError
from .database import Database, ends_with, wait_for

_DEBIAN = Path("/usr/lib/postgresql")
_SCRATCH = "postgres"
_EMPTY = """
DO $$
DECLARE one record;
BEGIN
  FOR one IN SELECT c.relname, c.relkind FROM pg_class c
             WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('v', 'm', 'r', 'p')
             ORDER BY c.relkind DESC LOOP
    EXECUTE format('DROP %s IF EXISTS %I CASCADE', CASE one.relkind WHEN 'v' THEN 'VIEW' WHEN 'm'
                   THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END, one.relname);
  END LOOP;
  FOR one IN SELECT c.relname FROM pg_class c
             WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'S' LOOP
    EXECUTE format('DROP SEQUENCE IF EXISTS %I CASCADE', one.relname);
  END LOOP;
END $$
"""


class PostgreSQL(Database):
    """A database that is reached with a file of passwords."""

    kind = "pgsql"

    def __init__(self, place: tuple[str, ...], name: str, prefix: str, password_file: Path) -> None:
        super().__init__(prefix)
        self._place = (*place, "--no-password")
        self._name = name
        self._variables = {"PGPASSFILE": str(password_file)}

    @classmethod
    def of(cls, config: Config, private: Path) -> PostgreSQL:
        """The one that a config names."""
        host, colon, port = config.text("dbhost", "localhost").rpartition(":")
        if not colon or (":" in host and not host.startswith("[")) or not port.isdigit():
            host, port = config.text("dbhost", "localhost"), config.text("dbport")
        place = [f"--host={host.strip('[]')}", f"--username={config.text('dbuser')}"]
        if port:
            place.append(f"--port={port}")
        path = _password_file(private, config.text("dbpassword"))
        return cls(tuple(place), config.text("dbname"), config.prefix, path)

    def _run(
        self, program: str, *arguments: str, input_file: Path | None = None, output_file: Path | None = None
    ) -> str:
        path = processes.find(program)
        if path is None:
            raise DatabaseError(f"{program} is not installed: the client programs of PostgreSQL are needed")
        command = [path, *self._place, f"--dbname={self._name}", *arguments]
        done = processes.run(command, variables=self._variables, input_file=input_file, output_file=output_file)
        if done.returncode != 0:
            raise DatabaseError(f"{program} failed for the database {self._name}: {done.said}")
        return done.output

    def dump(self, target: Path) -> None:
        self._run("pg_dump", "--no-owner", "--no-privileges", "--encoding=UTF8", output_file=target)
        ends_with(target, b"-- PostgreSQL database dump complete")

    def _query(self, statement: str) -> list[str]:
        options = ("--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1")
        return self._run("psql", *options, f"--command={statement}").splitlines()

    def tables(self) -> list[str]:
        return sorted(self._query("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"))

    def count(self, table: str) -> int:
        name = '"' + table.replace('"', '""') + '"'
        return int(self._query(f"SELECT COUNT(*) FROM {name}")[0])  # noqa: S608

    def replace(self, dump: Path) -> None:
        self._query(_EMPTY)
        options = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction", "--output=/dev/null")
        self._run("psql", *options, input_file=dump)

    @classmethod
    @contextmanager
    def scratch(cls, directory: Path, prefix: str) -> Iterator[Database]:
        binaries = _binaries()
        user = processes.User.named("postgres")
        data = directory / "postgresql"
        sockets = Path(tempfile.mkdtemp(prefix="nextcloud-backup-"))
        try:
            data.mkdir(mode=0o700)
            for path in (data, sockets):
                os.chown(path, user.uid, user.gid)
            # Nobody else can reach the socket, so that no password is needed.
            options = ("--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync")
            made = processes.run([str(binaries / "initdb"), f"--pgdata={data}", *options], user=user)
            if made.returncode != 0:
                raise DatabaseError(f"initdb failed: {made.said}")
            settings = ("-c", "listen_addresses=", "-c", f"unix_socket_directories={sockets}", "-c", "fsync=off")
            with processes.server([str(binaries / "postgres"), "-D", str(data), *settings], user) as process:
                place = (f"--host={sockets}", "--username=postgres")
                found = cls(place, _SCRATCH, prefix, _password_file(directory, ""))
                wait_for(found._query, lambda: process.poll() is None, "PostgreSQL")
                yield found
        finally:
            shutil.rmtree(sockets)


def _binaries() -> Path:
    versions = [path.parent for path in _DEBIAN.glob("*/bin/initdb") if path.parents[1].name.isdigit()]
    if versions:
        return max(versions, key=lambda path: int(path.parent.name))
    found = processes.find("initdb")
    if found is None:
        raise DatabaseError(
            "the server of PostgreSQL is not installed here, and a restore test of this database needs it"
        )
    return Path(os.path.realpath(found)).parent


def _password_file(directory: Path, password: str) -> Path:
    path = directory / "pgpass"
    escaped = password.replace("\\", "\\\\").replace(":", "\\:")
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(f"*:*:*:*:{escaped}\n")
    return path
