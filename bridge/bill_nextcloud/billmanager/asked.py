# SPDX-License-Identifier: GPL-3.0-or-later
"""Small reads of BILLmanager's database, for what is not about a service as it was sold."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import and_, or_, select, text

from bill_nextcloud.billmanager import tables as t
from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.service import DELETE_AFTER, DELETED, MODULE_NAME, USERNAME, Database
from bill_nextcloud.errors import CloudParameterUnusable, ModuleUnknown, ServiceUnknown
from bill_nextcloud.lock import cloud_address

_OPEN_TASKS = (0, 1)


@dataclass(frozen=True)
class Asked:
    """What tells one operation from another with the same numbers, and whom it concerns. ``created``: the creation
    dates of service and operation; ``module``: the cloud; ``client``: the account in BILLmanager."""

    created: str
    module: int | None
    client: int | None
    account: str | None

    def others_than(self, created: str | None) -> bool:
        """Whether these are another service or another operation than those of ``created``, with the same numbers: so
        it is after BILLmanager was restored from a backup. An operation that BILLmanager has ended is not another."""
        before, now = (created or "").partition("/"), self.created.partition("/")
        return any(old and new and old != new for old, new in zip(before, now, strict=True))


def asked(database: Database, service: int, operation: int | None) -> Asked:
    """Who and what an operation is about. Raises :class:`ServiceUnknown`, ``BillmanagerUnavailable``."""
    rows = database.rows(
        select(t.item.c.createdate, t.item.c.processingmodule, t.item.c.account, t.itemparam.c.value)
        .select_from(
            t.item.outerjoin(t.itemparam, and_(t.itemparam.c.item == t.item.c.id, t.itemparam.c.intname == USERNAME))
        )
        .where(t.item.c.id == service, or_(t.item.c.parent.is_(None), t.item.c.parent == 0))
    )
    if not rows:
        raise ServiceUnknown(service=service)
    row = rows[0]
    begun = ""
    if operation is not None:
        # The list of running operations shows a creation date; whether every version's table has it is not documented.
        found = database.rows(
            select(text("*")).select_from(t.runningoperation).where(t.runningoperation.c.id == operation)
        )
        begun = str(found[0].get("cdate") or "") if found else ""
    return Asked(f"{row['createdate'] or ''}/{begun}", row["processingmodule"], row["account"], row["value"] or None)


def modules_at(database: Database, cloud: Cloud) -> list[int]:
    """All processing modules that stand for the same cloud, ``cloud`` first: an account name is unique among them.
    Raises ``BillmanagerUnavailable``."""
    same = [cloud.id]
    for module, _ in database.clouds():
        if module != cloud.id:
            try:
                other = database.cloud(module, secret=False)
            except (CloudParameterUnusable, ModuleUnknown):
                continue  # one that is not filled in rightly, or was just deleted, sells nothing
            if cloud_address(other.url) == cloud_address(cloud.url):
                same.append(module)
    return same


def has_task(database: Database, operation: int) -> bool:
    """Whether somebody already has an open task for this operation."""
    return bool(
        database.rows(
            select(t.task.c.status).where(t.task.c.runningoperation == operation, t.task.c.status.in_(_OPEN_TASKS))
        )
    )


def department(database: Database, module: int) -> int | None:
    """The department that gets the tasks of a processing module, if it has one."""
    rows = database.rows(select(t.processingmodule.c.department).where(t.processingmodule.c.id == module))
    return int(rows[0]["department"]) if rows and rows[0]["department"] else None


def credentials_digest(database: Database, module: int) -> str:
    """Tells one set of credentials from another. Made of the *encrypted* password, so nothing follows from it."""
    parts = []
    for table in (t.processingparam, t.processingcryptedparam):
        rows = database.rows(
            select(table.c.intname, table.c.value).where(table.c.processingmodule == module).order_by(table.c.intname)
        )
        parts += [f"{row['intname']}={row['value']}" for row in rows]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def deletions(database: Database, services: Iterable[int] = ()) -> dict[int, str]:
    """The deadlines (texts) of all closed services whose accounts are still to be deleted; of ``services``, if
    given."""
    query = (
        select(t.item.c.id, t.itemparam.c.value)
        .select_from(
            t.item.join(t.itemparam, t.itemparam.c.item == t.item.c.id).join(
                t.processingmodule, t.processingmodule.c.id == t.item.c.processingmodule
            )
        )
        .where(
            t.item.c.status == DELETED,
            t.itemparam.c.intname == DELETE_AFTER,
            t.processingmodule.c.module == MODULE_NAME,
        )
        .order_by(t.item.c.id)
    )
    wanted = list(services)
    if wanted:
        query = query.where(t.item.c.id.in_(wanted))
    return {row["id"]: row["value"] or "" for row in database.rows(query)}
