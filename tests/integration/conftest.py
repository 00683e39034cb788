# SPDX-License-Identifier: GPL-3.0-or-later
"""Stacks for the integration tests: both stand-ins, and between them the real bridge and the real playbooks."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from harness.cloud import Server
from harness.database_server import NotInstalled
from harness.mariadb import MariaDB
from harness.postgresql import PostgreSQL
from harness.sshd import PROGRAM, CloudHost
from harness.stack import Stack

SetUp = Callable[..., Stack]


@contextmanager
def running(
    directory: Path, administrator: Path | None, settings: dict[str, dict[str, Any]] | None = None, **options: Any
) -> Iterator[Stack]:
    """A stack below ``directory`` that several tests share, ended afterwards; ``options`` of the stand-in cloud."""
    server = Server(directory / "cloud", **options)
    try:
        stack = Stack.set_up(directory / "stack", server.cloud, settings, server.standin, administrator)
        yield stack
        stack.worker.cleanup()
    finally:
        server.stop()


@pytest.fixture
def set_up(tmp_path: Path, administrator: Path | None) -> Iterator[SetUp]:
    """Makes a stack: ``set_up(settings={...}, **options of the stand-in cloud)``. Ended after the test."""
    servers: list[Server] = []
    stacks: list[Stack] = []

    def make(settings: dict[str, dict[str, Any]] | None = None, **options: Any) -> Stack:
        directory = tmp_path / f"stack-{len(servers)}"
        server = Server(directory / "cloud", **options)
        servers.append(server)
        stack = Stack.set_up(directory, server.cloud, settings, server.standin, administrator)
        stacks.append(stack)
        return stack

    yield make
    for stack in stacks:
        stack.worker.cleanup()
    for server in servers:
        server.stop()


@pytest.fixture
def stack(set_up: SetUp) -> Stack:
    """A stack with default settings."""
    return set_up()


@pytest.fixture(scope="session")
def sshd() -> None:
    """Where none is installed the test is skipped, with REQUIRE_SSHD it fails."""
    if not PROGRAM.exists():
        assert not os.environ.get("REQUIRE_SSHD"), f"{PROGRAM} is not installed"
        pytest.skip(f"needs {PROGRAM} (Debian: openssh-server)")


@pytest.fixture
def ssh_server(sshd: None, tmp_path: Path) -> Iterator[CloudHost]:
    """A server that can be logged in to."""
    server = CloudHost(tmp_path / "server")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def installed_mariadb() -> Iterator[MariaDB | None]:
    """A MariaDB server for BILLmanager's tables, started with the first test; none where none is installed, with
    REQUIRE_MARIADB that is an error."""
    try:
        server = MariaDB()
    except NotInstalled:
        if os.environ.get("REQUIRE_MARIADB"):
            raise
        yield None
        return
    with server:
        yield server


@pytest.fixture(scope="session")
def administrator(installed_mariadb: MariaDB | None) -> Path | None:
    """For ``Panel.create``: BILLmanager's tables are in MariaDB, as providers have them, or where there is none in
    SQLite."""
    return None if installed_mariadb is None else installed_mariadb.options


@pytest.fixture(scope="session")
def mariadb(installed_mariadb: MariaDB | None) -> MariaDB:
    """The MariaDB that has BILLmanager's tables. Where none is installed the test is skipped."""
    if installed_mariadb is None:
        pytest.skip("MariaDB is not installed: apt-get install mariadb-server")
    return installed_mariadb


@pytest.fixture
def database(postgresql: PostgreSQL) -> str:
    """The address of an empty PostgreSQL database."""
    return postgresql.create_database(f"engine_{secrets.token_hex(4)}")
