# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opening the cloud of a task: which product it is, and the backend that speaks to it."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import (
    AUTO,
    LIBREGRAPH,
    NEXTCLOUD,
    OWNCLOUD,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils import dialect as dialects
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Cloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.connection import Connection
from ansible_collections.bill.nextcloud.plugins.plugin_utils.credentials import Credentials, Password, Token
from ansible_collections.bill.nextcloud.plugins.plugin_utils.endpoint import Endpoint
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph import backend as libregraph
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud import backend as nextcloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud import backend as owncloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.transport import Transport

_BACKENDS: dict[str, t.Callable[[Connection], t.ContextManager[Cloud]]] = {
    NEXTCLOUD: nextcloud.connected,
    LIBREGRAPH: libregraph.connected,
    OWNCLOUD: owncloud.connected,
}


@contextlib.contextmanager
def connected(parameters: t.Mapping[str, t.Any]) -> t.Iterator[Cloud]:
    """Open the cloud of a task's connection options. Nothing is sent yet, unless the dialect has to be found out.

    :param parameters: arguments that passed the argument spec.
    :raises CloudError: ``invalid_url``; ``certificate_not_verified`` when ``ca_path`` cannot be read; see
        :func:`dialect.identify`; ``unknown_product``.
    """
    connection = connection_of(parameters)
    dialect = parameters["dialect"]
    if dialect == AUTO:
        with contextlib.closing(anonymous(connection)) as transport:
            dialect = dialects.identify(transport).known_dialect
    with _BACKENDS[dialect](connection) as cloud:
        yield cloud


def connection_of(parameters: t.Mapping[str, t.Any]) -> Connection:
    """Return the connection that a task's options describe.

    :raises CloudError: ``invalid_url``; ``certificate_not_verified`` when ``ca_path`` cannot be read.
    """
    return Connection(
        Endpoint.parse(parameters["api_url"], parameters.get("ca_path")),
        _credentials_of(parameters),
    )


def _credentials_of(parameters: t.Mapping[str, t.Any]) -> Credentials:
    """Return the log-in of a task's options, which hold either a token or a name with its password."""
    token = parameters.get("api_token")
    if token is not None:
        return Token.parse(token, parameters.get("api_username"))
    return Password(parameters["api_username"], parameters["api_password"])


def anonymous(connection: Connection) -> Transport:
    """Return the way to a cloud for what everybody may ask."""
    return Transport(
        connection.endpoint,
        None,
        headers={"OCS-APIRequest": "true"},
        connect_seconds=connection.connect_seconds,
        read_seconds=connection.read_seconds,
    )
