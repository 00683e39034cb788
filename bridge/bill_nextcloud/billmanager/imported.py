# SPDX-License-Identifier: GPL-3.0-or-later
"""BILLmanager's side of an import: what becomes a service there, and which account names are spoken for.

What is known. The vendor's page "Service import for processing module": an import makes services without costs and
without a client; they stand in the module's own list (Processing modules, Import) and in no other, until an
administrator gives each a client, a provider and a tariff. Published modules (all for domains: three in PHP, two in
C++, one of them the vendor's) call ``processing.import.service`` once for each with ``sok``, ``module``,
``import_service_name``, ``import_pricelist_intname``, ``status`` (2, 3), ``expiredate``, most of them ``period`` (12)
and ``import_itemtype_intname``, and fields of the item type; the answer's ``service_id`` is the number of a row of
``item``, and 0 or empty is a refusal. An exporter of a real database reads ``import_service_name`` and its like from
``itemparam`` of services that clients have.

What is inferred, and done so that it is right either way: that ``import_pricelist_intname`` proposes the tariff (of a
domain it is the zone's number; here the tariff's ``intname``, or its number); that fields of the item type become
parameters (``username`` is sent along *and* saved, since a service that has its name from the beginning is never taken
for another's); that a service which is not given to anybody has no ``account``. No client is sent: no known module
does, and a service that is given to a wrong one shows him another's files.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, or_, select

from bill_nextcloud.billmanager import tables as t
from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.billmanager.service import ACTIVE, DELETE_AFTER, DELETED, SUSPENDED, URL, USERNAME, Database
from bill_nextcloud.errors import ImportRefused

IMPORT_NAME = "import_service_name"
# Months, and so the date until which it is paid for: as the known modules have it. Sooner, BILLmanager might suspend
# what nobody has been given yet.
_PERIOD = 12
_PAGE = 500


@dataclass(frozen=True)
class Claim:
    """Who has an account name. ``deleted``: the service is closed, and its account kept until its deadline;
    ``unfinished``: it comes of an import that was cut off, and only the rest has to be saved."""

    service: int
    deleted: bool = False
    unfinished: bool = False


def import_service(mgrctl: Mgrctl, module: int, item_type: str, account: str, tariff_key: str, *, enabled: bool) -> int:
    """Make a service of ``item_type`` for ``account``; its number. ``tariff_key``: see ``offers.Offer``.

    Raises :class:`ImportRefused`, ``BillmanagerRefused``: then there is none; ``BillmanagerUnavailable``: then there
    may be one, which the next import finds (see :func:`claims`).
    """
    answer = mgrctl.call(
        "processing.import.service",
        {
            "sok": "ok",
            "module": str(module),
            "import_itemtype_intname": item_type,
            IMPORT_NAME: account,
            "import_pricelist_intname": tariff_key,
            "status": str(ACTIVE if enabled else SUSPENDED),
            "period": str(_PERIOD),
            "expiredate": _in_a_year(),
            USERNAME: account,
        },
    )
    number = (answer.findtext("service_id") or "").strip()
    if not number.isascii() or not number.isdigit() or not int(number):
        raise ImportRefused(account=account, detail=f"service_id is {number!r}")
    return int(number)


def _in_a_year() -> str:
    """Today's date next year, as BILLmanager writes dates; of 29 February the day before."""
    now = time.localtime()
    day = 28 if (now.tm_mon, now.tm_mday) == (2, 29) else now.tm_mday
    return f"{now.tm_year + _PERIOD // 12:04}-{now.tm_mon:02}-{day:02}"


def claims(database: Database, modules: Iterable[int]) -> dict[str, Claim]:
    """Which account names (in lower case) are spoken for on ``modules``, which stand for one cloud: those of services
    that are not deleted, and of deleted ones whose accounts are kept; and, where nobody else has the name, those at
    which an import was cut off. Of several services the lowest. Raises ``BillmanagerUnavailable``.

    Of an import are services with the parameter ``import_service_name``; and, should BILLmanager not keep that, those
    of nobody that are active or suspended and have the account's name.
    """
    taken: dict[str, Claim] = {}
    kept: dict[str, Claim] = {}
    begun: dict[str, Claim] = {}
    for row in _rows(database, list(modules)):
        saved = (row["username"] or "").lower()
        status = int(row["status"])
        if status == DELETED:
            if saved and (row["deadline"] or row["url"]):
                kept.setdefault(saved, Claim(row["id"], deleted=True))
            continue
        nobodys = not row["account"] and status in (ACTIVE, SUSPENDED)
        named = (row["imported"] or (row["name"] if nobodys else None) or "").lower()
        if saved and (row["url"] or named != saved):
            taken.setdefault(saved, Claim(row["id"]))
        elif named:
            begun.setdefault(named, Claim(row["id"], unfinished=True))
    return {**begun, **kept, **taken}


def _rows(database: Database, modules: Sequence[int]) -> Sequence[Any]:
    """All services of ``modules`` by number, with the parameters that tell whose an account is."""
    source: Any = t.item
    columns: list[Any] = [t.item.c.id, t.item.c.name, t.item.c.status, t.item.c.account]
    for label, name in (("username", USERNAME), ("url", URL), ("deadline", DELETE_AFTER), ("imported", IMPORT_NAME)):
        param = t.itemparam.alias(label)
        source = source.outerjoin(param, and_(param.c.item == t.item.c.id, param.c.intname == name))
        columns.append(param.c.value.label(label))
    query = (
        select(*columns)
        .select_from(source)
        .where(t.item.c.processingmodule.in_(modules), or_(t.item.c.parent.is_(None), t.item.c.parent == 0))
        .order_by(t.item.c.id)
    )
    return database.rows(query)


def clients_by_email(database: Database, addresses: Iterable[str]) -> dict[str, dict[str, Any]]:
    """For each of ``addresses`` (in lower case in the result) that the users of exactly one client have: that client,
    as ``{"id", "name"}``. Raises ``BillmanagerUnavailable``."""
    wanted = sorted({address.lower() for address in addresses})
    found: dict[str, dict[int, str]] = {}
    for start in range(0, len(wanted), _PAGE):
        rows = database.rows(
            select(t.user.c.email, t.account.c.id, t.account.c.name)
            .select_from(t.user.join(t.account, t.account.c.id == t.user.c.account))
            .where(func.lower(t.user.c.email).in_(wanted[start : start + _PAGE]))
        )
        for row in rows:
            found.setdefault(row["email"].lower(), {})[row["id"]] = row["name"] or ""
    return {
        address: {"id": number, "name": name}
        for address, clients in found.items()
        if len(clients) == 1
        for number, name in clients.items()
    }
