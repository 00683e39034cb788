# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations from their acceptance to their end: stored before they are acknowledged, tried again, held, reported.

What is to be done with an operation is on record (``record``); when it is done is the engine's affair (``engine``).
Passwords are read from BILLmanager when a run needs them and are stored nowhere.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from bill_nextcloud import report
from bill_nextcloud.admission import Admission
from bill_nextcloud.attempt import Attempt
from bill_nextcloud.batch import MOST, Batches
from bill_nextcloud.billmanager.asked import Asked, asked, deletions
from bill_nextcloud.billmanager.messages import text
from bill_nextcloud.billmanager.mgrctl import AT_ONCE, Mgrctl
from bill_nextcloud.billmanager.password_change import PasswordChanges, fingerprint
from bill_nextcloud.billmanager.service import DELETE_AFTER, Database
from bill_nextcloud.engine import PARKED_SECONDS, Engine
from bill_nextcloud.errors import BillmanagerUnavailable, Failure, OperationError
from bill_nextcloud.holds import Holds
from bill_nextcloud.log import logger
from bill_nextcloud.notices import Notices
from bill_nextcloud.operation_log import write
from bill_nextcloud.record import Operation, State
from bill_nextcloud.record import Operations as Record
from bill_nextcloud.record.operations import DELETE
from bill_nextcloud.request import CHANGE_PASSWORD, SYNC, Outcome, Request
from bill_nextcloud.retention import due
from bill_nextcloud.rollback import roll_back
from bill_nextcloud.settings import Settings
from bill_nextcloud.telling import Teller, request_for
from bill_nextcloud.transitions import end, park
from bill_nextcloud.treatment import APPROVAL, UNREACHABLE, pause

log = logger("operation")

BILLMANAGER = "BILLmanager"
BRIDGE = "bridge"
WAITING = (State.QUEUED, State.RETRYING, State.HELD, State.APPROVAL, State.DELAYED)
HOUR = 3600.0
# How many are concluded at once, for the reason of ``attempt.TURNS``: as many as may call BILLmanager.
_TURNS = AT_ONCE
# The time in which it could not be carried out does not count to that after which it is given up, and why that was is
# no more so.
_GOING_ON: dict[str, Any] = {"state": State.QUEUED, "due_at": None, "first_failed_at": None, "failure": None}


class Operations:
    """The bridge's operations. :meth:`start` goes on with what a killed process left; :meth:`submit` takes new ones."""

    def __init__(
        self,
        settings: Settings,
        mgrctl: Mgrctl,
        database: Database,
        batches: Batches,
        record: Record,
        holds: Holds,
        teller: Teller,
    ) -> None:
        self._settings = settings
        self._mgrctl = mgrctl
        self._database = database
        self.record = record
        self.holds = holds
        self._admission = Admission(settings.engine.workers, MOST)
        attempt = Attempt(database, batches, record, holds, teller, self._admission)
        self.engine = Engine(settings, attempt, self._conclude_in_turn, self._follow)
        self._notices = Notices()
        self._turns = threading.BoundedSemaphore(_TURNS)
        self._teller = teller
        self._password_changes = PasswordChanges(mgrctl, database)

    # Taking

    def start(self) -> None:
        """Go on with what is unfinished and take new operations. Raises :class:`EngineUnavailable`."""
        self.holds.start()
        self.engine.start()
        self.record.later_than(self.engine.drop_unknown(self.record.highest()))
        for value in self.engine.of_version_1():
            self.submit(Request(**value), BILLMANAGER)
        self.engine.drop_earlier_versions()
        self.recover()

    def stop(self) -> None:
        """Take no new work. What runs is ended with the process and gone on with after the next start."""
        self.holds.stop()
        self.engine.stop()

    def submit(self, request: Request, by: str) -> Operation:
        """Store ``request`` durably. A call for an operation that is unfinished attaches to it; otherwise it is a new
        round, which is safe: each begins by reading. What was done but not reported is reported again; what BILLmanager
        has ended is refused.

        Raises :class:`EngineUnavailable`: then nothing is stored, or it will be carried out and reported all the same.
        """
        try:
            about = asked(self._database.calls, request.service, request.operation)
        except OperationError:
            # Unknown, or BILLmanager's database is down: the attempt will tell. Nothing that is asked for is lost.
            about = Asked("", None, None, None)
        return self._accept(request, about, by)

    def change_password(self, request: Request, encrypted: str, by: str) -> Operation:
        """Store the wish for another password durably: the password in BILLmanager, the operation as :meth:`submit`
        does. ``encrypted``: as BILLmanager's encrypted parameters are.

        That ``changepassword`` has a running operation is not documented: one that is there counts as named. Without
        any, the call attaches to an unfinished one only for the same password.

        Raises ``CryptKeyUnusable``, ``ServiceUnknown``, ``BillmanagerUnavailable``, ``BillmanagerRefused``,
        ``ClaimNotSaved`` or :class:`EngineUnavailable`: then it is not acknowledged.
        """
        service = request.service
        with self._password_changes.of(service):
            number = request.operation or self._database.calls.operation_of(service, CHANGE_PASSWORD)
            self._password_changes.take(service, number, encrypted)
            about = asked(self._database.calls, service, number)
            more = "" if number else f":{fingerprint(encrypted)}"
            return self._accept(replace(request, operation=number), about, by, more=more)

    def _accept(
        self, request: Request, about: Asked, by: str, due_at: float | None = None, more: str = ""
    ) -> Operation:
        held = self.holds.failure(about.module) if due_at is None else None
        operation, new = self.record.accept(
            key=self._key(request) + more,
            created=about.created or None,
            installation=self._settings.bridge.installation,
            billmanager_operation=request.operation,
            command=request.command,
            service=request.service,
            cloud=about.module,
            client=about.client,
            account=about.account,
            asked_by=by,
            due_at=due_at,
            held=held,
        )
        if new:
            # Not waited for: it is on record, and what is there but not with the engine is handed over again.
            self._hand_over(operation)
            write(log.info, "operation accepted", operation)
        if new and held is not None:
            # An attempt would come to nothing, and thousands of them would keep those of other clouds waiting.
            self._teller.held_soon(operation, held)
            self._look_again(operation)
        return operation

    def _key(self, request: Request) -> str:
        return f"{self._settings.bridge.installation}:{request.operation or 0}:{request.command}:{request.service}"

    def wait(self, number: int, seconds: float) -> Operation:
        """The operation as soon as it has ended or waits for something that takes longer, at most ``seconds`` later."""
        with self._notices.expected(number) as happened:
            operation = self.record.get(number)
            if operation.state not in (State.QUEUED, State.RUNNING) or seconds <= 0:
                return operation
            happened.wait(seconds)
            return self.record.get(number)

    def expect_deletion(self, service: int, deadline: str, by: str) -> Operation | None:
        """Store the deletion of a closed service's account for its deadline (ISO 8601); attaches to one that is stored
        and unfinished. ``None`` for a deadline that is none: then nothing is deleted.

        Raises ``BillmanagerUnavailable``, ``ServiceUnknown`` or :class:`EngineUnavailable`.
        """
        moment = due(deadline)
        if moment is None:
            log.error("deadline not understood, the account is not deleted", service=service, deadline=deadline)
            return None
        about = asked(self._database, service, None)
        return self._accept(Request(service, DELETE), replace(about, created=deadline), by, moment)

    # Going on

    def recover(self) -> None:
        """Hand over again what is on record, but not with the engine: a process was killed in between, or the engine's
        database is another one. What waits for something that has happened goes on."""
        known = self.record.unfinished()
        live = self.engine.live()
        for operation in known:
            now = operation if (operation.id, operation.dispatch) in live else self.record.get(operation.id)
            if now is not operation and not now.ended and now.dispatch == operation.dispatch:
                self.record.update(operation.id, "recovered", dispatch=operation.dispatch + 1)
                self._hand_over(self.record.get(operation.id)).result()
            elif operation.state == State.HELD and self.holds.failure(operation.cloud) is None:
                self._look_again(operation)
            elif operation.state == State.QUEUED:
                self._go(operation)

    def expect_deletions(self) -> None:
        """Store every deletion that BILLmanager has a deadline for and the record knows nothing of: it may be new, or
        restored. One that failed is a person's affair."""
        for service, deadline in deletions(self._database).items():
            if not self.record.knows(self._key(Request(service, DELETE)), deadline):
                self.expect_deletion(service, deadline, BRIDGE)

    def remove_old(self) -> None:
        """Take off what has been kept long enough."""
        self.engine.remove_finished()
        count = self.record.remove_before(time.time() - self._settings.engine.keep_record_days * 24 * HOUR)
        if count:
            log.info("operations taken off the record", count=count)

    def released(self, module: int, by: str) -> int:
        """Let the operations that waited for a cloud go on, which ``by`` has released; how many there were."""
        count = 0
        while moved := self.record.move([State.HELD], module, "released", by, **_GOING_ON):
            count += len(moved)
            for operation in moved:
                if not self._admission.line_up(operation.cloud, operation.id):
                    self.engine.wake(operation.id, operation.dispatch)
        return count

    def go_on(self, operation: Operation, what: str, by: str, states: Iterable[State] = WAITING, **values: Any) -> bool:
        """Let an operation that waits (in one of ``states``) go on now; whether it did. ``what``: for its timeline."""
        moved = self.record.update(operation.id, what, states=states, detail={"by": by}, **values, **_GOING_ON)
        if moved:
            self._go(operation)
        return moved

    def cancel(self, operation: Operation, by: str) -> bool:
        """End an operation that waits, for good; whether it did. BILLmanager's operation is paused; of a deletion, its
        deadline is taken away, so that the account stays; a change of tariff is taken back.

        Raises ``BillmanagerUnavailable`` or ``BillmanagerRefused`` when either fails: then nothing is cancelled.
        """
        if operation.command == DELETE:
            self._mgrctl.drop_parameter(operation.service, DELETE_AFTER)
        elif not report.cancelled(self._mgrctl, self._database, request_for(operation), by):
            raise BillmanagerUnavailable(detail="its operation could not be paused")
        ended: dict[str, Any] = {"state": State.CANCELLED, "due_at": None, "ended_at": time.time()}
        if not self.record.update(operation.id, "cancelled", states=WAITING, detail={"by": by}, **ended):
            return False
        self._password_done(operation)
        self._take_back(operation)
        self._ended(operation)
        return True

    def _take_back(self, operation: Operation) -> None:
        """Give a service whose change of tariff was cancelled its old tariff again, and its account what that gives."""
        if operation.command != "setparam":
            return
        try:
            if roll_back(self._mgrctl, self._database, self.record, operation) is not None:
                self.submit(Request(operation.service, SYNC), BRIDGE)
        except OperationError as error:
            # It is cancelled all the same: a person has asked for it, and is told by the tariff that is shown.
            write(log.error, "old tariff not given back", operation, code=error.code, detail=error)

    def _hand_over(self, operation: Operation, *, parked: bool = False) -> Future[None]:
        # From now on a wake finds it: out of the line, before the engine has it.
        self.engine.expect(operation.id, operation.dispatch)
        delay = max(0.0, operation.due_at - time.time()) if operation.due_at else 0.0
        waits = operation.state == State.QUEUED and (parked or self._admission.line_up(operation.cloud, operation.id))
        if waits or operation.state in (State.HELD, State.APPROVAL):
            delay = PARKED_SECONDS
        return self.engine.enqueue(operation.id, operation.dispatch, operation.service, delay)

    def _go(self, operation: Operation) -> None:
        if not self._admission.line_up(operation.cloud, operation.id):
            self.engine.wake(operation.id, self.record.get(operation.id).dispatch)

    # The steps of one operation: each may be called again after a crash

    def _conclude_in_turn(self, number: int, dispatch: int) -> None:
        with self._turns:
            self._conclude(number, dispatch)

    def _conclude(self, number: int, dispatch: int) -> None:
        operation = self.record.get(number)
        if operation.ended or operation.dispatch != dispatch or operation.state != State.RUNNING:
            return
        attempt = self.record.attempt(number, dispatch)
        assert attempt is not None
        outcome = Outcome(
            request_for(operation),
            failure=attempt.failure,
            account=operation.account,
            run=attempt.run,
            result=attempt.result or {},
            **(attempt.outcome or {}),
        )
        failure = outcome.failure
        if outcome.dropped and outcome.delete_after == operation.created:
            # Handed over too early: the clock was wrong.
            park(
                self.record, operation, State.DELAYED, "not yet", reason=outcome.dropped, due_at=due(operation.created)
            )
            return
        if failure is None:
            failure = self._tell_success(operation, outcome)
        if failure is None and outcome.dropped:
            end(self.record, operation, State.CANCELLED, "not wanted any more", reason=outcome.dropped)
        elif failure is None:
            self._password_done(operation)
            changes = [change["field"] for change in outcome.result.get("changes", [])]
            write(log.info, "operation done", operation, outcome, changes=",".join(changes) or None)
            end(
                self.record,
                operation,
                State.DONE,
                "done",
                failure=None,
                action=outcome.result.get("action"),
                run=outcome.run,
            )
        else:
            self._failed(operation, outcome, failure)

    def _tell_success(self, operation: Operation, outcome: Outcome) -> Failure | None:
        try:
            if outcome.delete_after:
                self.expect_deletion(operation.service, outcome.delete_after, BRIDGE)
        except OperationError as error:
            return error.failure
        # A batch leaves many of them; what the next one needs goes before.
        return report.success(replace(self._mgrctl, last=True), self._database, outcome)

    def _failed(self, operation: Operation, outcome: Outcome, failure: Failure) -> None:
        now = time.time()
        values: dict[str, Any] = {"failure": failure, "first_failed_at": operation.first_failed_at or now}
        held = self.holds.failure(operation.cloud)
        at: float | None = None
        write(log.error, text(failure, "en"), operation, outcome, code=failure.code, kind=failure.kind)
        if failure.code == APPROVAL:
            state, what = State.APPROVAL, "waits for approval"
            if operation.cloud is not None:
                self.holds.announce_approval(operation.cloud, failure)
        elif held is not None and (failure.kind == "held" or failure.code == UNREACHABLE):
            state, what, at = State.HELD, "held", self._probe_at(operation.cloud)
        elif failure.kind != "final" and now - values["first_failed_at"] < self._settings.retries.give_up_hours * HOUR:
            retries = self._settings.retries
            at = now + pause(failure.code, max(1, operation.attempts), retries.first_seconds, retries.longest_seconds)
            state, what = State.RETRYING, "failed, is tried again"
        else:
            told = self._teller.final(operation, failure)
            if outcome.failure is not None and failure.kind == "final":
                self._password_done(operation)
            if told and operation.command == "setparam" and outcome.failure and outcome.result.get("changed"):
                # A part was done, and BILLmanager may have gone back to the old tariff.
                self.submit(Request(operation.service, SYNC), BRIDGE)
            end(self.record, operation, State.FAILED, "failed", code=failure.code, told=told, **values)
            return
        self._teller.failed(operation, failure, at)
        due_at = at if state == State.RETRYING else None
        park(self.record, operation, state, what, code=failure.code, next=at, due_at=due_at, **values)

    def _password_done(self, operation: Operation) -> None:
        """Drop the new password that was set, or that cannot be; not one that a later operation is to set."""
        if operation.command != CHANGE_PASSWORD:
            return
        with self._password_changes.of(operation.service):
            if self.record.asked_anew(operation):
                return
            try:
                self._password_changes.drop(operation.service)
            except OperationError as error:
                # It stays there, encrypted; nothing but another change of the password looks at it.
                log.warning("new password not dropped", service=operation.service, id=operation.id, detail=error)

    def _follow(self, number: int, dispatch: int) -> None:
        """After the steps: what comes next. Left out by a crash, it is made up for by :meth:`recover`."""
        operation = self.record.get(number)
        for called in self._admission.leave(number):
            waiting = self.record.get(called)
            self.engine.wake(waiting.id, waiting.dispatch)
        if operation.ended:
            self._ended(operation)
        elif operation.dispatch == dispatch + 1:
            self._hand_over(operation, parked=True).result()
            self._look_again(operation)
        self._notices.give(number)

    def _look_again(self, operation: Operation) -> None:
        # What it waits for may have happened before it waited.
        now = self.record.get(operation.id)
        if now.dispatch != operation.dispatch:
            return
        if now.state == State.HELD and self.holds.failure(now.cloud) is None:
            self.go_on(now, "released", BRIDGE)
        elif now.state == State.QUEUED and (operation.state != State.QUEUED or self.record.earlier(now) is None):
            # Called out of the line before it waited, it stands in none: again, or a place is free.
            self._go(now)

    def _ended(self, operation: Operation) -> None:
        later = self.record.later(operation)
        if later is not None and later.state == State.QUEUED:
            self.engine.wake(later.id, later.dispatch)

    def _probe_at(self, module: int | None) -> float | None:
        return self.holds.probe_at(module) if module is not None else None
