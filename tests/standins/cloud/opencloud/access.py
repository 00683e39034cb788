# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is asking: Basic authentication with a password or an app token, or an OIDC bearer token.

Recorded is Basic authentication with passwords; the others are from source, services/proxy/pkg/middleware.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from standins.cloud.ocs import Answer
from standins.cloud.opencloud.errors import sabre_error
from standins.cloud.opencloud.state import USER, Cloud, User

# services/proxy/pkg/webdav/webdav.go: only these get a body with their 401.
_DAV_METHODS = ("PROPFIND", "DELETE", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK")


@dataclass(frozen=True)
class NotLoggedIn(Exception):
    """No valid log-in. known: the account exists and the log-in is right, but it is disabled."""

    known: bool = False

    def answer(self, cloud: Cloud, method: str, base_url: str) -> Answer:
        """401 without a body; a disabled account is not even told how to log in."""
        if self.known:
            return Answer(401)
        realm = f'realm="{urlsplit(base_url).netloc}", charset="UTF-8"'
        kinds = ("Bearer", "Basic") if cloud.settings.basic_auth else ("Bearer",)
        headers = {"WWW-Authenticate": ", ".join(f"{kind} {realm}" for kind in kinds)}
        body = sabre_error("PermissionDenied", "Authentication error") if method in _DAV_METHODS else b""
        return Answer(401, body, headers)


def log_in(cloud: Cloud, credentials: tuple[str, str] | None, headers: Mapping[str, str]) -> User:
    """The account that asks; at its first request its drive is made. Raises NotLoggedIn."""
    user, by_app_token = _by_password(cloud, credentials), False
    if user is None:
        user = _by_app_token(cloud, credentials)
        by_app_token = user is not None
    if user is None:
        user = _by_bearer(cloud, headers.get("Authorization", ""))
    if user is None:
        raise NotLoggedIn
    if not user.may_log_in:
        raise NotLoggedIn(known=not by_app_token)
    if cloud.role_of(user) is None and not by_app_token:
        # services/proxy/pkg/userroles/defaultrole.go
        cloud.assign(user.id, USER)
    cloud.note_login(user, with_role_quota=not by_app_token)
    return user


def password_fits(user: User, password: str) -> bool:
    """True for the account's own password; an account without one has none that fits."""
    return user.password is not None and hmac.compare_digest(user.password.encode(), password.encode())


def _by_password(cloud: Cloud, credentials: tuple[str, str] | None) -> User | None:
    if credentials is None or not cloud.settings.basic_auth:
        return None
    user = cloud.user_named(credentials[0])
    return user if user is not None and password_fits(user, credentials[1]) else None


def _by_app_token(cloud: Cloud, credentials: tuple[str, str] | None) -> User | None:
    """The token counts until the second of its end is over: vendor/…/reva/v2/pkg/appauth/manager/json."""
    if credentials is None or not cloud.settings.app_tokens:
        return None
    user = cloud.user_named(credentials[0])
    if user is None:
        return None
    for token in user.app_tokens:
        if hmac.compare_digest(token.secret.encode(), credentials[1].encode()):
            return user if int(cloud.clock.now()) <= int(token.expires) else None
    return None


def _by_bearer(cloud: Cloud, header: str) -> User | None:
    kind, _, token = header.partition(" ")
    if kind.lower() != "bearer":
        return None
    name = cloud.settings.bearer_tokens.get(token.strip())
    return None if name is None else cloud.user_named(name)
