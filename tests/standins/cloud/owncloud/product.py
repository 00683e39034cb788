# SPDX-License-Identifier: GPL-3.0-or-later
"""The product ownCloud 10.15.2: its log-in, API and WebDAV put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from standins.cloud.clock import Clock
from standins.cloud.config import Config
from standins.cloud.dav import taken_apart
from standins.cloud.faults import Fault
from standins.cloud.nextcloud import UNKNOWN_PAGE
from standins.cloud.occ.application import Application
from standins.cloud.occ.command import Machine
from standins.cloud.occ.owncloud import OWNCLOUD
from standins.cloud.ocs import Answer
from standins.cloud.owncloud import dav, server_info
from standins.cloud.owncloud.api import Api
from standins.cloud.owncloud.auth import OwnCloudAuthenticator
from standins.cloud.owncloud.ocs import envelope
from standins.cloud.owncloud.state import OwnCloudState
from standins.cloud.product import HttpRequest
from standins.cloud.steering import steer


class OwnCloud:
    """An ownCloud with all that it holds; see `product.Product`.

    No request begins a session: of the API as in the source (`api.Api`), of WebDAV to keep it simple.
    """

    def __init__(self, config: Config, clock: Clock) -> None:
        self._config = config
        self._cloud = OwnCloudState(config, clock)
        authenticator = OwnCloudAuthenticator(self._cloud, clock)
        self._api = Api(self._cloud, authenticator)
        self._dav = dav.OwnCloudDav(authenticator, self._cloud.release.dav)
        self.occ: Application | None = Application(
            OWNCLOUD, self._cloud, Machine(forget_logins=authenticator.throttle.reset)
        )

    def answer(self, request: HttpRequest) -> tuple[Answer, Sequence[str]]:
        """See `product.Product`."""
        if request.segments == ("status.php",):
            return server_info.status_page(maintenance=False), ()
        if request.segments[:1] == ("remote.php",):
            asked = replace(taken_apart(request, self._config.base_path), cookies={})
            return self._dav.answer(asked)[0], ()
        if request.segments[:2] in (("ocs", "v1.php"), ("ocs", "v2.php")):
            return self._api.answer(request), ()
        return UNKNOWN_PAGE, ()

    def refusal(self, fault: Fault, request: HttpRequest) -> Answer | None:
        """See `product.Product`. No permission to write ever ends here."""
        if fault.kind == "maintenance":
            if request.segments[-1:] == ("status.php",):
                return server_info.status_page(maintenance=True)
            if "remote.php" in request.segments:
                return dav.maintenance()
            return envelope(request, 503, "Service unavailable", status=503)
        if fault.ocs_code is not None:
            return envelope(request, fault.ocs_code, fault.message, headers=fault.headers, status=fault.status)
        return None

    def control(self, action: str, wish: Any) -> Any:
        """See `product.Product`. Its API sends no mails, and there are no wrong log-ins to forget."""
        return {} if action == "forget_login_attempts" else steer(self._cloud, action, wish)
