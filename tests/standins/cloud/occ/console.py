# SPDX-License-Identifier: GPL-3.0-or-later
"""How Symfony's Console, on which occ is built, reads arguments and tells that they are wrong."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

# Terminal width less the frame of an error.
_ERROR_WIDTH = 75
_OPTION = re.compile(r"\[(?:-(\w)\|)?--([a-z][\w.-]*)(?:\|--no-[a-z-]+)?(?: (\[?)[A-Z][\w.-]*\]?)?\]")
_ARGUMENT = re.compile(r"(\[?)<([\w-]+)>(\.\.\.)?")
_GLOBAL = "[-h|--help] [-q|--quiet] [-v|--verbose] [-V|--version] [--ansi] [--no-ansi] [-n|--no-interaction]"


class ConsoleError(Exception):
    """What Symfony's Console itself refuses. usage: the synopsis of the command is told as well."""

    def __init__(self, message: str, *, usage: bool = True) -> None:
        super().__init__(message)
        self.message = message
        self.usage = usage


class ServerError(ConsoleError):
    """An exception that no command catches. place: "In Manager.php line 349:"."""

    def __init__(self, message: str, place: str) -> None:
        super().__init__(message)
        self.place = place


@dataclass(frozen=True)
class Option:
    """An option. value: `none`, `optional` or `required`."""

    name: str
    letter: str | None
    value: str


@dataclass(frozen=True)
class Definition:
    """Options and arguments of a command, from its synopsis. last_repeated: the last argument takes all further
    ones."""

    options: dict[str, Option]
    letters: dict[str, Option]
    arguments: tuple[str, ...]
    required: tuple[str, ...]
    last_repeated: bool

    @classmethod
    def of(cls, synopsis: str) -> Definition:
        """The definition that a synopsis such as "user:delete [-f|--force] [--] <uid>" tells, and the options that
        every command has."""
        options = {}
        for letter, name, optional in _OPTION.findall(f"{_GLOBAL} [--no-warnings] {synopsis}"):
            pattern = rf"--{re.escape(name)}(\|--no-[a-z-]+)? (\[?)[A-Z][\w.-]*\]?\]"
            value = ("optional" if optional else "required") if re.search(pattern, synopsis) else "none"
            options[name] = Option(name, letter or None, value)
        found = _ARGUMENT.findall(synopsis)
        return cls(
            options=options,
            letters={option.letter: option for option in options.values() if option.letter},
            arguments=tuple(name for _, name, _ in found),
            required=tuple(name for optional, name, _ in found if not optional),
            last_repeated=bool(found and found[-1][2]),
        )


@dataclass
class Input:
    """What was given: arguments by name, and options by name, None for one without a value, with all values given."""

    arguments: dict[str, list[str]] = field(default_factory=dict)
    options: dict[str, list[str | None]] = field(default_factory=dict)

    def argument(self, name: str, default: str = "") -> str:
        """The argument's value."""
        return self.arguments[name][0] if name in self.arguments else default

    def has(self, option: str) -> bool:
        """True when the option was given."""
        return option in self.options

    def option(self, name: str, default: str | None = None) -> str | None:
        """The last value of an option; None for one given without a value."""
        return self.options[name][-1] if name in self.options else default


class _Reader:
    """Reads the arguments after the command's name, as Symfony's ArgvInput does."""

    def __init__(self, command: str, definition: Definition, names_command: bool) -> None:
        self._command = command
        self._definition = definition
        self._names_command = names_command
        self._left: deque[str] = deque()
        self.input = Input()

    def read(self, arguments: Sequence[str]) -> Input:
        self._left = deque(arguments)
        options_end = False
        while self._left:
            token = self._left.popleft()
            if options_end or not token.startswith("-") or token == "-":
                self._add_argument(token)
            elif token == "--":
                options_end = True
            elif token.startswith("--"):
                self._read_long(token[2:])
            else:
                self._read_short(token[1:])
        missing = [name for name in self._definition.required if name not in self.input.arguments]
        if missing:
            raise ConsoleError(f'Not enough arguments (missing: "{", ".join(missing)}").')
        return self.input

    def _read_long(self, text: str) -> None:
        name, given, value = text.partition("=")
        option = self._definition.options.get(name)
        if option is None:
            raise ConsoleError(f'The "--{name}" option does not exist.')
        if given and option.value == "none":
            raise ConsoleError(f'The "--{name}" option does not accept a value.')
        self._add_option(option, value if given else None)

    def _read_short(self, text: str) -> None:
        option = self._definition.letters.get(text[0])
        if option is None:
            raise ConsoleError(f'The "-{text[0]}" option does not exist.')
        if option.value != "none":
            self._add_option(option, text[1:] or None)
        else:
            self._add_option(option, None)
            if len(text) > 1:
                self._read_short(text[1:])

    def _add_option(self, option: Option, value: str | None) -> None:
        if value is None and option.value != "none" and self._left and not self._left[0].startswith("-"):
            value = self._left.popleft()
        if value is None and option.value == "required":
            raise ConsoleError(f'The "--{option.name}" option requires a value.')
        self.input.options.setdefault(option.name, []).append(value)

    def _add_argument(self, token: str) -> None:
        names = self._definition.arguments
        given = self.input.arguments
        free = [name for name in names if name not in given]
        if free:
            given[free[0]] = [token]
        elif self._definition.last_repeated:
            given[names[-1]].append(token)
        elif not self._names_command:
            expected = '" "'.join(("command", *names))
            raise ConsoleError(f'Too many arguments, expected arguments "{expected}".')
        elif names:
            expected = '" "'.join(names)
            raise ConsoleError(f'Too many arguments to "{self._command}" command, expected arguments "{expected}".')
        else:
            raise ConsoleError(f'No arguments expected for "{self._command}" command, got "{token}".')


def read(command: str, definition: Definition, arguments: Sequence[str], *, names_command: bool = True) -> Input:
    """What was given to a command. names_command: errors tell its name, as from Symfony 5 on. Raises ConsoleError."""
    return _Reader(command, definition, names_command).read(arguments)


def error_text(error: ConsoleError, synopsis: str | None) -> str:
    """The error as it is written to stderr. synopsis: of the command that ran, if any."""
    lines = []
    for line in error.message.split("\n"):
        lines += [line[at : at + _ERROR_WIDTH] for at in range(0, max(1, len(line)), _ERROR_WIDTH)]
    width = max(map(len, lines))
    empty = " " * (width + 4)
    place = [error.place] if isinstance(error, ServerError) else []
    told = ["", *place, empty, *(f"  {line:{width}}  " for line in lines), empty, ""]
    if synopsis and error.usage:
        told += [synopsis, ""]
    return "".join(f"{line}\n" for line in told)
