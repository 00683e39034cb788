# SPDX-License-Identifier: GPL-3.0-or-later
"""What several tests share: the administrator's command, and an empty panel."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.command import Answering, Command, Listen, Record
from standins.billmanager import Panel


@pytest.fixture(scope="session")
def empty_panel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a panel that sells nothing yet, to be copied: a new key takes longer than a test."""
    return Panel.create(tmp_path_factory.mktemp("empty") / "mgr5").root


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    """``bill-nextcloud`` with settings of its own; there is no record yet, and no worker."""
    made = Command(tmp_path)
    yield made
    made.cleanup()


@pytest.fixture
def record(command: Command) -> Record:
    """The record that the command reads."""
    return Record(command.state)


@pytest.fixture
def listen(command: Command) -> Iterator[Listen]:
    """Starts a stand-in of the worker: ``listen(answers)`` or ``listen(lines=[…])``. It answers a ping by itself."""
    started: list[Answering] = []

    def start(answers: dict[str, Any] | None = None, **options: Any) -> Answering:
        ping = {"status": "done", "result": {"pid": 4711, "started_at": time.time() - 60}}
        started.append(Answering(command.socket, {"ping": ping, **(answers or {})}, **options))
        return started[-1]

    yield start
    for server in started:
        server.stop()
