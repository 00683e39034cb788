# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases of a cloud: a few of its tables, with rows."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
import pymysql
from harness.mariadb import MariaDB
from harness.postgresql import PostgreSQL

_TABLES = (
    "CREATE TABLE oc_users (uid VARCHAR(64) PRIMARY KEY, password VARCHAR(255))",
    "CREATE TABLE oc_filecache (fileid INTEGER PRIMARY KEY, path VARCHAR(4000))",
    "CREATE TABLE oc_share (id INTEGER PRIMARY KEY, file INTEGER REFERENCES oc_filecache (fileid))",
    "INSERT INTO oc_users VALUES ('anna', 'hash of anna'), ('boris', 'hash of boris')",
    "INSERT INTO oc_filecache VALUES (1, 'files/Фото \U0001f333 '' \\ .jpg')",
    "INSERT INTO oc_share VALUES (1, 1)",
    "CREATE VIEW oc_seen AS SELECT uid FROM oc_users",
)
DROPPED = ("DROP VIEW oc_seen", "DROP TABLE oc_share", "DROP TABLE oc_filecache", "DROP TABLE oc_users")
PASSWORD = "p\"a'#\\;: s%ss$wo{rd"


class CloudDatabase(ABC):
    """A database. ``config``: what config.php says of it. ``secret``: its password, or None."""

    config: dict[str, Any]
    secret: str | None = PASSWORD

    @abstractmethod
    def execute(self, statements: Iterable[str]) -> list[tuple[Any, ...]]:
        """Execute statements; returns the rows of the last, if it is a SELECT."""

    def make(self, data: Path) -> None:
        """Make the tables."""
        self.execute(_TABLES)

    def content(self) -> list[list[tuple[Any, ...]]]:
        """All that is in it."""
        tables = ("oc_users", "oc_filecache", "oc_share", "oc_seen")
        return [self.execute([f"SELECT * FROM {table} ORDER BY 1"]) for table in tables]


class Mysql(CloudDatabase):
    """In a MariaDB server, with a user of its own, who may do nothing elsewhere."""

    def __init__(self, server: MariaDB, name: str) -> None:
        self._socket = str(server.socket)
        self._name = name
        with (
            closing(pymysql.connect(read_default_file=str(server.options), autocommit=True)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
            cursor.execute(f"CREATE USER {name}@localhost IDENTIFIED BY %s", (PASSWORD,))
            cursor.execute(f"GRANT ALL ON {name}.* TO {name}@localhost")
        self.config = {
            "dbtype": "mysql",
            "dbname": name,
            "dbhost": f"localhost:{self._socket}",
            "dbuser": name,
            "dbpassword": PASSWORD,
            "dbtableprefix": "oc_",
        }

    def execute(self, statements: Iterable[str]) -> list[tuple[Any, ...]]:
        connection = pymysql.connect(
            unix_socket=self._socket, user=self._name, password=PASSWORD, database=self._name, autocommit=True
        )
        with closing(connection), connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement.replace("\\", "\\\\"))
            return list(cursor.fetchall())


class Pgsql(CloudDatabase):
    """In a PostgreSQL server, with its owner, who may do nothing elsewhere."""

    def __init__(self, server: PostgreSQL, name: str) -> None:
        self._url = server.create_database(name)
        address = urlsplit(self._url)
        self.secret = unquote(address.password or "")
        self.config = {
            "dbtype": "pgsql",
            "dbname": name,
            "dbhost": f"{address.hostname}:{address.port}",
            "dbuser": address.username,
            "dbpassword": self.secret,
        }

    def execute(self, statements: Iterable[str]) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._url, autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


class Sqlite(CloudDatabase):
    """In the data directory."""

    secret = None

    def __init__(self) -> None:
        self.config = {"dbtype": "sqlite3", "dbname": "owncloud"}
        self._file: Path

    def make(self, data: Path) -> None:
        self._file = data / "owncloud.db"
        super().make(data)

    def execute(self, statements: Iterable[str]) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self._file)) as connection, connection:
            for statement in statements:
                cursor = connection.execute(statement)
            return cursor.fetchall()
