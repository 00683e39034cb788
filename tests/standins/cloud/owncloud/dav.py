# SPDX-License-Identifier: GPL-3.0-or-later
"""ownCloud's WebDAV of the accounts, where it differs from Nextcloud's."""

from __future__ import annotations

from dataclasses import replace

from standins.cloud.auth import Login
from standins.cloud.dav import NOT_AUTHENTICATED, UNAVAILABLE, Dav, DavError, DavRequest
from standins.cloud.ocs import Answer

_INSUFFICIENT_STORAGE = 507


def maintenance() -> Answer:
    """The answer in maintenance mode."""
    return DavError(503, UNAVAILABLE, "System in maintenance mode.").answer()


class OwnCloudDav(Dav):
    """Answers WebDAV requests. What is said to a wrong log-in is not recorded, and is as in Nextcloud."""

    realm = "ownCloud"

    def _disabled(self) -> DavError:
        return DavError(401, NOT_AUTHENTICATED, "User disabled")

    def _work(self, request: DavRequest, login: Login) -> Answer:
        try:
            # The first request sees the example files already.
            return super()._work(request, replace(login, first=False))
        except DavError as error:
            if error.status == _INSUFFICIENT_STORAGE:
                raise DavError(error.status, error.exception, "") from error
            raise
