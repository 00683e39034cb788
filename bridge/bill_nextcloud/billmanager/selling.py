# SPDX-License-Identifier: GPL-3.0-or-later
"""Which processing modules of ours sell a tariff, and what it includes."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from bill_nextcloud.billmanager import addon_rows
from bill_nextcloud.billmanager import tables as t
from bill_nextcloud.billmanager.addons import Addon, addons
from bill_nextcloud.billmanager.service import MODULE_NAME, Database


@dataclass(frozen=True)
class Seller:
    """A processing module of ours. ``active``: BILLmanager does not have it switched off."""

    id: int
    name: str
    active: bool


def sellers(database: Database, tariff: int) -> list[Seller]:
    """The modules of ours that sell ``tariff``, in the provider's order (``orderpriority``, lowest first), the older
    first among equals. Raises ``BillmanagerUnavailable``."""
    module, link = t.processingmodule, t.processingmodule2pricelist
    rows = database.rows(
        select(module.c.id, module.c.name, module.c.active, module.c.orderpriority)
        .select_from(module.join(link, link.c.processingmodule == module.c.id))
        .where(link.c.pricelist == tariff, module.c.module == MODULE_NAME)
        .distinct()
    )
    rows = sorted(rows, key=lambda row: (row["orderpriority"] or 0, row["id"]))
    # Which words the column has besides `on` is not known.
    return [Seller(row["id"], row["name"] or "", str(row["active"]).lower() not in ("off", "0")) for row in rows]


def included(database: Database, tariff: int) -> dict[str, Addon]:
    """The addons of a tariff, by name, as long as nothing more is ordered. Raises ``BillmanagerUnavailable``."""
    rows = database.rows(addon_rows.included([tariff]))
    return addons(rows, database.measures(), trial=False)
