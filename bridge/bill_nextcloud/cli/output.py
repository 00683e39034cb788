# SPDX-License-Identifier: GPL-3.0-or-later
"""How things are shown: tables for people, JSON for programs, times and sizes in words."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bill_nextcloud.account import size
from bill_nextcloud.billmanager.messages import Language, text
from bill_nextcloud.errors import Failure
from bill_nextcloud.record import Operation

# Where nobody looks (a file, a mail of cron), nothing is cut off at the width of a screen.
_WIDTH_OF_FILES = 200
STATE_COLOURS = {
    "done": "green",
    "running": "cyan",
    "retrying": "yellow",
    "held": "yellow",
    "approval": "yellow",
    "failed": "red",
}


def console() -> Console:
    """Standard output for tables and sentences."""
    return Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else _WIDTH_OF_FILES)


def print_json(value: Any) -> None:
    """``value`` as JSON on standard output."""
    print(json.dumps(value, ensure_ascii=False, indent=2))


def require_file(path: Path | None) -> None:
    """Refuse for ``--output`` what can be no file of its own: a directory, or something that others read from, such as
    a device. To be asked before any work. Raises ``typer.BadParameter``."""
    if path is None:
        return
    if not path.name or path.is_dir():
        raise typer.BadParameter(f"{str(path)!r} is no name of a file", param_hint="'--output'")
    if path.exists() and not path.is_file():
        raise typer.BadParameter(f"{path} is no regular file, and would be replaced", param_hint="'--output'")
    if not path.resolve().parent.is_dir():
        raise typer.BadParameter(f"there is no directory {path.parent}", param_hint="'--output'")


@contextmanager
def replaced(path: Path, mode: int = 0o600) -> Iterator[IO[bytes]]:
    """A new file, to be written and read again, that takes the place of ``path`` (see :func:`require_file`) when all of
    it is there; after an error ``path`` is as it was. It has ``mode`` whatever the umask: for this user only, unless
    another is given. Of a link, what it leads to is replaced. Raises ``OSError``, which names ``path``."""
    there = path.resolve()
    new = there.with_name(f".{there.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w+b") as file:
            yield file
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        new.replace(there)
    except OSError as error:
        if error.filename not in (None, str(new)):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        with suppress(FileNotFoundError):
            new.unlink()


def plain(value: object, *, lines: bool = False) -> str:
    """``value`` as text that cannot steer a terminal: names and answers are written by others. ``lines``: line breaks
    stay."""
    kept = "\n\t" if lines else ""
    return "".join(c if c.isprintable() or c in kept else " " for c in str(value))


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table; a cell that is ``None`` stays empty."""
    made = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings:
        made.add_column(heading, overflow="fold")
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else Text("" if cell is None else plain(cell)) for cell in row))
    return made


def state_text(state: str) -> Text:
    """A state in its colour."""
    return Text(state, STATE_COLOURS.get(state, ""))


def iso(seconds: float | None) -> str | None:
    """A time as JSON has it: ISO 8601 in UTC, to the second."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def local(seconds: float | None) -> str:
    """A time for people: local, to the second."""
    return "" if seconds is None else datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M:%S")


def duration(seconds: float) -> str:
    """A span of time in its two largest units: ``45 s``, ``12 min``, ``3 h 5 min``, ``2 d 4 h``."""
    whole = max(int(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    minutes = whole // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def counted(number: int, one: str, more: str) -> str:
    """``1 operation``, ``2 operations``."""
    return f"{number} {one if number == 1 else more}"


def difference(account: str, changes: Sequence[Mapping[str, Any]]) -> list[str]:
    """The module's ``changes`` of an account (``field``, ``before``, ``after``) as lines that begin with - or +."""
    made = any(change["field"] == "state" for change in changes)
    found: list[str] = []
    for change in changes:
        field = str(change["field"])
        for sign, value, other in (("-", change["before"], change["after"]), ("+", change["after"], change["before"])):
            if field == "state":
                if value == "present" and other != "present":
                    found.append(f"{sign} account {account}")
            elif field == "quota":
                # A new account had none; of one that is there, none means unlimited.
                if not (made and sign == "-"):
                    found.append(f"{sign} quota: {size(value)}")
            elif value is not None and value != []:
                found.append(f"{sign} {field}: {in_words(value)}")
    return [plain(line) for line in found]


def coloured(line: str) -> Text:
    """A line of a difference in its colour."""
    return Text(line, "green" if line.startswith("+") else "red")


def in_words(value: Any) -> str:
    """A value of a plan or a change as Ansible writes it: ``true``; of a list its members."""
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def failure_json(
    failure: Failure | None, language: Language = "en", next_attempt: float | None = None
) -> dict[str, Any] | None:
    """A failure as JSON has it: ``code``, ``kind``, ``parameters``, and ``text``, the sentences (see
    ``messages.text``)."""
    return None if failure is None else {**failure.as_dict(), "text": text(failure, language, next_attempt)}


def operation_json(operation: Operation, language: Language = "en") -> dict[str, Any]:
    """An operation as JSON has it."""
    return {
        "operation": operation.id,
        "billmanager_operation": operation.billmanager_operation,
        "installation": operation.installation,
        "command": operation.command,
        "service": operation.service,
        "account": operation.account,
        "cloud": operation.cloud,
        "client": operation.client,
        "state": str(operation.state),
        "attempts": operation.attempts,
        "asked_by": operation.asked_by,
        "approved_by": operation.approved_by,
        "accepted_at": iso(operation.accepted_at),
        "first_failed_at": iso(operation.first_failed_at),
        "due_at": iso(operation.due_at),
        "ended_at": iso(operation.ended_at),
        "failure": failure_json(operation.failure, language, operation.due_at),
    }
