# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what a provider and its customers enter: clouds, tariffs, addons, clients, orders.

Each function works inside a transaction of its caller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import operations
from .connection import Connection
from .errors import PanelError

BOOLEAN, INTEGER, ENUMERATION = 1, 2, 3
"""pricelist.addontype"""
BILLED_AS_ORDERED = 2
"""pricelist.billtype"""
LEVEL_CLIENT = 16


def insert(connection: Connection, table: str, **columns: Any) -> int:
    """Adds one row and returns its id."""
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    row = connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(columns.values())).lastrowid
    assert row is not None
    return row


def id_of(connection: Connection, table: str, intname: str) -> int:
    """The id of the row of `table` with this intname; `PanelError` unknown when there is none."""
    row = connection.execute(f"SELECT id FROM {table} WHERE intname = ?", (intname,)).fetchone()
    if row is None:
        raise PanelError("unknown", f"there is no {table} {intname!r}")
    return int(row["id"])


def check_exists(connection: Connection, table: str, id_: int) -> None:
    """`PanelError` unknown when `table` has no row with this id."""
    if connection.execute(f"SELECT 1 FROM {table} WHERE id = ?", (id_,)).fetchone() is None:
        raise PanelError("unknown", f"there is no {table} {id_}")


def add_cloud(
    connection: Connection,
    name: str,
    module: str,
    params: Mapping[str, str],
    encrypted: Mapping[str, str],
    department: int,
) -> int:
    """A connection of a processing module; the values of `encrypted` are in their stored form."""
    cloud = insert(
        connection, "processingmodule", name=name, module=module, active="on", orderpriority=1, department=department
    )
    for table, values in (("processingparam", params), ("processingcryptedparam", encrypted)):
        for intname, value in values.items():
            insert(connection, table, processingmodule=cloud, intname=intname, value=value)
    return cloud


def add_tariff(connection: Connection, name: str, cloud: int, item_type: str, params: Mapping[str, str]) -> int:
    """A tariff served by one cloud."""
    check_exists(connection, "processingmodule", cloud)
    tariff = insert(
        connection,
        "pricelist",
        name=name,
        itemtype=id_of(connection, "itemtype", item_type),
        project=1,
        active="on",
        manualprocessing="off",
    )
    insert(connection, "processingmodule2pricelist", processingmodule=cloud, pricelist=tariff)
    for intname, value in params.items():
        insert(connection, "pricelistparam", pricelist=tariff, intname=intname, value=value)
    return tariff


def add_addon(
    connection: Connection,
    tariff: int,
    intname: str,
    included: int,
    unit: str,
    trial_maximum: int | None,
    choices: Sequence[str] | None,
) -> int:
    """An addon of a tariff, counted in `unit`: a number, or one of `choices` (then `included` is the default)."""
    check_exists(connection, "pricelist", tariff)
    columns: dict[str, Any] = {
        "name": intname,
        "parent": tariff,
        "intname": intname,
        "itemtype": id_of(connection, "itemtype", intname),
        "active": "on",
        "billtype": BILLED_AS_ORDERED,
        "measure": id_of(connection, "measure", unit),
    }
    if choices is None:
        return insert(
            connection,
            "pricelist",
            **columns,
            addontype=INTEGER,
            addonlimit=included,
            addonmin=0,
            addonstep=1,
            addonmaxtrial=trial_maximum,
        )
    if str(included) not in choices:
        raise PanelError("value", f"{included} is not one of the choices {', '.join(choices)}")
    enumeration = 1 + (connection.execute("SELECT MAX(enumeration) FROM enumerationitem").fetchone()[0] or 0)
    items = {
        choice: insert(connection, "enumerationitem", enumeration=enumeration, intname=choice, name=f"{choice} {unit}")
        for choice in choices
    }
    return insert(
        connection,
        "pricelist",
        **columns,
        addontype=ENUMERATION,
        enumeration=enumeration,
        enumerationitem=items[str(included)],
    )


def add_client(connection: Connection, name: str, email: str) -> int:
    """An account with one user; returns the account's id."""
    account = insert(connection, "account", name=name, country=1, registration_date=operations.now(connection))
    insert(connection, "user", account=account, name=email, realname=name, email=email, phone="", level=LEVEL_CLIENT)
    return account


def user_of(connection: Connection, service: int) -> int | None:
    """The first user of the service's account: who asks when a customer does."""
    row = connection.execute(
        "SELECT MIN(u.id) AS id FROM item i JOIN user u ON u.account = i.account WHERE i.id = ?", (service,)
    ).fetchone()
    return None if row["id"] is None else int(row["id"])


def add_service(connection: Connection, tariff: int, client: int, name: str | None, period: int) -> int:
    """A paid order: the service with status 1 and the first cloud of its tariff."""
    check_exists(connection, "account", client)
    row = connection.execute(
        "SELECT p.name, m.processingmodule FROM pricelist p JOIN processingmodule2pricelist m ON m.pricelist = p.id"
        " JOIN processingmodule c ON c.id = m.processingmodule WHERE p.id = ? AND p.parent IS NULL"
        " ORDER BY c.orderpriority, c.id LIMIT 1",
        (tariff,),
    ).fetchone()
    if row is None:
        raise PanelError("unknown", f"there is no tariff {tariff}")
    return insert(
        connection,
        "item",
        name=name or row["name"],
        account=client,
        pricelist=tariff,
        period=period,
        processingmodule=row["processingmodule"],
        status=operations.ORDERED,
        createdate=operations.now(connection),
        autosuspend="off",
        employeesuspend="off",
        abusesuspend="off",
        cost=0,
    )


def assign(connection: Connection, service: int, client: int) -> None:
    """Gives an imported service to a client, on the tariff that its import has proposed (by intname, or number)."""
    check_exists(connection, "account", client)
    proposed = connection.execute(
        "SELECT value FROM itemparam WHERE item = ? AND intname = 'import_pricelist_intname'", (service,)
    ).fetchone()
    key = proposed["value"] if proposed else None
    row = connection.execute(
        "SELECT id FROM pricelist WHERE parent IS NULL AND (intname = ? OR id = ?)", (key, key)
    ).fetchone()
    if row is None:
        raise PanelError("unknown", f"service {service} was not imported, or with a tariff that is not there")
    connection.execute("UPDATE item SET account = ?, pricelist = ? WHERE id = ?", (client, row["id"], service))


def set_addon(connection: Connection, service: int, intname: str, ordered: int | str) -> None:
    """What a customer orders of an addon: how much more than is included, or which choice (text).

    `PanelError` unknown when the tariff has no such addon or no such choice.
    """
    addon = connection.execute(
        "SELECT p.*, i.account, i.period FROM item i JOIN pricelist p ON p.parent = i.pricelist"
        " WHERE i.id = ? AND p.intname = ?",
        (service, intname),
    ).fetchone()
    if addon is None:
        raise PanelError("unknown", f"the tariff of service {service} has no addon {intname}")
    columns: dict[str, Any] = {"intvalue": None, "enumerationitem": None}
    if addon["addontype"] == ENUMERATION:
        choice = connection.execute(
            "SELECT id FROM enumerationitem WHERE enumeration = ? AND intname = ?", (addon["enumeration"], str(ordered))
        ).fetchone()
        if choice is None:
            raise PanelError("unknown", f"addon {intname} has no choice {ordered}")
        columns["enumerationitem"] = choice["id"]
    else:
        columns["intvalue"] = int(ordered)
    connection.execute("DELETE FROM item WHERE parent = ? AND pricelist = ?", (service, addon["id"]))
    insert(
        connection,
        "item",
        name=intname,
        parent=service,
        account=addon["account"],
        pricelist=addon["id"],
        period=addon["period"],
        status=operations.ACTIVE,
        createdate=operations.now(connection),
        **columns,
    )


def change_tariff(connection: Connection, service: int, tariff: int) -> None:
    """Moves a service to another tariff: lastpricelist is the old one, ordered numbers go over to the same addons."""
    row = operations.get_service(connection, service)
    check_exists(connection, "pricelist", tariff)
    connection.execute(
        "UPDATE item SET lastpricelist = ?, pricelist = ? WHERE id = ?", (row["pricelist"], tariff, service)
    )
    ordered = connection.execute(
        "SELECT p.intname, a.intvalue, e.intname AS choice, n.id AS successor FROM item a"
        " JOIN pricelist p ON p.id = a.pricelist LEFT JOIN enumerationitem e ON e.id = a.enumerationitem"
        " LEFT JOIN pricelist n ON n.parent = ? AND n.intname = p.intname AND n.addontype = p.addontype"
        " WHERE a.parent = ?",
        (tariff, service),
    ).fetchall()
    connection.execute("DELETE FROM item WHERE parent = ?", (service,))
    for addon in ordered:
        if addon["successor"] is not None:
            set_addon(connection, service, addon["intname"], addon["choice"] or addon["intvalue"] or 0)
