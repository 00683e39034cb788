# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cloud that answers by script: an HTTP server that expects certain requests in a certain order and nothing else."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import threading
import time
import typing as t
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

ADMIN = "root"
ADMIN_PASSWORD = "Kennwort-Ω-of-the-admin"
PASSWORD = "Swordfish-of-a-customer-1"
COOKIE = "oc_session=abc"
GRAPH = "/graph/"
"""How the paths begin that speak LibreGraph."""


@dataclass
class Answer:
    """What the server does with a request: an HTTP answer, or something worse."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json; charset=utf-8"})
    fault: str | None = None
    """``cut`` (close without an answer), ``hang``, ``drip_head``, ``drip_body`` or ``short`` (less than announced)."""
    late: float = 0.0
    """Seconds that it takes."""


def ok(data: t.Any = ()) -> Answer:
    """A success, as Nextcloud 31 answers it."""
    meta = {"status": "ok", "statuscode": 200, "message": "OK"}
    return Answer(200, json.dumps({"ocs": {"meta": meta, "data": data}}).encode())


def release(major: int) -> Answer:
    """The answer to the question for the capabilities, of a release of Nextcloud."""
    return ok({"version": {"major": major}, "capabilities": {}})


def no(http_status: int, code: int, message: str = "", **headers: str) -> Answer:
    """A failure, as Nextcloud 31 answers it."""
    meta = {"status": "failure", "statuscode": code, "message": message}
    body = json.dumps({"ocs": {"meta": meta, "data": []}}).encode()
    return Answer(http_status, body, {"Content-Type": "application/json", **headers})


def missing() -> Answer:
    """The answer to GET of an account that does not exist."""
    return no(404, 404, "User does not exist")


def html(status: int = 200) -> Answer:
    """A page of a proxy."""
    return Answer(status, b"<html><body>Please log in</body></html>", {"Content-Type": "text/html"})


def fault(name: str) -> Answer:
    """No proper answer at all."""
    return Answer(fault=name)


def record(name: str, **fields: t.Any) -> dict[str, t.Any]:
    """An account's record (the fields that matter; others as Nextcloud 31 sends them)."""
    quota = fields.pop("quota", -3)
    used = fields.pop("used", 0)
    return {
        "enabled": True,
        "storageLocation": "/data/" + name,
        "id": name,
        "lastLogin": 0,
        "backend": "Database",
        "subadmin": [],
        "quota": quota if isinstance(quota, (list, dict)) else {"free": -3, "used": used, "quota": quota},
        "email": None,
        "displayname": name,
        "groups": [],
        "language": "en",
        "manager": "",
        **fields,
    }


@dataclass
class Call:
    """An expected request and what is answered."""

    method: str
    path: str
    answer: Answer
    form: list[tuple[str, str]] | None = None
    json: t.Any = None
    query: dict[str, str] = field(default_factory=dict)
    user: tuple[str, str] | str | None = (ADMIN, ADMIN_PASSWORD)
    """A name with its password, or a bearer token; None: nobody is logged in."""
    with_cookie: bool | None = None
    """Whether the request has to carry the session's cookie; None: both are fine."""


class ScriptedCloud:
    """The server.

    :param base_path: the path below which the cloud is installed.
    :param tls: (certificate, key) files.
    """

    def __init__(self, base_path: str = "", tls: tuple[str, str] | None = None) -> None:
        self.base_path = base_path
        self.script: list[Call] = []
        self.problems: list[str] = []
        self.seen: list[str] = []
        self._released = threading.Event()
        cloud = self

        class Handler(_Handler):
            owner = cloud

        self._server = _Server(("127.0.0.1", 0), Handler)
        scheme = "http"
        if tls is not None:
            scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{scheme}://127.0.0.1:{self._server.server_address[1]}{base_path}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> ScriptedCloud:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()

    def expect(
        self, method: str, path: str, answer: Answer, form: list[tuple[str, str]] | None = None, **more: t.Any
    ) -> None:
        """Add a request to the script.

        ``path`` is as it travels, below ``/ocs/v2.php/cloud`` unless it is whole: see :func:`whole_path`.
        """
        self.script.append(Call(method, path, answer, form, **more))

    def check(self) -> None:
        """Fail unless exactly the scripted requests came."""
        assert not self.problems, "\n".join(self.problems)
        assert not self.script, f"never asked: {[(call.method, call.path) for call in self.script]}"

    def take(self, method: str, target: str, headers: t.Mapping[str, str], body: bytes) -> Answer:
        """Compare a request with the script and return what to answer."""
        parts = urlsplit(target)
        self.seen.append(f"{method} {target}")
        if not self.script:
            self.problems.append(f"one too many: {method} {target} {body!r}")
            return Answer(418)
        call = self.script.pop(0)
        plain = call.path == "/status.php"
        graph = call.path.startswith(GRAPH)
        user = None if plain else call.user
        credentials = f"Bearer {user}" if isinstance(user, str) else user
        if isinstance(user, tuple):
            credentials = "Basic " + base64.b64encode(":".join(user).encode()).decode()
        in_json = headers.get("Content-Type") == "application/json"
        form = parse_qsl(body.decode(), keep_blank_values=True) if body and not in_json else None
        cookies = dict(pair.split("=", 1) for pair in headers.get("Cookie", "").split("; ") if pair)
        # The administrator's session says at once that it keeps cookies; an account's single log-in does not.
        kept = not graph and (isinstance(user, str) or (user is not None and user[0] == ADMIN))
        probe = cookies.pop("cookie_test", None)
        cookie = bool(cookies)
        for what, got, wanted in (
            ("method", method, call.method),
            ("path", parts.path, self.base_path + whole_path(call.path)),
            ("query", dict(parse_qsl(parts.query)), {**({} if plain or graph else {"format": "json"}), **call.query}),
            ("form", form, call.form),
            ("json", json.loads(body) if body and in_json else None, call.json),
            ("Authorization", headers.get("Authorization"), credentials),
            ("OCS-APIRequest", headers.get("OCS-APIRequest"), None if graph else "true"),
            ("cookie_test", probe, "test" if kept else None),
            ("cookie", cookie, cookie if call.with_cookie is None else call.with_cookie),
        ):
            if got != wanted:
                self.problems.append(f"{method} {target}: {what} is {got!r}, expected {wanted!r}")
        return call.answer

    def wait(self, seconds: float) -> None:
        """Wait, but not longer than the test lasts."""
        self._released.wait(seconds)

    @property
    def over(self) -> bool:
        """Whether the test has ended."""
        return self._released.is_set()


def whole_path(path: str) -> str:
    """Return a path of the script below the cloud's root."""
    return path if path == "/status.php" or path.startswith(("/ocs/", GRAPH)) else "/ocs/v2.php/cloud" + path


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: t.Any, client_address: t.Any) -> None:
        """Keep quiet: clients that refuse our certificate are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes, and the second would wait for the client's receipt
    owner: ScriptedCloud

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer = self.owner.take(self.command, self.path, t.cast("t.Mapping[str, str]", self.headers), body)
        self.owner.wait(answer.late)
        if answer.fault == "cut":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif answer.fault == "hang":
            self.close_connection = True
            self.owner.wait(30)
        elif answer.fault == "drip_head":
            self._drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 1000)
        elif answer.fault == "drip_body":
            self._drip(b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"ocs"' + b" " * 1000, fast=40)
        elif answer.fault == "short":
            self.close_connection = True
            self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"ocs":')
        else:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Set-Cookie", COOKIE + "; path=/")
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - the names of the base class

    def _drip(self, data: bytes, fast: int = 20) -> None:
        self.close_connection = True
        try:
            self.wfile.write(data[:fast])
            for position in range(fast, len(data)):
                if self.owner.over:
                    return
                self.wfile.write(data[position : position + 1])
                time.sleep(0.05)
        except OSError:
            return  # the client has gone, as it should

    def log_message(self, format: str, *args: t.Any) -> None:  # noqa: A002 - the name of the base class
        """Keep quiet."""
