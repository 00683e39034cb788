# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of mgrctl: what is handed to the program, and what its answers mean."""

from __future__ import annotations

import json
import os
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bill_nextcloud.billmanager.connection import mgrctl_of
from bill_nextcloud.billmanager.mgrctl import Mgrctl, Turns, _turns
from bill_nextcloud.errors import BillmanagerRefused, BillmanagerUnavailable
from bill_nextcloud.settings import BillmanagerSettings
from harness.processes import until

SECRET = "s3cret with spaces = and 'quotes' $HOME"
OK = "<doc><ok/></doc>"
Make = Callable[..., Mgrctl]

PROGRAM = """#!{python} -IS
import json, os, sys, time
with open({seen!r}, "a") as seen:
    call = {{"argv": sys.argv[1:], "environment": dict(os.environ), "stdin": sys.stdin.read(), "nice": os.nice(0)}}
    json.dump(call, seen)
    seen.write("\\n")
sys.stdout.buffer.write({answer!r})
sys.stdout.flush()
sys.stderr.buffer.write({complaint!r})
{then}
sys.exit({code})
"""


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes a small mgrctl that notes each call and answers as told."""

    def build(
        answer: bytes | str = OK, code: int = 0, complaint: bytes = b"", then: str = "", timeout: float = 60
    ) -> Mgrctl:
        program = tmp_path / "mgrctl"
        content = answer.encode() if isinstance(answer, str) else answer
        seen = str(tmp_path / "seen")
        program.write_text(
            PROGRAM.format(python=sys.executable, seen=seen, answer=content, complaint=complaint, then=then, code=code),
            encoding="utf-8",
        )
        program.chmod(0o755)
        return Mgrctl(program, timeout)

    return build


def calls(directory: Path) -> list[dict[str, Any]]:
    """The calls so far."""
    return [json.loads(line) for line in (directory / "seen").read_text(encoding="utf-8").splitlines()]


def test_the_command_line(make: Make, tmp_path: Path) -> None:
    """Manager, XML, the function, then the parameters."""
    answer = make("<doc><elem><id>5</id></elem></doc>").call(
        "service.edit", {"elid": "5", "sok": "ok", "text": "a=б c"}
    )
    assert answer.findtext("elem/id") == "5"
    (call,) = calls(tmp_path)
    assert call["argv"] == ["-m", "billmgr", "-o", "xml", "service.edit", "elid=5", "sok=ok", "text=a=б c"]


def test_standard_input_is_not_handed_on(make: Make, tmp_path: Path) -> None:
    """mgrctl must not read what is meant for the bridge, nor wait for it."""
    reading, writing = os.pipe()
    os.write(writing, b"for the bridge only")
    os.close(writing)
    before = os.dup(0)
    os.dup2(reading, 0)
    try:
        make().call("paramlist", {})
    finally:
        os.dup2(before, 0)
        os.close(before)
        os.close(reading)
    assert calls(tmp_path)[0]["stdin"] == ""


def test_secrets_are_only_in_the_environment(make: Make, tmp_path: Path) -> None:
    """Arguments can be read by every user of the machine."""
    make().call("service.saveparam", {"elid": "5"}, secrets={"value": SECRET, "other": "second"})
    (call,) = calls(tmp_path)
    assert SECRET not in " ".join(call["argv"])
    handed = {}
    for position, word in enumerate(call["argv"]):
        if word == "-e":
            name, _, variable = call["argv"][position + 1].partition("=$")
            handed[name] = call["environment"][variable]
    assert handed == {"value": SECRET, "other": "second"}
    assert call["argv"].index("-e") < call["argv"].index("service.saveparam")


def test_the_environment_has_nothing_else(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the bridge was started with, and secrets of other calls, are not handed on."""
    monkeypatch.setenv("SOMETHING_SECRET", SECRET)
    mgrctl = make()
    mgrctl.call("service.saveparam", {"elid": "5"}, secrets={"value": SECRET})
    mgrctl.call("paramlist", {})
    first, second = (call["environment"] for call in calls(tmp_path))
    # The shell that arms the death signal adds where it stands.
    assert sorted(set(second) - {"PWD"}) == ["LC_ALL", "PATH"]
    assert len(set(first) - set(second)) == 1
    assert SECRET not in json.dumps(second)


@pytest.mark.parametrize(
    ("encrypted", "crypted"),
    [(True, "crypted=on"), (False, "crypted=off")],
)
def test_saving_a_parameter(make: Make, tmp_path: Path, encrypted: bool, crypted: str) -> None:
    """The value never is an argument, encrypted or not."""
    make().save_parameter(12, "userpassword", SECRET, encrypted=encrypted)
    (call,) = calls(tmp_path)
    words = call["argv"][call["argv"].index("service.saveparam") + 1 :]
    assert sorted(words) == sorted(["elid=12", "name=userpassword", crypted, "sok=ok"])
    assert SECRET not in " ".join(call["argv"])
    assert SECRET in call["environment"].values()


def test_dropping_a_parameter(make: Make, tmp_path: Path) -> None:
    """The service and the parameter are named."""
    make().drop_parameter(12, "username")
    assert calls(tmp_path)[0]["argv"][4:] == ["service.dropparam", "elid=12", "name=username", "sok=ok"]


@pytest.mark.parametrize("code", [0, 1])
def test_an_error_in_the_answer_is_a_refusal(make: Make, code: int) -> None:
    """With exit status 0 too, as structured output sometimes comes."""
    with pytest.raises(BillmanagerRefused) as raised:
        make('<doc><error type="missed" object="elid" value="7"><msg>x</msg></error></doc>', code).call("f.open", {})
    assert raised.value.parameters == {"function": "f.open", "detail": "missed, elid, 7"}
    assert raised.value.failure.kind == "final"


def test_an_error_without_words_is_a_refusal(make: Make) -> None:
    """The detail is never empty."""
    with pytest.raises(BillmanagerRefused) as raised:
        make("<doc><error/></doc>").call("f.open", {})
    assert raised.value.parameters["detail"]


@pytest.mark.parametrize(
    ("answer", "code", "complaint", "detail"),
    [
        ("", 1, b"first\nERROR Error: Connect, billmgr\n", "exit status 1: ERROR Error: Connect, billmgr"),
        ("", 0, b"", "exit status 0: no XML in the answer"),
        ("ERROR Error: missed, func", 1, b"", "exit status 1: no XML in the answer"),
        ("<doc><ok/>", 0, b"", "exit status 0: no XML in the answer"),
        (b"\xff\xfe\x00", 0, b"\xff", "exit status 0: \N{REPLACEMENT CHARACTER}"),
        (OK, 1, b"", "exit status 1 without an error"),
    ],
)
def test_no_answer_is_temporary(make: Make, answer: bytes | str, code: int, complaint: bytes, detail: str) -> None:
    """No XML, or a failed program that names no error: BILLmanager may be restarting."""
    with pytest.raises(BillmanagerUnavailable) as raised:
        make(answer, code, complaint).call("paramlist", {}, secrets={"value": SECRET})
    assert raised.value.parameters == {"detail": f"mgrctl paramlist: {detail}"}
    assert raised.value.failure.kind == "temporary"


def test_a_long_complaint_is_cut(make: Make) -> None:
    """An error text is for people."""
    with pytest.raises(BillmanagerUnavailable) as raised:
        make("", 1, b"x" * 5000).call("paramlist", {})
    assert len(raised.value.parameters["detail"]) < 300


def test_a_killed_program_is_no_answer(make: Make) -> None:
    """Also when it had printed an answer: it may not have done what it said."""
    with pytest.raises(BillmanagerUnavailable):
        make(then="os.kill(os.getpid(), 9)").call("paramlist", {})


@pytest.mark.parametrize(
    "then", ["time.sleep(60)", "os.fork() or time.sleep(4)\nos.wait()"], ids=["itself", "a child of it"]
)
def test_a_hanging_program_is_given_up(make: Make, then: str) -> None:
    """The call ends at its limit, also when a child of the program keeps its output open."""
    started = time.monotonic()
    with pytest.raises(BillmanagerUnavailable) as raised:
        make(then=then, timeout=0.5).call("paramlist", {})
    assert time.monotonic() - started < 3.5
    assert raised.value.parameters == {"detail": "mgrctl paramlist: no answer within 0.5 s"}


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    """Its path is in the error; a file that cannot be executed is one too."""
    with pytest.raises(BillmanagerUnavailable) as raised:
        Mgrctl(tmp_path / "none").call("paramlist", {})
    assert raised.value.parameters == {"detail": f"mgrctl: not there or not executable: {tmp_path / 'none'}"}
    (tmp_path / "none").write_text("")
    with pytest.raises(BillmanagerUnavailable):
        Mgrctl(tmp_path / "none").call("paramlist", {})


def test_the_settings_name_the_program() -> None:
    """Program and limit come from the settings."""
    settings = BillmanagerSettings(root=Path("/opt/mgr5"), mgrctl_timeout=3)
    assert mgrctl_of(settings) == Mgrctl(Path("/opt/mgr5/sbin/mgrctl"), 3)


def test_the_answer_is_an_element(make: Make) -> None:
    """An XML declaration and Cyrillic are read."""
    document = make('<?xml version="1.0" encoding="UTF-8"?>\n<doc><name>Имя</name></doc>\n').call("x", {})
    assert isinstance(document, ElementTree.Element)
    assert document.findtext("name") == "Имя"


def test_calls_that_are_last(make: Make, tmp_path: Path) -> None:
    """They are the same. Where there are others, they are for who has a processor left; a refusal is one all the
    same."""
    mgrctl = make()
    last = replace(mgrctl, last=True)
    for one in (mgrctl, last):
        assert one.call("service.postopen", {"elid": "5"}, secrets={"value": SECRET}).tag == "doc"
    with _turns.one(last=False):
        for one in (mgrctl, last):
            one.call("service.postopen", {"elid": "5"}, secrets={"value": SECRET})
    found = calls(tmp_path)
    usual = found[0]["nice"]
    assert [one.pop("nice") for one in found] == [usual, usual, usual, usual + 10]
    assert all(one == found[0] for one in found)
    with _turns.one(last=False), pytest.raises(BillmanagerRefused):
        replace(make('<doc><error type="missed"/></doc>', 1), last=True).call("f.open", {})


def test_whose_turn_it_is() -> None:
    """Who is last comes after all others, otherwise who came first; and a turn is given back whatever happens in it."""
    turns = Turns(1)
    order: list[str] = []
    begun: list[Future[None]] = []
    with ThreadPoolExecutor(4) as pool:

        def take(name: str, last: bool) -> None:
            with turns.one(last=last):
                order.append(name)
                if name == "first":
                    raise ValueError(name)

        with turns.one(last=False):
            for name, last in (("third", True), ("fourth", True), ("first", False), ("second", False)):
                begun.append(pool.submit(take, name, last))
                until(lambda: len(turns._waiting) + len(turns._last) == len(begun))
            assert order == []
    assert order == ["first", "second", "third", "fourth"]
    assert [type(one.exception()) for one in begun] == [type(None), type(None), ValueError, type(None)]
    assert turns._free == 1
