# SPDX-License-Identifier: GPL-3.0-or-later
"""Services, tariffs and processing modules; and the calls that end operations."""

from __future__ import annotations

from typing import Any

from .db import db_query


def iteminfo(item: int) -> dict[str, Any]:
    """A service: its account, tariff and last tariff."""
    (row,) = db_query("SELECT id, account AS account_id, pricelist, lastpricelist FROM item WHERE id = %s", item)
    return row


def itemaddons(item: int) -> dict[str, list[Any]]:
    """How much of each addon was sold, and its unit, by the addon's name or its type's."""
    query = """
        SELECT p.intname AS name, t.intname AS type, m.intname AS unit, p.addonlimit AS included, a.intvalue AS more
        FROM item s JOIN pricelist p ON p.parent = s.pricelist LEFT JOIN itemtype t ON t.id = p.itemtype
        LEFT JOIN measure m ON m.id = p.measure LEFT JOIN item a ON a.parent = s.id AND a.pricelist = p.id
        WHERE s.id = %s"""
    return {
        row["name"] or row["type"]: [(row["included"] or 0) + (row["more"] or 0), row["unit"]]
        for row in db_query(query, item)
    }


def get_relation(unit: str, other: str) -> int:
    """How many of ``other``, which is smaller, are in a unit."""
    factor = 1
    while unit != other:
        query = (
            "SELECT m.relation, l.intname FROM measure m JOIN measure l ON l.id = m.lessmeasure WHERE m.intname = %s"
        )
        (row,) = db_query(query, unit)
        factor, unit = factor * int(row["relation"]), row["intname"]
    return factor


def get_item_processingmodule(item: int) -> int:
    """The processing module of a service."""
    (row,) = db_query("SELECT processingmodule FROM item WHERE id = %s", item)
    return int(row["processingmodule"])


def get_module_params(module: int) -> dict[str, str]:
    """The parameters of a processing module that are not encrypted."""
    return _params("SELECT intname, value FROM processingparam WHERE processingmodule = %s", module)


def get_pricelist_params(tariff: int | None) -> dict[str, str]:
    """The parameters of a tariff."""
    return _params("SELECT intname, value FROM pricelistparam WHERE pricelist = %s", tariff)


def _params(query: str, number: int | None) -> dict[str, str]:
    return {row["intname"]: row["value"] for row in db_query(query, number)}


def save_param(item: int, param: str, value: str, crypted: bool = False) -> None:
    """A parameter of a service."""


def postopen(item: int) -> None:
    """The service is open."""


def postsetparam(item: int) -> None:
    """The service is as it was sold."""


def postsuspend(item: int) -> None:
    """The service is suspended."""


def postresume(item: int) -> None:
    """The service is active again."""


def postclose(item: int) -> None:
    """The service is closed."""
