"""What ``bill-nextcloud drift`` says while it compares, and of how to mend what it found."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from bill_nextcloud import drift, sold
from bill_nextcloud.billmanager import connection
from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.cli.drift import _compare_all, _print
from bill_nextcloud.drift import CloudDrift, Difference
from bill_nextcloud.log import logger
from bill_nextcloud.settings import DEFAULT_PATH, BillmanagerSettings, RunSettings, Settings, read_settings
from harness.command import Command

CHANGES = [{"field": "quota", "before": 1, "after": 2}]
FOUND = [CloudDrift(3, "Blue", 1, [Difference(12, "user_12", CHANGES)])]


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


@pytest.mark.parametrize("workers", [(), ("ssh://a@a",)])
def test_how_it_is_mended(capsys: pytest.CaptureFixture[str], workers: tuple[str, ...]) -> None:
    """By hand with BILLmanager's password; with worker hosts, which have others, by a call of the module."""
    billmanager = BillmanagerSettings(root=Path("/opt/mgr5"))
    _print(FOUND, [], Settings(billmanager=billmanager, runs=RunSettings(workers=workers)), DEFAULT_PATH)
    line = capsys.readouterr().out.splitlines()[-1]
    assert line.startswith("To mend that: ")
    assert ("ansible-playbook" in line) == (not workers)
    assert ("/opt/mgr5/processing/pmnextcloud --item SERVICE --command setparam" in line) == bool(workers)
