# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panel shows of services, operations, tasks and problems, as plain dictionaries for tests."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import asdict
from typing import Any

from . import crypt, operations
from .connection import Connection, Row
from .descriptor import Descriptor
from .errors import PanelError
from .layout import Layout
from .run import read_error
from .sales import BOOLEAN, ENUMERATION


def service(layout: Layout, connection: Connection, item: int) -> dict[str, Any]:
    """The row of a service, with `params` (encrypted ones in clear), `status_name`, `type`, `addons` and
    `operations` (ids of those that run)."""
    row = operations.get_service(connection, item)
    params = dict(connection.execute("SELECT intname, value FROM itemparam WHERE item = ?", (item,)).fetchall())
    for name, value in connection.execute("SELECT intname, value FROM itemcryptedparam WHERE item = ?", (item,)):
        params[name] = crypt.decrypt(layout.key, value)
    type_ = connection.execute(
        "SELECT t.intname FROM pricelist p JOIN itemtype t ON t.id = p.itemtype WHERE p.id = ?", (row["pricelist"],)
    ).fetchone()
    running = connection.execute("SELECT id FROM runningoperation WHERE item = ? ORDER BY id", (item,)).fetchall()
    return {
        **dict(row),
        "params": params,
        "status_name": operations.status_name(connection, item),
        # One that was imported has no tariff before it is given to a client.
        "type": type_["intname"] if type_ else None,
        "addons": addons(connection, row),
        "operations": [operation["id"] for operation in running],
    }


def addons(connection: Connection, item: Row) -> dict[str, dict[str, Any]]:
    """What was sold of each addon: {key: {"value": total or choice or on/off, "unit": intname or None}}."""
    found = {}
    for row in connection.execute(
        "SELECT p.intname AS p_intname, t.intname AS t_intname, p.addontype, p.addonlimit AS p_limit,"
        " p.addonbool AS p_bool, p.addonmaxtrial, a.addonlimit AS a_limit, a.intvalue, a.boolvalue,"
        " m.intname AS unit, pe.intname AS p_choice, ae.intname AS a_choice"
        " FROM pricelist p LEFT JOIN itemtype t ON t.id = p.itemtype LEFT JOIN measure m ON m.id = p.measure"
        " LEFT JOIN item a ON a.parent = ? AND a.pricelist = p.id"
        " LEFT JOIN enumerationitem pe ON pe.id = p.enumerationitem"
        " LEFT JOIN enumerationitem ae ON ae.id = a.enumerationitem"
        " WHERE p.parent = ? AND p.active = 'on' AND p.billtype NOT IN (4, 10)",
        (item["id"], item["pricelist"]),
    ):
        value: Any
        if row["addontype"] == ENUMERATION:
            value = row["a_choice"] or row["p_choice"]
        elif row["addontype"] == BOOLEAN:
            value = row["boolvalue"] or row["p_bool"]
        else:
            included = row["p_limit"] if row["a_limit"] is None else row["a_limit"]
            value = (included or 0) + (row["intvalue"] or 0)
            if item["period"] == operations.TRIAL and row["addonmaxtrial"] is not None:
                value = min(value, row["addonmaxtrial"])
        found[row["p_intname"] or row["t_intname"]] = {"value": value, "unit": row["unit"]}
    return found


def operation(connection: Connection, id_: int, descriptor: Descriptor | None) -> dict[str, Any]:
    """An operation, running or ended: id, item, intname, cdate, ended, ended_by, and while it runs also trycount,
    manual, errorxml and `error` (as in `Run.error`, a dictionary or None)."""
    row = connection.execute(
        "SELECT s.id, s.item, s.intname, s.cdate, s.userid, s.ended, s.ended_by, o.trycount, o.manual, o.errorxml"
        " FROM standin_operation s LEFT JOIN runningoperation o USING (id) WHERE s.id = ?",
        (id_,),
    ).fetchone()
    if row is None:
        raise PanelError("no_operation", f"there is no operation {id_}")
    error = None
    if row["errorxml"] and descriptor is not None:
        error = read_error(ET.fromstring(row["errorxml"]), descriptor)
    return {**dict(row), "error": None if error is None else asdict(error)}


def rows(connection: Connection, table: str) -> list[dict[str, Any]]:
    """All rows of `table`, oldest first; the column `params`, where there is one, is read as JSON."""
    found = [dict(row) for row in connection.execute(f"SELECT * FROM {table} ORDER BY id")]
    for row in found:
        if "params" in row:
            row["params"] = json.loads(row["params"])
    return found
