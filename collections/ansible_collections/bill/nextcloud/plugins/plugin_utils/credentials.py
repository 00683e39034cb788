# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose log-in a request carries."""

from __future__ import annotations

import base64
import contextlib
import json
import typing as t
from dataclasses import dataclass, field
from datetime import datetime, timezone

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError

with contextlib.suppress(ImportError):  # see deadline.MISSING_LIBRARY
    from requests import PreparedRequest
    from requests.auth import HTTPBasicAuth

Sign = t.Callable[["PreparedRequest"], "PreparedRequest"]
"""Puts a log-in into a request."""


@dataclass(frozen=True)
class Password:
    """A name and its password, or an app password or app token in its place; sent as Basic authentication."""

    username: str
    password: str = field(repr=False)

    @property
    def end(self) -> datetime | None:
        """None: a password does not tell when it ends."""
        return None

    def auth(self) -> Sign:
        """Return what signs a request."""
        return HTTPBasicAuth(self.username.encode(), self.password.encode())  # text would be sent as Latin-1


@dataclass(frozen=True)
class Token:
    """A bearer token, for instance one of OpenID Connect; whose it is, the cloud knows."""

    token: str = field(repr=False)
    username: str | None = None
    """The name of its account, where somebody has said it."""

    @classmethod
    def parse(cls, token: str, username: str | None) -> Token:
        """Check a token; white space around it, a line break of a file for instance, does not belong to it.

        :raises CloudError: ``invalid_value``.
        """
        stripped = token.strip()
        if not stripped or not all("!" <= character <= "~" for character in stripped):
            raise CloudError("invalid_value", "api_token holds characters that no token has.", cloud_wide=True)
        return cls(stripped, username)

    @property
    def end(self) -> datetime | None:
        """When the token ends, if it is a JSON Web Token that says so (``exp``, RFC 7519); nothing is verified."""
        parts = self.token.split(".")
        if len(parts) != 3:
            return None
        try:
            claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
            return datetime.fromtimestamp(int(claims["exp"]), timezone.utc)  # noqa: UP017 - Python 3.10
        except (ValueError, TypeError, LookupError, OverflowError, OSError, RecursionError):
            return None

    def auth(self) -> Sign:
        """Return what signs a request."""
        return self._sign

    def _sign(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


Credentials = Password | Token
