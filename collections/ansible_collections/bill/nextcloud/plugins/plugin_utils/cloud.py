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
    OCC,
    OWNCLOUD,
)
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils import dialect as dialects
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Cloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.connection import Connection
from ansible_collections.bill.nextcloud.plugins.plugin_utils.credentials import Credentials, Password, Token
from ansible_collections.bill.nextcloud.plugins.plugin_utils.endpoint import Endpoint
from ansible_collections.bill.nextcloud.plugins.plugin_utils.host import Host
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph import backend as libregraph
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud import backend as nextcloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ import products as by_occ
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.auto import combined
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.by_api import ByApi
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.installation import Installation
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.installation import identify as identify_occ
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.server import Server
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud import backend as owncloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.places import Places
from ansible_collections.bill.nextcloud.plugins.plugin_utils.proofs import Proofs
from ansible_collections.bill.nextcloud.plugins.plugin_utils.transport import Transport

_BACKENDS: dict[str, t.Callable[[Connection], t.ContextManager[Cloud]]] = {
    NEXTCLOUD: nextcloud.connected,
    LIBREGRAPH: libregraph.connected,
    OWNCLOUD: owncloud.connected,
}
_PROOFS: dict[str, t.Callable[[Endpoint], Proofs]] = {NEXTCLOUD: nextcloud.proofs, OWNCLOUD: owncloud.proofs}


@contextlib.contextmanager
def connected(parameters: t.Mapping[str, t.Any], host: Host) -> t.Iterator[Cloud]:
    """Open the cloud of a task's connection options, by the way that ``transport`` says.

    Over the API nothing is sent yet, unless the dialect has to be found out; by occ its state is asked for.

    :param parameters: arguments that passed the argument spec.
    :param host: of the task, where occ is run; is told what was opened.
    :raises CloudError: ``invalid_url``; ``certificate_not_verified`` when ``ca_path`` cannot be read; see
        :func:`dialect.identify`; ``unknown_product``; by occ also those of :meth:`Server.run`.
    """
    with contextlib.ExitStack() as opened:
        transport = parameters["transport"]
        cloud = _by_occ(parameters, host, opened) if transport == OCC else _by_api(parameters, opened)
        if transport == AUTO and cloud.dialect in by_occ.BACKENDS:
            cloud = _by_either(parameters, host, cloud)
        host.cloud = cloud
        yield cloud


def _by_either(parameters: t.Mapping[str, t.Any], host: Host, api: Cloud) -> Cloud:
    def open_occ(by_api: ByApi) -> Cloud:
        server = server_of(parameters, host)
        cloud = _opened(parameters, server, identify_occ(server), api.dialect, by_api)
        _require_same(api, cloud)
        return cloud

    return combined(api, open_occ)


def _require_same(api: Cloud, occ: Cloud) -> None:
    """Check that the address and the server are those of one cloud: otherwise accounts that were read in one would be
    changed in another. When a cloud was installed, to a fraction of a second, no other one has in its settings.

    :raises CloudError: ``invalid_value``.
    """
    clouds = [cloud.settings for cloud in (api, occ) if cloud.settings is not None]
    told = {settings.read_if_told("core", "installedat") for settings in clouds}
    if len(told - {None, ""}) > 1:
        raise CloudError(
            "invalid_value", "The occ on the server belongs to another cloud than the one at api_url.", cloud_wide=True
        )


def _by_api(parameters: t.Mapping[str, t.Any], opened: contextlib.ExitStack) -> Cloud:
    connection = connection_of(parameters)
    dialect = parameters["dialect"]
    if dialect == AUTO and nextcloud.keeps_session(connection):
        dialect = NEXTCLOUD
    elif dialect == AUTO:
        with contextlib.closing(anonymous(connection)) as transport:
            dialect = dialects.identify(transport).known_dialect
    return opened.enter_context(_BACKENDS[dialect](connection))


def _by_occ(parameters: t.Mapping[str, t.Any], host: Host, opened: contextlib.ExitStack) -> Cloud:
    """Open a cloud by occ, with its API beside it where there are an address and a log-in."""
    server = server_of(parameters, host)
    found = identify_occ(server)
    dialect = parameters["dialect"] if parameters["dialect"] != AUTO else found.identity.known_dialect
    api = None
    if has_log_in(parameters):
        api = ByApi(opened.enter_context(_BACKENDS[dialect](connection_of(parameters))))
    return _opened(parameters, server, found, dialect, api)


def _opened(
    parameters: t.Mapping[str, t.Any], server: Server, found: Installation, dialect: str, api: ByApi | None
) -> Cloud:
    proofs = _proofs(parameters, dialect)
    return by_occ.opened(server, found, dialect, api, proofs)


def _proofs(parameters: t.Mapping[str, t.Any], dialect: str) -> Proofs | None:
    """Return what tries log-ins as accounts, which needs no log-in of an administrator."""
    if parameters.get("api_url") is None or dialect not in _PROOFS:
        return None
    return _PROOFS[dialect](endpoint_of(parameters))


def server_of(parameters: t.Mapping[str, t.Any], host: Host) -> Server:
    """Return the server of a task's options, where occ is run."""
    options = {option: parameters.get(option) for option in ("occ_path", "php_path", "occ_command")}
    return Server(host.execute, {**options, "processes": parameters["occ_processes"]})


def has_log_in(parameters: t.Mapping[str, t.Any]) -> bool:
    """Whether a task's options hold a log-in to the API."""
    return any(parameters.get(option) is not None for option in ("api_password", "api_token"))


def connection_of(parameters: t.Mapping[str, t.Any]) -> Connection:
    """Return the connection that a task's options describe.

    :raises CloudError: ``invalid_url``; ``certificate_not_verified`` when ``ca_path`` cannot be read.
    """
    return Connection(
        endpoint_of(parameters),
        _credentials_of(parameters),
        places=Places(parameters["api_requests"]),
        session_path=parameters.get("session_path"),
    )


def endpoint_of(parameters: t.Mapping[str, t.Any]) -> Endpoint:
    """Return the address that a task's options hold.

    :raises CloudError: ``invalid_url``; ``certificate_not_verified`` when ``ca_path`` cannot be read.
    """
    return Endpoint.parse(parameters["api_url"], parameters.get("ca_path"))


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
