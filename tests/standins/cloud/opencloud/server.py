# SPDX-License-Identifier: GPL-3.0-or-later
"""The product OpenCloud 0.1.0: its proxy, which knows who asks, and what lies behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from standins.cloud.clock import Clock
from standins.cloud.config import Config
from standins.cloud.faults import Fault
from standins.cloud.occ.application import Application
from standins.cloud.ocs import Answer
from standins.cloud.opencloud import dav, graph, server_info, tokens
from standins.cloud.opencloud.access import NotLoggedIn, log_in
from standins.cloud.opencloud.call import Call
from standins.cloud.opencloud.errors import GraphError
from standins.cloud.opencloud.seeds import seed
from standins.cloud.opencloud.state import Cloud
from standins.cloud.product import ControlRefused, HttpRequest
from standins.cloud.seeds import SeedRefused

_HTML = {"Content-Type": "text/html; charset=utf-8"}
# OpenCloud has no maintenance mode: this is what a reverse proxy in front of it says while it is stopped.
_STOPPED = Answer(503, b"<html><body><h1>503 Service Unavailable</h1></body></html>\n", _HTML)
# From source, services/web: every path that nobody else answers is a page of the web interface.
_WEB_PAGE = Answer(200, b"<!DOCTYPE html>\n<html><head><title>OpenCloud</title></head><body></body></html>\n", _HTML)


class OpenCloud:
    """An OpenCloud with all that it holds; see `product.Product`."""

    occ: Application | None = None

    def __init__(self, config: Config, clock: Clock) -> None:
        self._cloud = Cloud(config.opencloud, clock, (config.admin_user, config.admin_password))
        for group in config.groups:
            self._cloud.add_group(group)

    def answer(self, request: HttpRequest) -> tuple[Answer, Sequence[str]]:
        """See `product.Product`. It sets no cookies."""
        return self._answer(request), ()

    def _answer(self, request: HttpRequest) -> Answer:
        path = request.segments
        if path == ("status.php",):
            return server_info.status_page()
        if path[:1] == ("ocs",) and server_info.is_public(path[1:]):
            return server_info.ocs_answer(path[1:], self._cloud, None)
        api = path[:2] in (("graph", "v1.0"), ("auth-app", "tokens"))
        if not api and path[:1] != ("ocs",) and not dav.is_dav(path):
            return _WEB_PAGE
        try:
            acting = log_in(self._cloud, request.credentials, request.headers)
        except NotLoggedIn as error:
            return error.answer(self._cloud, request.method, request.base_url)
        query = dict(parse_qsl(request.query, keep_blank_values=True))
        if path[0] == "ocs":
            return server_info.ocs_answer(path[1:], self._cloud, acting)
        if path[0] == "auth-app":
            return tokens.answer(self._cloud, acting, request.method, query)
        if path[0] == "graph":
            call = Call(self._cloud, acting, (), query, request.body, request.base_url)
            return graph.answer(request.method, path[2:], call)
        prefix = urlsplit(request.base_url).path
        return dav.answer(self._cloud, acting, request.method, path, request.headers, request.body, prefix)

    def refusal(self, fault: Fault, _request: HttpRequest) -> Answer | None:
        """See `product.Product`. `status` with an `ocs_code`: an error of LibreGraph; the HTTP status has a code there,
        so the number is not looked at. `not_permitted` is nothing that it knows."""
        if fault.kind == "maintenance":
            return _STOPPED
        if fault.kind == "status":
            error = GraphError(fault.status, fault.message).answer()
            return Answer(error.status, error.body, error.headers | fault.headers)
        return None

    def control(self, action: str, wish: Any) -> Any:
        """See `product.Product`: `accounts` (`seeds.Seed`); there is nothing else."""
        if action != "accounts":
            raise ControlRefused(f"an OpenCloud has no {action}")
        try:
            return {"created": seed(self._cloud, wish)}
        except (SeedRefused, GraphError) as error:
            raise ControlRefused(str(error)) from error
