# SPDX-License-Identifier: GPL-3.0-or-later
"""Queries for the addons of tariffs, in the columns that ``addons.addons`` reads, joined as by the vendor's C++ base
class and Python library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, and_, null, select

from bill_nextcloud.billmanager import tables as t

_ADDON, _OFFERED = t.pricelist.alias("addon"), t.enumerationitem.alias("offered")
_COLUMNS = (
    _ADDON.c.intname,
    _ADDON.c.active,
    _ADDON.c.addontype,
    _ADDON.c.billtype,
    _ADDON.c.compound,
    _ADDON.c.measure,
    _ADDON.c.addonlimit.label("tariff_limit"),
    _ADDON.c.addonmax.label("tariff_max"),
    _ADDON.c.addonmaxtrial.label("tariff_max_trial"),
    _OFFERED.c.intname.label("tariff_enumeration"),
    t.itemtype.c.intname.label("itemtype_name"),
)


def ordered(services: Sequence[int]) -> Select[Any]:
    """The addons of the tariffs of ``services``, each with the number of its ``service`` and what was ordered of it."""
    service, row, chosen = t.item.alias("service"), t.item.alias("ordered"), t.enumerationitem.alias("chosen")
    return (
        select(
            service.c.id.label("service"),
            *_COLUMNS,
            row.c.id.label("ordered_id"),
            row.c.intvalue.label("ordered_value"),
            row.c.addonlimit.label("ordered_limit"),
            row.c.addonmax.label("ordered_max"),
            chosen.c.intname.label("ordered_enumeration"),
        )
        .select_from(
            service.join(_ADDON, _ADDON.c.parent == service.c.pricelist)
            .outerjoin(row, and_(row.c.parent == service.c.id, row.c.pricelist == _ADDON.c.id))
            .outerjoin(chosen, chosen.c.id == row.c.enumerationitem)
            .outerjoin(_OFFERED, _OFFERED.c.id == _ADDON.c.enumerationitem)
            .outerjoin(t.itemtype, t.itemtype.c.id == _ADDON.c.itemtype)
        )
        .where(service.c.id.in_(list(services)))
        .order_by(_ADDON.c.id)
    )


def included(tariffs: Sequence[int]) -> Select[Any]:
    """The addons of ``tariffs``, each with the number of its ``tariff``; nothing is ordered of them."""
    nothing = (null().label(f"ordered_{name}") for name in ("id", "value", "limit", "max", "enumeration"))
    return (
        select(_ADDON.c.parent.label("tariff"), *_COLUMNS, *nothing)
        .select_from(
            _ADDON.outerjoin(_OFFERED, _OFFERED.c.id == _ADDON.c.enumerationitem).outerjoin(
                t.itemtype, t.itemtype.c.id == _ADDON.c.itemtype
            )
        )
        .where(_ADDON.c.parent.in_(list(tariffs)))
        .order_by(_ADDON.c.id)
    )
