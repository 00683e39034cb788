# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions about the record as a whole: how long something has waited, and what it holds of one client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func, select

from bill_nextcloud.record.operations import DELETE
from bill_nextcloud.record.runs import runs_of_client
from bill_nextcloud.record.store import Store
from bill_nextcloud.record.tables import UNFINISHED, State
from bill_nextcloud.record.tables import attempt as attempts
from bill_nextcloud.record.tables import operation as operations


@dataclass(frozen=True)
class Held:
    """What the record holds of one client: how many operations, the playbook runs of them, and the numbers of those
    that are unfinished."""

    operations: int
    runs: list[str]
    unfinished: list[int]


def oldest_waiting(store: Store) -> tuple[int, float] | None:
    """The unfinished operation that has waited longest, and since when (seconds since 1970).

    A deletion in its retention does not count; one whose retention has ended has waited since then, not since it was
    accepted. Raises ``EngineUnavailable``.
    """
    first_attempt = (
        select(func.min(attempts.c.started_at)).where(attempts.c.operation == operations.c.id).scalar_subquery()
    )
    since = case(
        (operations.c.command == DELETE, func.coalesce(first_attempt, operations.c.due_at, operations.c.accepted_at)),
        else_=operations.c.accepted_at,
    )
    states = [state for state in UNFINISHED if state is not State.DELAYED]
    query = select(operations.c.id, since.label("since")).where(operations.c.state.in_(states))
    with store.reading() as connection:
        row = connection.execute(query.order_by(since, operations.c.id).limit(1)).one_or_none()
    return None if row is None else (row.id, row.since)


def backlog(store: Store) -> list[dict[str, Any]]:
    """``{"cloud", "state", "count", "oldest"}`` for each cloud and state with unfinished operations; ``oldest``: since
    when (seconds since 1970). Raises ``EngineUnavailable``."""
    query = (
        select(
            operations.c.cloud,
            operations.c.state,
            func.count().label("count"),
            func.min(operations.c.accepted_at).label("oldest"),
        )
        .where(operations.c.state.in_(list(UNFINISHED)))
        .group_by(operations.c.cloud, operations.c.state)
    )
    with store.reading() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def failed_since(store: Store, moment: float) -> int:
    """How many operations failed for good since ``moment`` (seconds since 1970) and were the last of their service.
    Raises ``EngineUnavailable``."""
    later = operations.alias()
    overtaken = select(later.c.id).where(later.c.service == operations.c.service, later.c.id > operations.c.id)
    failed = (operations.c.state == State.FAILED, operations.c.ended_at >= moment)
    query = select(func.count()).select_from(operations).where(*failed, ~overtaken.exists())
    with store.reading() as connection:
        return int(connection.execute(query).scalar_one())


def held_of(store: Store, client: int) -> Held:
    """What the record holds of ``client`` (BILLmanager's number). Raises ``EngineUnavailable``."""
    mine = operations.c.client == client
    unfinished = select(operations.c.id).where(mine, operations.c.state.in_(list(UNFINISHED))).order_by(operations.c.id)
    with store.reading() as connection:
        return Held(
            operations=connection.execute(select(func.count()).where(mine)).scalar_one(),
            runs=runs_of_client(connection, client),
            unfinished=list(connection.execute(unfinished).scalars()),
        )
