# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions about the record as a whole: how long something has waited, what ended, and what it holds of one client."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ScalarSelect, Select, case, func, select

from bill_nextcloud.record.operations import DELETE
from bill_nextcloud.record.runs import runs_of_client
from bill_nextcloud.record.store import Store
from bill_nextcloud.record.tables import UNFINISHED, State
from bill_nextcloud.record.tables import attempt as attempts
from bill_nextcloud.record.tables import event as events
from bill_nextcloud.record.tables import operation as operations


@dataclass(frozen=True)
class Held:
    """What the record holds of one client: how many operations, the playbook runs of them, and the numbers of those
    that are unfinished."""

    operations: int
    runs: list[str]
    unfinished: list[int]


@dataclass(frozen=True)
class Waiting:
    """The unfinished operation of a cloud that has waited longest: its number, and since when (seconds since 1970).
    ``cloud`` is ``None`` while the cloud is not known."""

    cloud: int | None
    operation: int
    since: float


@dataclass(frozen=True)
class Attempts:
    """Attempts of a cloud that ended alike: ``code`` is the failure's, ``None`` when they succeeded; ``last``: when the
    last of them ended (seconds since 1970)."""

    cloud: int | None
    code: str | None
    count: int
    last: float


def oldest_waiting(store: Store) -> list[Waiting]:
    """For each cloud the unfinished operation that has waited longest; the longest of all comes first.

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
    unfinished = (
        select(operations.c.cloud, operations.c.id, since.label("since"))
        .where(operations.c.state.in_(states))
        .subquery()
    )
    order = (unfinished.c.since, unfinished.c.id)
    place = func.row_number().over(partition_by=unfinished.c.cloud, order_by=order).label("place")
    placed = select(unfinished, place).subquery()
    query = select(placed).where(placed.c.place == 1).order_by(placed.c.since, placed.c.id)
    with store.reading() as connection:
        return [Waiting(row.cloud, row.id, row.since) for row in connection.execute(query)]


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


def failed_since(store: Store, moment: float) -> Counter[tuple[int | None, str | None]]:
    """How many operations failed for good since ``moment`` (seconds since 1970) and were the last of their service, by
    cloud and the failure's code; ``None`` for what is not on record any more. Raises ``EngineUnavailable``."""
    later = operations.alias()
    overtaken = select(later.c.id).where(later.c.service == operations.c.service, later.c.id > operations.c.id)
    failed = (operations.c.state == State.FAILED, operations.c.ended_at >= moment)
    query = (
        select(operations.c.cloud, operations.c.failure, func.count().label("number"))
        .where(*failed, ~overtaken.exists())
        .group_by(operations.c.cloud, operations.c.failure)
    )
    found: Counter[tuple[int | None, str | None]] = Counter()
    with store.reading() as connection:
        for row in connection.execute(query):
            found[row.cloud, _code(row.failure)] += row.number
    return found


def ended_since(store: Store, moment: float) -> Counter[tuple[int | None, State]]:
    """How many operations ended since ``moment`` (seconds since 1970), by cloud and state. Raises
    ``EngineUnavailable``."""
    query = (
        select(operations.c.cloud, operations.c.state, func.count().label("number"))
        .where(operations.c.id.in_(_touched_since(moment)), operations.c.ended_at >= moment)
        .group_by(operations.c.cloud, operations.c.state)
    )
    with store.reading() as connection:
        return Counter({(row.cloud, State(row.state)): row.number for row in connection.execute(query)})


def attempts_since(store: Store, moment: float) -> list[Attempts]:
    """The attempts that ended since ``moment`` (seconds since 1970), by cloud and how they ended; without those of
    forgotten clients, of which that is not known any more. Raises ``EngineUnavailable``."""
    query = (
        select(
            operations.c.cloud,
            attempts.c.failure,
            func.count().label("number"),
            func.max(attempts.c.ended_at).label("last"),
        )
        .join(operations, operations.c.id == attempts.c.operation)
        .where(attempts.c.operation.in_(_touched_since(moment)), attempts.c.ended_at >= moment)
        .where(attempts.c.outcome.is_not(None))
        .group_by(operations.c.cloud, attempts.c.failure)
    )
    # The same failure has other parameters for each operation.
    found: dict[tuple[int | None, str | None], Attempts] = {}
    with store.reading() as connection:
        for row in connection.execute(query):
            key = (row.cloud, _code(row.failure))
            known = found.get(key, Attempts(*key, count=0, last=row.last))
            found[key] = Attempts(*key, count=known.count + row.number, last=max(known.last, row.last))
    return list(found.values())


def _touched_since(moment: float) -> Select[tuple[int]]:
    """The operations to which something happened since then. The timeline is written in the order of time: reading it
    from its end costs what happened since then, not what is on record."""
    before: ScalarSelect[int] = (
        select(events.c.id).where(events.c.at < moment).order_by(events.c.id.desc()).limit(1).scalar_subquery()
    )
    return select(events.c.operation).where(events.c.id > func.coalesce(before, 0))


def _code(failure: str | None) -> str | None:
    return None if failure is None else str(json.loads(failure)["code"])


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
