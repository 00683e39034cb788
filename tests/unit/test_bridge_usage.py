# SPDX-License-Identifier: GPL-3.0-or-later
"""Units of BILLmanager, its table of statistics, thresholds, and the history that the register is made of."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from bill_nextcloud.billmanager.addons import Addon
from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.crypt import CryptKey
from bill_nextcloud.billmanager.service import ACTIVE, Database
from bill_nextcloud.billmanager.statistics import Amount, amount, in_unit, write_day
from bill_nextcloud.errors import BillmanagerUnavailable, Failure
from bill_nextcloud.record import DayOfUse, ServiceUse, Store, UsageHistory
from bill_nextcloud.usage.notes import crossed
from bill_nextcloud.usage.period import days_of
from bill_nextcloud.usage.reading import Found, Reading
from bill_nextcloud.usage.statistics import Statistics
from sqlalchemy import create_engine

KIB, MIB, GIB, TIB = (1024**power for power in (1, 2, 3, 4))
DAY = "2026-10-01"
TABLE = "CREATE TABLE itemstat (item INTEGER, statdate TEXT, param TEXT, value NUMERIC NOT NULL, measure INTEGER{})"
UNIQUE = ", UNIQUE (item, statdate, param)"


@pytest.mark.parametrize(
    ("size", "unit", "value"),
    [
        (GIB, GIB, "1"),
        (GIB + GIB // 2, MIB, "1536"),
        (3 * KIB, MIB, "0.0029"),
        (KIB, Decimal(1), "1024"),
        (5 * TIB // 10, TIB, "0.5"),
        # 0.00005 of it: a half goes up.
        (GIB // 20000 + 1, GIB, "0.0001"),
        (1, TIB, "0"),
        (1500, Decimal("1.5"), "1000"),
        # A "pack" of 25 GB of a thousand.
        (75 * 10**9, Decimal(25 * 10**9), "3"),
        (2**63, Decimal(1), str(2**63)),
    ],
)
def test_units(size: int, unit: int | Decimal, value: str) -> None:
    """Up and down any chain, exact to four places."""
    assert in_unit(size, Decimal(unit)) == Decimal(value)


def test_an_amount_has_the_addons_key_and_unit() -> None:
    """And not those of the addon's kind in general."""
    addon = Addon("disc", 5, "mib", 5 * MIB, measure=3, unit_bytes=Decimal(MIB))
    assert amount(7, GIB, addon) == Amount(7, "disc", Decimal(1024), 3)


class Table:
    """BILLmanager's table of statistics. ``unique``: whether it has such a key."""

    def __init__(self, directory: Path, unique: str) -> None:
        self.path = directory / "billmgr.sqlite"
        self.sql(TABLE.format(unique))
        # As the bridge opens MySQL: reads go without a transaction.
        engine = create_engine(f"sqlite:///{self.path}", isolation_level="AUTOCOMMIT")
        self.database = Database(engine, CryptKey(directory / "key"))

    def sql(self, statement: str) -> None:
        with sqlite3.connect(self.path) as connection:
            connection.execute(statement)

    def rows(self) -> list[tuple[object, ...]]:
        with sqlite3.connect(self.path) as connection:
            return connection.execute("SELECT item, statdate, param, value FROM itemstat ORDER BY 1, 2, 3").fetchall()


@pytest.fixture(params=["", UNIQUE], ids=["no key", "unique key"])
def itemstat(tmp_path: Path, request: pytest.FixtureRequest) -> Table:
    """The table, with and without the key that is only inferred."""
    return Table(tmp_path, request.param)


def test_a_day_is_overwritten(itemstat: Table) -> None:
    """Of these services, this day and these keys; nothing else is touched, nothing is added up."""
    itemstat.sql("INSERT INTO itemstat VALUES (1, '2026-10-01', 'traffic', 7, 4), (1, '2026-09-30', 'disk', 9, 4)")
    for value in ("1.5", "2.25"):
        write_day(
            itemstat.database, DAY, [Amount(1, "disk", Decimal(value), 4), Amount(2, "disc", Decimal(value), None)]
        )
    write_day(itemstat.database, DAY, [Amount(3, "disk", Decimal(1), 4)])
    write_day(itemstat.database, DAY, [])
    assert itemstat.rows() == [
        (1, "2026-09-30", "disk", 9),
        (1, DAY, "disk", 2.25),
        (1, DAY, "traffic", 7),
        (2, DAY, "disc", 2.25),
        (3, DAY, "disk", 1),
    ]


def test_a_page_that_fails_leaves_what_was_there(itemstat: Table) -> None:
    """All of it is written, or nothing."""
    write_day(itemstat.database, DAY, [Amount(1, "disk", Decimal(1), 4)])
    itemstat.sql(
        "CREATE TRIGGER refuse BEFORE INSERT ON itemstat WHEN NEW.item = 2 BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    with pytest.raises(BillmanagerUnavailable):
        write_day(itemstat.database, DAY, [Amount(1, "disk", Decimal(5), 4), Amount(2, "disk", Decimal(5), 4)])
    assert itemstat.rows() == [(1, DAY, "disk", 1)]


@pytest.mark.parametrize(
    ("used", "sold", "level"),
    [
        (79, 100, None),
        (80, 100, 80),
        (94, 100, 80),
        (95, 100, 95),
        (250, 100, 95),
        (799, 1000, None),
        (80, None, None),
        (5, 0, None),
        (0, 100, None),
    ],
)
def test_thresholds(used: int, sold: int | None, level: int | None) -> None:
    """Reached is reached, exactly; without a limit there is no share."""
    assert crossed(used, sold, (80, 95)) == level
    assert crossed(used, sold, ()) is None


@pytest.mark.parametrize(
    "month", ["2026-13", "2026-00", "2026-1", "26-10", "2026-10-01", "", "0000-01", "2026-10\n", "٢٠٢٦-10"]
)
def test_what_is_no_month(month: str) -> None:
    """Only a year and a month."""
    with pytest.raises(ValueError, match="is no month"):
        days_of(month)


def test_the_days_of_a_month() -> None:
    """Also of a leap year."""
    assert days_of("2026-10") == ("2026-10-01", "2026-10-31")
    assert days_of("2028-02") == ("2028-02-01", "2028-02-29")


class Slow:
    """Stands for the panel, the holds and the reading; a reading ends when it is let."""

    def __init__(self) -> None:
        self.days: list[str] = []
        self.closed: list[str] = []
        self.begun, self.let = threading.Semaphore(0), threading.Semaphore(0)

    def __call__(self, module: int, day: str) -> Found:
        self.days.append(day)
        self.begun.release()
        assert self.let.acquire(timeout=10)
        if day == "broken":
            raise KeyError(day)
        return Found(read=1)

    def call(self, function: str, parameters: dict[str, str]) -> None:
        self.closed.append(parameters["date"])

    def failure(self, module: int) -> None:
        return None

    def observe(self, module: int, failures: list[Failure | None]) -> None:
        assert failures == [None]


def test_one_reading_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """All calls of a day end with its reading; one of the next day begins its own. A crash is told to all who wait."""
    slow = Slow()
    statistics = Statistics(*(cast(Any, slow),) * 4)
    today = ["2026-10-01"]
    monkeypatch.setattr("bill_nextcloud.usage.statistics._today", lambda: today[0])
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(statistics, 3)]
        assert slow.begun.acquire(timeout=10)
        calls += [pool.submit(statistics, 3) for _ in range(3)]
        calls += [pool.submit(statistics, 4)]
        assert slow.begun.acquire(timeout=10)
        time.sleep(1)
        today[0] = "2026-10-02"
        next_day = pool.submit(statistics, 3)
        time.sleep(1)
        assert slow.days == ["2026-10-01"] * 2
        # That of the next day may be quicker than the other cloud's.
        slow.let.release(3)
        assert all(call.result(10).failure is None for call in calls)
        assert slow.begun.acquire(timeout=10)
        assert next_day.result(10).failure is None
        assert sorted(slow.closed) == ["2026-10-01", "2026-10-01", "2026-10-02"]
        today[0] = "broken"
        broken = pool.submit(statistics, 3)
        assert slow.begun.acquire(timeout=10)
        waiting = pool.submit(statistics, 3)
        time.sleep(1)
        slow.let.release()
        with pytest.raises(KeyError):
            broken.result(10)
        assert waiting.result(10).failure == Failure("internal", {"detail": "KeyError"})


class Unnamed:
    """Stands for BILLmanager's database, with so many services that name no account."""

    def __init__(self, count: int) -> None:
        self._services = [
            SimpleNamespace(id=number, status=ACTIVE, confirmed=True, account=None, module=3)
            for number in range(1, count + 1)
        ]

    def cloud(self, module: int, *, secret: bool) -> Cloud:
        return Cloud(module, "Blue", "https://blue", "admin", "x")

    def services_after(self, module: int, statuses: object, after: int, limit: int) -> list[SimpleNamespace]:
        return self._services[after : after + limit]


@pytest.mark.parametrize(("count", "more"), [(10, 0), (1234, 1224)])
def test_what_is_not_read_does_not_flood_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, count: int, more: int
) -> None:
    """Ten of a cloud have a line each, the others are counted in one."""
    monkeypatch.setattr(logging.getLogger("bill_nextcloud"), "propagate", True)
    unused, runs = cast(Any, None), cast(Any, SimpleNamespace(elsewhere=False))
    found = Reading(cast(Any, Unnamed(count)), unused, runs, unused, (), unused)(3, DAY)
    assert (found.unread, len(found.first_unread)) == (count, min(count, 100))
    assert caplog.text.count("usage of a service not read") == 10
    assert caplog.text.count("usage of more services not read") == (1 if more else 0)
    assert not more or f"count={more}" in caplog.text


def day(service: int, number: int, used: int, **changes: object) -> DayOfUse:
    """A day of October."""
    made = DayOfUse(service, f"2026-10-{number:02}", 1, 5, None, 2, 2, used, GIB)
    return replace(made, **changes)  # type: ignore[arg-type]


def test_the_history_of_a_month(tmp_path: Path) -> None:
    """Sums of its days alone, and the state of the last; the same day twice counts once; old days go."""
    store = Store(f"sqlite:///{tmp_path / 'record.sqlite'}")
    assert not UsageHistory(store).kept()
    store.create()
    history = UsageHistory(store)
    assert history.kept()
    history.write([])
    history.write([day(2, 30, 7, day="2026-09-30"), day(1, 30, 7, day="2026-09-30")])
    history.write([day(2, 1, 99 * TIB), day(1, 1, 10)])
    history.write([day(2, 1, 5 * TIB)])
    history.write([day(2, 2, TIB, status=3)])
    history.write([day(2, 31, 2 * TIB, status=5, tariff=3, reseller=9, sold=None)])
    history.write([day(2, 1, 7, day="2026-11-01")])
    expected = [
        ServiceUse(1, 1, 5, None, 2, GIB, 10, 10, 10, "2026-10-01", 1, 1, 0),
        ServiceUse(2, 1, 5, 9, 3, None, 8 * TIB, 5 * TIB, 2 * TIB, "2026-10-31", 3, 1, 1),
    ]
    assert list(history.register("2026-10-01", "2026-10-31")) == expected
    assert history.remove_before("2026-10-31") == 5
    assert [use.service for use in history.register("2026-01-01", "2026-12-31")] == [2]
