# SPDX-License-Identifier: GPL-3.0-or-later
"""A database server that tests start and end: it has a directory of its own, and dies with what started it."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import psutil

START_SECONDS = 60


class NotInstalled(Exception):
    """The machine has no such server."""


def unprivileged(name: str) -> pwd.struct_passwd | None:
    """The user ``name``, or nobody, to start a server as when this is root, which servers refuse; ``None`` for any
    other user."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return pwd.getpwnam("nobody")


class DatabaseServer:
    """A server inside a ``with`` block; its data is removed afterwards. It dies with the thread that called
    :meth:`start`, by the signal ``dies_of`` (of ``setpriv``), and is told to shut down by ``ends_by``."""

    name: str
    dies_of = "KILL"
    ends_by = signal.SIGTERM

    def __init__(self, user: str) -> None:
        """``user``: the one of Debian's package."""
        self._user = unprivileged(user)
        self._process: subprocess.Popen[bytes] | None = None
        # Not below pytest's directories: those are closed to the other user, and too long for a socket.
        self.directory = Path(tempfile.mkdtemp(prefix=f"{user}-"))
        self.log = self.directory / "server.log"

    def __enter__(self) -> Self:
        try:
            self.make()
            self.start()
            self.prepare()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def make(self) -> None:
        """Make the data directory."""
        raise NotImplementedError

    def command(self) -> Sequence[str]:
        """What starts the server."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether it takes connections."""
        raise NotImplementedError

    def prepare(self) -> None:
        """What is to be done when it takes connections for the first time."""

    def give(self, *paths: Path) -> None:
        """Make ``paths`` the server's."""
        if self._user is not None:
            for path in paths:
                os.chown(path, self._user.pw_uid, self._user.pw_gid)

    def run(self, command: Sequence[str]) -> None:
        """Run ``command`` to its end, as the server's user."""
        subprocess.run([*self._as_user(), *command], check=True, capture_output=True, cwd=self.directory)

    def _as_user(self) -> list[str]:
        if self._user is None:
            return ["setpriv"]
        return ["setpriv", f"--reuid={self._user.pw_uid}", f"--regid={self._user.pw_gid}", "--clear-groups"]

    def start(self) -> None:
        """Start the server, again after :meth:`stop` or :meth:`kill`, and wait until it takes connections."""
        # The signal is armed after the change of user, which would clear it. The comparison closes the gap between the
        # start and the arming.
        dying = ("--pdeathsig", self.dies_of, "sh", "-c", 'test "$PPID" = "$0" && exec "$@"', str(os.getpid()))
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._as_user(), *dying, *self.command()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.directory,
                # Ctrl-C is for the tests, which end everything in order.
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} did not start:\n{self.log.read_text(errors='replace')}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Shut down as an administrator does: connections are ended, everything is written out."""
        self._end(self.ends_by)

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
