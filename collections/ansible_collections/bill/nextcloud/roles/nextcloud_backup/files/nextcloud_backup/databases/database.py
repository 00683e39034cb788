# SPDX-License-Identifier: GPL-3.0-or-later
"""What every kind of database can do here."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from ..errors import DatabaseError

START_SECONDS = 60
TAIL_BYTES = 400


class Database(ABC):
    """A database of a cloud. Its methods raise :class:`DatabaseError`."""

    kind: str

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    @abstractmethod
    def dump(self, target: Path) -> None:
        """Write all of it, as of one moment, to a new file."""

    @abstractmethod
    def tables(self) -> list[str]:
        """The names of its tables, sorted."""

    @abstractmethod
    def count(self, table: str) -> int:
        """How many rows a table has."""

    @abstractmethod
    def replace(self, dump: Path) -> None:
        """Empty it, and load a dump."""

    @classmethod
    @abstractmethod
    def scratch(cls, directory: Path, prefix: str) -> AbstractContextManager[Database]:
        """An empty database of a server of its own, whose files are below ``directory``, for as long as the block."""

    def rows(self, tables: tuple[str, ...]) -> dict[str, int]:
        """How many rows those of the tables have that there are, by the name without prefix."""
        there = set(self.tables())
        return {table: self.count(self._prefix + table) for table in tables if self._prefix + table in there}


def ends_with(dump: Path, sign: bytes) -> None:
    """See that a dump is whole: its last lines hold ``sign``. Raises :class:`DatabaseError`."""
    with dump.open("rb") as file:
        file.seek(max(0, dump.stat().st_size - TAIL_BYTES))
        if sign not in file.read():
            raise DatabaseError(f"the dump {dump} is not whole: its last line is missing")


def wait_for(query: Callable[[str], list[str]], alive: Callable[[], bool], name: str) -> None:
    """Wait until a server takes connections. Raises :class:`DatabaseError` if it ends, or does not in time."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            query("SELECT 1")
            return
        except DatabaseError as error:
            if not alive() or time.monotonic() > deadline:
                raise DatabaseError(f"the {name} for the restore test did not start: {error}") from error
        time.sleep(0.1)
