# SPDX-License-Identifier: GPL-3.0-or-later
"""Log lines: one line each, whatever the values hold."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bill_nextcloud.errors import BillmanagerUnavailable, OperationError
from bill_nextcloud.log import Fields, logger, set_up
from hypothesis import given, settings
from hypothesis import strategies as st

Lines = Callable[..., list[str]]


class Unnamed(OperationError):
    """One without words of its own."""

    code = "nothing_known"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Leaves the loggers as they were."""
    root = logging.getLogger("bill_nextcloud")
    before = root.handlers[:], root.level, root.propagate
    yield
    root.handlers[:], root.propagate = before[0], before[2]
    root.setLevel(before[1])


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """Gives the lines that something logs, with the level set up as told."""

    def read(log: Callable[[Fields], None], *level: str) -> list[str]:
        set_up(*level)
        log(logger("test"))
        captured = capsys.readouterr()
        assert captured.out == ""
        return captured.err.split("\n")[:-1]

    return read


def shown(value: object) -> str:
    """``value`` as it stands behind its name."""
    message, _ = logger("test").process("x", {"value": value})
    assert isinstance(message, str)
    return message.removeprefix("x value=")


def test_a_line(lines: Lines) -> None:
    """Time, level, logger, sentence, pairs in the order given; what is not known is left out."""
    values = {"service": 12, "account": "user_12", "operation": None, "url": "https://a.b:1/c"}
    (line,) = lines(lambda log: log.info("account opened", **values))
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO bill_nextcloud\.test: "
        r"account opened service=12 account=user_12 url=https://a\.b:1/c",
        line,
    )


def test_a_line_without_pairs(lines: Lines) -> None:
    """Nothing is appended."""
    (line,) = lines(lambda log: log.warning("stopping"))
    assert line.endswith("WARNING bill_nextcloud.test: stopping")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (12, "12"),
        ("user_12", "user_12"),
        ("a@b.c", "a@b.c"),
        ("Иванов", "Иванов"),
        ("Иван Иванов", '"Иван Иванов"'),
        ("two words", '"two words"'),
        ("", '""'),
        ("a=b", '"a=b"'),
        ('say "x"', r'"say \"x\""'),
        ("back\\slash", r'"back\\slash"'),
        ("a\nb", r'"a\nb"'),
        ("a\n", r'"a\n"'),
        (r"a\nb", r'"a\\nb"'),
        ("\t\r\x00\x1b[31m", r'"\t\r\x00\x1b[31m"'),
        ("a\u2028b\x85c", r'"a\u2028b\x85c"'),
        (True, "yes"),
        (False, "no"),
        (59.98760001, "60.0"),
        ("quota,groups", "quota,groups"),
        ("(none)", "(none)"),
        ("it's", "it's"),
        ("\x07", r'"\x07"'),
        (["quota", "groups"], "quota,groups"),
        (("a b", None, "c"), '"a b,c"'),
        ({"name": "user_12", "quota": None, "new": True}, '"name: user_12, new: yes"'),
        (b"no \xff", r'"no \\xff"'),
        (BillmanagerUnavailable(detail="30 s"), '"billmanager_unavailable: BILLmanager does not answer: 30 s."'),
        (Unnamed(cloud="Blue"), '"nothing_known: cloud: Blue"'),
        (FileNotFoundError(2, "No such file or directory", "/a/b"), '"No such file or directory: /a/b"'),
        (OSError("broken"), '"OSError: broken"'),
        (KeyError("name"), '"KeyError: name"'),
        (ValueError("two\nlines"), r'"ValueError: two\nlines"'),
    ],
)
def test_a_value(value: object, expected: str) -> None:
    """Plain words as they are, all else in quotes with escapes; letters of any language stay readable."""
    assert shown(value) == expected


@given(st.text())
@settings(deadline=None)
def test_a_value_can_be_read_back(value: str) -> None:
    """No two values look the same, and none holds anything but printable characters."""
    written = shown(value)
    assert written.isprintable()
    if written.startswith('"'):
        assert re.fullmatch(r'"(?:[^"\\]|\\.)*"', written)
        undone = re.sub(
            r"\\(x..|u....|U........|.)",
            lambda match: (
                {"n": "\n", "r": "\r", "t": "\t"}.get(match[1])
                or (chr(int(match[1][1:], 16)) if len(match[1]) > 1 else match[1])
            ),
            written[1:-1],
        )
        assert undone == value
    else:
        assert written == value


def test_the_sentence_stays_one_line(lines: Lines) -> None:
    """A sentence may hold a name from outside: it cannot forge a line of its own."""
    hostile = "The account a\n2026-01-01 INFO x: forged \x1b[2J belongs to somebody"
    (line,) = lines(lambda log: log.error(hostile, service=12))
    assert r"a\n2026-01-01 INFO x: forged \x1b[2J belongs" in line
    assert line.endswith("service=12")


def test_a_percent_sign_is_no_format(lines: Lines) -> None:
    """Sentences and values are data."""
    (line,) = lines(lambda log: log.error("100 %s full %d", detail="50%"))
    assert line.endswith("100 %s full %d detail=50%")


def test_an_error_keeps_its_traceback(lines: Lines) -> None:
    """The one thing that takes more lines; they are indented, so that none looks like one of the log."""

    def fail(log: Fields) -> None:
        try:
            raise ValueError("broken\n2026-01-01 00:00:00,000 INFO bill_nextcloud.cli: forged \x1b[2J")
        except ValueError:
            log.exception("batch failed", module=3)

    found = lines(fail)
    assert found[0].endswith("batch failed module=3")
    assert found[-2] == "    ValueError: broken"
    assert found[-1].startswith("    2026-01-01")
    assert all(line.startswith("    ") and line.isprintable() for line in found[1:])


def test_the_level(lines: Lines) -> None:
    """Debugging is off, more can be switched off, and set up again a line is still written once."""

    def both(log: Fields) -> None:
        log.debug("hidden")
        log.info("shown")

    assert len(lines(both)) == 1
    assert len(lines(both)) == 1
    assert len(lines(both, "DEBUG")) == 2
    assert lines(both, "ERROR") == []


def test_a_file_gets_the_lines_too(tmp_path: Path) -> None:
    """Also after logrotate has moved it away."""
    file = tmp_path / "bridge.log"
    set_up(file=file)
    logger("test").info("before")
    file.rename(tmp_path / "bridge.log.1")
    logger("test").info("after")
    assert (tmp_path / "bridge.log.1").read_text("utf-8").endswith("before\n")
    assert file.read_text("utf-8").endswith("after\n")


def test_a_file_that_cannot_be_opened(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Is said, and stops nothing."""
    set_up(file=tmp_path / "nowhere" / "bridge.log")
    logger("test").info("all the same")
    refused, line = capsys.readouterr().err.splitlines()
    assert "the log file is not written" in refused
    assert line.endswith("all the same")
