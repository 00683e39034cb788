# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Nextcloud, put together: its parts share one log-in."""

from __future__ import annotations

import contextlib
import typing as t
from functools import partial

from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import NEXTCLOUD
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Cloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.connection import Connection
from ansible_collections.bill.nextcloud.plugins.plugin_utils.credentials import Password
from ansible_collections.bill.nextcloud.plugins.plugin_utils.endpoint import Endpoint
from ansible_collections.bill.nextcloud.plugins.plugin_utils.listed import Listed
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.accounts import API, NextcloudAccounts
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.actions import ON_SERVER, actions
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.group_quotas import NextcloudGroupQuotas
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.groups import NextcloudGroups
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.inspection import NextcloudInspection
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.listing import list_accounts
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.pages import prepare
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.release import AnnouncedRelease
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.settings import ApiSettings
from ansible_collections.bill.nextcloud.plugins.plugin_utils.places import Places
from ansible_collections.bill.nextcloud.plugins.plugin_utils.proofs import Proofs, logs_in_as
from ansible_collections.bill.nextcloud.plugins.plugin_utils.session import Session
from ansible_collections.bill.nextcloud.plugins.plugin_utils.session_file import SessionFile
from ansible_collections.bill.nextcloud.plugins.plugin_utils.transport import CONNECT_SECONDS, READ_SECONDS


@contextlib.contextmanager
def connected(connection: Connection) -> t.Iterator[Cloud]:
    """Open a Nextcloud; nothing is sent yet."""

    file = _session_file(connection)
    at_once = connection.places.at_once
    session = _session(connection, kept=True, file=file)
    tried = proofs(connection.endpoint, connection.connect_seconds, connection.read_seconds, places=connection.places)
    release = AnnouncedRelease(session)
    settings = ApiSettings(session, release)
    listed = Listed()
    accounts = NextcloudAccounts(session, connection.credentials.username, tried, settings, listed)
    groups = NextcloudGroups(session, release)
    try:
        yield Cloud(
            NEXTCLOUD,
            accounts,
            groups,
            NextcloudInspection(session, settings, release),
            partial(list_accounts, session, accounts, groups),
            settings,
            (*connection.warnings, *(file.warnings if file is not None else ())),
            actions=actions(session),
            on_server=ON_SERVER,
            group_quotas=NextcloudGroupQuotas(settings),
            prepare=partial(prepare, session, listed),
            accounts_at_once=lambda: at_once,
            stop=connection.places.close,
        )
    finally:
        session.close()


def keeps_session(connection: Connection) -> bool:
    """Whether the log-in of an earlier task to this cloud is kept, so that it is known for a Nextcloud."""
    file = _session_file(connection)
    return file is not None and file.is_of_cloud()


def proofs(
    endpoint: Endpoint,
    connect_seconds: float = CONNECT_SECONDS,
    read_seconds: float = READ_SECONDS,
    *,
    places: Places | None = None,
) -> Proofs:
    """Return what tries log-ins as accounts, for which nobody else has to be logged in.

    :param places: for the requests of the task; None: these are the only ones, one at a time.
    """
    path = API + "/user"
    places = places or Places(1)

    def log_in(name: str, password: str) -> bool:
        connection = Connection(endpoint, Password(name, password), connect_seconds, read_seconds, places)
        return logs_in_as(_session(connection, kept=False), path, name)

    return Proofs(log_in, f"GET {path}")


def _session(connection: Connection, *, kept: bool, file: SessionFile | None = None) -> Session:
    return Session(
        connection.endpoint,
        connection.credentials,
        connect_seconds=connection.connect_seconds,
        read_seconds=connection.read_seconds,
        kept=kept,
        file=file,
        places=connection.places,
    )


def _session_file(connection: Connection) -> SessionFile | None:
    """Return where the log-in is kept. That of a token is not: its session might outlive it."""
    if connection.session_path is None or not isinstance(connection.credentials, Password):
        return None
    return SessionFile(connection.session_path, connection.endpoint, connection.credentials)
