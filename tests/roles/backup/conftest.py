# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers to be backed up, and what they need of this machine."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.database_server import NotInstalled
from harness.mariadb import MariaDB

from roles.backup.databases import CloudDatabase, Mysql, Pgsql, Sqlite
from roles.backup.server import CloudServer

MakeServer = Callable[..., CloudServer]
BackedUp = Callable[[str], CloudServer]


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


@pytest.fixture(scope="module")
def first_backups() -> Iterator[BackedUp]:
    """Gives the one server of a repository program that has made a backup, to be copied."""
    made: dict[str, CloudServer] = {}

    def get(program: str) -> CloudServer:
        if program not in made:
            directory = Path(tempfile.mkdtemp(prefix="nextcloud-backup-"))
            directory.chmod(0o755)
            made[program] = CloudServer(directory, Sqlite(), program)
            made[program].run("initialise")
            made[program].run("run")
            made[program].told_occ()
        return made[program]

    yield get
    for server in made.values():
        shutil.rmtree(server.directory)


@pytest.fixture
def backed_up(first_backups: BackedUp, tmp_path: Path) -> Iterator[BackedUp]:
    """Gives the server of a repository program, with one backup. What a test does to it is undone: paths are in all of
    it, so that it is always the same."""
    used: list[tuple[CloudServer, dict[str, Any]]] = []

    def get(program: str) -> CloudServer:
        server = first_backups(program)
        subprocess.run(["cp", "-a", server.directory, tmp_path / "before"], check=True)
        used.append((server, dict(server.settings)))
        return server

    yield get
    for server, settings in used:
        shutil.rmtree(server.directory)
        subprocess.run(["cp", "-a", tmp_path / "before", server.directory], check=True)
        server.settings = settings
