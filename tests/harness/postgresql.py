# SPDX-License-Identifier: GPL-3.0-or-later
"""A real PostgreSQL server for tests: its own data directory, a free port of the loopback, durable as in production."""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

START_SECONDS = 60
DEBIAN = Path("/usr/lib/postgresql")
OWNER = "bridge"
# QUIT: an immediate shutdown, which also takes the server's processes along. Here the signal is armed after the change
# of user, which would clear it. The comparison closes the gap between the start and the arming.
DYING_WITH_PARENT = ("--pdeathsig", "QUIT", "sh", "-c", 'test "$PPID" = "$0" && exec "$@"')


class NotInstalled(Exception):
    """The machine has no PostgreSQL server."""


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


def unprivileged() -> pwd.struct_passwd | None:
    """The user to start the server as when this is root, which PostgreSQL refuses; ``None`` for any other user."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class PostgreSQL:
    """The server, running inside a ``with`` block; its data is removed afterwards. ``url``: the superuser's address.

    It dies with the thread that called :meth:`start`.
    """

    def __init__(self) -> None:
        self._binaries = find_binaries()
        self._user = unprivileged()
        self._password, self._owner_password = secrets.token_urlsafe(18), secrets.token_urlsafe(18)
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        # Not below pytest's directories: those are closed to the other user.
        self.directory = Path(tempfile.mkdtemp(prefix="pg-"))
        self.log = self.directory / "server.log"
        self.url = self._address("postgres", self._password, "postgres")

    def _address(self, user: str, password: str, database: str) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self._port}/{database}"

    def __enter__(self) -> PostgreSQL:
        try:
            self._make()
            self.start()
            self._execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                    sql.Identifier(OWNER), sql.Literal(self._owner_password)
                )
            )
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._end(signal.SIGQUIT)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _make(self) -> None:
        password_file = self.directory / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(self._password)
        if self._user is not None:
            for path in (self.directory, password_file):
                os.chown(path, self._user.pw_uid, self._user.pw_gid)
        # --no-sync is about the new directory alone; the server itself writes through (fsync is on).
        options = ["--no-sync", "--auth=scram-sha-256", "--username=postgres", "--encoding=UTF8", "--locale=C"]
        subprocess.run(
            [
                *self._as_user(),
                str(self._binaries / "initdb"),
                f"--pgdata={self.directory / 'data'}",
                f"--pwfile={password_file}",
                *options,
            ],
            check=True,
            capture_output=True,
            cwd=self.directory,
        )
        password_file.unlink()

    def _as_user(self) -> list[str]:
        if self._user is None:
            return ["setpriv"]
        return ["setpriv", f"--reuid={self._user.pw_uid}", f"--regid={self._user.pw_gid}", "--clear-groups"]

    def start(self) -> None:
        """Start the server, again after :meth:`stop` or :meth:`kill`, and wait until it takes connections."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *self._as_user(),
                    *DYING_WITH_PARENT,
                    str(os.getpid()),
                    str(self._binaries / "postgres"),
                    *("-D", str(self.directory / "data")),
                    *("-c", "listen_addresses=127.0.0.1"),
                    *("-c", f"port={self._port}"),
                    *("-c", "unix_socket_directories="),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.directory,
                # Ctrl-C is for the tests, which end everything in order.
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{self.log.read_text(errors='replace')}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """Shut down as an administrator does: connections are ended, everything is written out."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """kill -9 of the server and of all its processes."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        assert self._process is not None
        children: list[psutil.Process] = []
        with contextlib.suppress(psutil.NoSuchProcess):
            children = psutil.Process(self._process.pid).children(recursive=True)
        self._process.send_signal(number)
        if number == signal.SIGKILL:
            for child in children:
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
        self._process.wait(30)
        # The next start would refuse the data directory while one of them lives.
        psutil.wait_procs(children, timeout=30)

    def create_database(self, name: str) -> str:
        """A new empty database, and the address for its owner, who may do nothing beyond it."""
        self._execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(OWNER)))
        return self._address(OWNER, self._owner_password, name)

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)
