# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens the record's database: a file of its own beside the engine's, or a schema in the engine's PostgreSQL."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from bill_nextcloud.errors import EngineUnavailable, SettingsInvalid
from bill_nextcloud.record.tables import metadata
from bill_nextcloud.settings import Settings
from bill_nextcloud.sqlite import open_sqlite

SCHEMA = "bill_nextcloud"
Result = TypeVar("Result")
Wanted = TypeVar("Wanted")
# Hundreds of operations may read and write at once, and only one thread of Python works at a time: who waits here does
# not keep the others from working.
_CONNECTIONS = 6
_PATIENCE_SECONDS = 300


@dataclass(frozen=True)
class _Change:
    """A change that a thread waits for: ``wanted`` is one of those that ``make`` is given."""

    make: Callable[[Connection, list[Any]], list[Any]]
    wanted: Any
    outcome: Future[Any] = field(default_factory=Future)


class Store:
    """The database of the record. ``url``: an SQLAlchemy address, SQLite or PostgreSQL.

    Raises :class:`SettingsInvalid` for an address that is none. Everything else raises :class:`EngineUnavailable` when
    the database does not do what it is asked to.
    """

    def __init__(self, url: str) -> None:
        try:
            address = make_url(url)
            if address.get_backend_name() == "postgresql":
                address = address.set(drivername="postgresql+psycopg")
                self._engine = create_engine(
                    address,
                    pool_size=_CONNECTIONS,
                    max_overflow=0,
                    pool_timeout=_PATIENCE_SECONDS,
                    pool_pre_ping=True,
                    # Seconds; a server that is gone must not hang the bridge.
                    connect_args={"connect_timeout": 10, "options": f"-c search_path={SCHEMA}"},
                )
            else:
                # What is acknowledged is on the disk, also after a power cut.
                self._engine = open_sqlite(address, connections=_CONNECTIONS, synchronous="FULL")
        except (ArgumentError, ImportError, ValueError):
            # The address may hold a password: it is not shown, nor the error behind.
            raise SettingsInvalid(file="engine.database", detail="not an SQLAlchemy address") from None
        self._postgresql = address.get_backend_name() == "postgresql"
        # SQLite takes one writer at a time: waiting here is fair, waiting there is not.
        self._writer = threading.RLock()
        self._changes: queue.SimpleQueue[_Change] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    @property
    def engine(self) -> Engine:
        """The SQLAlchemy engine, for readers."""
        return self._engine

    def create(self) -> None:
        """Make the tables that are not there yet."""
        with self.writing() as connection:
            if self._postgresql:
                connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
            metadata.create_all(connection)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is durable when the block has ended."""
        with self._failures(), self._writer, self._engine.begin() as connection:
            yield connection

    def write(self, change: Callable[[Connection], Result]) -> Result:
        """Make ``change`` in a transaction and return what it returned; it is durable then.

        Changes that several threads ask for at the same time share a transaction, and so the flush to the disk, which
        costs most. ``change`` must do nothing beyond its connection: when another of them fails, it is made once more.
        """
        result: Result = self.write_together(_each, change)
        return result

    def write_together(self, make: Callable[[Connection, list[Wanted]], list[Result]], wanted: Wanted) -> Result:
        """As :meth:`write`, for changes of one sort that cost less together: ``make`` is given what all threads wanted
        of it at the same time, and returns a result for each, in order."""
        mine = _Change(make, wanted)
        self._start_writer()
        self._changes.put(mine)
        with self._failures():
            result: Result = mine.outcome.result()
            return result

    def _start_writer(self) -> None:
        if self._thread is None:
            with self._writer:
                if self._thread is None:
                    # A thread of its own: many that take turns at a lock would wake each other for nothing.
                    thread = threading.Thread(target=self._write, name="record", daemon=True)
                    thread.start()
                    self._thread = thread

    def _write(self) -> None:
        while True:
            changes = [self._changes.get()]
            # What came while the one before was flushed.
            changes += [self._changes.get() for _ in range(self._changes.qsize())]
            with self._writer:
                self._make(changes)

    def _make(self, changes: list[_Change]) -> None:
        try:
            with self._engine.begin() as connection:
                results: dict[int, Any] = {}
                for same in _by_sort(changes):
                    made = same[0].make(connection, [one.wanted for one in same])
                    results |= {id(one): result for one, result in zip(same, made, strict=True)}
        except Exception as error:  # whatever it was, those who wait are told
            if len(changes) == 1:
                changes[0].outcome.set_exception(error)
            else:
                for one in changes:
                    self._make([one])
        else:
            for one in changes:
                one.outcome.set_result(results[id(one)])

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to read with."""
        with self._failures(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            # Only the driver's own words: the rest may hold the address with its password, or a row's values.
            lines = str(getattr(error, "orig", None) or type(error).__name__).strip().splitlines()
            raise EngineUnavailable(detail=f"record: {lines[0] if lines else type(error).__name__}") from None


def _each(connection: Connection, changes: list[Callable[[Connection], Any]]) -> list[Any]:
    return [change(connection) for change in changes]


def _by_sort(changes: list[_Change]) -> list[list[_Change]]:
    """A thread waits for its change before it asks for the next, so any order is right."""
    sorts: dict[Any, list[_Change]] = {}
    for one in changes:
        sorts.setdefault(one.make, []).append(one)
    return list(sorts.values())


def open_record(settings: Settings) -> Store:
    """The record of ``settings``, made where it is not there yet. Raises :class:`EngineUnavailable`."""
    directory = settings.bridge.state_directory
    if not os.access(directory, os.W_OK):
        raise EngineUnavailable(detail=f"{directory} cannot be written to")
    store = Store(settings.record_database)
    store.create()
    return store
