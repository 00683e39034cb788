# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server whose occ answers by script: it expects certain commands and nothing else."""

from __future__ import annotations

import json
import threading
import typing as t
from dataclasses import dataclass


@dataclass(frozen=True)
class Said:
    """What a command leaves. status: None: it did not end in time."""

    status: int | None = 0
    output: str = ""
    errors: str = ""


def printed(data: t.Any) -> Said:
    """A success that printed JSON."""
    return Said(0, json.dumps(data) + "\n")


def failed(line: str) -> Said:
    """A failure that the command itself tells, on its standard output."""
    return Said(1, line + "\n")


def thrown(file: str, text: str, synopsis: str = "user:add [--] <uid>") -> Said:
    """A failure by an exception, which Symfony breaks at the width of a terminal, in the middle of words, too."""
    width = min(len(text), 75)
    lines = [text[start : start + width].ljust(width) for start in range(0, len(text), width)]
    block = "".join(f"  {line}  \n" for line in ("".ljust(width), *lines, "".ljust(width)))
    return Said(1, "", f"\nIn {file} line 349:\n{block}\n{synopsis}\n\n")


class Expected(t.NamedTuple):
    """A command, and what it leaves."""

    arguments: tuple[str, ...]
    said: Said
    password: t.Any
    """A text, or what equals every one."""
    changes: bool


class ScriptedOcc:
    """The server. Commands are expected in the order of the script, except that reads without a change between them
    may come in any order, as some are made at the same time.

    :param ordered: otherwise all they may come in any order, as many threads ask.
    """

    def __init__(self, *, ordered: bool = True) -> None:
        self.ordered = ordered
        self.script: list[Expected] = []
        self.problems: list[str] = []
        self.batches: list[int] = []
        """How many commands came at once, each time."""
        self._lock = threading.Lock()

    def expect(self, *arguments: str, said: Said | None = None, password: str | None = None) -> None:
        """Add a command that changes something to the script."""
        self.script.append(Expected(arguments, said or Said(), password, True))

    def expect_read(self, *arguments: str, said: Said, password: t.Any = None) -> None:
        """Add a command that changes nothing, so that it is run in check mode, too."""
        self.script.append(Expected(arguments, said, password, False))

    def execute(self, options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Run the module ``nextcloud_occ`` with these options; returns its result."""
        with self._lock:
            self.batches.append(len(options["commands"]))
            return {"results": [self._answer(command) for command in options["commands"]]}

    def check(self) -> None:
        """Fail unless exactly the scripted commands came."""
        assert not self.problems, "\n".join(self.problems)
        assert not self.script, f"never run: {[expected.arguments for expected in self.script]}"

    def _answer(self, command: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        got = (tuple(command["arguments"]), command.get("password"), command["changes"])
        first_change = next((at for at, expected in enumerate(self.script) if expected.changes), len(self.script))
        candidates = self.script[: max(first_change, 1)] if self.ordered else self.script
        for expected in candidates:
            if got == (expected.arguments, expected.password, expected.changes):
                self.script.remove(expected)
                return result_of(expected.said)
        self.problems.append(f"unexpected: {got!r}; expected: {candidates!r}")
        return result_of(Said(1, "unexpected\n"))


def result_of(said: Said) -> dict[str, t.Any]:
    """Return an item of the module's ``results``."""
    return {
        "status": said.status,
        "output": said.output,
        "errors": said.errors,
        "timed_out": said.status is None,
        "begun": True,
        "refusal": None,
    }
