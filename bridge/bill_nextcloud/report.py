# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells BILLmanager what became of an operation: parameters and post call on success, the error on failure."""

from __future__ import annotations

import time
from collections.abc import Sequence

from bill_nextcloud.billmanager.alarms import operation_failed
from bill_nextcloud.billmanager.messages import error_document
from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.billmanager.service import PROCESSING, URL, Database
from bill_nextcloud.errors import BillmanagerRefused, BillmanagerUnavailable, Failure, OperationError
from bill_nextcloud.log import logger
from bill_nextcloud.request import CHANGE_PASSWORD, SYNC, Outcome, Request

log = logger("report")

# command: the function that ends its operation; open has one for each item type. sync_item has no operation to end.
POST_CALLS = {
    "setparam": "service.postsetparam",
    "suspend": "service.postsuspend",
    "resume": "service.postresume",
    "close": "service.postclose",
    "reopen": "service.postreopen",
    "prolong": "service.postprolong",
    CHANGE_PASSWORD: "service.postchangepassword",
}
ATTEMPTS, PAUSE = 3, 1.0


def success(mgrctl: Mgrctl, database: Database, outcome: Outcome) -> Failure | None:
    """Report a success; the failure that stands when the report was not taken.

    Safe to repeat: a post call that is refused because the operation has ended already counts as taken.
    """
    request = outcome.request
    if request.command == "delete":
        return None  # BILLmanager closed the service when its retention began
    try:
        try:
            _patiently(mgrctl, _success_calls(outcome))
        except BillmanagerRefused as refused:
            if _still_runs(database, request):
                raise
            log.info("reported before", service=request.service, command=request.command, detail=refused)
        return None
    except OperationError as error:
        return error.failure


def failed_attempt(
    mgrctl: Mgrctl, database: Database, request: Request, failure: Failure, next_attempt: float | None
) -> None:
    """Store an error with BILLmanager's operation. ``next_attempt``: when it is tried again (seconds since 1970)."""
    try:
        if _operation_runs(database, request):
            _edit(mgrctl, request, errorxml=error_document(failure, next_attempt))
    except OperationError as error:
        # It is on our record, and the next attempt stores its own.
        log.warning("error not stored", service=request.service, operation=request.operation, detail=error)


def cancelled(mgrctl: Mgrctl, database: Database, request: Request, by: str) -> bool:
    """Keep BILLmanager from calling again by itself, and tell that ``by`` has cancelled the operation; whether it
    will not."""
    told = Failure("operation_cancelled", {"by": by, "service": str(request.service)})
    try:
        if _operation_runs(database, request):
            _edit(mgrctl, request, errorxml=error_document(told))
            _edit(mgrctl, request, manual="on")
        return True
    except OperationError as error:
        log.warning("operation not paused", service=request.service, operation=request.operation, detail=error)
        return False


def final_failure(mgrctl: Mgrctl, database: Database, request: Request, failure: Failure) -> bool:
    """Store the error and pause the operation. Whether all of it was taken; what BILLmanager refuses goes to the log:
    it would refuse it again.

    Raises ``BillmanagerUnavailable``: it is to be told again, from the beginning. That is safe; at worst a task that is
    linked to no operation of BILLmanager is opened twice.
    """
    complete = True
    if _operation_runs(database, request):
        for values in ({"errorxml": error_document(failure)}, {"manual": "on"}):
            try:
                _edit(mgrctl, request, **values)
            except BillmanagerRefused as refused:
                complete = False
                log.warning(
                    "failure not stored with the operation",
                    service=request.service,
                    operation=request.operation,
                    detail=refused,
                )
    return complete


def open_task(
    mgrctl: Mgrctl, database: Database, module: int | None, request: Request, failures: Sequence[Failure]
) -> bool:
    """Open a task for a person, which says ``failures``. Whether it was taken; a refusal goes to the log. There is none
    for ``sync_item``: who asks for it is answered, and asking for many would be as many tasks each time.

    Raises ``BillmanagerUnavailable``, see :func:`final_failure`.
    """
    if module is None or request.command == SYNC:
        return True
    try:
        operation_failed(mgrctl, database, module, request.service, request.command, request.operation, failures)
    except BillmanagerRefused as refused:
        log.warning("no task opened", service=request.service, operation=request.operation, detail=refused)
        return False
    return True


def _operation_runs(database: Database, request: Request) -> bool:
    # After a restore its number may be that of another service's operation.
    return request.operation is not None and _still_runs(database, request)


def _edit(mgrctl: Mgrctl, request: Request, **values: str) -> None:
    mgrctl.call("runningoperation.edit", {"elid": str(request.operation), **values, "sok": "ok"})


def _success_calls(outcome: Outcome) -> list[tuple[str, dict[str, str]]]:
    service = str(outcome.request.service)
    command = outcome.request.command
    calls: list[tuple[str, dict[str, str]]] = []
    if command != "close" and not outcome.confirmed:
        # Saved last of the parameters: it says that the account was seen there as ours.
        address = {"elid": service, "name": URL, "value": outcome.url, "crypted": "off", "sok": "ok"}
        calls.append(("service.saveparam", address))
    if command == SYNC:
        return calls
    function = f"{outcome.item_type}.open" if command == "open" else POST_CALLS[command]
    return [*calls, (function, {"elid": service, "sok": "ok"})]


def _still_runs(database: Database, request: Request) -> bool:
    if request.operation is not None:
        return database.operation_runs(request.operation, request.service, request.command)
    return database.service(request.service).status == PROCESSING


def _patiently(mgrctl: Mgrctl, calls: list[tuple[str, dict[str, str]]]) -> None:
    for function, parameters in calls:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                mgrctl.call(function, parameters)
                break
            except BillmanagerUnavailable:
                if attempt == ATTEMPTS:
                    raise
                # BILLmanager restarts within seconds, for an update or a new module.
                time.sleep(PAUSE)
