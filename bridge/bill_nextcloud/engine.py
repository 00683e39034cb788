# SPDX-License-Identifier: GPL-3.0-or-later
"""The durable engine (DBOS): carries operations out one by one for each service, now or later, and after a crash again.

It knows operations by number only. What it is to do with one is on record; its own database holds no account and no
secret. Each hand-over of an operation is a workflow of its own, named ``<operation>.<dispatch>``: one that waits is a
delayed workflow, which holds up nothing.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from dbos import DBOS, SetEnqueueOptions, SetWorkflowID, WorkflowStatus
from dbos import error as dbos_error
from sqlalchemy.exc import SQLAlchemyError

from bill_nextcloud.errors import EngineUnavailable
from bill_nextcloud.log import logger
from bill_nextcloud.settings import Settings
from bill_nextcloud.sqlite import open_sqlite

log = logger("engine")

# Ours, not DBOS's hash of the source: otherwise an upgrade would leave operations behind. Raised with each change of
# what a workflow is handed; operations of earlier versions are handed over anew, from the record
# (``Operations.recover``).
APPLICATION_VERSION = "2"
QUEUE = "operations"
# For what waits for something that happens: it is woken; this is only how long a missed wake could last.
PARKED_SECONDS = 3 * 3600.0
# One that was just taken from the queue has not begun yet; on a busy machine that lasts.
STRANDED_SECONDS = 30.0
_POLL = 0.05
_LIVE = ["PENDING", "ENQUEUED", "DELAYED"]
_PAGE = 500
_HANDS = 2
# Of PostgreSQL; hundreds of operations share them, and only one thread of Python works at a time anyway.
_CONNECTIONS, _SQLITE_CONNECTIONS = 6, 4

Step = Callable[[int, int], None]


@dataclass(frozen=True)
class _HandOver:
    """An operation on its way to the engine; ``done`` when it is there."""

    operation: int
    dispatch: int
    service: int
    delay: float | None
    done: Future[None] = field(default_factory=Future)


class Engine:
    """``attempt`` and ``conclude`` are the two steps of an operation: ``step(operation, dispatch)``. Each may be called
    again after a crash. ``follow`` is called behind them, and must not matter."""

    def __init__(self, settings: Settings, attempt: Step, conclude: Step, follow: Step) -> None:
        self._settings = settings
        # No pool of threads: those of a process share a lock, which DBOS holds whenever it starts one.
        self._hand_overs: queue.SimpleQueue[_HandOver] = queue.SimpleQueue()
        self._wakes: queue.SimpleQueue[tuple[int, int]] = queue.SimpleQueue()
        self._running: set[tuple[int, int]] = set()
        # Taken away: what begins all the same, late, does nothing.
        self._taken: set[tuple[int, int]] = set()
        # PENDING in the database although nothing runs, and since when (monotonic).
        self._idle: dict[tuple[int, int], float] = {}
        self._failed_at: float | None = None
        # Being handed over, and whether it is to go on at once when it has been.
        self._expected: dict[tuple[int, int], bool] = {}
        self._guard = threading.Lock()
        url = settings.engine_database
        # A commit need not wait for the disk: what was acknowledged is on record (which does wait), and what a power
        # cut takes from here, the last moments, is handed over again from there.
        file = (
            open_sqlite(url, connections=_SQLITE_CONNECTIONS, synchronous="NORMAL")
            if url.startswith("sqlite")
            else None
        )
        DBOS(
            config={
                "name": "bill-nextcloud",
                "system_database_url": url,
                "sys_db_pool_size": _CONNECTIONS,
                "system_database_engine": file,
                "application_version": APPLICATION_VERSION,
                "executor_id": settings.bridge.installation,
                "log_level": "WARNING",
            }
        )

        # DBOS wants functions, registered under names that stay.
        @DBOS.step(name="attempt")
        def attempt_step(operation: int, dispatch: int) -> None:
            attempt(operation, dispatch)

        @DBOS.step(name="conclude")
        def conclude_step(operation: int, dispatch: int) -> None:
            conclude(operation, dispatch)

        @DBOS.workflow(name="operation")
        def operation(operation: int, dispatch: int) -> None:
            with self._guard:
                if (operation, dispatch) in self._taken:
                    return
                self._running.add((operation, dispatch))
            try:
                attempt_step(operation, dispatch)
                conclude_step(operation, dispatch)
                follow(operation, dispatch)
            except Exception:
                self._failed_at = time.monotonic()
                raise
            finally:
                self._running.discard((operation, dispatch))

        self._workflow = operation

    def start(self) -> None:
        """Open the engine's database, go on with what was interrupted and take new work.

        Raises :class:`EngineUnavailable` when the database does not open.
        """
        try:
            DBOS.launch()
            DBOS.register_queue(
                QUEUE,
                worker_concurrency=self._settings.engine.workers,
                # Operations of one service never overlap.
                partition_concurrency=1,
                polling_interval_sec=_POLL,
            )
        except (SQLAlchemyError, dbos_error.DBOSException) as error:
            # Only the driver's own words: the rest may hold the address with its password.
            detail = str(getattr(error, "orig", None) or type(error).__name__).strip().splitlines()[0]
            raise EngineUnavailable(detail=detail) from None
        threading.Thread(target=self._wake_up, name="wakes", daemon=True).start()
        for number in range(_HANDS):
            threading.Thread(target=self._hand_over, name=f"hand-over-{number}", daemon=True).start()

    def stop(self) -> None:
        """Take no new work. What runs is ended with the process and gone on with after the next start."""
        DBOS.destroy()

    def expect(self, operation: int, dispatch: int) -> None:
        """Remember a :meth:`wake` for an operation that is handed over next: :meth:`enqueue` must follow."""
        with self._guard:
            self._expected.setdefault((operation, dispatch), False)

    def enqueue(self, operation: int, dispatch: int, service: int, delay: float | None = None) -> Future[None]:
        """Hand an operation over that was expected (:meth:`expect`), durably; once, however often this is called.
        ``delay``: seconds.

        The result, when it is there, says that this is done; it may raise :class:`EngineUnavailable`.
        """
        one = _HandOver(operation, dispatch, service, delay)
        self._hand_overs.put(one)
        return one.done

    def _hand_over(self) -> None:
        # In threads of its own: a step of DBOS may start nothing, and what a workflow starts becomes its child.
        while True:
            one = self._hand_overs.get()
            failure: Exception | None = None
            try:
                self._store(one.operation, one.dispatch, one.service, one.delay)
            except Exception as error:  # the edge of the thread: who waits is told
                failure = error
                self._failed_at = time.monotonic()
                log.warning("operation not handed over yet", operation=one.operation, detail=error)
            with self._guard:
                woken = self._expected.pop((one.operation, one.dispatch), False)
            if woken:
                self.wake(one.operation, one.dispatch)
            if failure is None:
                one.done.set_result(None)
            else:
                one.done.set_exception(failure)

    def _store(self, operation: int, dispatch: int, service: int, delay: float | None) -> None:
        options: dict[str, Any] = {"queue_partition_key": f"service-{service}"}
        if delay:
            options["delay_seconds"] = delay
        try:
            with SetWorkflowID(_name(operation, dispatch)), SetEnqueueOptions(**options):
                DBOS.enqueue_workflow(QUEUE, self._workflow, operation, dispatch)
        except (SQLAlchemyError, dbos_error.DBOSException) as error:
            raise EngineUnavailable(detail=f"engine: {type(error).__name__}") from error

    def wake(self, operation: int, dispatch: int) -> None:
        """Let a delayed operation go on now (within a second or two)."""
        with self._guard:
            if (operation, dispatch) in self._expected:
                self._expected[operation, dispatch] = True
                return
        self._wakes.put((operation, dispatch))

    def failed_within(self, seconds: float) -> bool:
        """Whether a step or a hand-over has failed lately: storage did, since all else is an operation's outcome."""
        return self._failed_at is not None and time.monotonic() - self._failed_at < seconds

    def live(self) -> set[tuple[int, int]]:
        """The operations and dispatches that this version will carry out, now or later."""
        with self._guard:
            found = set(self._expected)
        for workflow in DBOS.list_workflows(status=_LIVE, load_input=False, load_output=False):
            if (one := _operation_of(workflow)) is not None:
                found.add(one)
        return found

    def drop_unknown(self, highest: int) -> int:
        """Take away the operations after number ``highest``, the record's last: it was restored from an older copy.

        Returns the highest number that this database knows, 0 for none: new operations must not be taken for those."""
        known = [
            (one, workflow)
            for workflow in DBOS.list_workflows(load_input=False, load_output=False)
            if (one := _operation_of(workflow)) is not None
        ]
        unknown = [
            workflow.workflow_id
            for (operation, _), workflow in known
            if operation > highest and workflow.status in _LIVE
        ]
        if unknown:
            log.warning("operations are not on record, and are dropped", count=len(unknown))
            DBOS.cancel_workflows(unknown)
        return max((operation for (operation, _), _ in known), default=0)

    def take_stranded(self) -> int:
        """Take away what has ended without being able to store it (the disk was full, the database read-only): left as
        they are, they keep the later operations of their services waiting until the next start. How many there were.

        To be called every few seconds; they are taken when nothing has run for :data:`STRANDED_SECONDS`.
        """
        now = time.monotonic()
        pending = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
        known = {one for workflow in pending if (one := _operation_of(workflow)) is not None}
        with self._guard:
            idle = {one: self._idle.get(one, now) for one in known - self._running}
            stranded = [one for one, since in idle.items() if now - since >= STRANDED_SECONDS]
            self._taken.update(stranded)
        if stranded:
            log.warning("operations were left without an end", count=len(stranded))
            DBOS.cancel_workflows([_name(number, dispatch) for number, dispatch in stranded])
        self._idle = {one: since for one, since in idle.items() if one not in stranded}
        return len(stranded)

    def of_version_1(self) -> list[dict[str, Any]]:
        """What operations of version 1 were asked for (``{"service", "command", "operation"}``): it had no record."""
        return [
            dict(workflow.input["args"][0])
            for workflow in DBOS.list_workflows(status=_LIVE, app_version="1", load_output=False)
            if workflow.input
        ]

    def drop_earlier_versions(self) -> None:
        """Take away what earlier versions have left."""
        old = [
            workflow.workflow_id
            for workflow in DBOS.list_workflows(status=_LIVE, load_input=False, load_output=False)
            if workflow.app_version != APPLICATION_VERSION
        ]
        if old:
            DBOS.cancel_workflows(old)
            log.info("operations of an earlier version handed over anew", count=len(old))

    def remove_finished(self, hours: float = 24) -> None:
        """Take finished workflows out of the engine's database: the record has the history."""
        before = (datetime.now(UTC) - timedelta(hours=hours)).isoformat()
        while True:
            old = DBOS.list_workflows(
                status=["SUCCESS", "ERROR", "CANCELLED"],
                end_time=before,
                limit=_PAGE,
                load_input=False,
                load_output=False,
            )
            if not old:
                return
            DBOS.delete_workflows([workflow.workflow_id for workflow in old])

    def _wake_up(self) -> None:
        while True:
            operation, dispatch = self._wakes.get()
            try:
                DBOS.set_workflow_delay(_name(operation, dispatch), delay_seconds=0)
            except Exception as error:  # the edge of the thread: without it nothing would be woken any more
                log.warning("operation not woken, trying again", operation=operation, detail=type(error).__name__)
                time.sleep(1)
                self._wakes.put((operation, dispatch))


def _name(operation: int, dispatch: int) -> str:
    return f"{operation}.{dispatch}"


def _operation_of(workflow: WorkflowStatus) -> tuple[int, int] | None:
    """Operation and dispatch of a workflow of this version, ``None`` for another's."""
    number, _, dispatch = workflow.workflow_id.partition(".")
    if workflow.app_version != APPLICATION_VERSION or not number.isdigit() or not dispatch.isdigit():
        return None
    return int(number), int(dispatch)
