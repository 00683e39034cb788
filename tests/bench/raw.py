# SPDX-License-Identifier: GPL-3.0-or-later
"""The raw client: the requests of an event by bare ``requests``, and nothing around them."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

import requests
from harness.cloud import Cloud

from bench.callers import NotTaken
from bench.lives import Asked, Call

_SECONDS = 120
PASSWORD = "Swordfish-of-the-bench-1"


class RawClient:
    """A session with ``cloud``; a log-in is one check of the password, since it says at once that it keeps cookies."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.auth = (cloud.username, cloud.password)
        self._session.headers["OCS-APIRequest"] = "true"
        self._session.cookies.set("cookie_test", "test")
        if cloud.ca_path:
            self._session.verify = str(cloud.ca_path)

    def __enter__(self) -> RawClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def log_in(self) -> None:
        """Begin the session."""
        self.request("GET", "/ocs/v2.php/cloud/user", {})

    def carry_out(self, asked: Asked) -> None:
        """Send what one event asks for. Raises :class:`NotTaken` when an answer is another than the bridge's."""
        for call in asked.calls:
            answer = self.request(
                call.method, call.path, dict(parse_qsl(call.query)), _form(call, asked), anonymous=call.anonymous
            )
            if answer.status_code != call.status:
                raise NotTaken(f"{call.method} {call.path}: {answer.status_code}, the bridge had {call.status}")

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        form: list[tuple[str, str]] | None = None,
        *,
        anonymous: bool = False,
    ) -> requests.Response:
        """One request; ``path`` is below the cloud's root."""
        return self._session.request(
            method,
            self._cloud.url + path,
            params=query,
            data=form,
            auth=_as_it_is if anonymous else None,
            timeout=_SECONDS,
        )


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _form(call: Call, asked: Asked) -> list[tuple[str, str]] | None:
    """The body, which the stand-in's log does not have. Raises :class:`NotTaken` for a write that is not known."""
    if call.method in ("GET", "DELETE") or call.path.endswith(("/enable", "/disable")):
        return None
    wish = asked.wish
    if call.method == "POST" and call.path.endswith("/cloud/users"):
        fields = {"displayName": "display_name", "email": "email", "quota": "quota", "language": "language"}
        return [
            ("userid", asked.account),
            ("password", PASSWORD),
            *((field, str(wish[key])) for field, key in fields.items() if key in wish),
            *(("groups[]", group) for group in wish["groups"]),
        ]
    if call.method == "PUT" and call.path.endswith(f"/cloud/users/{asked.account}"):
        return [("key", "quota"), ("value", str(wish["quota"]))]
    raise NotTaken(f"{call.method} {call.path}: the raw client does not know this request")
