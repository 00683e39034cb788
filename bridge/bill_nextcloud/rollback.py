# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of tariff that failed for good is taken back in BILLmanager, so that it shows what the customer has."""

from __future__ import annotations

from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.billmanager.service import Database
from bill_nextcloud.errors import BillmanagerRefused, Failure, ServiceUnknown
from bill_nextcloud.log import logger
from bill_nextcloud.record import Operation, Operations

log = logger("rollback")

REFUSED = "rollback_refused"
FUNCTION = "service.changepricelist.rollback"
# On the timeline of the operation.
_ASKED, _DONE, _REFUSED = "asks for the old tariff back", "has the old tariff back", "old tariff refused"


def roll_back(mgrctl: Mgrctl, database: Database, record: Operations, operation: Operation) -> Failure | None:
    """Give the service of ``operation``, which failed for good, its old tariff back, once. What is to be told of it:
    ``tariff_rolled_back``, ``rollback_refused``, or ``None`` where there is nothing to take back.

    Only for a ``setparam`` that BILLmanager still has, of a service with a former tariff (``item.lastpricelist``, by
    which the vendor's C++ base class decides as well). What becomes of the operation and of ``lastpricelist`` is not
    documented, so after a kill it is looked at whether the service has the old tariff, and only otherwise asked again.

    Raises ``BillmanagerUnavailable`` (safe to repeat) and ``EngineUnavailable``.
    """
    if operation.command != "setparam" or operation.billmanager_operation is None:
        return None
    attempts = record.attempts(operation.id)
    if attempts and attempts[-1].ended_at is not None and attempts[-1].failure is None:
        return None  # the account has what the new tariff gives; only the report was refused
    try:
        service = database.service(operation.service)
    except ServiceUnknown:
        return None
    old = _asked_before(record, operation)
    if old is None:
        runs = database.operation_runs(operation.billmanager_operation, operation.service, operation.command)
        if not service.last_tariff or not runs:
            return None
        old = service.last_tariff
        record.note(operation.id, _ASKED, tariff=service.tariff.id, old=old)
    if service.tariff.id != old:
        try:
            mgrctl.call(FUNCTION, {"elid": str(service.id), "sok": "ok"})
        except BillmanagerRefused as refused:
            detail = refused.parameters["detail"]
            log.error("tariff not rolled back", service=service.id, id=operation.id, detail=detail)
            record.note(operation.id, _REFUSED, detail=detail)
            name = _name(database, old)
            return Failure("rollback_refused", {"service": str(service.id), "tariff": name, "detail": detail})
    record.note(operation.id, _DONE, tariff=old)
    log.info("tariff rolled back", service=service.id, id=operation.id, tariff=old)
    return Failure("tariff_rolled_back", {"service": str(service.id), "tariff": _name(database, old)})


def _asked_before(record: Operations, operation: Operation) -> int | None:
    """The old tariff that an attempt to tell this failure has asked for already."""
    for event in record.events(operation.id):
        if event["what"] == _ASKED and "old" in event["detail"]:
            return int(event["detail"]["old"])
    return None


def _name(database: Database, tariff: int) -> str:
    known = database.tariffs_of([], [tariff])
    return known[0].name if known and known[0].name else f"#{tariff}"
