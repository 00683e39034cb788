# SPDX-License-Identifier: GPL-3.0-or-later
"""Who bought and who sells: names of clients and tariffs, and the reseller of a client.

Source: the database structure page (``account.parent``); of a provider's own client the parent is empty or 0.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from bill_nextcloud.billmanager import tables as t
from bill_nextcloud.billmanager.service import Database


def resellers(database: Database, clients: Iterable[int | None]) -> dict[int, int]:
    """The number of the reseller of each of ``clients`` (numbers of accounts; ``None``: an imported service that nobody
    has been given yet) that has one. Raises ``BillmanagerUnavailable``."""
    numbers = sorted({client for client in clients if client})
    query = select(t.account.c.id, t.account.c.parent).where(t.account.c.id.in_(numbers))
    return {row["id"]: int(row["parent"]) for row in database.rows(query) if row["parent"]}


def account_names(database: Database, accounts: Iterable[int]) -> dict[int, str]:
    """The names of clients and resellers, as far as BILLmanager still has them. Raises ``BillmanagerUnavailable``."""
    query = select(t.account.c.id, t.account.c.name).where(t.account.c.id.in_(sorted(set(accounts))))
    return {row["id"]: row["name"] or "" for row in database.rows(query)}


def tariff_names(database: Database, tariffs: Iterable[int]) -> dict[int, str]:
    """The names of tariffs, as far as BILLmanager still has them. Raises ``BillmanagerUnavailable``."""
    query = select(t.pricelist.c.id, t.pricelist.c.name).where(t.pricelist.c.id.in_(sorted(set(tariffs))))
    return {row["id"]: row["name"] or "" for row in database.rows(query)}
