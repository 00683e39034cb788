# SPDX-License-Identifier: GPL-3.0-or-later
"""A real MariaDB server for tests, as BILLmanager's is one: its own data directory and socket, no network.

It is not durable, other than PostgreSQL's here: what BILLmanager has stored is its own affair, and tests do not end a
machine.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Sequence

import pymysql

from harness.database_server import DatabaseServer, NotInstalled

SYSTEM_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin"
SMALL_AND_QUICK = (
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
    "--innodb-doublewrite=0",
    "--innodb-file-per-table=0",
    "--innodb-buffer-pool-size=24M",
    "--innodb-log-file-size=8M",
    "--innodb-log-buffer-size=2M",
    "--key-buffer-size=1M",
    "--aria-pagecache-buffer-size=1M",
    "--sync-frm=0",
)


def find(program: str) -> str:
    """The path of ``program`` of MariaDB's. Raises :class:`NotInstalled`."""
    found = shutil.which(program, path=SYSTEM_PATH)
    if found is None:
        raise NotInstalled(f"{program} is not installed: apt-get install mariadb-server")
    return found


class MariaDB(DatabaseServer):
    """The server. ``options``: an option file with its administrator, for ``Panel.create``, which makes a database for
    each panel."""

    name = "MariaDB"

    def __init__(self) -> None:
        self._server, self._install = find("mariadbd"), find("mariadb-install-db")
        find("mariadb-dump")
        super().__init__("mysql")
        self._password = secrets.token_urlsafe(18)
        self.socket = self.directory / "socket"
        self.options = self.directory / "administrator.cnf"
        self._first = self.directory / "first.sql"

    def make(self) -> None:
        self.options.touch(mode=0o600)
        self.options.write_text(f"[client]\nuser = root\npassword = {self._password}\nsocket = {self.socket}\n")
        self._first.touch(mode=0o600)
        self._first.write_text(f"ALTER USER root@localhost IDENTIFIED BY '{self._password}';\n")
        self.give(self.directory, self._first)
        options = ("--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve")
        self.run([self._install, "--no-defaults", *self._places(), *options, *SMALL_AND_QUICK])

    def _places(self) -> tuple[str, ...]:
        # Without --no-defaults the machine's own files would name the places of its own server.
        return (f"--datadir={self.directory / 'data'}", f"--tmpdir={self.directory}")

    def command(self) -> Sequence[str]:
        return (
            *(self._server, "--no-defaults", *self._places()),
            *(f"--socket={self.socket}", f"--pid-file={self.directory / 'pid'}", "--skip-networking"),
            f"--init-file={self._first}",
            *SMALL_AND_QUICK,
        )

    def answers(self) -> bool:
        with contextlib.suppress(pymysql.MySQLError):
            pymysql.connect(unix_socket=str(self.socket), user="root", password=self._password).close()
            return True
        return False
