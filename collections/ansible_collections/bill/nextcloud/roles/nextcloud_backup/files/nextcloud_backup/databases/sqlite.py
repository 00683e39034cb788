# SPDX-License-Identifier: GPL-3.0-or-later
"""SQLite: a file in the data directory."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ..errors import DatabaseError
from .database import Database

JOURNALS = ("-wal", "-shm", "-journal")


class SQLite(Database):
    """The database in a file. Where root opens it, SQLite gives its journals to the file's owner."""

    kind = "sqlite3"

    def __init__(self, file: Path, prefix: str) -> None:
        super().__init__(prefix)
        self._file = file

    def dump(self, target: Path) -> None:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            with closing(self._opened()) as source, closing(sqlite3.connect(target)) as copy:
                source.backup(copy)
                verdict = copy.execute("PRAGMA quick_check").fetchone()[0]
        except sqlite3.Error as error:
            raise DatabaseError(f"{self._file} cannot be copied: {error}") from error
        if verdict != "ok":
            raise DatabaseError(f"{self._file} is damaged: {verdict}")
        # It is in a private directory, and comes back with that mode.
        shutil.copymode(self._file, target)

    def _opened(self) -> sqlite3.Connection:
        try:
            return sqlite3.connect(f"{self._file.as_uri()}?mode=rw", uri=True, timeout=60)
        except sqlite3.Error as error:
            raise DatabaseError(f"{self._file} cannot be opened: {error}") from error

    def _query(self, statement: str) -> list[str]:
        try:
            with closing(self._opened()) as connection:
                return [str(row[0]) for row in connection.execute(statement)]
        except sqlite3.Error as error:
            raise DatabaseError(f"{self._file} cannot be read: {error}") from error

    def tables(self) -> list[str]:
        return sorted(self._query("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"))

    def count(self, table: str) -> int:
        name = '"' + table.replace('"', '""') + '"'
        return int(self._query(f"SELECT COUNT(*) FROM {name}")[0])  # noqa: S608

    def replace(self, dump: Path) -> None:
        # The owner of the directory is the cloud's user.
        owner = self._file.parent.stat()
        copy = self._file.with_name(f"{self._file.name}.restored")
        shutil.copyfile(dump, copy)
        shutil.copymode(dump, copy)
        os.chown(copy, owner.st_uid, owner.st_gid)
        for journal in JOURNALS:
            self._file.with_name(self._file.name + journal).unlink(missing_ok=True)
        os.replace(copy, self._file)

    @classmethod
    @contextmanager
    def scratch(cls, directory: Path, prefix: str) -> Iterator[Database]:
        yield cls(directory / "scratch.db", prefix)
