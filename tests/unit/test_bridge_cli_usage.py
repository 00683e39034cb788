# SPDX-License-Identifier: GPL-3.0-or-later
"""``bill-nextcloud usage``: the register as bytes, and what is said beside it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from bill_nextcloud.cli import usage
from bill_nextcloud.record import DayOfUse, ServiceUse, UsageHistory
from bill_nextcloud.usage.register import Row, gib, text_cell, write_csv, write_json
from harness.command import Command, Record

GIB = 1024**3
HEAD = (
    "service;client;client_name;reseller;reseller_name;tariff;tariff_name;sold_gib;sold_bytes;average_gib;average_bytes;"
    "maximum_gib;maximum_bytes;last_gib;last_bytes;last_day;days;days_active;days_suspended;cloud\r\n"
)
USE = ServiceUse(12, 1, 5, None, 2, 2 * GIB, 3 * GIB + 1, 2 * GIB, GIB, "2026-10-31", 2, 1, 1)


def csv_of(row: Row, encoding: str) -> tuple[bytes, int]:
    """The bytes, and how many characters were replaced."""
    out = io.BytesIO()
    replaced = write_csv([row], out, encoding)
    return out.getvalue(), replaced


def line(name: str) -> str:
    """The row of ``USE`` with a client's name."""
    return (
        f"12;5;{name};;;2;Малый;2,000;2147483648;1,500;1610612737;2,000;2147483648;1,000;1073741824;"
        "2026-10-31;2;1;1;1\r\n"
    )


def test_csv_in_both_encodings() -> None:
    """Byte by byte: the mark once, semicolons, CR LF, commas; what cp1251 lacks is counted."""
    row = Row(USE, 'ООО "Ёж; сын"', None, "Малый")
    quoted = '"ООО ""Ёж; сын"""'
    assert csv_of(row, "utf-8-sig") == (b"\xef\xbb\xbf" + (HEAD + line(quoted)).encode(), 0)
    assert csv_of(row, "cp1251") == ((HEAD + line(quoted)).encode("cp1251"), 0)
    assert csv_of(Row(USE, "Müller 中?", None, "Малый"), "cp1251") == (
        (HEAD + line("M?ller ??")).encode("cp1251"),
        2,
    )
    assert csv_of(Row(USE, "Müller", None, "Малый"), "utf-8-sig")[1] == 0


def test_half_a_byte_and_no_limit() -> None:
    """An average is rounded up at a half, unlimited is empty."""
    row = Row(ServiceUse(1, 1, None, None, 2, None, 3, 2, 1, "2026-10-02", 2, 2, 0), None, None, None)
    content, _ = csv_of(row, "utf-8-sig")
    assert content.decode("utf-8-sig").splitlines()[1] == "1;;;;;2;;;;0,000;2;0,000;2;0,000;1;2026-10-02;2;2;0;1"
    assert str(gib(GIB // 2000)) == "0.000"
    assert str(gib(GIB // 2000 + 1)) == "0.001"


def test_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Is told while rows are written, and the totals are those of all."""
    monkeypatch.setattr(usage, "_SHOWN", 2)
    totals, told = usage._Totals(), list[int]()
    rows = [Row(USE, None, None, None)] * 5
    assert list(totals.count(iter(rows), told.append)) == rows
    assert (told, totals.services, totals.average) == ([2, 4], 5, 5 * 1610612737)


@pytest.mark.parametrize("mark", ["=", "+", "-", "@", "\t", "\r"])
def test_no_formula_comes_out_of_a_name(mark: str) -> None:
    """It stays readable."""
    assert text_cell(f"{mark}1+1") == f"'{mark}1+1"
    assert text_cell(f"a{mark}") == f"a{mark}"
    content, _ = csv_of(Row(USE, f"{mark}HYPERLINK(1)", None, "Малый"), "utf-8-sig")
    assert f"'{mark}HYPERLINK(1)".encode() in content


def test_json() -> None:
    """A list of objects, in bytes; an empty one as well."""
    out = io.BytesIO()
    write_json([Row(USE, "Анна", None, None), Row(USE, None, None, None)], out)
    first, second = json.loads(out.getvalue())
    assert (first["client_name"], first["average"], first["sold"]) == ("Анна", GIB * 3 // 2 + 1, 2 * GIB)
    assert second["client_name"] is None
    out = io.BytesIO()
    write_json([], out)
    assert json.loads(out.getvalue()) == []


@pytest.fixture
def month(command: Command, record: Record) -> Command:
    """A record of two days of October; BILLmanager is not there."""
    history = UsageHistory(record.store)
    for number, used in ((1, GIB), (2, 2 * GIB)):
        days = [DayOfUse(s, f"2026-10-{number:02}", 1, 5, None, 2, 2, used, 2 * GIB) for s in (12, 13)]
        history.write(days)
    return command


def test_the_command(month: Command, tmp_path: Path) -> None:
    """Totals and warnings stand beside the data; a file is there when it is whole."""
    done = month("usage", "--period", "2026-10", "--format", "json")
    assert [one["maximum"] for one in json.loads(done.stdout)] == [2 * GIB] * 2
    assert "warning: without names. BILLmanager does not answer" in done.stderr
    assert done.stderr.splitlines()[-1] == "2 services, 3.000 GiB on average"
    file = tmp_path / "register.csv"
    assert month("usage", "--period", "2026-10", "--format", "csv", "--output", file).stdout == ""
    assert file.read_bytes().startswith(b"\xef\xbb\xbfservice;client;")
    assert [path.name for path in tmp_path.glob("*register*")] == ["register.csv"]
    shown = month("usage", "--period", "2026-10").stdout.splitlines()
    assert shown[0].split()[:2] == ["SERVICE", "CLIENT"]
    assert shown[-1] == "2 services, 3.000 GiB on average"


@pytest.mark.parametrize(
    "words",
    [
        ("--period", "October"),
        ("--period", "2026-10", "--encoding", "cp1251"),
        ("--period", "2026-10", "--format", "json", "--encoding", "cp1251"),
        ("--period", "2026-10", "--output", "/nowhere"),
        ("--period", "2026-10", "--format", "csv", "--output", "/nowhere/file"),
        (),
    ],
)
def test_wrong_words(month: Command, words: tuple[str, ...]) -> None:
    """An error, and another status than that of an empty month."""
    assert month("usage", *words, status=2).stdout == ""


def test_a_month_without_data(month: Command) -> None:
    """Is said."""
    done = month("usage", "--period", "2026-09", "--format", "csv", status=1)
    assert (done.stdout, done.stderr) == ("", "bill-nextcloud: nothing is on record of 2026-09\n")
