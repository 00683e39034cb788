# SPDX-License-Identifier: GPL-3.0-or-later
"""What a processing module sells: its tariffs as services on which nothing was ordered besides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select

from bill_nextcloud.billmanager import addon_rows
from bill_nextcloud.billmanager import tables as t
from bill_nextcloud.billmanager.addons import addons
from bill_nextcloud.billmanager.service import ACTIVE, URL, USERNAME, Database, Service, Tariff

_NOBODY = {"id": 0, "name": "", "email": "", "realname": ""}


@dataclass(frozen=True)
class Offer:
    """An active tariff. ``key``: by what an import names it (its ``intname``; its number, where it has none);
    ``service``: a service that has it, of nobody and with what is included only."""

    tariff: Tariff
    key: str
    service: Service


def offers(database: Database, module: int, item_type: str) -> list[Offer]:
    """The active tariffs of ``item_type`` that the processing module ``module`` sells, by number. Raises
    ``BillmanagerUnavailable``."""
    tariffs = {tariff.id: tariff for tariff in database.tariffs_of([module])}
    rows = database.rows(
        select(t.pricelist.c.id, t.pricelist.c.intname)
        .select_from(t.pricelist.join(t.itemtype, t.itemtype.c.id == t.pricelist.c.itemtype))
        .where(
            t.pricelist.c.id.in_(list(tariffs)),
            or_(t.pricelist.c.parent.is_(None), t.pricelist.c.parent == 0),
            t.pricelist.c.active == "on",
            t.itemtype.c.intname == item_type,
        )
        .order_by(t.pricelist.c.id)
    )
    measures = database.measures()
    included: dict[int, list[Any]] = {}
    for row in database.rows(addon_rows.included([row["id"] for row in rows])):
        included.setdefault(row["tariff"], []).append(row)
    return [
        Offer(
            tariff=tariffs[row["id"]],
            key=row["intname"] or str(row["id"]),
            service=Service(
                id=0,
                name="",
                item_type=item_type,
                status=ACTIVE,
                created="",
                module=module,
                tariff=tariffs[row["id"]],
                client=_NOBODY,
                addons=addons(included.get(row["id"], []), measures, trial=False),
                # As one that is there already: nothing is to be made, and nobody to be invited.
                params={USERNAME: "-", URL: "-"},
            ),
        )
        for row in rows
    ]
