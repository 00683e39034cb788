# SPDX-License-Identifier: GPL-3.0-or-later
"""What an administrator asks of the running bridge (``bill-nextcloud retry``, ``cancel``, ``approve``, ``hold``, …).

Asked, by the bridge's socket: ``{"command": "administer", "action", "parameters", "by"}``. Parameters and results:

* ``ping`` {} -> {"pid", "started_at"}
* ``retry`` {"operation"} -> {"operation"}: the one that goes on, or a new one for one that has ended without success
* ``cancel`` {"operation"} -> {"operation", "command"}
* ``approve`` {"operations": [...]} or {"cloud"} -> {"operations": [...]}
* ``hold`` {"cloud", "reason"} -> {"cloud"}
* ``release`` {"cloud", "force"} -> {"cloud", "held": whether it was, "operations": how many go on}; without ``force`` a
  probe must pass
* ``import`` {"cloud", "item_type", "search" or "names": [...], "adopt"} -> see ``importing.answers.as_dict``; without
  ``adopt`` only shown
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bill_nextcloud.billmanager.asked import deletions
from bill_nextcloud.billmanager.messages import printable
from bill_nextcloud.billmanager.service import Database
from bill_nextcloud.errors import BadRequest, CloudUnknown, Failure, OperationError, OperationNotWaiting
from bill_nextcloud.importing.answers import as_dict
from bill_nextcloud.importing.search import Search
from bill_nextcloud.importing.services import Import
from bill_nextcloud.log import logger
from bill_nextcloud.operation import WAITING, Operations
from bill_nextcloud.record import Operation, State
from bill_nextcloud.record.operations import DELETE
from bill_nextcloud.record.tables import MOST
from bill_nextcloud.request import Request
from bill_nextcloud.treatment import HELD_BY_ADMINISTRATOR

log = logger("import")

_REASON_LENGTH = 200


class StillHeld(OperationError):
    """The probe of a held cloud failed: it is still held. Carries the probe's own failure."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(**failure.parameters)
        self.code = failure.code


@dataclass(frozen=True)
class Administration:
    """Carries out what administrators ask. Raises an ``OperationError`` that says why not."""

    operations: Operations
    database: Database
    importing: Import
    started_at: float = field(default_factory=time.time)

    def __call__(self, action: object, parameters: Mapping[str, Any], by: str) -> dict[str, Any]:
        """The result of ``action``. Raises :class:`BadRequest` for one that is not known, or wrong parameters."""
        actions: dict[str, Callable[[Mapping[str, Any], str], dict[str, Any]]] = {
            "ping": self._ping,
            "retry": self._retry,
            "cancel": self._cancel,
            "approve": self._approve,
            "hold": self._hold,
            "release": self._release,
            "import": self._import,
        }
        if not isinstance(action, str) or action not in actions:
            raise BadRequest(detail=f"unknown action {str(action)[:32]!r}")
        return actions[action](parameters, by)

    def _ping(self, _: Mapping[str, Any], __: str) -> dict[str, Any]:
        return {"pid": os.getpid(), "started_at": self.started_at}

    def _retry(self, parameters: Mapping[str, Any], by: str) -> dict[str, Any]:
        operation = self.operations.record.get(_number(parameters, "operation"))
        if operation.state == State.DONE:
            raise OperationNotWaiting(operation=operation.id, state=operation.state, action="retry")
        if operation.ended:
            if operation.command == DELETE:
                # `created` is its deadline. One that was taken away (`cancel`) does not come back.
                if deletions(self.database, [operation.service]).get(operation.service) != operation.created:
                    raise OperationNotWaiting(operation=operation.id, state=operation.state, action="retry")
                again = self.operations.expect_deletion(operation.service, operation.created or "", by)
                return {"operation": again.id if again else operation.id}
            request = Request(operation.service, operation.command, operation.billmanager_operation)
            return {"operation": self.operations.submit(request, by).id}
        # A held cloud is released, a limit approved: to try again before that is of no use.
        if operation.state not in (State.QUEUED, State.RETRYING):
            raise OperationNotWaiting(operation=operation.id, state=operation.state, action="retry")
        self.operations.go_on(operation, "retry", by)
        return {"operation": operation.id}

    def _cancel(self, parameters: Mapping[str, Any], by: str) -> dict[str, Any]:
        operation = self.operations.record.get(_number(parameters, "operation"))
        if operation.state not in WAITING or not self.operations.cancel(operation, by):
            state = self.operations.record.get(operation.id).state
            raise OperationNotWaiting(operation=operation.id, state=state, action="cancel")
        return {"operation": operation.id, "command": operation.command}

    def _approve(self, parameters: Mapping[str, Any], by: str) -> dict[str, Any]:
        record = self.operations.record
        wanted: list[Operation]
        if "cloud" in parameters:
            wanted = record.unfinished(states=[State.APPROVAL], cloud=self._cloud(parameters)[0])
        else:
            numbers = parameters.get("operations")
            if not isinstance(numbers, list) or not numbers:
                raise BadRequest(detail="operations must be a list of numbers")
            wanted = [record.get(_number({"operation": number}, "operation")) for number in numbers]
        for operation in wanted:
            if operation.state != State.APPROVAL:
                raise OperationNotWaiting(operation=operation.id, state=operation.state, action="approve")
        for operation in wanted:
            self.operations.go_on(operation, "approved", by, approved_by=by)
        return {"operations": [operation.id for operation in wanted]}

    def _hold(self, parameters: Mapping[str, Any], by: str) -> dict[str, Any]:
        module, name = self._cloud(parameters)
        reason = " ".join(printable(str(parameters.get("reason") or "")).split())[:_REASON_LENGTH]
        if not reason:
            raise BadRequest(detail="a hold needs a reason, for those who ask why nothing is done")
        self.operations.holds.hold(module, Failure("held_by_administrator", {"cloud": name, "detail": reason}), by)
        return {"cloud": module}

    def _release(self, parameters: Mapping[str, Any], by: str) -> dict[str, Any]:
        module, _ = self._cloud(parameters)
        holds = self.operations.holds
        force = parameters.get("force") is True
        failure = holds.failure(module)
        if failure is not None and failure.code != HELD_BY_ADMINISTRATOR and not force:
            found = holds.probe(module)
            if found is not None:
                holds.found(module, found)
                raise StillHeld(found)
        # What another administrator has held during the probe stays held.
        meant = force or failure is None or failure.code == HELD_BY_ADMINISTRATOR
        count = holds.release(module, by, force=force, administrators=meant)
        if count is None and (still := holds.failure(module)) is not None:
            raise StillHeld(still)
        return {"cloud": module, "held": failure is not None, "operations": count or 0}

    def _import(self, parameters: Mapping[str, Any], by: str) -> dict[str, Any]:
        module, _ = self._cloud(parameters)
        item_type, names = parameters.get("item_type"), parameters.get("names")
        if not isinstance(item_type, str) or not item_type:
            raise BadRequest(detail="item_type must be a text")
        if names is None:
            search = Search.read(parameters.get("search"))
        elif isinstance(names, list) and names and all(isinstance(name, str) and name for name in names):
            search = Search(tuple(names), exact=True)
        else:
            raise BadRequest(detail="names must be a list of texts")
        adopt = parameters.get("adopt") is True
        if adopt:
            log.info("import asked for", by=by, module=module, names=len(search.words) or None)
        return as_dict(self.importing(module, item_type, search, adopt=adopt))

    def _cloud(self, parameters: Mapping[str, Any]) -> tuple[int, str]:
        module = _number(parameters, "cloud")
        names = dict(self.database.clouds())
        if module not in names:
            raise CloudUnknown(cloud=module)
        return module, names[module] or f"module {module}"


def _number(parameters: Mapping[str, Any], name: str) -> int:
    value = parameters.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MOST:
        raise BadRequest(detail=f"{name} must be a number")
    return value
