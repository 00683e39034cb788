# SPDX-License-Identifier: GPL-3.0-or-later
"""A real MariaDB server for tests, as BILLmanager's is one: its own data directory and socket, no network.

It is not durable, other than PostgreSQL's here: what BILLmanager has stored is its own affair, and tests do not end a
machine.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pymysql

START_SECONDS = 60
SYSTEM_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin"
# The signal is armed after the change of user, which would clear it. The comparison closes the gap between the start
# and the arming.
DYING_WITH_PARENT = ("--pdeathsig", "KILL", "sh", "-c", 'test "$PPID" = "$0" && exec "$@"')
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


class NotInstalled(Exception):
    """The machine has no MariaDB server."""


def find(program: str) -> str:
    """The path of ``program`` of MariaDB's. Raises :class:`NotInstalled`."""
    found = shutil.which(program, path=SYSTEM_PATH)
    if found is None:
        raise NotInstalled(f"{program} is not installed: apt-get install mariadb-server")
    return found


def unprivileged() -> pwd.struct_passwd | None:
    """The user to start the server as when this is root, which MariaDB refuses; ``None`` for any other user."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("mysql")
    except KeyError:
        return pwd.getpwnam("nobody")


class MariaDB:
    """The server, running inside a ``with`` block; its data is removed afterwards. ``options``: an option file with its
    administrator, for ``Panel.create``, which makes a database for each panel.

    It dies with the thread that called :meth:`start`.
    """

    def __init__(self) -> None:
        self._server, self._install = find("mariadbd"), find("mariadb-install-db")
        find("mariadb-dump")
        self._user = unprivileged()
        self._password = secrets.token_urlsafe(18)
        self._process: subprocess.Popen[bytes] | None = None
        # Not below pytest's directories: those are closed to the other user, and too long for a socket.
        self.directory = Path(tempfile.mkdtemp(prefix="mariadb-"))
        self.socket = self.directory / "socket"
        self.log = self.directory / "server.log"
        self.options = self.directory / "administrator.cnf"
        self._first = self.directory / "first.sql"

    def __enter__(self) -> MariaDB:
        try:
            self._make()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _make(self) -> None:
        self.options.touch(mode=0o600)
        self.options.write_text(f"[client]\nuser = root\npassword = {self._password}\nsocket = {self.socket}\n")
        self._first.touch(mode=0o600)
        self._first.write_text(f"ALTER USER root@localhost IDENTIFIED BY '{self._password}';\n")
        if self._user is not None:
            for path in (self.directory, self._first):
                os.chown(path, self._user.pw_uid, self._user.pw_gid)
        subprocess.run(
            [
                *(*self._as_user(), self._install, "--no-defaults", *self._places()),
                *("--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"),
                *SMALL_AND_QUICK,
            ],
            check=True,
            capture_output=True,
            cwd=self.directory,
        )

    def _places(self) -> tuple[str, ...]:
        # Without --no-defaults the machine's own files would name the places of its own server.
        return (f"--datadir={self.directory / 'data'}", f"--tmpdir={self.directory}")

    def _as_user(self) -> list[str]:
        if self._user is None:
            return ["setpriv"]
        return ["setpriv", f"--reuid={self._user.pw_uid}", f"--regid={self._user.pw_gid}", "--clear-groups"]

    def start(self) -> None:
        """Start the server, again after :meth:`stop` or :meth:`kill`, and wait until it takes connections."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(*self._as_user(), *DYING_WITH_PARENT, str(os.getpid())),
                    *(self._server, "--no-defaults", *self._places()),
                    *(f"--socket={self.socket}", f"--pid-file={self.directory / 'pid'}", "--skip-networking"),
                    f"--init-file={self._first}",
                    *SMALL_AND_QUICK,
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
                raise RuntimeError(f"MariaDB did not start:\n{self.log.read_text(errors='replace')}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        with contextlib.suppress(pymysql.MySQLError):
            pymysql.connect(unix_socket=str(self.socket), user="root", password=self._password).close()
            return True
        return False

    def stop(self) -> None:
        """Shut down as an administrator does: connections are ended, everything is written out."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)
        self._process.wait(30)
