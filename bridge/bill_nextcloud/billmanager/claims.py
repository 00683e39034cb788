# SPDX-License-Identifier: GPL-3.0-or-later
"""Which services have, or ask for, an account name of a cloud, and to which of them the account belongs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from bill_nextcloud.billmanager import tables as t
from bill_nextcloud.billmanager.service import DELETE_AFTER, DELETED, INVITED, PASSWORD, URL, USERNAME, Database
from bill_nextcloud.lock import cloud_address

_PAGE = 500
# In this order a name belongs to a service.
_SEEN, _KEPT, _CLAIMED, _ASKED = range(4)


def claims(database: Database, name: str, modules: Iterable[int], url: str | None = None) -> list[int]:
    """The numbers of all services that have the account ``name``, or ask for it, on one of ``modules``, which stand for
    the cloud at ``url``; the one it belongs to first (see :func:`owners`). Letter case is ignored, as the clouds do.
    Raises ``BillmanagerUnavailable``."""
    return _claims(database, [name], modules, url).get(name.lower(), [])


def holders(database: Database, name: str, modules: Iterable[int], url: str) -> list[int]:
    """Those services of :func:`claims` whose account this is, or may be: it was seen, is kept, or was claimed. In whose
    order the name was only typed has no account of it yet. Raises ``BillmanagerUnavailable``."""
    ranked = _ranked(database, [name], modules, url).get(name.lower(), [])
    return [number for rank, number in ranked if rank != _ASKED]


def owners(database: Database, names: Iterable[str], modules: Iterable[int], url: str) -> dict[str, int]:
    """The service to which each of ``names`` (in lower case in the result) belongs on ``modules``: the one whose
    account was seen at ``url`` as its own; else a closed one whose account was not deleted yet; else the one for which
    the name was claimed (with a password, or for an invitation); else one in whose order it was typed; of several the
    lowest number. Raises ``BillmanagerUnavailable``."""
    return {name: found[0] for name, found in _claims(database, names, modules, url).items()}


def _claims(database: Database, names: Iterable[str], modules: Iterable[int], url: str | None) -> dict[str, list[int]]:
    ranked = _ranked(database, names, modules, url)
    return {name: [number for _, number in ranks] for name, ranks in ranked.items()}


def _ranked(
    database: Database, names: Iterable[str], modules: Iterable[int], url: str | None
) -> dict[str, list[tuple[int, int]]]:
    wanted, where = sorted({name.lower() for name in names}), list(modules)
    found: dict[str, list[tuple[int, int]]] = {}
    for start in range(0, len(wanted), _PAGE):
        for row in database.rows(_query(wanted[start : start + _PAGE], where)):
            found.setdefault(row["username"].lower(), []).append((_rank(row, url), row["id"]))
    return {name: sorted(ranks) for name, ranks in found.items()}


def _rank(row: Any, url: str | None) -> int:
    if row["status"] == DELETED:
        return _KEPT
    # One that was seen elsewhere has no account here, but its order may be repeated.
    if row["url"] and (url is None or cloud_address(row["url"]) == cloud_address(url)):
        return _SEEN
    return _CLAIMED if row["password"] or row["invited"] else _ASKED


def _query(names: list[str], modules: list[int]) -> Select[Any]:
    params = {name: t.itemparam.alias(name) for name in (USERNAME, URL, DELETE_AFTER, INVITED)}
    secret = t.itemcryptedparam.alias("secret")
    source: Any = t.item
    for name, param in params.items():
        of_item = and_(param.c.item == t.item.c.id, param.c.intname == name)
        source = source.join(param, of_item) if name == USERNAME else source.outerjoin(param, of_item)
    source = source.outerjoin(secret, and_(secret.c.item == t.item.c.id, secret.c.intname == PASSWORD))
    username, url, deadline = params[USERNAME].c.value, params[URL].c.value, params[DELETE_AFTER].c.value
    return (
        select(
            t.item.c.id,
            t.item.c.status,
            username.label("username"),
            func.max(url).label("url"),
            func.max(params[INVITED].c.value).label("invited"),
            func.max(secret.c.value).label("password"),
        )
        .select_from(source)
        .where(
            func.lower(username).in_(names),
            t.item.c.processingmodule.in_(modules),
            # The address is taken away when the account is deleted.
            or_(t.item.c.status != DELETED, url != "", deadline != ""),
        )
        .group_by(t.item.c.id, t.item.c.status, username)
    )
