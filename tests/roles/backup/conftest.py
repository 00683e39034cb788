# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers to be backed up, and what they need of this machine."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.database_server import NotInstalled
from harness.mariadb import MariaDB
from harness.postgresql import PostgreSQL

from roles.backup.databases import CloudDatabase, Mysql, Pgsql, Sqlite
from roles.backup.server import CloudServer

MakeServer = Callable[..., CloudServer]


@pytest.fixture(scope="session", autouse=True)
def programs() -> None:
    """Where one is missing the tests are skipped; with its REQUIRE_ variable they fail."""
    for program, package, variable in (
        ("restic", "restic", "REQUIRE_RESTIC"),
        ("borg", "borgbackup", "REQUIRE_BORG"),
        ("php", "php-cli", "REQUIRE_PHP"),
    ):
        if shutil.which(program) is None:
            assert not os.environ.get(variable), f"{program} is not installed"
            pytest.skip(f"apt-get install {package}")


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """A MariaDB server."""
    try:
        server = MariaDB()
    except NotInstalled as error:
        if os.environ.get("REQUIRE_MARIADB"):
            raise
        pytest.skip(str(error))
    with server:
        yield server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server."""
    try:
        server = PostgreSQL()
    except NotInstalled as error:
        if os.environ.get("REQUIRE_POSTGRESQL"):
            raise
        pytest.skip(str(error))
    with server:
        yield server


@pytest.fixture
def make_database(request: pytest.FixtureRequest) -> Callable[[str], CloudDatabase]:
    """Makes an empty database of a type; a server that is not asked for is not started."""

    def make(kind: str) -> CloudDatabase:
        name = f"cloud_{secrets.token_hex(4)}"
        if kind == "mysql":
            return Mysql(request.getfixturevalue("mariadb"), name)
        if kind == "pgsql":
            return Pgsql(request.getfixturevalue("postgresql"), name)
        return Sqlite()

    return make


@pytest.fixture
def make_server(make_database: Callable[[str], CloudDatabase]) -> Iterator[MakeServer]:
    """Makes a server with a repository program and a type of database. Not below pytest's directories, which are closed
    to the cloud's user."""
    made: list[Path] = []

    def make(program: str, kind: str = "sqlite3", **settings: Any) -> CloudServer:
        directory = Path(tempfile.mkdtemp(prefix="nextcloud-backup-"))
        made.append(directory)
        directory.chmod(0o755)
        return CloudServer(directory, make_database(kind), program, **settings)

    yield make
    for directory in made:
        shutil.rmtree(directory)
