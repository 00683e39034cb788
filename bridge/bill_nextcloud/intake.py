# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes the calls of ``pmnextcloud`` and of administrators from a unix socket: one JSON line each way, after a
greeting.

Said first: ``{"status": "running", "wait": seconds}``, so that a caller knows at once that the bridge is there.
Asked: ``{"command", "item", "runningoperation"}`` (texts, as on the module's command line; other names are ignored;
``changepassword`` has ``password``, encrypted as BILLmanager's parameters are, too), ``{"command": "check_connection",
"document"}`` (the form as XML, see ``check``), another command at which a person waits (see ``forms``),
``{"command": "stat", "module"}`` (see ``usage.statistics``; the answer comes when all is read, and a ``result`` with
it), ``{"command": "import", "module", "itemtype", "searchstring"}`` (see ``importing``; the same, with a
``document``), or ``{"command": "administer", …}`` (see ``administration``). Answered: ``{"status": "done"}``, with the
``"document"`` of a form; ``{"status": "accepted"}`` (stored, still in progress); or ``{"status": "failed", "document":
"<doc>…", "message"}`` with the error document.
"""

from __future__ import annotations

import json
import os
import queue
import socket
import socketserver
import struct
import threading
from collections.abc import Mapping
from typing import Any

from bill_nextcloud.administration import Administration
from bill_nextcloud.billmanager.messages import error_document, printable, text
from bill_nextcloud.call import number
from bill_nextcloud.check import CheckConnection
from bill_nextcloud.errors import BadRequest, CommandUnknown, Failure, OperationError
from bill_nextcloud.forms import Form
from bill_nextcloud.importing.answers import document
from bill_nextcloud.importing.search import Search
from bill_nextcloud.importing.services import Import
from bill_nextcloud.log import logger
from bill_nextcloud.operation import BILLMANAGER, Operations
from bill_nextcloud.record import Operation, State
from bill_nextcloud.request import CHANGE_PASSWORD, COMMANDS, Request
from bill_nextcloud.settings import BridgeSettings
from bill_nextcloud.usage.reading import Found
from bill_nextcloud.usage.statistics import Statistics

log = logger("intake")

# The longest form that the module sends (LONGEST_FORM), in JSON, where a letter may take six bytes.
_LONGEST = 4 * 1024 * 1024
_PATIENCE = 10.0
_NAME_LENGTH = 64
_IDLE_SECONDS = 60.0
# Where systemd hands over sockets (sd_listen_fds).
_FIRST_SOCKET = 3


class Intake(socketserver.ThreadingUnixStreamServer):
    """The socket server. Only root and the bridge's own user may call. systemd's socket is taken where there is one."""

    request_queue_size = 1024

    def __init__(
        self,
        settings: BridgeSettings,
        operations: Operations,
        administration: Administration,
        check_connection: CheckConnection,
        forms: Mapping[str, Form],
        statistics: Statistics,
        importing: Import,
    ) -> None:
        self.operations = operations
        self.administration = administration
        self.check_connection = check_connection
        self.forms = forms
        self.statistics = statistics
        self.importing = importing
        self.wait_seconds = settings.wait_seconds
        self._calls: queue.SimpleQueue[tuple[Any, Any]] = queue.SimpleQueue()
        # How many threads have nothing to do and were not promised a call.
        self._idle = threading.Semaphore(0)
        path = settings.socket_path
        if _handed_over():
            super().__init__(str(path), _Call, bind_and_activate=False)
            self.socket.close()
            self.socket = socket.socket(fileno=_FIRST_SOCKET)
            self.server_address = self.socket.getsockname()
            self.own_socket = False
        else:
            path.unlink(missing_ok=True)
            super().__init__(str(path), _Call)
            path.chmod(0o600)
            self.own_socket = True

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give a call to a thread that has nothing to do, or to a new one. (A new one for each, as ``socketserver`` has
        it, makes the next caller wait until it has begun: long, while hundreds want the interpreter.)"""
        self._calls.put((request, client_address))
        if not self._idle.acquire(blocking=False):
            threading.Thread(target=self._serve_calls, name="call", daemon=True).start()

    def _serve_calls(self) -> None:
        while True:
            try:
                request, client_address = self._calls.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                if self._idle.acquire(blocking=False):
                    return
                continue  # a call is just coming
            self.process_request_thread(request, client_address)
            self._idle.release()


def _handed_over() -> bool:
    return os.environ.get("LISTEN_PID") == str(os.getpid()) and os.environ.get("LISTEN_FDS") == "1"


class _Call(socketserver.StreamRequestHandler):
    timeout = _PATIENCE
    server: Intake

    def handle(self) -> None:
        credentials = self.connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        _, user, _ = struct.unpack("3i", credentials)
        if user not in {0, os.geteuid()}:
            log.warning("call refused", user=user)
            return
        # A caller that has gone is not asked for anything; what it has sent is taken all the same: it meant it.
        self._say({"status": "running", "wait": self.server.wait_seconds})
        try:
            answer = self._answer()
        except OSError:
            log.info("caller silent")
            return
        except OperationError as error:
            answer = _failed(error.failure)
        except Exception as error:  # the edge: whatever the engine or its database raises, the caller gets an answer
            log.exception("call failed")
            answer = _failed(Failure("internal", {"detail": type(error).__name__}))
        self._say(answer)

    def _say(self, value: dict[str, Any]) -> None:
        self.connection.settimeout(_PATIENCE)
        try:
            self.wfile.write(json.dumps(value).encode() + b"\n")
        except OSError:
            # The caller was killed: the operation goes on, and BILLmanager asks again.
            log.info("caller gone")

    def _answer(self) -> dict[str, Any]:
        value = _read(self.rfile.readline(_LONGEST + 1))
        if value.get("command") == "administer":
            parameters = value.get("parameters")
            if not isinstance(parameters, dict):
                raise BadRequest(detail="parameters must be an object")
            by = printable(str(value.get("by") or "administrator"))[:_NAME_LENGTH]
            return {"status": "done", "result": self.server.administration(value.get("action"), parameters, by)}
        if value.get("command") == "check_connection":
            failure = self.server.check_connection(value.get("document"))
            return _failed(failure) if failure else {"status": "done"}
        form = self.server.forms.get(str(value.get("command")))
        if form is not None:
            found = form(value)
            return _failed(found) if isinstance(found, Failure) else {"status": "done", "document": found}
        if value.get("command") == "stat":
            return _read_usage(self.server.statistics(number(value, "module", required=True) or 0))
        if value.get("command") == "import":
            return self._import(value)
        operations = self.server.operations
        request = request_of(value)
        if request.command == CHANGE_PASSWORD:
            operation = operations.change_password(request, _encrypted(value), BILLMANAGER)
        else:
            operation = operations.submit(request, BILLMANAGER)
        if self.server.wait_seconds and operations.holds.failure(operation.cloud) is None:
            operation = operations.wait(operation.id, self.server.wait_seconds)
        return _told(operation)

    def _import(self, value: dict[str, Any]) -> dict[str, Any]:
        module = number(value, "module", required=True) or 0
        item_type = value.get("itemtype")
        if not isinstance(item_type, str) or not item_type:
            raise BadRequest(detail="--itemtype is missing")
        found = self.server.importing(module, item_type, Search.read(value.get("searchstring")), adopt=True)
        return _failed(found.failure) if found.failure else {"status": "done", "document": document(found)}


def _told(operation: Operation) -> dict[str, Any]:
    if operation.state == State.DONE:
        return {"status": "done"}
    if operation.state == State.FAILED and operation.failure is not None:
        return _failed(operation.failure)
    return {"status": "accepted"}


def _read_usage(found: Found) -> dict[str, Any]:
    unread = [{"service": service, "code": failure.code} for service, failure in found.first_unread]
    result = {"read": found.read, "unread": found.unread, "services": unread}
    return {**({"status": "done"} if found.failure is None else _failed(found.failure)), "result": result}


def _failed(failure: Failure) -> dict[str, Any]:
    return {"status": "failed", "document": error_document(failure), "message": text(failure, "en")}


def _read(line: bytes) -> dict[str, Any]:
    if len(line) > _LONGEST:
        raise BadRequest(detail="the call is too long")
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadRequest(detail="the call is not JSON") from error
    if not isinstance(value, dict):
        raise BadRequest(detail="the call is not an object")
    return value


def request_of(value: dict[str, Any]) -> Request:
    """What a call of the module asks for. Raises :class:`BadRequest` or :class:`CommandUnknown`."""
    command = value.get("command")
    if command not in COMMANDS:
        raise CommandUnknown(command=str(command)[:64])
    return Request(
        service=number(value, "item", required=True) or 0,
        command=command,
        operation=number(value, "runningoperation", required=False),
    )


def _encrypted(value: dict[str, Any]) -> str:
    given = value.get("password")
    if not isinstance(given, str) or not given.strip():
        raise BadRequest(detail="--password is missing")
    return given
