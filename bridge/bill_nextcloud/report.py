# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells BILLmanager what became of an operation: parameters and post call on success, the error on failure."""

from __future__ import annotations

import time

from bill_nextcloud.billmanager.messages import error_document, text
from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.billmanager.service import PROCESSING, URL, Database
from bill_nextcloud.convergence import Outcome, Request
from bill_nextcloud.errors import BillmanagerRefused, BillmanagerUnavailable, Failure, OperationError
from bill_nextcloud.log import logger

log = logger("report")

# command: the function that ends its operation; open has one for each item type.
POST_CALLS = {
    "setparam": "service.postsetparam",
    "suspend": "service.postsuspend",
    "resume": "service.postresume",
    "close": "service.postclose",
}
ATTEMPTS, PAUSE = 5, 1.0


def report(mgrctl: Mgrctl, database: Database, outcome: Outcome) -> Failure | None:
    """Report ``outcome`` and return the failure that stands: the operation's own, or that the report was not taken.

    Safe to repeat: a post call that is refused because the operation has ended already counts as taken.
    """
    request = outcome.request
    if outcome.failure is None:
        try:
            try:
                _patiently(mgrctl, _success_calls(outcome))
            except BillmanagerRefused as refused:
                if _still_runs(database, request):
                    raise
                log.info("reported before", service=request.service, command=request.command, detail=refused)
            log.info(
                "operation done",
                command=request.command,
                service=request.service,
                account=outcome.account,
                operation=request.operation,
                run=outcome.run,
                action=outcome.result.get("action"),
                changes=",".join(change["field"] for change in outcome.result.get("changes", [])) or None,
            )
            return None
        except OperationError as error:
            failure = error.failure
    else:
        failure = outcome.failure
    log.error(
        text(failure, "en"),
        command=request.command,
        service=request.service,
        account=outcome.account,
        operation=request.operation,
        run=outcome.run,
        code=failure.code,
        kind=failure.kind,
    )
    if request.operation is not None:
        parameters = {"elid": str(request.operation), "errorxml": error_document(failure), "sok": "ok"}
        try:
            mgrctl.call("runningoperation.edit", parameters)
        except OperationError as error:
            # The module's own answer carries the same error.
            log.warning("error not stored", service=request.service, operation=request.operation, detail=error)
    return failure


def _success_calls(outcome: Outcome) -> list[tuple[str, dict[str, str]]]:
    service = str(outcome.request.service)
    command = outcome.request.command
    calls: list[tuple[str, dict[str, str]]] = []
    if command != "close" and not outcome.confirmed:
        # Saved last of the parameters: it says that the account was seen there as ours.
        address = {"elid": service, "name": URL, "value": outcome.url, "crypted": "off", "sok": "ok"}
        calls.append(("service.saveparam", address))
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
