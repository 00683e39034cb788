# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server of a cloud, where occ is run: many commands at once, over the connection that Ansible has to it.

Any number of threads may ask for commands. Those that wait go together into the next execution of the module
``nextcloud_occ``, which runs them in parallel; there is one execution at a time. Nothing is ever repeated here.
"""

from __future__ import annotations

import contextvars
import json
import re
import threading
import time
import typing as t
from dataclasses import dataclass, field

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.refusals import fault_of, sentence

COMMAND_SECONDS = 120
"""How long a command may take; a welcome mail is sent within one."""
_GATHER_SECONDS = 0.02
"""So long the next execution waits for the threads that have just got their answers."""

_HALF_ESCAPED = re.compile(r"(?<!\\)((?:\\\\)*)\\([<>])")
"""An odd number of backslashes, which JSON of PHP never has there."""

Execute = t.Callable[[t.Mapping[str, t.Any]], t.Mapping[str, t.Any]]
"""Runs the module ``nextcloud_occ`` with these arguments and returns its result. Raises CloudError when the server
cannot be used; ``outcome_unknown`` when commands may have been begun."""


@dataclass(frozen=True)
class Answer:
    """What a command has left."""

    arguments: tuple[str, ...]
    status: int
    output: str
    errors: str

    @property
    def words(self) -> str:
        """What it said, in one line."""
        return " ".join(f"{self.output} {self.errors}".split())

    def error(self, code: str, message: str | None = None, *, outcome_unknown: bool = False) -> CloudError:
        """Return a fault of this command; its message is what occ said, unless another is given."""
        words = self.words if message is None else message
        return CloudError(code, words[:500], request=request_name(self.arguments), outcome_unknown=outcome_unknown)

    def read_json(self) -> t.Any:
        """Return what it printed as JSON; notices of PHP before that are passed over.

        Symfony's console takes it for text with marks (``OutputFormatter``), of which a backslash before an angle
        bracket is one, and takes that away: it is put back, so that nobody's display name makes an account unreadable.

        :raises CloudError: ``not_an_answer``.
        """
        lines = _HALF_ESCAPED.sub(r"\1\\\\\2", self.output).splitlines()
        for number, line in enumerate(lines):
            if line.startswith(("{", "[", '"')):
                try:
                    return json.loads("\n".join(lines[number:]))
                except ValueError:
                    continue
        raise self.error("not_an_answer", f"It is no JSON: {self.words[:200]}")


@dataclass(eq=False)
class _Call:
    """One command that somebody waits for."""

    arguments: tuple[str, ...]
    password: str | None = field(repr=False)
    changes: bool
    seconds: float
    answer: Answer | None = None
    fault: CloudError | None = None
    broken: BaseException | None = None

    @property
    def done(self) -> bool:
        return self.answer is not None or self.fault is not None or self.broken is not None

    def shown(self) -> dict[str, t.Any]:
        """Return it as the module's option ``commands`` has it."""
        command: dict[str, t.Any] = {
            "arguments": list(self.arguments),
            "changes": self.changes,
            "seconds": int(self.seconds),
        }
        if self.password is not None:
            command["password"] = self.password
        return command


class Server:
    """The server of one cloud.

    :param execute: runs the module there.
    :param options: its options besides the commands: ``occ_path``, ``php_path``, ``occ_command``, ``processes``.
    """

    def __init__(self, execute: Execute, options: t.Mapping[str, t.Any]) -> None:
        self._execute = execute
        self._options = {option: value for option, value in options.items() if value is not None}
        self._condition = threading.Condition()
        self._waiting: list[_Call] = []
        self._busy = False
        self._context = contextvars.copy_context()  # Ansible keeps what it needs there, which other threads lack

    @property
    def processes(self) -> int:
        """How many commands run at the same time."""
        return int(self._options["processes"])

    def run(
        self, *arguments: str, password: str | None = None, changes: bool, seconds: float = COMMAND_SECONDS
    ) -> Answer:
        """Run ``occ`` with these arguments; return what it said, whatever its exit status.

        :param password: is in the environment of that process only, as OC_PASS and NC_PASS.
        :param changes: the command may change something.
        :param seconds: how long it may take.
        :raises CloudError: when the server, or occ on it, cannot be used; ``maintenance``; ``timeout``.
        """
        call = _Call(arguments, password, changes, seconds)
        with self._condition:
            self._waiting.append(call)
            while self._busy and not call.done:
                self._condition.wait()
            leads = not call.done
            self._busy = self._busy or leads
        if leads:
            self._lead(call)
        if call.broken is not None:
            raise call.broken
        if call.fault is not None:
            raise call.fault
        return t.cast(Answer, call.answer)

    def read_json(self, *arguments: str, seconds: float = COMMAND_SECONDS) -> t.Any:
        """Run a command that only reads and has the option ``--output``; return the object that it printed.

        :raises CloudError: as :meth:`run`; ``refused`` when it failed; ``not_an_answer``.
        """
        answer = self.run(*arguments, "--output=json", changes=False, seconds=seconds)
        if answer.status != 0:
            raise answer.error("refused")
        return answer.read_json()

    def _lead(self, call: _Call) -> None:
        """Execute batches until this call has its answer."""
        while not call.done:
            time.sleep(_GATHER_SECONDS)
            with self._condition:
                batch, self._waiting = self._waiting, []
            try:
                self._carry_out(batch)
            except BaseException as error:
                for one in batch:
                    one.broken = error
        with self._condition:
            self._busy = False
            self._condition.notify_all()

    def _carry_out(self, batch: t.Sequence[_Call]) -> None:
        """Execute the module once, and give every call its answer or its fault."""
        arguments = {**self._options, "commands": [call.shown() for call in batch]}
        try:
            result = self._context.run(self._execute, arguments)
        except CloudError as error:
            for call in batch:
                call.fault = CloudError(
                    error.code,
                    error.message,
                    request=request_name(call.arguments) if error.outcome_unknown else None,  # else it was not begun
                    outcome_unknown=error.outcome_unknown and call.changes,
                )
            return
        for call, found in zip(batch, result["results"], strict=True):
            request = request_name(call.arguments)
            if found["refusal"] is not None:
                call.fault = CloudError("occ_unusable", sentence(found["refusal"]), request=request)
            elif found["timed_out"]:
                message = f"It did not end within {call.seconds:g} seconds."
                call.fault = CloudError("timeout", message, request=request, outcome_unknown=call.changes)
            elif not found["begun"]:
                call.fault = CloudError("occ_unusable", "It was not begun.", request=request)
            else:
                call.answer = Answer(call.arguments, int(found["status"]), found["output"], found["errors"])
                said = (found["status"], found["output"], found["errors"])
                call.fault = fault_of(*said, request, changes=call.changes)


def request_name(arguments: t.Sequence[str]) -> str:
    """Return how messages call a command: ``occ user:info anna``. Passwords are never arguments."""
    return " ".join(["occ", *arguments])
