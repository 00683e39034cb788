# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations as durable workflows: stored before they are acknowledged, gone on with after a crash.

The engine's database keeps which service and command an operation is of and what became of it, never an account as
such and never a secret: passwords are read from BILLmanager when a run needs them.
"""

from __future__ import annotations

import threading
import time
from dataclasses import asdict
from typing import Any

from dbos import DBOS, SetEnqueueOptions, SetWorkflowID
from dbos import error as dbos_error
from sqlalchemy.exc import SQLAlchemyError

from bill_nextcloud.batch import Batches
from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.billmanager.service import Database
from bill_nextcloud.convergence import Outcome, Request
from bill_nextcloud.errors import EngineUnavailable, Failure, OperationError
from bill_nextcloud.log import logger
from bill_nextcloud.report import report
from bill_nextcloud.settings import Settings

log = logger("operation")

# Ours, not DBOS's hash of the source: otherwise an upgrade would leave operations behind. Raised only together with
# a way to finish those of the version before.
APPLICATION_VERSION = "1"
QUEUE = "operations"
_POLL = 0.05
_RUNNING = ("PENDING", "ENQUEUED", "DELAYED")
_NO_MODULE = Failure("module_unknown", "final", {"module": "(none)"})


class Operations:
    """The engine. :meth:`start` recovers what a killed process left; :meth:`submit` stores a new operation."""

    def __init__(self, settings: Settings, mgrctl: Mgrctl, database: Database, batches: Batches) -> None:
        self._installation = settings.bridge.installation
        self._workers = settings.engine.workers
        self._mgrctl = mgrctl
        self._database = database
        self._batches = batches
        self._guard = threading.Lock()
        DBOS(
            config={
                "name": "bill-nextcloud",
                "system_database_url": settings.engine_database,
                "application_version": APPLICATION_VERSION,
                "executor_id": settings.bridge.installation,
                "log_level": "WARNING",
            }
        )

        # DBOS wants functions, registered under names that stay.
        @DBOS.step(name="converge")
        def converge(request: dict[str, Any]) -> dict[str, Any]:
            return self._converge(request)

        @DBOS.step(name="report")
        def tell(outcome: dict[str, Any]) -> dict[str, Any]:
            return self._report(outcome)

        @DBOS.workflow(name="operation")
        def operation(request: dict[str, Any]) -> dict[str, Any]:
            return tell(converge(request))

        self._workflow = operation

    def start(self) -> None:
        """Open the engine's database, go on with what is unfinished and take new operations.

        Raises :class:`EngineUnavailable` when the database does not open.
        """
        try:
            DBOS.launch()
        except (SQLAlchemyError, dbos_error.DBOSException) as error:
            # Only the driver's own words: the rest may hold the address with its password.
            detail = str(getattr(error, "orig", None) or type(error).__name__).strip().splitlines()[0]
            raise EngineUnavailable(detail=detail) from None
        DBOS.register_queue(
            QUEUE, worker_concurrency=self._workers, partition_concurrency=1, polling_interval_sec=_POLL
        )

    def stop(self) -> None:
        """Take no new work. What runs is ended with the process and gone on with after the next start."""
        DBOS.destroy()

    def submit(self, request: Request) -> str:
        """Store ``request`` durably and return the identifier of its workflow.

        A call for an operation that is still running attaches to it; otherwise it is a new attempt, which is safe: each
        begins by reading. What was done but not reported is reported again; what BILLmanager has ended is refused.
        """
        key = f"{self._installation}:{request.operation or 0}:{request.command}:{request.service}:"
        with self._guard:
            known = DBOS.list_workflows(workflow_id_prefix=key, load_input=False, load_output=False)
            for workflow in known:
                if workflow.status in _RUNNING:
                    return workflow.workflow_id
            identifier = f"{key}{len(known) + 1}"
            # One service at a time: its operations keep their order and never overlap.
            with SetWorkflowID(identifier), SetEnqueueOptions(queue_partition_key=f"service-{request.service}"):
                DBOS.enqueue_workflow(QUEUE, self._workflow, asdict(request))
        log.info("operation accepted", command=request.command, service=request.service, operation=request.operation)
        return identifier

    def outcome(self, identifier: str, seconds: float) -> dict[str, Any] | None:
        """``{"failure": None | {...}}`` of a workflow, or ``None`` when it has not ended within ``seconds``."""
        deadline = time.monotonic() + seconds
        while True:
            status = DBOS.get_workflow_status(identifier)
            if status is not None and status.status == "SUCCESS":
                return dict(status.output or {})
            if status is None or status.status not in _RUNNING:
                detail = "unknown" if status is None else status.status
                return {"failure": Failure("internal", "temporary", {"detail": detail}).as_dict()}
            if time.monotonic() >= deadline:
                return None
            time.sleep(_POLL)

    def _converge(self, value: dict[str, Any]) -> dict[str, Any]:
        request = Request(**value)
        try:
            service = self._database.service(request.service)
        except OperationError as error:
            return _stored(Outcome(request, failure=error.failure))
        if service.module is None:
            return _stored(Outcome(request, failure=_NO_MODULE))
        return _stored(self._batches.submit(service.module, request).result())

    def _report(self, value: dict[str, Any]) -> dict[str, Any]:
        failure = report(self._mgrctl, self._database, _restored(value))
        return {"failure": failure.as_dict() if failure else None}


def _stored(outcome: Outcome) -> dict[str, Any]:
    value = asdict(outcome)
    value["failure"] = outcome.failure.as_dict() if outcome.failure else None
    return value


def _restored(value: dict[str, Any]) -> Outcome:
    failure = Failure.from_dict(value["failure"]) if value["failure"] else None
    return Outcome(**{**value, "request": Request(**value["request"]), "failure": failure})
