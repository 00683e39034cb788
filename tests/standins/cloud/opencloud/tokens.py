# SPDX-License-Identifier: GPL-3.0-or-later
"""App tokens, passwords for programs with an end: /auth-app/tokens. Nothing of it is recorded.

From source: services/auth-app/pkg/service/service.go, vendor/…/reva/v2/pkg/appauth/manager/json/json.go. Only the
answer to POST shows the token; lists show a hash of it, and the hash is what DELETE takes.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Mapping

from standins.cloud.ocs import Answer
from standins.cloud.opencloud.errors import TEXT_HEADERS
from standins.cloud.opencloud.state import AppToken, Cloud, User

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(h|ms|us|ns|m|s)")


class DurationRefused(Exception):
    """Not a duration in Go's form."""


def duration(text: str) -> float:
    """Seconds of "72h" or "1h30m". Raises DurationRefused."""
    parts = list(_PART.finditer(text))
    if not parts or "".join(part[0] for part in parts) != text:
        raise DurationRefused(text)
    return sum(float(part[1]) * _UNITS[part[2]] for part in parts)


def answer(cloud: Cloud, acting: User, method: str, query: Mapping[str, str]) -> Answer:
    """The answer to a request to auth-app/tokens. Without the service, the proxy finds nobody to ask: 502."""
    if not cloud.settings.app_tokens:
        return Answer(502)
    if method == "GET":
        return _list(acting)
    if method == "POST":
        return _create(cloud, acting, query)
    if method == "DELETE":
        return _delete(acting, query)
    return Answer(405, b"", {"Allow": "GET, POST, DELETE"})


def _text(status: int, message: str) -> Answer:
    return Answer(status, message.encode() + b"\n", dict(TEXT_HEADERS))


def _shown(token: AppToken, secret: str) -> dict[str, str]:
    return {
        "token": secret,
        "expiration_date": _moment(token.expires),
        "created_date": _moment(token.created),
        "label": token.label,
    }


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _create(cloud: Cloud, acting: User, query: Mapping[str, str]) -> Answer:
    try:
        lasts = duration(query.get("expiry", ""))
    except DurationRefused:
        return _text(400, "error parsing expiry. Use e.g. 30m or 72h")
    owner: User | None = acting
    label = "Generated via API"
    wanted = {key: query[key] for key in ("userID", "userName") if query.get(key)}
    if wanted:
        if not cloud.settings.impersonation:
            return _text(403, "impersonation is not allowed")
        if not cloud.is_admin(acting):
            return Answer(403)
        # An id wins over a name.
        owner = cloud.users.get(wanted["userID"]) if "userID" in wanted else cloud.user_named(wanted["userName"])
        label = "Generated via Impersonation API"
    if owner is None or not owner.may_log_in:
        return Answer(500)
    if wanted.get("userName", owner.name) != owner.name:
        return _text(400, "requested user does not match authenticated user")
    now = cloud.clock.now()
    token = AppToken(secrets.token_hex(8), f"$2a$11${secrets.token_urlsafe(40)}", label, now, now + lasts)
    owner.app_tokens.append(token)
    # 200 although the source means 201: it writes the body first. The kind of the body is guessed from it.
    return Answer(200, json.dumps(_shown(token, token.secret)).encode(), dict(TEXT_HEADERS))


def _list(acting: User) -> Answer:
    shown = [_shown(token, token.hash) for token in acting.app_tokens]
    return Answer(200, json.dumps(shown).encode(), dict(TEXT_HEADERS))


def _delete(acting: User, query: Mapping[str, str]) -> Answer:
    wanted = query.get("token", "")
    if not wanted:
        return _text(400, "missing auth-app token. Set 'token' parameter")
    found = [token for token in acting.app_tokens if token.hash == wanted]
    if not found:
        return Answer(500)
    acting.app_tokens.remove(found[0])
    return Answer(200)
