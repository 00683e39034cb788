# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``bill-nextcloud drift`` writes to standard error while it compares (the rest: the integration tests)."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from bill_nextcloud import drift, sold
from bill_nextcloud.billmanager import connection
from bill_nextcloud.billmanager.service import Cloud
from bill_nextcloud.cli.drift import _compare_all
from bill_nextcloud.log import logger
from bill_nextcloud.settings import read_settings
from harness.command import Command


def test_warnings_are_the_commands(
    command: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line each with the command's name and the level; what is only information is not shown, and later the loggers
    are as before."""
    blue = Cloud(3, "Blue", "https://blue", "admin", "")

    def compare(*_: Any) -> drift.CloudDrift:
        log = logger("workers")
        log.info("run ended", cloud="Blue")
        log.warning("worker host not reached", host="one.example", detail="no [red]route\n2026 forged")
        log.error("refused credentials not remembered", cloud="Blue")
        return drift.CloudDrift(3, "Blue")

    monkeypatch.setattr(connection, "database_of", lambda settings: None)
    monkeypatch.setattr(sold, "usable_clouds", lambda database: ([blue], []))
    monkeypatch.setattr(drift, "compare", compare)
    root = logging.getLogger("bill_nextcloud")
    before = root.handlers[:], root.propagate
    root.propagate = False  # pytest's own handlers would count as set up
    try:
        _compare_all(read_settings(command.settings), [])
        handlers = root.handlers[:]
    finally:
        root.handlers[:], root.propagate = before
    assert capsys.readouterr().err.splitlines() == [
        r'bill-nextcloud: warning: worker host not reached host=one.example detail="no [red]route\n2026 forged"',
        "bill-nextcloud: error: refused credentials not remembered cloud=Blue",
    ]
    assert handlers == before[0]
