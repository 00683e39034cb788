# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An ownCloud 10 or 11, put together: its parts share one log-in."""

from __future__ import annotations

import contextlib
import typing as t
from functools import partial

from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import OWNCLOUD
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Cloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.connection import Connection
from ansible_collections.bill.nextcloud.plugins.plugin_utils.credentials import Password
from ansible_collections.bill.nextcloud.plugins.plugin_utils.endpoint import Endpoint
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud.accounts import OwncloudAccounts
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud.actions import actions
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud.api import API, OWN_CODES, OwncloudApi
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud.groups import OwncloudGroups
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud.inspection import OwncloudInspection
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud.listing import list_accounts
from ansible_collections.bill.nextcloud.plugins.plugin_utils.places import Places
from ansible_collections.bill.nextcloud.plugins.plugin_utils.proofs import Proofs, logs_in_as
from ansible_collections.bill.nextcloud.plugins.plugin_utils.session import Session
from ansible_collections.bill.nextcloud.plugins.plugin_utils.transport import CONNECT_SECONDS, READ_SECONDS


@contextlib.contextmanager
def connected(connection: Connection) -> t.Iterator[Cloud]:
    """Open an ownCloud; nothing is sent yet."""

    session = _session(connection, kept=True)
    at_once = connection.places.at_once
    tried = proofs(connection.endpoint, connection.connect_seconds, connection.read_seconds, places=connection.places)
    api = OwncloudApi(session)
    groups = OwncloudGroups(api)
    accounts = OwncloudAccounts(api, tried, groups)
    try:
        yield Cloud(
            OWNCLOUD,
            accounts,
            groups,
            OwncloudInspection(api),
            partial(list_accounts, api, accounts, groups),
            warnings=connection.warnings,
            actions=actions(api),
            prepare=accounts.prepare,
            accounts_at_once=lambda: at_once,
            stop=connection.places.close,
        )
    finally:
        session.close()


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


def _session(connection: Connection, *, kept: bool) -> Session:
    return Session(
        connection.endpoint,
        connection.credentials,
        connect_seconds=connection.connect_seconds,
        read_seconds=connection.read_seconds,
        own_codes=OWN_CODES,
        kept=kept,
        places=connection.places,
    )
