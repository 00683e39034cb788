"""What ``bill-nextcloud drift`` says while it compares, and of how to mend what it found."""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from bill_nextcloud import drift, sold
from bill_nextcloud.billmanager import connection
from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.cli import drift as cli
from bill_nextcloud.cli.drift import _compare_all, _print_end, _print_findings
from bill_nextcloud.cli.findings import Findings
from bill_nextcloud.drift import CloudDrift, Difference, Unread
from bill_nextcloud.errors import AccountNameMissing, CloudParameterMissing
from bill_nextcloud.log import logger
from bill_nextcloud.settings import DEFAULT_PATH, BillmanagerSettings, RunSettings, Settings, read_settings
from harness.command import Command

CHANGES = [{"field": "quota", "before": 1, "after": 2}]
BLUE, GREEN = (Cloud(number, name, "https://cloud", "admin", "") for number, name in ((3, "Blue"), (4, "Green")))


def findings() -> Findings:
    """Two differences and a service without an account on one cloud, nothing on another, a third that is left out."""
    found = Findings(io.BytesIO())
    found.take(BLUE, Difference(12, "user_12", CHANGES))
    found.take(BLUE, Unread(13, None, AccountNameMissing(service=13).failure))
    found.take(BLUE, Difference(14, "user_14", CHANGES))
    found.end_of(CloudDrift(3, "Blue", 3, 2, 1))
    found.end_of(CloudDrift(4, "Green", 1))
    found.end([CloudParameterMissing(cloud="Red", parameter="url")])
    return found


def test_warnings_are_the_commands(
    command: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line each with the command's name and the level; what is only information is not shown, and later the loggers
    are as before."""

    def compare(*_: Any) -> drift.CloudDrift:
        log = logger("workers")
        log.info("run ended", cloud="Blue")
        log.warning("worker host not reached", host="one.example", detail="no [red]route\n2026 forged")
        log.error("refused credentials not remembered", cloud="Blue")
        return drift.CloudDrift(3, "Blue")

    monkeypatch.setattr(connection, "database_of", lambda settings: None)
    monkeypatch.setattr(sold, "usable_clouds", lambda database: ([BLUE], []))
    monkeypatch.setattr(drift, "compare", compare)
    root = logging.getLogger("bill_nextcloud")
    before = root.handlers[:], root.propagate
    root.propagate = False  # pytest's own handlers would count as set up
    try:
        _compare_all(read_settings(command.settings), [], io.BytesIO())
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
    settings = Settings(billmanager=billmanager, runs=RunSettings(workers=workers))
    _print_end(findings(), settings, DEFAULT_PATH, None, [])
    line = capsys.readouterr().out.splitlines()[-1]
    assert line.startswith("To mend that: ")
    assert ("ansible-playbook" in line) == (not workers)
    assert ("/opt/mgr5/processing/pmnextcloud --item SERVICE --command setparam" in line) == bool(workers)


def test_as_one_document() -> None:
    """Each cloud with what was found on it, whatever came between."""
    out = io.StringIO()
    findings().write_json(out)
    document = json.loads(out.getvalue())
    blue, green = document["clouds"]
    change = {"field": "quota", "is": 1, "sold": 2}
    assert (blue["cloud"], blue["name"], blue["compared"]) == (3, "Blue", 3)
    assert blue["differences"] == [
        {"service": number, "account": f"user_{number}", "changes": [change]} for number in (12, 14)
    ]
    (unread,) = blue["unread"]
    assert (unread["service"], unread["account"], unread["failure"]["code"]) == (13, None, "account_name_missing")
    assert (green["compared"], green["differences"], green["unread"]) == (1, [], [])
    assert [failure["code"] for failure in document["unusable"]] == ["cloud_parameter_missing"]
    nothing = Findings(io.BytesIO())
    nothing.end([])
    out = io.StringIO()
    nothing.write_json(out)
    assert json.loads(out.getvalue()) == {"clouds": [], "unusable": []}


def test_more_than_people_read(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is counted, of differences and of what was not compared; the numbers are those of all."""
    monkeypatch.setattr(cli, "_SHOWN", 1)
    found = Findings(io.BytesIO())
    for number in (1, 2, 3):
        found.take(BLUE, Difference(number, f"user_{number}", CHANGES))
        found.take(BLUE, Unread(number + 10, None, AccountNameMissing(service=number + 10).failure))
    found.end_of(CloudDrift(3, "Blue", 3, 3, 3))
    found.end([])
    _print_findings(found)
    _print_end(found, Settings(), DEFAULT_PATH, None, [])
    printed = capsys.readouterr().out
    assert "user_1 " in printed
    assert "user_2" not in printed
    assert printed.count("… and 2 more: --output FILE or --json has them.") == 2
    assert "service 11:" in printed
    assert "service 12:" not in printed
    assert "3 accounts compared, 3 differ." in printed


def test_what_is_in_a_file_is_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """But where it is, and why whole clouds were not read."""
    trouble = {"name": "Blue", "service": None, "failure": {"text": "The cloud is in maintenance."}}
    _print_end(findings(), Settings(), DEFAULT_PATH, Path("found.jsonl"), [trouble])
    heading, blue, red, _, numbers, where, mending = capsys.readouterr().out.splitlines()
    assert heading == "Not compared"
    assert blue == "  Blue, all the rest: The cloud is in maintenance."
    assert "Red" in red
    assert numbers == "4 accounts compared, 2 differ."
    assert where.startswith("What was found is in found.jsonl. Not everything could be compared")
    assert mending.startswith("To mend that: ")
