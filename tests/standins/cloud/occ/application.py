# SPDX-License-Identifier: GPL-3.0-or-later
"""The program behind occ: finds the command, reads what it was given, and runs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from standins.cloud.occ import console
from standins.cloud.occ.command import Command, Machine, Run, Words
from standins.cloud.occ.console import ConsoleError, Definition
from standins.cloud.occ.lookup import unknown_command
from standins.cloud.occ.output import Output
from standins.cloud.state import Cloud

_ANY = Definition.of("occ [<command>]")


@dataclass(frozen=True)
class Dialect:
    """What occ is in one product and release.

    version: with the product's name; full_version: of four parts, without. named_only: commands that a real one has and
    this does not; errors tell their names. names_command: see `console.read`. maintenance: what stderr tells in
    maintenance mode, unless the command is one of `silent`. drops_privileges: root runs it as the owner of config.php.
    refusal: the product whose words refuse others.
    """

    version: str
    full_version: str
    commands: tuple[Command, ...]
    named_only: tuple[str, ...]
    names_command: bool
    maintenance: str
    silent: frozenset[str]
    words: Words
    drops_privileges: bool
    refusal: str


@dataclass(frozen=True)
class Outcome:
    """How a command ended. status: exit code; output, errors: what it wrote to stdout and stderr."""

    status: int
    output: str
    errors: str


class Application:
    """occ of one cloud, whose accounts are those that the API shows."""

    def __init__(self, dialect: Dialect, cloud: Cloud, machine: Machine) -> None:
        self.dialect = dialect
        self.machine = machine
        self._cloud = cloud
        self._commands: dict[str, Command] = {}
        for command in dialect.commands:
            self._commands |= dict.fromkeys((command.name, *command.aliases), command)

    def run(
        self, arguments: Sequence[str], environment: Mapping[str, str], url: str, *, maintenance: bool = False
    ) -> Outcome:
        """Run one command. url: the cloud's address. maintenance: as if the server were in maintenance mode."""
        maintenance = maintenance or self.machine.maintenance
        name = next((token for token in arguments if not token.startswith("-")), "")
        told = ""
        if maintenance and name not in self.dialect.silent and not _warnings_unwanted(arguments):
            told = self.dialect.maintenance
        if "--version" in arguments or "-V" in arguments or not name:
            return Outcome(0, f"{self.dialect.version}\n", told)
        if name in self.dialect.named_only:
            return Outcome(1, "", f"{told}the stand-in does not do {name}\n")
        known = self._known(maintenance)
        command = self._commands.get(name)
        try:
            if command is None or name not in known:
                raise unknown_command(name, [*known, *self.dialect.named_only])
            return self._run(command, name, arguments, environment, url, told)
        except ConsoleError as error:
            return Outcome(1, "", told + console.error_text(error, command.synopsis if command else None))

    def _known(self, maintenance: bool) -> list[str]:
        """Names of the commands that are there: apps are not loaded in maintenance mode."""
        config = self._cloud.config
        return [
            name
            for name, command in self._commands.items()
            if not command.app or (not maintenance and config.flag(command.app, "enabled", "no"))
        ]

    def _run(
        self,
        command: Command,
        name: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        url: str,
        told: str,
    ) -> Outcome:
        rest = list(arguments)
        rest.remove(name)
        given = console.read(name, command.definition, rest, names_command=self.dialect.names_command)
        if given.has("help"):
            return Outcome(0, f"Usage:\n  {command.synopsis}\n", told)
        out = Output(given.option("output", "plain"), quiet=given.has("quiet"))
        run = Run(self._cloud, given, out, environment, url, self.machine, self.dialect.words)
        try:
            status = command.handler(run)
        except ConsoleError as error:
            errors = "".join(out.errors) + console.error_text(error, command.synopsis)
            return Outcome(1, "".join(out.written), told + errors)
        return Outcome(status, "".join(out.written), told + "".join(out.errors))


def _warnings_unwanted(arguments: Sequence[str]) -> bool:
    """Whether --no-warnings is seen in time: before anything that the command alone understands (`bind` of
    lib/private/Console/Application.php)."""
    for length in range(len(arguments) + 1):
        try:
            given = console.read("", _ANY, arguments[:length])
        except ConsoleError:
            return False
        if given.has("no-warnings"):
            return True
    return False
