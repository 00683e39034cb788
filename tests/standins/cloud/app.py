# SPDX-License-Identifier: GPL-3.0-or-later
"""The web application: sends each request to the part that answers it, and applies faults on the way."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qsl, unquote

from aiohttp import web

from standins.cloud import control, dav, server_info
from standins.cloud.api import Api, ApiRequest
from standins.cloud.auth import SESSION_COOKIE, TEST_COOKIE, Authenticator, Login, basic_credentials
from standins.cloud.clock import Clock
from standins.cloud.config import Config
from standins.cloud.faults import Fault, Faults
from standins.cloud.ocs import Answer, envelope
from standins.cloud.request import parameters
from standins.cloud.requestlog import RequestLog
from standins.cloud.state import Cloud

_LOGIN_PAGE = b"<!DOCTYPE html>\n<html><head><title>Login</title></head><body><form>Log in</form></body></html>\n"
_HTML = {"Content-Type": "text/html; charset=UTF-8"}
_UNTRUSTED = b"<!DOCTYPE html>\n<html><body><h2>Access through untrusted domain</h2></body></html>\n"
_LOGGED_PARAMETERS = ("format", "search", "limit", "offset", "groupid")
_MAX_BODY = 2 * 1024**3
_HUGE_BODY = 100 * 1024**2
_CHUNK = b" " * 1024**2


class Standin:
    """The whole stand-in: state, log-in, API, WebDAV, faults, log."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.log = RequestLog(config.request_log)
        self.reset()

    def reset(self) -> None:
        """Everything as at the start: accounts, groups, sessions, clock, faults. The log goes on."""
        self.clock = Clock()
        self.cloud = Cloud(self.config, self.clock)
        self.authenticator = Authenticator(self.cloud, self.clock)
        self.faults = Faults()
        self._api = Api(self.cloud, self.authenticator, self.clock)
        self._dav = dav.Dav(self.authenticator)

    def application(self) -> web.Application:
        """The aiohttp application. The control paths lie outside the cloud's base path."""
        application = web.Application(client_max_size=_MAX_BODY)
        application.add_routes(control.routes(self))
        application.router.add_route("*", "/{path:.*}", self._handle)
        return application

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        raw_path, _, query = request.raw_path.partition("?")
        path = unquote(raw_path)
        self.log.arrive(request.method, path)
        fault = self.faults.take(request.method, path)
        credentials = basic_credentials(request.headers.get("Authorization"))
        user = credentials[0] if credentials else None
        started = self.clock.now()
        status: int | None = None
        try:
            if self.config.delay_seconds:
                await asyncio.sleep(self.config.delay_seconds)
            response = await self._respond(request, raw_path, query, fault)
            status = response.status if response else None
        finally:
            self.log.add(
                time=started,
                method=request.method,
                path=path,
                query=_without_secrets(query),
                auth=user,
                status=status,
                fault=fault.kind if fault else None,
            )
        return response or _cut(request)

    async def _respond(
        self, request: web.Request, raw_path: str, query: str, fault: Fault | None
    ) -> web.StreamResponse | None:
        """The response, or None when the connection is to be closed without one."""
        body = await request.read()
        kind = fault.kind if fault else None
        if fault and kind == "delay":
            await asyncio.sleep(fault.seconds)
        if kind == "hold":
            await self.faults.cleared.wait()
        if kind == "cut_before":
            return None
        if kind == "huge":
            return await _huge(request)
        login: Login | None = None
        answer = self._without_work(fault, raw_path, query) if fault else None
        if answer is None:
            answer, login = self._work(request, raw_path, query, body)
        if kind == "cut_after":
            return None
        if fault and kind == "delay_after":
            await asyncio.sleep(fault.seconds)
        if kind == "hold_after":
            await self.faults.cleared.wait()
        if fault and kind == "drip":
            return await _drip(request, answer, fault.seconds)
        response = web.Response(status=answer.status, body=answer.body, headers=answer.headers)
        if login and login.new:
            self._set_cookies(response, login)
        return response

    def _without_work(self, fault: Fault, raw_path: str, query: str) -> Answer | None:
        """The answer of a fault that keeps the request from being worked on; None for the other kinds."""
        version = 1 if "/ocs/v1.php" in raw_path else 2
        wants_json = "format=json" in query
        if fault.kind == "html":
            return Answer(200, _LOGIN_PAGE, _HTML)
        if fault.kind == "empty":
            return Answer(200, b"", _HTML)
        if fault.kind == "rate_limit":
            return Answer(429, b"", _HTML)
        if fault.kind == "redirect":
            return Answer(302, b"", {"Location": fault.location})
        if fault.kind == "not_permitted":
            return envelope(version, wants_json, 403, "Password confirmation is required", [], {})
        if fault.kind == "maintenance":
            if raw_path.endswith("/status.php"):
                return server_info.status_page(maintenance=True)
            if "/remote.php/" in raw_path:
                return dav.maintenance()
            answer = envelope(
                version, wants_json, 503, "Service unavailable", [], {"X-Nextcloud-Maintenance-Mode": "1"}
            )
            return Answer(503, answer.body, answer.headers)
        if fault.kind == "status":
            if fault.ocs_code is None:
                return Answer(fault.status, fault.body.encode(), _HTML | fault.headers)
            answer = envelope(version, wants_json, fault.ocs_code, fault.message, [], fault.headers)
            return Answer(fault.status, answer.body, answer.headers)
        return None

    def _work(self, request: web.Request, raw_path: str, query: str, body: bytes) -> tuple[Answer, Login | None]:
        """The answer of the cloud itself."""
        not_found = Answer(404, b"<html><body><h1>404 Not Found</h1></body></html>", _HTML)
        base = self.config.base_path
        if raw_path != base and not raw_path.startswith(base + "/"):
            return not_found, None
        if (request.url.host or "") not in self.config.trusted_domains:
            return Answer(400, _UNTRUSTED, _HTML), None
        segments = tuple(unquote(part) for part in raw_path[len(base) :].split("/")[1:])
        if segments == ("status.php",):
            return server_info.status_page(maintenance=False), None
        credentials = basic_credentials(request.headers.get("Authorization"))
        address = request.remote or ""
        if segments[:1] == ("remote.php",):
            return self._dav.answer(
                dav.DavRequest(
                    request.method, segments[1:], request.headers, request.cookies, credentials, address, body, base
                )
            )
        if segments[:1] == ("ocs",) and segments[1:2] in (("v1.php",), ("v2.php",)):
            return self._api.answer(
                ApiRequest(
                    version=1 if segments[1] == "v1.php" else 2,
                    method=request.method,
                    path=tuple("/".join(segments[2:]).split("/")),
                    query=dict(parse_qsl(query, keep_blank_values=True)),
                    given=parameters(query, request.headers.get("Content-Type", ""), body),
                    headers=request.headers,
                    cookies=request.cookies,
                    credentials=credentials,
                    address=address,
                    url=f"{self.config.scheme}://{request.host}{base}",
                )
            )
        return not_found, None

    def _set_cookies(self, response: web.Response, login: Login) -> None:
        path = self.config.base_path or "/"
        response.set_cookie(SESSION_COOKIE, login.session.id, path=path, httponly=True, samesite="Lax")
        response.set_cookie("nc_sameSiteCookiestrict", "true", path=path, httponly=True, samesite="strict")
        if login.test:
            # Without a path, as the real server sets it: it comes back for requests in the same folder only.
            response.headers.add("Set-Cookie", f"{TEST_COOKIE}=test; Max-Age=3600")


def _without_secrets(query: str) -> str:
    """The query for the log: values of parameters that can be secret are left out."""
    pairs = parse_qsl(query, keep_blank_values=True)
    return "&".join(f"{name}={value if name in _LOGGED_PARAMETERS else '(not logged)'}" for name, value in pairs)


def _cut(request: web.Request) -> web.Response:
    """Close the connection at once. The response returned is never sent."""
    if request.transport:
        request.transport.abort()
    return web.Response(status=500)


async def _drip(request: web.Request, answer: Answer, seconds: float) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_length = len(answer.body)
    await response.prepare(request)
    for position in range(len(answer.body)):
        await response.write(answer.body[position : position + 1])
        await asyncio.sleep(seconds)
    return response


async def _huge(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(status=200, headers={"Content-Type": "application/json; charset=utf-8"})
    await response.prepare(request)
    for _ in range(_HUGE_BODY // len(_CHUNK)):
        await response.write(_CHUNK)
    return response
