# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs occ commands, several at once, each within its own time."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
import typing as t
from dataclasses import dataclass, field

from ansible_collections.bill.nextcloud.plugins.module_utils.occ.caller import Caller
from ansible_collections.bill.nextcloud.plugins.module_utils.occ.launch import Launch
from ansible_collections.bill.nextcloud.plugins.module_utils.occ.refusals import refusal

PASSWORD_VARIABLES = (b"OC_PASS", b"NC_PASS")
"""Up to Nextcloud 31, and in ownCloud, occ reads the first; from 32 on the second before the first."""

MASK = "********"
_FOR_ANOTHER_USER = (b"PATH", b"TZ", b"NEXTCLOUD_CONFIG_DIR", b"PHPRC", b"PHP_INI_SCAN_DIR")
_TICK_SECONDS = 0.2
_SOON_SECONDS = 0.002
_LINGER_SECONDS = 1.0  # a process that has ended may have left another one that keeps its pipes
_CHUNK = 65536
GRACE_SECONDS = 3.0
"""How long a command may take to end when its time is over."""


@dataclass(frozen=True)
class Command:
    """``arguments`` of occ, the command's name first; ``seconds``: how long it may take; ``changes``: whether it may
    change something; ``password``: an account's, for occ's environment; ``input``: what its standard input has."""

    arguments: tuple[str, ...]
    seconds: float
    changes: bool = True
    password: str | None = field(default=None, repr=False)
    input: str | None = field(default=None, repr=False)


@dataclass
class Answer:
    """What became of a command.

    ``status``: occ's exit status, None if it did not end by itself; ``begun``: occ has begun with it, so that something
    may have happened; ``refusal``: why it was not begun although it was to be.
    """

    status: int | None = None
    output: str = ""
    errors: str = ""
    timed_out: bool = False
    begun: bool = False
    refusal: str | None = None


def whole(command: Command, launch: Launch) -> list[str]:
    """Return the whole command line.

    The options come after the command's name, so that a sudoers file can allow commands by the beginning of the line.
    """
    options = ("--no-interaction", "--no-ansi")
    first = command.arguments[:1] if not command.arguments[0].startswith("-") else ()
    return [*launch.command, *first, *options, *command.arguments[len(first) :]]


def environment(command: Command, launch: Launch) -> dict[bytes, bytes]:
    """Return the environment of this command: the module's, with the password if there is one.

    What root has in its environment is not for another user.
    """
    variables = {
        name: value
        for name, value in os.environb.items()
        if name not in PASSWORD_VARIABLES and (launch.becomes is None or name in _FOR_ANOTHER_USER)
    }
    # So that sudo's words are known ones, and PHP takes and gives UTF-8.
    variables.pop(b"LANGUAGE", None)
    variables[b"LC_ALL"] = b"C.UTF-8"
    if launch.becomes is not None:
        variables.update({b"USER": os.fsencode(launch.becomes.name), b"LOGNAME": os.fsencode(launch.becomes.name)})
        variables[b"HOME"] = os.fsencode(launch.becomes.home or "/")
    if command.password is not None:
        variables.update(dict.fromkeys(PASSWORD_VARIABLES, command.password.encode("utf-8")))
    return variables


def _standard_input(text: str | None) -> int:
    """Return a descriptor that gives ``text``, and then its end.

    All of it is in a pipe before occ begins, which takes from its standard input what it finds at once (config:import).

    :raises OSError: it is longer than a pipe of this host, which is 64 KiB as a rule.
    """
    if text is None:
        return os.open(os.devnull, os.O_RDONLY)
    content = text.encode("utf-8")
    reader, writer = os.pipe()
    try:
        os.set_blocking(writer, False)
        if os.write(writer, content) < len(content):
            raise OSError(f"its input of {len(content)} bytes is too long")
    except OSError:
        os.close(reader)
        raise
    finally:
        os.close(writer)
    return reader


class _Running:
    """A command that was started. Its outputs are read by :meth:`read`, so that none of them can be too long.

    Ansible's own ``run_command`` runs one command at a time, without a limit of time.
    """

    def __init__(self, command: Command, launch: Launch, lock: int) -> None:
        self._launch = launch
        self._command = command
        given = _standard_input(command.input)
        try:
            self._process: subprocess.Popen[bytes] = subprocess.Popen(  # pylint: disable=ansible-bad-function
                # Bytes, because the locale of a host may have another encoding than occ, which takes UTF-8.
                [part.encode("utf-8") for part in whole(command, launch)],
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment(command, launch),
                cwd="/",
                pass_fds=(lock,),
                preexec_fn=launch.become,  # there is one thread only
                start_new_session=True,
            )
        finally:
            os.close(given)
        pipes = (self._process.stdout, self._process.stderr)
        self.pipes = {pipe.fileno(): pipe for pipe in pipes if pipe is not None}
        self._read: dict[int, list[bytes]] = {descriptor: [] for descriptor in self.pipes}
        self._ends = time.monotonic() + command.seconds
        self._lingers: float | None = None
        self._out_of_time = False
        self.goes_on = False  # although its time is over; its pipes stay open then

    def read(self, descriptor: int) -> None:
        """Read what is there."""
        piece = os.read(descriptor, _CHUNK)
        self._read[descriptor].append(piece)
        if not piece:
            self.pipes.pop(descriptor).close()

    def answer(self) -> Answer | None:
        """Return the answer if the command has ended, or must not go on."""
        now = time.monotonic()
        status = self._process.poll()
        if status is None:
            if now < self._ends:
                return None
            if not self._out_of_time:
                self._out_of_time = True
                self._ends = now + GRACE_SECONDS
                self._signal(signal.SIGTERM)  # which sudo hands on
                return None
            # Without sudo, which waits for it, nobody could tell when that command, another user's, ends.
            self.goes_on = self._launch.by_sudo and bool(self.pipes)
            if not self.goes_on:
                self._signal(signal.SIGKILL)
        elif self.pipes:
            if self._lingers is None:
                self._lingers = now + _LINGER_SECONDS
            if now < self._lingers:
                return None
        return self._close(None if self._out_of_time else status)

    def _signal(self, number: signal.Signals) -> None:
        # It may have just ended, or be another user's.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _close(self, status: int | None) -> Answer:
        if not self.goes_on:
            for pipe in self.pipes.values():
                pipe.close()
            self.pipes.clear()
        output, errors = (b"".join(pieces).decode("utf-8", "replace") for pieces in self._read.values())
        if self._command.password:
            # occ does not repeat it. An app, or a warning of PHP, might.
            output, errors = (text.replace(self._command.password, MASK) for text in (output, errors))
        refused = None
        if status is not None:
            sudo = whole(self._command, self._launch) if self._launch.by_sudo else None
            refused = refusal(status, output, errors, sudo, self._command.password is not None)
        return Answer(status, output, errors, timed_out=status is None, begun=refused is None, refusal=refused)


def run(
    commands: t.Sequence[Command], launch: Launch, lock: int, processes: int, caller: Caller, only_reading: bool
) -> list[Answer]:
    """Run the commands, at most ``processes`` of them at once, begun in order; their answers in order.

    With ``only_reading`` those that may change something are not begun. When the caller has gone away, no further one
    is begun, and those that run are waited for. ``lock``: a descriptor that they inherit; one that cannot be ended when
    its time is over is left to a process that holds the lock until its end.
    """
    answers = [Answer() for command in commands]
    waiting = [item for item in enumerate(commands) if not (only_reading and item[1].changes)]
    waiting.reverse()
    running: dict[int, _Running] = {}
    left: list[_Running] = []
    while running or waiting:
        if not caller.look():
            waiting.clear()
        while waiting and len(running) < processes:
            number, command = waiting.pop()
            try:
                running[number] = _Running(command, launch, lock)
            except (OSError, subprocess.SubprocessError) as error:
                answers[number] = Answer(refusal=f"it cannot be started: {error}")
        _read(running.values())
        for number, one in list(running.items()):
            answer = one.answer()
            if answer is not None:
                answers[number] = answer
                del running[number]
                if one.goes_on:
                    left.append(one)
    if left:
        _leave(left)
    return answers


def _leave(running: t.Sequence[_Running]) -> None:
    """Let a process of its own read what these commands still write, until they end.

    It inherits the lock. Nobody waits for it, and it has nothing of the caller's connection.
    """
    if os.fork():
        return
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in range(3):
            os.dup2(nothing, descriptor)
        while any(one.pipes for one in running):
            _read(one for one in running if one.pipes)
    finally:
        os._exit(0)  # nothing of what the module does at its end


def _read(running: t.Iterable[_Running]) -> None:
    """Wait for something to read, a little, and read it."""
    poll = select.poll()
    readers: dict[int, _Running] = {}
    soon = False
    for one in running:
        soon = soon or not one.pipes  # its end is near
        for descriptor in one.pipes:
            poll.register(descriptor, select.POLLIN)
            readers[descriptor] = one
    for event in poll.poll((_SOON_SECONDS if soon else _TICK_SECONDS) * 1000):
        readers[event[0]].read(event[0])
