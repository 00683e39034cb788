# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One log-in to the LibreGraph API of a cloud."""

from __future__ import annotations

import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.connection import Connection
from ansible_collections.bill.nextcloud.plugins.plugin_utils.credentials import Credentials
from ansible_collections.bill.nextcloud.plugins.plugin_utils.first_request import FirstRequest
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph import graph
from ansible_collections.bill.nextcloud.plugins.plugin_utils.transport import Transport

API = "/graph/v1.0"
"""The API, below the cloud's root."""
ME = API + "/me"


class GraphSession:
    """Requests with the credentials of one account, from any thread. Once these were refused, nothing is sent any more.

    :param connection: where the cloud is.
    :param credentials: of the account.
    """

    def __init__(self, connection: Connection, credentials: Credentials) -> None:
        self._transport = _transport(connection, credentials)
        self._places = connection.places
        self._first = FirstRequest()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        query: t.Mapping[str, str] | None = None,
        json: t.Any = None,
        read_seconds: float | None = None,
        max_bytes: int | None = None,
    ) -> graph.Reply:
        """Send one request and return the cloud's reply, which may still be a refusal of this very call.

        :param path: below the cloud's root, percent-encoded.
        :param json: the body.
        :param read_seconds: how long the answer may take.
        :param max_bytes: how long its body may be.
        :raises CloudError: see :func:`graph.parse`, and the faults of the transport.
        """
        with self._first.before(), self._places.taken():
            answer = self._transport.send(
                method, path, query=query, json=json, read_seconds=read_seconds, max_bytes=max_bytes
            )
            try:
                reply = graph.parse(answer, self._transport.name(method, path), is_write=method != "GET")
            except CloudError as error:
                if error.code == "wrong_credentials":
                    self._first.refused(error)
                raise
            self._first.succeeded()
            return reply

    def url(self, path: str) -> str:
        """Return the whole address of a path below the cloud's root."""
        return self._transport.endpoint.url(path)


def takes_passwords(connection: Connection) -> bool:
    """Whether a cloud takes an account's name and password. It says so to whoever is not logged in.

    Off on a new server (``PROXY_ENABLE_BASIC_AUTH``). App tokens are sent like passwords and are not told. Source:
    ``services/proxy/pkg/middleware/authentication.go``; recorded.
    """
    transport = _transport(connection, None)
    try:
        answer = transport.send("GET", ME)
    finally:
        transport.close()
    offered = next((value for name, value in answer.headers.items() if name.lower() == "www-authenticate"), None)
    return offered is None or "basic" in offered.lower()


def _transport(connection: Connection, credentials: Credentials | None) -> Transport:
    return Transport(
        connection.endpoint,
        credentials,
        headers={},
        connect_seconds=connection.connect_seconds,
        read_seconds=connection.read_seconds,
    )
