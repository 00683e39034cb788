# SPDX-License-Identifier: GPL-3.0-or-later
"""Which services have, or ask for, an account name of a cloud, and to which of them the account belongs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import and_, func, or_, select

from bill_nextcloud.billmanager import tables as t
from bill_nextcloud.billmanager.service import DELETE_AFTER, DELETED, URL, USERNAME, Database

_PAGE = 500


def claims(database: Database, name: str, modules: Iterable[int]) -> list[int]:
    """The numbers of all services that have the account ``name``, or ask for it, on one of ``modules``, which stand for
    one cloud; the one it belongs to first (see :func:`owners`). Letter case is ignored, as the clouds do. Raises
    ``BillmanagerUnavailable``."""
    return _claims(database, [name], modules).get(name.lower(), [])


def owners(database: Database, names: Iterable[str], modules: Iterable[int]) -> dict[str, int]:
    """The service to which each of ``names`` (in lower case in the result) belongs on ``modules``: the one whose
    account was seen there as its own; else a closed one whose account is kept; else the lowest number of those that ask
    for it. Raises ``BillmanagerUnavailable``."""
    return {name: found[0] for name, found in _claims(database, names, modules).items()}


def _claims(database: Database, names: Iterable[str], modules: Iterable[int]) -> dict[str, list[int]]:
    wanted, where = sorted({name.lower() for name in names}), list(modules)
    found: dict[str, list[tuple[bool, bool, int]]] = {}
    for start in range(0, len(wanted), _PAGE):
        for row in database.rows(_query(wanted[start : start + _PAGE], where)):
            kept = row["status"] == DELETED
            rank = (kept or not row["url"], not kept, row["id"])
            found.setdefault(row["username"].lower(), []).append(rank)
    return {name: [number for *_, number in sorted(ranks)] for name, ranks in found.items()}


def _query(names: list[str], modules: list[int]) -> Any:
    username, url, deadline = (t.itemparam.alias(name) for name in ("username", "url", "deadline"))
    return (
        select(t.item.c.id, t.item.c.status, username.c.value.label("username"), func.max(url.c.value).label("url"))
        .select_from(
            t.item.join(username, and_(username.c.item == t.item.c.id, username.c.intname == USERNAME))
            .outerjoin(url, and_(url.c.item == t.item.c.id, url.c.intname == URL))
            .outerjoin(deadline, and_(deadline.c.item == t.item.c.id, deadline.c.intname == DELETE_AFTER))
        )
        .where(
            func.lower(username.c.value).in_(names),
            t.item.c.processingmodule.in_(modules),
            or_(t.item.c.status != DELETED, deadline.c.value != ""),
        )
        .group_by(t.item.c.id, t.item.c.status, username.c.value)
    )
