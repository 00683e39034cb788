# SPDX-License-Identifier: GPL-3.0-or-later
"""The web application: sends each request to the part that answers it, and applies faults on the way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from urllib.parse import parse_qsl, unquote

from aiohttp import web

from standins.cloud import control, products
from standins.cloud.auth import basic_credentials
from standins.cloud.clock import Clock
from standins.cloud.config import Config
from standins.cloud.delays import Delays
from standins.cloud.faults import Fault, Faults
from standins.cloud.occ.application import Application
from standins.cloud.occ.service import OccService
from standins.cloud.ocs import Answer
from standins.cloud.product import ControlRefused, HttpRequest
from standins.cloud.requestlog import RequestLog

_LOGIN_PAGE = b"<!DOCTYPE html>\n<html><head><title>Login</title></head><body><form>Log in</form></body></html>\n"
_HTML = {"Content-Type": "text/html; charset=UTF-8"}
_UNTRUSTED = b"<!DOCTYPE html>\n<html><body><h2>Access through untrusted domain</h2></body></html>\n"
_LOGGED_PARAMETERS = ("format", "search", "limit", "offset", "groupid")
_MAX_BODY = 2 * 1024**3
_HUGE_BODY = 100 * 1024**2
_CHUNK = b" " * 1024**2


class Standin:
    """The whole stand-in: the product that answers, faults, log."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.log = RequestLog(config.request_log)
        self.occ = OccService(self._occ_application)
        self.reset()

    def reset(self) -> None:
        """Everything as at the start: accounts, groups, sessions, clock, faults, delays. The log goes on."""
        self.clock = Clock()
        self.faults = Faults()
        self.delays = Delays()
        self.occ.faults.clear()
        self.product = products.make(self.config, self.clock)

    def _occ_application(self) -> Application:
        if self.product.occ is None:
            raise ControlRefused("this product has no occ")
        return self.product.occ

    def application(self) -> web.Application:
        """The aiohttp application. The control paths lie outside the cloud's base path."""
        application = web.Application(client_max_size=_MAX_BODY)
        application.add_routes(control.routes(self))
        application.router.add_route("*", "/{path:.*}", self._handle)
        return application

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        raw_path, _, query = request.raw_path.partition("?")
        path = unquote(raw_path)
        at_once = self.log.arrive(request.method, path)
        fault = self.faults.take(request.method, path)
        credentials = basic_credentials(request.headers.get("Authorization"))
        user = credentials[0] if credentials else None
        started, arrived = self.clock.now(), time.perf_counter()
        response: web.StreamResponse | None = None
        try:
            if self.config.delay_seconds:
                await asyncio.sleep(self.config.delay_seconds)
            response = await self._respond(request, raw_path, query, fault)
        finally:
            self.log.add(
                time=started,
                seconds=time.perf_counter() - arrived,
                method=request.method,
                path=path,
                query=_without_secrets(query),
                auth=user,
                status=response.status if response else None,
                fault=fault.kind if fault else None,
                new_session=response is not None and "Set-Cookie" in response.headers,
                at_once=at_once,
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
        cookies: Sequence[str] = ()
        if fault is None and self.product.occ and self.product.occ.machine.maintenance:
            fault = Fault("maintenance")
        outside = self._outside(request, raw_path)
        asked = self._taken_apart(request, raw_path, query, body)
        answer = self._without_work(fault, asked) if fault else None
        if answer is None and outside is not None:
            answer = outside
        elif answer is None:
            answer, cookies = self.product.answer(asked)
            # A product sets cookies at a new log-in, and only there.
            limit = request.query.get("limit", "")
            await self.delays.wait(
                asked.method, request.path, logged_in=bool(cookies), limit=int(limit) if limit.isdecimal() else 0
            )
        if kind == "cut_after":
            return None
        if fault and kind == "delay_after":
            await asyncio.sleep(fault.seconds)
        if kind == "hold_after":
            await self.faults.cleared.wait()
        if fault and kind == "drip":
            return await _drip(request, answer, fault.seconds)
        response = web.Response(status=answer.status, body=answer.body, headers=answer.headers)
        for cookie in cookies:
            response.headers.add("Set-Cookie", cookie)
        return response

    def _without_work(self, fault: Fault, asked: HttpRequest) -> Answer | None:
        """The answer of a fault that keeps the request from being worked on; None for the other kinds."""
        if fault.kind == "html":
            return Answer(200, _LOGIN_PAGE, _HTML)
        if fault.kind == "empty":
            return Answer(200, b"", _HTML)
        if fault.kind == "rate_limit":
            return Answer(429, b"", _HTML)
        if fault.kind == "redirect":
            return Answer(302, b"", {"Location": fault.location})
        if fault.kind == "status" and fault.ocs_code is None:
            return Answer(fault.status, fault.body.encode(), _HTML | fault.headers)
        if fault.kind in ("maintenance", "not_permitted", "status"):
            return self.product.refusal(fault, asked)
        return None

    def _outside(self, request: web.Request, raw_path: str) -> Answer | None:
        """The answer to what does not reach the cloud; None for what does."""
        base = self.config.base_path
        if raw_path != base and not raw_path.startswith(base + "/"):
            return Answer(404, b"<html><body><h1>404 Not Found</h1></body></html>", _HTML)
        if (request.url.host or "") not in self.config.trusted_domains:
            return Answer(400, _UNTRUSTED, _HTML)
        return None

    def _taken_apart(self, request: web.Request, raw_path: str, query: str, body: bytes) -> HttpRequest:
        base = self.config.base_path
        return HttpRequest(
            method=request.method,
            segments=tuple(unquote(part) for part in raw_path.removeprefix(base).split("/")[1:]),
            query=query,
            headers=request.headers,
            cookies=request.cookies,
            credentials=basic_credentials(request.headers.get("Authorization")),
            address=request.remote or "",
            body=body,
            base_url=f"{self.config.scheme}://{request.host}{base}",
        )


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
