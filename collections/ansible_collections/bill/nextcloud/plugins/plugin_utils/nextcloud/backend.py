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
from ansible_collections.bill.nextcloud.plugins.plugin_utils.credentials import Credentials, Password
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.accounts import NextcloudAccounts
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.actions import ON_SERVER, actions
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.group_quotas import NextcloudGroupQuotas
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.groups import NextcloudGroups
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.inspection import NextcloudInspection
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.listing import list_accounts
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.release import AnnouncedRelease
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.settings import ApiSettings
from ansible_collections.bill.nextcloud.plugins.plugin_utils.session import Session


@contextlib.contextmanager
def connected(connection: Connection) -> t.Iterator[Cloud]:
    """Open a Nextcloud; nothing is sent yet."""

    def log_in(name: str, password: str) -> Session:
        return _session(connection, Password(name, password), kept=False)

    session = _session(connection, connection.credentials, kept=True)
    release = AnnouncedRelease(session)
    settings = ApiSettings(session, release)
    accounts = NextcloudAccounts(session, connection.credentials.username, log_in, settings)
    groups = NextcloudGroups(session, release)
    try:
        yield Cloud(
            NEXTCLOUD,
            accounts,
            groups,
            NextcloudInspection(session, settings, release),
            partial(list_accounts, session, accounts, groups),
            settings,
            connection.warnings,
            actions=actions(session),
            on_server=ON_SERVER,
            group_quotas=NextcloudGroupQuotas(settings),
        )
    finally:
        session.close()


def _session(connection: Connection, credentials: Credentials, *, kept: bool) -> Session:
    return Session(
        connection.endpoint,
        credentials,
        connect_seconds=connection.connect_seconds,
        read_seconds=connection.read_seconds,
        kept=kept,
    )
