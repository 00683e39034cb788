# SPDX-License-Identifier: GPL-3.0-or-later
"""When BILLmanager is told what became of an operation, and told again what it did not take."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from bill_nextcloud import report
from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.billmanager.service import Database
from bill_nextcloud.errors import BillmanagerUnavailable, Failure, OperationError, OperationNotFound
from bill_nextcloud.holds import Holds
from bill_nextcloud.log import logger
from bill_nextcloud.record import Operation, Operations, State, Untold
from bill_nextcloud.request import Request
from bill_nextcloud.rollback import REFUSED, roll_back

log = logger("telling")

PAUSE = 0.2
_SILENT = 3


def request_for(operation: Operation) -> Request:
    """What an operation on record asks of its cloud."""
    return Request(
        operation.service,
        operation.command,
        operation.billmanager_operation,
        number=operation.id,
        approved=operation.approved_by is not None,
        repeated=operation.attempts > 0,
    )


class Teller:
    """Tells BILLmanager (see ``report``)."""

    def __init__(self, mgrctl: Mgrctl, database: Database, record: Operations, untold: Untold, holds: Holds) -> None:
        self._mgrctl = mgrctl
        self._database = database
        self._record = record
        self._untold = untold
        self._holds = holds
        # The last that could not be told.
        self._failed = 0
        self._soon = ThreadPoolExecutor(1, thread_name_prefix="tell")

    def held_soon(self, operation: Operation, failure: Failure) -> None:
        """An operation was taken for a cloud that is held: nobody waits for this to be told."""
        self._soon.submit(self._held_soon, operation, failure)

    def _held_soon(self, operation: Operation, failure: Failure) -> None:
        if self._record.get(operation.id).state == State.HELD:
            self.held(operation, failure, operation.cloud)
            # What is carried out meanwhile needs BILLmanager, too.
            time.sleep(PAUSE)

    def held(self, operation: Operation, failure: Failure, module: int | None) -> None:
        """An operation waits for its cloud, the processing module ``module``."""
        self.failed(operation, failure, self._holds.probe_at(module) if module is not None else None)

    def failed(self, operation: Operation, failure: Failure, next_attempt: float | None) -> None:
        """An attempt failed. ``next_attempt``: when it is tried again (seconds since 1970)."""
        report.failed_attempt(self._mgrctl, self._database, request_for(operation), failure, next_attempt)

    def final(self, operation: Operation, failure: Failure) -> bool:
        """An operation failed for good: its error is stored, a change of tariff taken back, a task opened, which says
        what became of that. Whether BILLmanager took all of it; while it does not answer, it is told again
        (:meth:`again`). Raises ``EngineUnavailable``."""
        try:
            told = self._final(operation, failure)
        except BillmanagerUnavailable as error:
            log.warning("failure not told yet", service=operation.service, id=operation.id, detail=error)
            self._untold.add(operation.id)
            return False
        # From before a crash, perhaps.
        self._untold.remove(operation.id)
        return told

    def _final(self, operation: Operation, failure: Failure) -> bool:
        request = request_for(operation)
        stored = report.final_failure(self._mgrctl, self._database, request, failure)
        back = roll_back(self._mgrctl, self._database, self._record, operation)
        told = [failure] if back is None else [failure, back]
        opened = report.open_task(self._mgrctl, self._database, operation.cloud, request, told)
        return stored and opened and (back is None or back.code != REFUSED)

    def again(self) -> None:
        """Tell again what BILLmanager did not take, unless something has followed that matters more. It is left in
        peace when it does not answer several times in a row; the next call begins behind what failed."""
        waiting = self._untold.all()
        silent = 0
        for number in [one for one in waiting if one > self._failed] + [one for one in waiting if one <= self._failed]:
            try:
                self._again(number)
                silent = 0
            except OperationError as error:
                log.warning("failure not told yet", id=number, detail=error)
                self._failed = number
                silent += 1
                if silent == _SILENT:
                    return

    def _again(self, number: int) -> None:
        try:
            operation = self._record.get(number)
        except OperationNotFound:
            self._untold.remove(number)
            return
        if not operation.ended:
            return  # killed in between: it ends, and is told, anew
        if operation.state == State.FAILED and operation.failure and not self._record.overtaken(operation):
            told = self._final(operation, operation.failure)
            self._record.note(number, "told", complete=told)
        self._untold.remove(number)
