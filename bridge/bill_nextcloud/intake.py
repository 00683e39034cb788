# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes the calls of ``pmnextcloud`` from a unix socket: one JSON line each way.

Asked: ``{"command", "item", "runningoperation"}`` (texts, as on the module's command line; other names are ignored).
Answered: ``{"status": "done"}``, ``{"status": "accepted"}`` (stored, still in progress) or
``{"status": "failed", "document": "<doc>…"}`` with the error document.
"""

from __future__ import annotations

import json
import os
import socket
import socketserver
import struct
from typing import Any

from bill_nextcloud.billmanager.messages import error_document, text
from bill_nextcloud.convergence import COMMANDS, Request
from bill_nextcloud.errors import BadRequest, CommandUnknown, Failure, OperationError
from bill_nextcloud.log import logger
from bill_nextcloud.operation import Operations
from bill_nextcloud.settings import BridgeSettings

log = logger("intake")

_LONGEST = 64 * 1024
_PATIENCE = 10.0


class Intake(socketserver.ThreadingUnixStreamServer):
    """The socket server. Only root and the bridge's own user may call."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, settings: BridgeSettings, operations: Operations) -> None:
        self.operations = operations
        self.wait_seconds = settings.wait_seconds
        path = settings.socket_path
        path.unlink(missing_ok=True)
        super().__init__(str(path), _Call)
        path.chmod(0o600)


class _Call(socketserver.StreamRequestHandler):
    timeout = _PATIENCE
    server: Intake

    def handle(self) -> None:
        credentials = self.connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        _, user, _ = struct.unpack("3i", credentials)
        if user not in {0, os.geteuid()}:
            log.warning("call refused", user=user)
            return
        try:
            answer = self._answer()
        except OSError:
            log.info("caller silent")
            return
        except OperationError as error:
            answer = _failed(error.failure)
        except Exception as error:  # the edge: whatever the engine or its database raises, the caller gets an answer
            log.exception("call failed")
            answer = _failed(Failure("internal", "temporary", {"detail": type(error).__name__}))
        self.connection.settimeout(_PATIENCE)
        try:
            self.wfile.write(json.dumps(answer).encode() + b"\n")
        except OSError:
            # The caller was killed: the operation goes on, and BILLmanager asks again.
            log.info("caller gone")

    def _answer(self) -> dict[str, Any]:
        request = _request(self.rfile.readline(_LONGEST + 1))
        identifier = self.server.operations.submit(request)
        outcome = self.server.operations.outcome(identifier, self.server.wait_seconds)
        if outcome is None:
            return {"status": "accepted"}
        if outcome["failure"] is None:
            return {"status": "done"}
        return _failed(Failure.from_dict(outcome["failure"]))


def _failed(failure: Failure) -> dict[str, Any]:
    return {"status": "failed", "document": error_document(failure), "message": text(failure, "en")}


def _request(line: bytes) -> Request:
    if len(line) > _LONGEST:
        raise BadRequest(detail="the call is too long")
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadRequest(detail="the call is not JSON") from error
    if not isinstance(value, dict):
        raise BadRequest(detail="the call is not an object")
    command = value.get("command")
    if command not in COMMANDS:
        raise CommandUnknown(command=str(command)[:64])
    return Request(
        service=_number(value, "item", required=True) or 0,
        command=command,
        operation=_number(value, "runningoperation", required=False),
    )


def _number(value: dict[str, Any], name: str, *, required: bool) -> int | None:
    given = value.get(name)
    if given in (None, "") and not required:
        return None
    if not isinstance(given, str) or not given.isascii() or not given.isdigit() or len(given) > 18 or int(given) == 0:
        raise BadRequest(detail=f"--{name} must be a number, not {str(given)[:32]!r}")
    return int(given)
