# SPDX-License-Identifier: GPL-3.0-or-later
"""Thousands of services at once, as if they had been ordered and opened one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from . import operations
from .connection import Connection

_ROWS = 500
"""So many go into one statement."""


def sell(
    connection: Connection, tariff: int, cloud: int, count: int, url: str, *, status: int = operations.ACTIVE
) -> range:
    """`count` services of `tariff` on `cloud`, of as many clients, which have their accounts (`user_` and the number of
    the service) at `url`; their numbers. Inside a transaction of its caller, like those of `sales`."""
    first = _next(connection, "item")
    clients = _next(connection, "account")
    users = _next(connection, "user")
    numbers = range(first, first + count)
    now = operations.now(connection)
    name = connection.execute("SELECT name FROM pricelist WHERE id = ?", (tariff,)).fetchone()[0]
    client, address = "Ivan Ivanov", "client@example.org"
    _insert(
        connection,
        "account (id, name, country, registration_date)",
        ((clients + n, client, 1, now) for n in range(count)),
    )
    _insert(
        connection,
        "user (id, account, name, realname, email)",
        ((users + n, clients + n, address, client, address) for n in range(count)),
    )
    _insert(
        connection,
        "item (id, name, account, pricelist, period, processingmodule, status, createdate,"
        " autosuspend, employeesuspend, abusesuspend)",
        ((first + n, name, clients + n, tariff, 1, cloud, status, now, "off", "off", "off") for n in range(count)),
    )
    _insert(
        connection,
        "itemparam (item, intname, value)",
        ((number, key, value) for number in numbers for key, value in (("url", url), ("username", f"user_{number}"))),
    )
    return numbers


def _next(connection: Connection, table: str) -> int:
    return 1 + int(connection.execute(f"SELECT COALESCE(MAX(id), 0) FROM {table}").fetchone()[0])


def _insert(connection: Connection, table: str, rows: Iterator[Sequence[Any]]) -> None:
    while page := list(islice(rows, _ROWS)):
        marks = ", ".join(f"({', '.join('?' * len(row))})" for row in page)
        connection.execute(f"INSERT INTO {table} VALUES {marks}", [value for row in page for value in row])
