# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts programs: from lists, with an environment of their own, and never to outlive this one."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Any

from .errors import BackupError, Interrupted

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SHOWN = 600
STOP_SECONDS = 60
_TIED = ("setpriv", "--pdeathsig", "TERM", "--")
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True)
class Finished:
    """A program that has ended. ``output`` is empty where it went to a file."""

    returncode: int
    output: str
    errors: str

    @property
    def said(self) -> str:
        """The end of what it said about a failure, in one line."""
        return " ".join((self.errors.strip() or self.output.strip()).split())[-SHOWN:] or f"status {self.returncode}"


@dataclass(frozen=True)
class User:
    """Who a program runs as."""

    uid: int
    gid: int

    @classmethod
    def of(cls, path: Path) -> User:
        """The owner of a file."""
        found = path.stat()
        return cls(found.st_uid, found.st_gid)

    @classmethod
    def named(cls, name: str) -> User:
        """The user of that name; without root's rights, the one that runs this. Raises :class:`BackupError`."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid())
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            raise BackupError(f"there is no user {name} here") from None
        return cls(found.pw_uid, found.pw_gid)

    def options(self) -> dict[str, Any]:
        """What ``subprocess`` needs to start a program as this user."""
        if self.uid == os.geteuid():
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": self._groups()}

    def _groups(self) -> list[int]:
        try:
            return os.getgrouplist(pwd.getpwuid(self.uid).pw_name, self.gid)
        except KeyError:
            return []


def find(*names: str) -> str | None:
    """The path of the first of these programs that is there."""
    return next((found for name in names if (found := shutil.which(name, path=PATH))), None)


def environment(further: Mapping[str, str] | None = None) -> dict[str, str]:
    """The whole environment of a program: nothing of the caller's."""
    return {"PATH": PATH, "HOME": pwd.getpwuid(os.geteuid()).pw_dir, "LC_ALL": "C.UTF-8", **(further or {})}


def run(
    command: Sequence[str],
    *,
    variables: Mapping[str, str] | None = None,
    user: User | None = None,
    input_file: Path | None = None,
    output_file: Path | None = None,
    directory: Path | None = None,
) -> Finished:
    """Run a program to its end. It ends when this one is killed.

    output_file: made, for this user only; it must not exist.
    """
    standard_input: IO[bytes] | int = subprocess.DEVNULL
    standard_output: IO[bytes] | int = subprocess.PIPE
    opened: list[IO[bytes]] = []
    try:
        if input_file:
            standard_input = input_file.open("rb")
            opened.append(standard_input)
        if output_file:
            number = os.open(output_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            standard_output = os.fdopen(number, "wb")
            opened.append(standard_output)
        with subprocess.Popen(
            [*_TIED, *command],
            stdin=standard_input,
            stdout=standard_output,
            stderr=subprocess.PIPE,
            cwd=directory or "/",
            env=environment(variables),
            **(user.options() if user else {}),
        ) as process:
            try:
                output, errors = process.communicate()
            except BaseException:
                stop(process)
                raise
    except FileNotFoundError as error:
        raise BackupError(f"{error.filename} is not there") from error
    finally:
        for file in opened:
            file.close()
    return Finished(process.returncode, _text(output), _text(errors))


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a program: it is asked to, and killed if it does not."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def server(command: Sequence[str], user: User) -> Iterator[subprocess.Popen[bytes]]:
    """A program that runs for as long as the block, or as this one does."""
    with subprocess.Popen(
        [*_TIED, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env=environment(),
        **user.options(),
    ) as process:
        try:
            yield process
        finally:
            stop(process)


def _text(data: bytes | None) -> str:
    return (data or b"").decode("utf-8", "surrogateescape")


@contextmanager
def interruptible() -> Iterator[None]:
    """Signals that ask to end become :class:`Interrupted`, once: what is then put in order is left in peace."""

    def end(number: int, frame: FrameType | None) -> None:
        for one in _ENDING:
            signal.signal(one, signal.SIG_IGN)
        raise Interrupted(f"ended by {signal.Signals(number).name}")

    before = {one: signal.signal(one, end) for one in _ENDING}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Such signals wait until the block's end, also for programs that are started in it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
