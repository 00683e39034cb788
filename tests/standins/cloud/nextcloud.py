# SPDX-License-Identifier: GPL-3.0-or-later
"""The product Nextcloud, in several releases (`releases`): its log-in, API and WebDAV put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from standins.cloud import dav, server_info
from standins.cloud.api import Api, ApiRequest
from standins.cloud.auth import SESSION_COOKIE, TEST_COOKIE, Authenticator, Login
from standins.cloud.clock import Clock
from standins.cloud.config import Config
from standins.cloud.faults import Fault
from standins.cloud.occ.application import Application
from standins.cloud.occ.command import Machine
from standins.cloud.occ.nextcloud import NEXTCLOUD_17, NEXTCLOUD_31
from standins.cloud.ocs import Answer, OcsError, envelope, legacy_router_answer
from standins.cloud.product import HttpRequest
from standins.cloud.release import Release
from standins.cloud.request import parameters
from standins.cloud.state import Cloud
from standins.cloud.steering import steer

UNKNOWN_PAGE = Answer(
    404, b"<html><body><h1>404 Not Found</h1></body></html>", {"Content-Type": "text/html; charset=UTF-8"}
)


class Nextcloud:
    """A Nextcloud with all that it holds; see `product.Product`."""

    def __init__(self, config: Config, clock: Clock, release: Release) -> None:
        self._config = config
        self._release = release
        self._cloud = Cloud(config, clock, release)
        self._authenticator = Authenticator(self._cloud, clock)
        self._api = Api(self._cloud, self._authenticator, clock)
        self._dav = dav.Dav(self._authenticator, release.dav)
        dialect = NEXTCLOUD_31 if release.version >= (24,) else NEXTCLOUD_17
        self.occ: Application | None = Application(
            dialect, self._cloud, Machine(forget_logins=self._authenticator.throttle.reset)
        )

    def answer(self, request: HttpRequest) -> tuple[Answer, Sequence[str]]:
        """See `product.Product`."""
        if request.segments == ("status.php",):
            return server_info.status_page(self._release, maintenance=False), ()
        login: Login | None
        if request.segments[:1] == ("remote.php",):
            answer, login = self._dav.answer(dav.taken_apart(request, self._config.base_path))
        elif request.segments[:2] in (("ocs", "v1.php"), ("ocs", "v2.php")):
            answer, login = self._api.answer(
                ApiRequest(
                    version=request.ocs_version,
                    method=request.method,
                    path=tuple("/".join(request.segments[2:]).split("/")),
                    query=dict(parse_qsl(request.query, keep_blank_values=True)),
                    given=parameters(request.query, request.headers.get("Content-Type", ""), request.body),
                    headers=request.headers,
                    cookies=request.cookies,
                    credentials=request.credentials,
                    address=request.address,
                    url=request.base_url,
                )
            )
        else:
            return UNKNOWN_PAGE, ()
        return answer, _cookies(login, urlsplit(request.base_url).path) if login and login.new else ()

    def refusal(self, fault: Fault, request: HttpRequest) -> Answer | None:
        """See `product.Product`."""
        version, wants_json = request.ocs_version, request.wants_json
        if fault.kind == "not_permitted":
            refusal = self._release.refusals.not_confirmed
            return envelope(version, wants_json, refusal.code, refusal.text, [], {})
        if fault.kind == "maintenance":
            if request.segments[-1:] == ("status.php",):
                return server_info.status_page(self._release, maintenance=True)
            if "remote.php" in request.segments:
                return dav.maintenance(self._release.dav)
            headers = {"X-Nextcloud-Maintenance-Mode": "1"} if self._release.maintenance_header else {}
            unavailable = OcsError(503, "Service unavailable", early=True, headers=headers)
            if self._release.legacy_router:
                answer = legacy_router_answer(version, wants_json, unavailable)
            else:
                answer = envelope(version, wants_json, 503, unavailable.message, [], headers)
            return Answer(503, answer.body, answer.headers)
        if fault.ocs_code is not None:
            answer = envelope(version, wants_json, fault.ocs_code, fault.message, [], fault.headers)
            return Answer(fault.status, answer.body, answer.headers)
        return None

    def control(self, action: str, wish: Any) -> Any:
        """See `product.Product`."""
        if action == "mails":
            return self._cloud.mails.sent()
        if action == "break_mails":
            self._cloud.mails.works = bool(wish["works"])
            return {}
        if action == "forget_login_attempts":
            self._authenticator.throttle.reset()
            return {}
        return steer(self._cloud, action, wish)


def _cookies(login: Login, path: str) -> list[str]:
    path = path or "/"
    cookies = [
        f"{SESSION_COOKIE}={login.session.id}; HttpOnly; Path={path}; SameSite=Lax",
        f"nc_sameSiteCookiestrict=true; HttpOnly; Path={path}; SameSite=strict",
    ]
    if login.test:
        # Without a path, as the real server sets it: it comes back for requests in the same folder only.
        cookies.append(f"{TEST_COOKIE}=test; Max-Age=3600")
    return cookies
