# SPDX-License-Identifier: GPL-3.0-or-later
"""What services used on each day, as it is on record: written once a day, read for the register of a month."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, case, delete, func, insert, inspect, select

from bill_nextcloud.record.store import Store
from bill_nextcloud.record.tables import usage

ACTIVE, SUSPENDED = 2, 3
_AT_ONCE = 1000


@dataclass(frozen=True)
class DayOfUse:
    """What one service used on one day (``day``: YYYY-MM-DD). ``used`` and ``sold`` in bytes, the latter ``None`` for
    unlimited; ``status`` is BILLmanager's; the others are numbers in BILLmanager."""

    service: int
    day: str
    cloud: int
    client: int | None
    reseller: int | None
    tariff: int
    status: int
    used: int
    sold: int | None


@dataclass(frozen=True)
class ServiceUse:
    """What one service used in a period: ``maximum`` and ``last`` in bytes, ``total`` the sum over its ``days`` (those
    that were read). Whom it belonged to and what was sold are those of the last of these days, ``last_day``."""

    service: int
    cloud: int
    client: int | None
    reseller: int | None
    tariff: int
    sold: int | None
    total: int
    maximum: int
    last: int
    last_day: str
    days: int
    active: int
    suspended: int


class UsageHistory:
    """Each method raises ``EngineUnavailable`` when the record's database fails."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def write(self, rows: Sequence[DayOfUse]) -> None:
        """Put ``rows``, all of one day and each service once, on record, in place of what is there for that day."""
        if not rows:
            return

        def written(connection: Connection) -> None:
            mine = usage.c.service.in_([row.service for row in rows])
            connection.execute(delete(usage).where(mine, usage.c.day == rows[0].day))
            connection.execute(insert(usage), [asdict(row) for row in rows])

        self._store.write(written)

    def remove_before(self, day: str) -> int:
        """Take days before ``day`` (YYYY-MM-DD) off the record; how many rows."""
        return self._store.write(lambda connection: connection.execute(delete(usage).where(usage.c.day < day)).rowcount)

    def kept(self) -> bool:
        """Whether this record has such a history: one of an earlier version, not opened by a worker since, has none."""
        with self._store.reading() as connection:
            return inspect(connection).has_table(usage.name)

    def register(self, first: str, last: str) -> Iterator[ServiceUse]:
        """Every service that was read between the days ``first`` and ``last`` (both included), by number. Rows come
        from the database one after the other, however many they are."""
        period = usage.c.day.between(first, last)
        sums = (
            select(
                usage.c.service,
                func.max(usage.c.day).label("last_day"),
                func.sum(usage.c.used).label("total"),
                func.max(usage.c.used).label("maximum"),
                func.count().label("days"),
                func.sum(case((usage.c.status == ACTIVE, 1), else_=0)).label("active"),
                func.sum(case((usage.c.status == SUSPENDED, 1), else_=0)).label("suspended"),
            )
            .where(period)
            .group_by(usage.c.service)
            .subquery()
        )
        ends = usage.alias()
        query = (
            select(
                sums,
                ends.c.cloud,
                ends.c.client,
                ends.c.reseller,
                ends.c.tariff,
                ends.c.sold,
                ends.c.used.label("last"),
            )
            .select_from(sums.join(ends, (ends.c.service == sums.c.service) & (ends.c.day == sums.c.last_day)))
            .order_by(sums.c.service)
        )
        with self._store.reading() as connection:
            for row in connection.execution_options(yield_per=_AT_ONCE).execute(query):
                values = dict(row._mapping)
                # Sums of 64-bit numbers are decimals in PostgreSQL.
                for name in ("total", "active", "suspended"):
                    values[name] = int(values[name])
                yield ServiceUse(**values)
