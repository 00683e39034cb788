# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of the record: durable when they return, together where several come at once, each with its own failure."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from bill_nextcloud.errors import EngineUnavailable, OperationNotFound
from bill_nextcloud.record import State, Store
from bill_nextcloud.sqlite import open_sqlite
from harness.command import Record
from sqlalchemy import Connection, event, text

INSERT = "INSERT INTO cloud (id, name, unreachable, probes) VALUES (:id, 'Blue', 0, 0)"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty record in a file."""
    store = Store(f"sqlite:///{tmp_path / 'record.sqlite'}")
    store.create()
    return store


def cloud(number: int) -> Callable[[Connection], int]:
    """A change that stores one cloud and returns its number."""

    def change(connection: Connection) -> int:
        connection.execute(text(INSERT), {"id": number})
        return number

    return change


def numbers(store: Store) -> list[int]:
    """The clouds that are stored."""
    with store.reading() as connection:
        return list(connection.execute(text("SELECT id FROM cloud ORDER BY id")).scalars())


def while_one_is_made(store: Store, changes: list[Callable[[Connection], int]]) -> list[int | Exception]:
    """Ask for all of ``changes`` while another is being made; what each thread got."""
    entered, goes_on = threading.Event(), threading.Event()

    def first(connection: Connection) -> None:
        entered.set()
        assert goes_on.wait(10)

    def ask(change: Callable[[Connection], int]) -> int | Exception:
        try:
            return store.write(change)
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(changes) + 1) as pool:
        pool.submit(store.write, first)
        assert entered.wait(10)
        asked = [pool.submit(ask, change) for change in changes]
        while store._changes.qsize() < len(changes):
            pass
        goes_on.set()
        return [one.result(10) for one in asked]


def test_a_change_is_stored(store: Store) -> None:
    """And what it returned comes back."""
    assert store.write(cloud(3)) == 3
    assert numbers(store) == [3]


def test_changes_share_a_transaction(store: Store) -> None:
    """What comes while one is made waits for the next commit, and needs no other."""
    commits: list[object] = []
    event.listen(store.engine, "commit", commits.append)
    assert while_one_is_made(store, [cloud(number) for number in range(1, 9)]) == list(range(1, 9))
    assert numbers(store) == list(range(1, 9))
    assert len(commits) == 2


def test_a_change_fails_alone(store: Store) -> None:
    """The others of its transaction are made all the same, and once."""

    def refused(connection: Connection) -> int:
        connection.execute(text(INSERT), {"id": 50})
        raise OperationNotFound(operation=50)

    one, two, three, four = while_one_is_made(store, [cloud(1), refused, cloud(1), cloud(2)])
    assert (one, four) == (1, 2)
    assert isinstance(two, OperationNotFound)
    assert isinstance(three, EngineUnavailable)
    assert "Blue" not in str(three)
    assert numbers(store) == [1, 2]


def test_the_engine_waits_for_no_disk_but_keeps_what_it_has(tmp_path: Path) -> None:
    """A killed process loses nothing (WAL); only the record is written through."""
    engine = open_sqlite(f"sqlite:///{tmp_path / 'engine.sqlite'}", connections=1, synchronous="NORMAL")
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 1
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
    with Store(f"sqlite:///{tmp_path / 'record.sqlite'}").reading() as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2


def test_operations_are_accepted_together(tmp_path: Path) -> None:
    """Those that are asked for at once: each new one once, with numbers and timelines of their own."""
    record = Record(tmp_path)
    before = record.add(1)

    def accept(service: int, created: str | None = None) -> tuple[int, bool]:
        operation, new = record.operations.accept(
            key=f"billmanager:{service}:open",
            created=created,
            installation="billmanager",
            billmanager_operation=None,
            command="open",
            service=service,
            cloud=3,
            client=5,
            account=None,
            asked_by=f"caller of {service}",
        )
        assert operation == record.operations.get(operation.id)
        return operation.id, new

    wanted = [(1, None), (2, None), (3, "monday"), (2, None), (3, "tuesday"), (3, None)]
    entered, goes_on = threading.Event(), threading.Event()

    def first(connection: Connection) -> None:
        entered.set()
        assert goes_on.wait(10)

    with ThreadPoolExecutor(len(wanted) + 1) as pool:
        pool.submit(record.store.write, first)
        assert entered.wait(10)
        asked = []
        for count, one in enumerate(wanted, 1):
            asked.append(pool.submit(accept, *one))
            while record.store._changes.qsize() < count:
                pass
        goes_on.set()
        answers = [one.result(10) for one in asked]
    assert answers == [
        (before.id, False),
        (before.id + 1, True),
        (before.id + 2, True),
        (before.id + 1, False),
        (before.id + 3, True),
        (before.id + 3, False),
    ]
    assert record.operations.get(before.id + 3).round == 2
    assert [event["what"] for event in record.operations.events(before.id + 1)] == ["accepted", "asked again"]
    assert record.operations.events(before.id + 2)[0]["detail"] == {"by": "caller of 3"}


def test_many_operations_are_moved_by_hundreds(tmp_path: Path) -> None:
    """Those of the cloud and the states that are named; each has it in its timeline."""
    record = Record(tmp_path)
    record.add(1, state=State.RETRYING)
    with record.store.writing() as connection:
        names = "key, round, installation, command, service, cloud, asked_by, state, dispatch, attempts, accepted_at"
        connection.exec_driver_sql(
            "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 1210) "
            f"INSERT INTO operation ({names}) "
            "SELECT 'k' || i, 1, 'billmanager', 'open', i, 3 + (i = 1210), '', 'held', 1, 0, 0 FROM n"
        )
    counts = []
    while moved := record.operations.move([State.HELD], 3, "released", "root", state=State.QUEUED):
        counts.append(len(moved))
        assert {operation.state for operation in moved} == {State.QUEUED}
    assert counts == [500, 500, 200]
    assert record.operations.events(2)[-1]["what"] == "released"
    assert len(record.operations.unfinished(states=[State.HELD])) == 1
    assert record.operations.get(1).state == State.RETRYING


def test_numbers_do_not_come_back(tmp_path: Path) -> None:
    """Neither those that something else knows, nor those of operations that were taken off the record."""
    record = Record(tmp_path)
    record.operations.later_than(1)
    assert record.add(9, state=State.DONE, ended_at=1.0).id == 2
    record.operations.later_than(7)
    assert record.add(1, state=State.DONE, ended_at=1.0).id == 8
    record.operations.later_than(3)
    assert record.operations.remove_before(2.0) == 2
    assert record.operations.highest() == 0
    record.operations.later_than(5)
    assert record.add(2).id == 9
