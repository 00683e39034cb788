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
from ansible_collections.bill.nextcloud.plugins.plugin_utils.credentials import Credentials, Password
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud.accounts import OwncloudAccounts
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud.actions import actions
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud.api import OWN_CODES, OwncloudApi
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud.groups import OwncloudGroups
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud.inspection import OwncloudInspection
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud.listing import list_accounts
from ansible_collections.bill.nextcloud.plugins.plugin_utils.session import Session


@contextlib.contextmanager
def connected(connection: Connection) -> t.Iterator[Cloud]:
    """Open an ownCloud; nothing is sent yet."""

    def log_in(name: str, password: str) -> Session:
        return _session(connection, Password(name, password), kept=False)

    session = _session(connection, connection.credentials, kept=True)
    api = OwncloudApi(session)
    accounts = OwncloudAccounts(api, log_in)
    groups = OwncloudGroups(api)
    try:
        yield Cloud(
            OWNCLOUD,
            accounts,
            groups,
            OwncloudInspection(api),
            partial(list_accounts, api, accounts, groups),
            warnings=connection.warnings,
            actions=actions(api),
        )
    finally:
        session.close()


def _session(connection: Connection, credentials: Credentials, *, kept: bool) -> Session:
    return Session(
        connection.endpoint,
        credentials,
        connect_seconds=connection.connect_seconds,
        read_seconds=connection.read_seconds,
        own_codes=OWN_CODES,
        kept=kept,
    )
