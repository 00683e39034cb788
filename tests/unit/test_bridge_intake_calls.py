# SPDX-License-Identifier: GPL-3.0-or-later
"""What is understood of a call over the bridge's socket, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bill_nextcloud.errors import BadRequest, CommandUnknown
from bill_nextcloud.intake import _encrypted, _read, request_of
from bill_nextcloud.request import COMMANDS, Request
from harness.call import line
from hypothesis import given, settings
from hypothesis import strategies as st

LONGEST = 4 * 1024 * 1024


def request(content: bytes) -> Request:
    """What is understood of a call."""
    return request_of(_read(content))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_call(command: str) -> None:
    """Command, service and operation."""
    assert request(line(command=command)) == Request(12, command, 7)


def test_other_options_are_ignored() -> None:
    """Sets of options grow with BILLmanager's versions."""
    assert request(line(userid="5", lang="ru", level="29", module=None, extra=[1])) == Request(12, "open", 7)


@pytest.mark.parametrize("value", ["", None])
def test_the_operation_may_be_missing(value: str | None) -> None:
    """As in calls that belong to none."""
    assert request(line(runningoperation=value)).operation is None
    assert request(b'{"command": "open", "item": "12"}').operation is None


@pytest.mark.parametrize("name", ["item", "runningoperation"])
@pytest.mark.parametrize(
    "value",
    ["00", "-1", "+5", "1.5", "1e3", " 5", "5 ", "0x10", "abc", "5;", "٥", "²", "9" * 19, 5, 5.0, True, ["5"], {}],
)
def test_a_bad_number_is_named(name: str, value: Any) -> None:
    """Only decimal digits of a sensible length, as text."""
    with pytest.raises(BadRequest) as raised:
        request(line(**{name: value}))
    assert raised.value.parameters["detail"].startswith(f"--{name} must be a number, not ")


@pytest.mark.parametrize("value", ["", None, "0"])
def test_the_service_must_be_there(value: str | None) -> None:
    """An empty number and none at all."""
    with pytest.raises(BadRequest) as raised:
        request(line(item=value))
    assert "--item" in raised.value.parameters["detail"]
    with pytest.raises(BadRequest):
        request(b'{"command": "open"}')


@pytest.mark.parametrize("value", [None, "", " ", 5, ["x"]])
def test_a_change_needs_its_password(value: Any) -> None:
    """As text; what was given instead is not repeated."""
    with pytest.raises(BadRequest) as raised:
        _encrypted({"command": "changepassword", "item": "12", "password": value})
    assert raised.value.parameters == {"detail": "--password is missing"}
    assert _encrypted({"password": "c2VjcmV0"}) == "c2VjcmV0"


def test_long_values_are_cut() -> None:
    """An error is for people."""
    with pytest.raises(BadRequest) as number:
        request(line(item="x" * 5000))
    with pytest.raises(CommandUnknown) as command:
        request(line(command="y" * 5000))
    assert len(str(number.value)) < 200
    assert len(str(command.value)) < 200


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"", "the call is not JSON"),
        (b"\n", "the call is not JSON"),
        (b"{\n", "the call is not JSON"),
        (b"GET / HTTP/1.1\r\n", "the call is not JSON"),
        (b"\xff\xfe\n", "the call is not JSON"),
        (b"[" * 60000, "the call is not JSON"),
        (b"[]\n", "the call is not an object"),
        (b'"open"\n', "the call is not an object"),
        (b"null\n", "the call is not an object"),
        (b"5\n", "the call is not an object"),
        (line(extra="x" * LONGEST), "the call is too long"),
    ],
)
def test_what_is_no_call(content: bytes, detail: str) -> None:
    """Each in its words, and never anything but this error."""
    with pytest.raises(BadRequest) as raised:
        request(content)
    assert raised.value.parameters == {"detail": detail}


def test_the_longest_call() -> None:
    """The limit itself is taken."""
    room = LONGEST - len(line(extra=""))
    assert request(line(extra="x" * room)) == Request(12, "open", 7)
    with pytest.raises(BadRequest):
        request(line(extra="x" * (room + 1)))


@pytest.mark.parametrize("command", [None, "", "Open", "stat", "features", 5, ["open"], {"open": 1}])
def test_an_unknown_command(command: Any) -> None:
    """It is named."""
    with pytest.raises(CommandUnknown) as raised:
        request(line(command=command))
    assert raised.value.parameters == {"command": str(command)}


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5), st.text())
@settings(deadline=None, max_examples=200)
def test_nothing_else_comes_of_a_call(value: Any, name: str) -> None:
    """Whatever is sent: a request with whole numbers, or one of the two errors."""
    try:
        found = request(json.dumps({"command": "open", "item": value, name: value}).encode())
    except (BadRequest, CommandUnknown):
        return
    assert found.service > 0
    assert str(found.service) == str(value).lstrip("0")
