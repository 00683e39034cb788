# SPDX-License-Identifier: GPL-3.0-or-later
"""The cloud's database: dumped, emptied and loaded by the programs of its product."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from ..cloud import Config
from ..errors import DatabaseError
from .database import Database
from .mysql import MySQL
from .postgresql import PostgreSQL
from .sqlite import SQLite

__all__ = ["Database", "database_of", "scratch"]


def database_of(config: Config, private: Path, data: Path | None = None) -> Database:
    """The database that a config names. ``private``: a directory for files with its password, which has to be closed to
    others. ``data``: where the data directory is, if not where the config says. Raises :class:`DatabaseError`."""
    kind = config.text("dbtype", "sqlite3")
    if kind == "mysql":
        return MySQL.of(config, private)
    if kind == "pgsql":
        return PostgreSQL.of(config, private)
    if kind == "sqlite3":
        return SQLite((data or config.data) / f"{config.text('dbname', 'owncloud')}.db", config.prefix)
    raise DatabaseError(f"a database of the type {kind} cannot be backed up: mysql, pgsql and sqlite3 can")


def scratch(kind: str, directory: Path, prefix: str) -> AbstractContextManager[Database]:
    """An empty database of a type, for as long as the block: of a server of its own in ``directory``."""
    if kind == "mysql":
        return MySQL.scratch(directory, prefix)
    if kind == "pgsql":
        return PostgreSQL.scratch(directory, prefix)
    return SQLite.scratch(directory, prefix)
