# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a day's statistics: the rows of ``itemstat``, the one table that processing modules write themselves.

Source: the vendor's Python library and its Nextcloud module (columns, ``service.poststat``); that (item, statdate,
param) is unique is only inferred, and so is the type of ``value``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import Connection, delete, insert

from bill_nextcloud.billmanager import tables as t
from bill_nextcloud.billmanager.addons import Addon
from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.billmanager.service import Database

# A ten-thousandth of a GiB is 105 KiB; what BILLmanager's column keeps of it is its own.
_PLACES = Decimal("0.0001")


@dataclass(frozen=True)
class Amount:
    """What a service used of an addon: ``value`` in the unit ``measure`` (its number)."""

    service: int
    param: str
    value: Decimal
    measure: int | None


def in_unit(size: int, unit_bytes: Decimal) -> Decimal:
    """``size`` bytes in a unit of ``unit_bytes`` bytes, exact to four decimal places; a half is rounded up."""
    return (Decimal(size) / unit_bytes).quantize(_PLACES, ROUND_HALF_UP)


def amount(service: int, used: int, addon: Addon) -> Amount:
    """``used`` bytes as BILLmanager counts them: under the addon's own key, in its own unit. ``addon`` must have a unit
    of size (see ``Mapping.disk_addon``)."""
    assert addon.unit_bytes
    return Amount(service, addon.name, in_unit(used, addon.unit_bytes), addon.measure)


def write_day(database: Database, day: str, amounts: Sequence[Amount]) -> None:
    """Make ``amounts`` the statistics of ``day`` (YYYY-MM-DD), each service once; in one transaction. Rows of these
    services, this day and these keys that are there already are replaced, never added to: used space is a level.

    What is there is deleted, which locks it, and then written anew: right with a unique key and without one. Two that
    write the same services at the same time are the caller's to prevent. Raises ``BillmanagerUnavailable``: then
    nothing was written.
    """
    if not amounts:
        return
    table = t.itemstat

    def write(connection: Connection) -> None:
        for param in sorted({one.param for one in amounts}):
            items = [one.service for one in amounts if one.param == param]
            connection.execute(
                delete(table).where(table.c.item.in_(items), table.c.statdate == day, table.c.param == param)
            )
        connection.execute(
            insert(table),
            [
                # As text: it is exact, and every database makes its own number of it.
                {
                    "item": one.service,
                    "statdate": day,
                    "param": one.param,
                    "value": str(one.value),
                    "measure": one.measure,
                }
                for one in amounts
            ],
        )

    database.transaction(write)


def close_day(mgrctl: Mgrctl, module: int, day: str) -> None:
    """Tell BILLmanager that the statistics of ``day`` are complete for a processing module; it may be told again.

    Raises ``BillmanagerUnavailable``, ``BillmanagerRefused``.
    """
    mgrctl.call("service.poststat", {"elid": str(module), "date": day})
