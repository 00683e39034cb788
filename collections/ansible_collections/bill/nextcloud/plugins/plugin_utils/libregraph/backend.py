# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A LibreGraph cloud, put together: its parts share one log-in."""

from __future__ import annotations

import contextlib
import typing as t
from datetime import datetime
from functools import partial

from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import LIBREGRAPH
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Cloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.connection import Connection
from ansible_collections.bill.nextcloud.plugins.plugin_utils.credentials import Password, Token
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph.accounts import ABILITIES, LibreGraphAccounts
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph.app_tokens import read_end
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph.groups import LibreGraphGroups
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph.inspection import LibreGraphInspection
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph.listing import list_accounts
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph.lists import prepare
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph.session import GraphSession, takes_passwords
from ansible_collections.bill.nextcloud.plugins.plugin_utils.listed import Listed


@contextlib.contextmanager
def connected(connection: Connection) -> t.Iterator[Cloud]:
    """Open a LibreGraph cloud; nothing is sent yet."""

    def log_in(name: str, password: str) -> GraphSession:
        return GraphSession(connection, Password(name, password))

    def credentials_end() -> datetime | None:
        # Of a name and a password nobody could say whether the password is an app token.
        if isinstance(connection.credentials, Token) or takes_passwords(connection):
            return None
        return read_end(session)

    at_once = connection.places.at_once
    session = GraphSession(connection, connection.credentials)
    groups = LibreGraphGroups(session)
    inspection = LibreGraphInspection(session)
    listed = Listed(ABILITIES.ignores)
    accounts = LibreGraphAccounts(
        session, groups, log_in, partial(takes_passwords, connection), inspection.require_writable, listed
    )
    try:
        yield Cloud(
            LIBREGRAPH,
            accounts,
            groups,
            inspection,
            partial(list_accounts, session, groups),
            None,
            connection.warnings,
            credentials_end,
            accounts.quota_waits,
            prepare=partial(prepare, session, listed),
            accounts_at_once=lambda: at_once,
            stop=connection.places.close,
        )
    finally:
        session.close()
