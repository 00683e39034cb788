# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the worker through its socket: only the worker talks to the engine. One JSON line each way."""

from __future__ import annotations

import json
import os
import pwd
import socket
from pathlib import Path
from typing import Any

from bill_nextcloud.errors import WorkerNotRunning

# Seconds. A worker that systemd starts for this call greets when it is up.
GREETING_SECONDS = 5.0
ANSWER_SECONDS = 60.0
_LONGEST = 4 * 1024 * 1024


class RequestRefused(Exception):
    """The worker will not do what it was asked to. ``message``: why, in its words, with the next step."""

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


def administer(
    path: Path, action: str, parameters: dict[str, Any], *, seconds: float = ANSWER_SECONDS
) -> dict[str, Any]:
    """Let the worker at the socket ``path`` carry out ``action`` (ping, retry, cancel, approve, hold, release).

    ``seconds``: the longest wait for its answer. Returns the answer's ``result``. Raises :class:`WorkerNotRunning` when
    nothing answers there, :class:`RequestRefused` when the worker refuses, ``PermissionError`` when this user may not
    call.
    """
    request = {"command": "administer", "action": action, "parameters": parameters, "by": login_name()}
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(min(GREETING_SECONDS, seconds))
            connection.connect(str(path))
            with connection.makefile("rb") as reader:
                _line(reader.readline(_LONGEST), path)
                connection.sendall(json.dumps(request).encode() + b"\n")
                connection.settimeout(seconds)
                answer = _line(reader.readline(_LONGEST), path)
    except TimeoutError:
        raise WorkerNotRunning(socket=path, detail="no answer in time") from None
    except PermissionError as error:
        raise PermissionError(error.errno, error.strerror, str(path)) from None
    except OSError as error:
        raise WorkerNotRunning(socket=path, detail=error.strerror or str(error)) from None
    if answer.get("status") == "done" and isinstance(answer.get("result"), dict):
        return dict(answer["result"])
    if answer.get("status") == "failed":
        raise RequestRefused(str(answer.get("message") or "the worker refused, and said no reason"))
    raise WorkerNotRunning(socket=path, detail="an answer that is not understood")


def login_name() -> str:
    """Who asks, for the record: the user that logged in, also below sudo."""
    behind = os.environ.get("SUDO_USER")
    if behind:
        return behind
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _line(line: bytes, path: Path) -> dict[str, Any]:
    if not line:
        raise WorkerNotRunning(socket=path, detail="it closed the connection")
    try:
        value = json.loads(line)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise WorkerNotRunning(socket=path, detail="an answer that is not understood")
    return value
