# SPDX-License-Identifier: GPL-3.0-or-later
"""Replays every recorded exchange, in order: each builds on what the ones before it left, so run the whole file."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from urllib.parse import urlencode

import pytest
from contract.compare import Given, comparable
from contract.left_out import LEFT_OUT, LeftOut, reason_to_leave_out
from contract.preparation import prepare
from contract.recording import Recording, load
from contract.server import PASSWORDS, Server

RECORDINGS = load()
REPLAYED = [item for item in RECORDINGS if reason_to_leave_out(item.name, real_server=False) is None]
_FIRST_OF_PARTS = {item.part: item.name for item in reversed(RECORDINGS)}
_SIZE = re.compile(r"(\d+) bytes")
_PLACEHOLDER = re.compile(r"\{password:(\w+)\}")
_ADMIN_IN_PATH = re.compile(r"/(users|files)/admin(?=/|$)")


def _filled(text: str) -> str:
    return _PLACEHOLDER.sub(lambda found: PASSWORDS[found[1]], text)


def _body(recording: Recording) -> bytes:
    if recording.form is not None:
        return _filled_form(recording.form)
    if recording.json is not None:
        return _filled(json.dumps(recording.json)).encode()
    if recording.body and (size := _SIZE.fullmatch(recording.body)):
        return bytes(int(size[1]))
    return (recording.body or "").encode()


def _filled_form(form: dict[str, str | list[str]]) -> bytes:
    filled = {
        name: [_filled(item) for item in value] if isinstance(value, list) else _filled(value)
        for name, value in form.items()
    }
    return urlencode(filled, doseq=True).encode()


@pytest.mark.parametrize("recording", REPLAYED, ids=lambda recording: recording.name)
def test_server_answers_as_recorded(server: Server, recording: Recording) -> None:
    """Status, OCS code, message, data and the headers that matter are those of the recording."""
    reason = reason_to_leave_out(recording.name, real_server=server.real)
    if reason:
        pytest.skip(f"not on a real server: {reason}")
    if recording.name == _FIRST_OF_PARTS[recording.part]:
        server.remove_everything(with_admins=False)
    prepare(server, recording)
    auth, cookies = server.credentials(recording.auth, recording.method, recording.path)
    answer = server.send(
        recording.method,
        _ADMIN_IN_PATH.sub(rf"/\1/{server.acting_admin}", recording.path),
        auth=auth,
        query=recording.query,
        headers=recording.headers,
        body=_body(recording),
        cookies=cookies,
    )
    expected = Given(recording.status, recording.response_headers, recording.response_body, recorded=True)
    given = Given(answer.status_code, dict(answer.headers), answer.content.decode(), recorded=False)
    assert comparable(given, recording, server) == comparable(expected, recording, server)


def test_every_recording_is_replayed_or_listed() -> None:
    """No recording is lost without a reason, and none is listed twice over."""
    listed = {item.name for item in RECORDINGS if reason_to_leave_out(item.name, real_server=False)}
    assert {item.name for item in REPLAYED} | listed == {item.name for item in RECORDINGS}
    assert len({item.name for item in RECORDINGS}) == len(RECORDINGS) == 717


@pytest.mark.parametrize("entry", LEFT_OUT, ids=lambda entry: entry.pattern)
def test_every_pattern_of_the_table_matches_something(entry: LeftOut) -> None:
    """A pattern that matches nothing is a mistake or out of date."""
    assert any(fnmatchcase(item.name, entry.pattern) for item in RECORDINGS)
