# SPDX-License-Identifier: GPL-3.0-or-later
"""MariaDB and MySQL."""

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

_DUMP = (
    "--single-transaction",  # one moment, and nobody waits
    "--quick",
    "--routines",
    "--hex-blob",
    "--no-tablespaces",  # would need a right on the whole server
    "--skip-dump-date",
    "--default-character-set=utf8mb4",
)
# For a server that lives for minutes: it waits for no disk.
_SMALL = (
    *("--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync", "--innodb-doublewrite=0"),
    *("--innodb-buffer-pool-size=64M", "--innodb-log-file-size=16M", "--innodb-file-per-table=0", "--skip-log-bin"),
)
_SCRATCH = "scratch"


class MySQL(Database):
    """A database that is reached with an option file, which is all that its programs read."""

    kind = "mysql"

    def __init__(self, options: Path, name: str, prefix: str) -> None:
        super().__init__(prefix)
        self._options = options
        self._name = name

    @classmethod
    def of(cls, config: Config, private: Path) -> MySQL:
        """The one that a config names."""
        options = {"user": config.text("dbuser"), "password": config.text("dbpassword"), **_place(config)}
        return cls(_option_file(private, options), config.text("dbname"), config.prefix)

    def _command(self, *names: str) -> list[str]:
        program = processes.find(*names)
        if program is None:
            raise DatabaseError(f"{names[0]} is not installed: the client programs of the database are needed")
        # Not --defaults-extra-file: ~/.my.cnf of the administrator would overrule it.
        return [program, f"--defaults-file={self._options}"]

    def dump(self, target: Path) -> None:
        command = [*self._command("mariadb-dump", "mysqldump"), *_DUMP, "--", self._name]
        done = processes.run(command, output_file=target)
        if done.returncode != 0:
            raise DatabaseError(f"the dump of the database {self._name} failed: {done.said}")
        ends_with(target, b"-- Dump completed")

    def _query(self, statement: str) -> list[str]:
        done = processes.run(
            [
                *self._command("mariadb", "mysql"),
                *("--batch", "--skip-column-names", "--default-character-set=utf8mb4", "-e", statement),
                f"--database={self._name}",
            ]
        )
        if done.returncode != 0:
            raise DatabaseError(f"the database {self._name} cannot be read or written: {done.said}")
        return done.output.splitlines()

    def _named(self, kind: str) -> list[str]:
        return self._query(
            "SELECT table_name FROM information_schema.tables"  # noqa: S608
            f" WHERE table_schema = DATABASE() AND table_type = '{kind}'"
        )

    def tables(self) -> list[str]:
        return sorted(self._named("BASE TABLE"))

    def count(self, table: str) -> int:
        return int(self._query(f"SELECT COUNT(*) FROM {_quoted(table)}")[0])  # noqa: S608

    def replace(self, dump: Path) -> None:
        drops = [f"DROP VIEW {_quoted(view)};" for view in self._named("VIEW")]
        drops += [f"DROP TABLE {_quoted(table)};" for table in self.tables()]
        if drops:
            self._query("SET FOREIGN_KEY_CHECKS = 0; " + " ".join(drops))
        # In this mode a dump gives the client no commands of its own, such as \! for a shell.
        options = ("--binary-mode", "--default-character-set=utf8mb4", f"--database={self._name}")
        command = [*self._command("mariadb", "mysql"), *options]
        done = processes.run(command, input_file=dump)
        if done.returncode != 0:
            raise DatabaseError(f"loading the dump into the database {self._name} failed: {done.said}")

    @classmethod
    @contextmanager
    def scratch(cls, directory: Path, prefix: str) -> Iterator[Database]:
        install, server = processes.find("mariadb-install-db"), processes.find("mariadbd")
        if install is None or server is None:
            raise DatabaseError("mariadbd is not installed here, and a restore test of this database needs it")
        user = processes.User.named("mysql")
        data = directory / "mariadb"
        # The name of a socket may have 107 characters, fewer than that of a directory.
        sockets = Path(tempfile.mkdtemp(prefix="nextcloud-backup-"))
        try:
            data.mkdir(mode=0o700)
            for path in (data, sockets):
                os.chown(path, user.uid, user.gid)
            places = ("--no-defaults", f"--datadir={data}", f"--tmpdir={sockets}")
            # --force: also where this server's name and `localhost` cannot be looked up. Nobody connects by a name.
            options = ("--auth-root-authentication-method=normal", "--skip-test-db", "--force")
            made = processes.run([install, *places, *_SMALL, *options], user=user)
            if made.returncode != 0:
                raise DatabaseError(f"mariadb-install-db failed: {made.said}")
            socket = sockets / "socket"
            # Nobody else can reach the socket, so that no password is needed.
            client = _option_file(directory, {"user": "root", "socket": str(socket)})
            command = [server, *places, f"--socket={socket}", f"--pid-file={sockets}/pid", "--skip-networking", *_SMALL]
            with processes.server(command, user) as process:
                first = cls(client, "mysql", prefix)
                wait_for(first._query, lambda: process.poll() is None, "MariaDB")
                first._query(f"CREATE DATABASE {_SCRATCH} CHARACTER SET utf8mb4")
                yield cls(client, _SCRATCH, prefix)
        finally:
            shutil.rmtree(sockets)


def _place(config: Config) -> dict[str, str]:
    """`host`, `host:port`, `host:/socket`, `[address]:port`: as the cloud reads `dbhost`."""
    host, colon, rest = config.text("dbhost", "localhost").rpartition(":")
    if not colon or (":" in host and not host.startswith("[")):
        host, rest = config.text("dbhost", "localhost"), config.text("dbport")
    host = host.strip("[]")
    if rest.startswith("/"):
        return {"socket": rest}
    return {"host": host, **({"port": rest} if rest else {})}


def _option_file(directory: Path, options: dict[str, str]) -> Path:
    path = directory / "client.cnf"
    lines = [f'{key} = "{_escaped(value)}"\n' for key, value in options.items()]
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        # A server that somebody else has could ask for files of root's.
        file.write("[client]\nloose-local-infile = 0\n" + "".join(lines))
    return path


def _escaped(value: str) -> str:
    # A line break would end the value, and begin another option.
    for character, escape in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r")):
        value = value.replace(character, escape)
    return value


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
