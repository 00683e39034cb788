# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends what was recorded, and tells both answers in a form in which they can be compared."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from contract.compare import Given
from contract.recording import Recording
from contract.server import PASSWORDS, Server, ServerT
from contract.suite import Suite

_SIZE = re.compile(r"(\d+) bytes")
_PLACEHOLDER = re.compile(r"\{password:(\w+)\}")


def with_passwords(text: str) -> str:
    """The text with the passwords that its placeholders name."""
    return _PLACEHOLDER.sub(lambda found: PASSWORDS[found[1]], text)


def _body(server: Server, recording: Recording) -> bytes:
    if recording.form is not None:
        return _filled_form(recording.form)
    if recording.json is not None:
        return server.own_text(with_passwords(json.dumps(recording.json))).encode()
    if recording.body and (size := _SIZE.fullmatch(recording.body)):
        return bytes(int(size[1]))
    return (recording.body or "").encode()


def _filled_form(form: dict[str, str | list[str]]) -> bytes:
    filled = {
        name: [with_passwords(item) for item in value] if isinstance(value, list) else with_passwords(value)
        for name, value in form.items()
    }
    return urlencode(filled, doseq=True).encode()


def replay(suite: Suite[ServerT], server: ServerT, recording: Recording) -> tuple[Any, Any]:
    """The given and the recorded answer. Skips the test when this server is not to be asked."""
    reason = suite.reason_to_leave_out(recording, real_server=server.real)
    if reason:
        pytest.skip(f"not on a real server: {reason}")
    if recording.name in suite.first_of_parts:
        server.remove_everything(with_admins=False)
    suite.prepare(server, recording)
    auth, cookies = server.credentials(recording.auth, recording.method, recording.path)
    answer = server.send(
        recording.method,
        server.own_path(recording.path),
        auth=auth,
        query=recording.query,
        headers=recording.headers,
        body=_body(server, recording),
        cookies=cookies,
    )
    expected = Given(recording.status, recording.response_headers, recording.response_body, recorded=True)
    given = Given(answer.status_code, dict(answer.headers), answer.content.decode(), recorded=False)
    return suite.comparable(given, recording, server), suite.comparable(expected, recording, server)
