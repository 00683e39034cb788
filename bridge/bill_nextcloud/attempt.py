# SPDX-License-Identifier: GPL-3.0-or-later
"""One attempt of an operation: it waits its turn, or joins the next batch of its cloud."""

from __future__ import annotations

import threading

from bill_nextcloud.admission import Admission
from bill_nextcloud.batch import Batches
from bill_nextcloud.billmanager.asked import Asked, asked
from bill_nextcloud.billmanager.service import Database
from bill_nextcloud.errors import Failure, OperationError
from bill_nextcloud.holds import Holds
from bill_nextcloud.record import Operation, Operations, State
from bill_nextcloud.record.operations import DELETE
from bill_nextcloud.request import Outcome
from bill_nextcloud.telling import Teller, request_for
from bill_nextcloud.transitions import end, park

# How many attempts begin or end at once. Hundreds do when calls pour in or a batch ends, and each that wants the
# interpreter makes an acknowledgement wait for it.
TURNS = 4


class Attempt:
    """A step of the engine; it may be called again after a crash."""

    def __init__(
        self,
        database: Database,
        batches: Batches,
        record: Operations,
        holds: Holds,
        teller: Teller,
        admission: Admission,
    ) -> None:
        self._database = database
        self._batches = batches
        self._record = record
        self._holds = holds
        self._teller = teller
        self._admission = admission
        self._turns = threading.BoundedSemaphore(TURNS)

    def __call__(self, number: int, dispatch: int) -> None:
        """Make the attempt ``dispatch`` of operation ``number``, or let it wait for what it needs."""
        with self._turns:
            begun = self._begin(number, dispatch)
        if begun is None:
            return
        operation, module, held = begun
        if held is not None:
            self._teller.held(operation, held, module)
            park(self._record, operation, State.HELD, "held", failure=held, cloud=module)
            return
        outcome = self._carry_out(operation, module)
        with self._turns:
            self._record.end_attempt(
                operation,
                dispatch,
                failure=outcome.failure,
                run=outcome.run,
                wish=outcome.wish,
                result=outcome.result,
                outcome={
                    name: getattr(outcome, name)
                    for name in ("item_type", "url", "confirmed", "delete_after", "dropped")
                },
                account=outcome.account,
                cloud=module,
            )

    def _begin(self, number: int, dispatch: int) -> tuple[Operation, int | None, Failure | None] | None:
        """The operation, its cloud and why that is held; ``None``: there is nothing to do now."""
        operation = self._record.get(number)
        if operation.ended or operation.dispatch != dispatch:
            return None
        before = self._record.attempt(number, dispatch) if operation.state == State.RUNNING else None
        if before is not None and before.ended_at is not None:
            return None  # it is on record; the process was killed before the engine had noted it
        if operation.command != DELETE and (earlier := self._record.earlier(operation)):
            park(self._record, operation, State.QUEUED, "waits", behind=earlier.id)
            return None
        now = self._asked(operation)
        if now is not None and operation.command != DELETE and now.others_than(operation.created):
            reason = "its numbers are now others'"
            end(self._record, operation, State.CANCELLED, "not asked for any more", reason=reason)
            return None
        if now is not None and operation.created is None:
            # It was taken while BILLmanager's database did not answer.
            self._record.update(number, "found in BILLmanager", created=now.created, client=now.client)
        module = operation.cloud if now is None else now.module
        held = self._holds.failure(module)
        if held is None:
            if not self._admission.enter(module, number):
                park(self._record, operation, State.QUEUED, "waits for a free place")
                return None
            if not self._record.begin_attempt(operation, dispatch):
                return None
        return operation, module, held

    def _asked(self, operation: Operation) -> Asked | None:
        """What BILLmanager has now under the operation's numbers; ``None``, while it does not answer."""
        try:
            return asked(self._database, operation.service, operation.billmanager_operation)
        except OperationError:
            return None

    def _carry_out(self, operation: Operation, module: int | None) -> Outcome:
        request = request_for(operation)
        if module is None:
            try:
                service = self._database.service(operation.service)
            except OperationError as error:
                return Outcome(request, failure=error.failure)
            if service.module is None:
                return Outcome(request, failure=Failure("module_unknown", {"module": "(none)"}))
            module = service.module
        return self._batches.submit(module, request).result()
