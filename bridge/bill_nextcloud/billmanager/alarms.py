# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells people in BILLmanager that something waits for them: problems of clouds, and tasks, in English and Russian."""

from __future__ import annotations

from collections.abc import Sequence

from bill_nextcloud.billmanager.asked import department, has_task
from bill_nextcloud.billmanager.messages import LANGUAGES, text
from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.billmanager.service import Database
from bill_nextcloud.errors import BillmanagerRefused, Failure
from bill_nextcloud.log import logger

log = logger("alarms")

# The vendor's own name for trouble with a connection.
PROBLEM = "processingmodule_connect"


def cloud_trouble(mgrctl: Mgrctl, database: Database, module: int, name: str, failure: Failure) -> None:
    """Register one problem for a cloud and open one task for its department. What BILLmanager refuses goes to the log:
    it would refuse it again.

    Raises ``BillmanagerUnavailable``: then neither, or only the problem, is there.
    """
    parameters = {"name": PROBLEM, "id": str(module), "level": "error", "param_name": name, "sok": "ok"}
    try:
        mgrctl.call("problems.register", {**parameters, "param_error": text(failure, "en")})
    except BillmanagerRefused as refused:
        log.warning("problem not registered", cloud=module, code=failure.code, detail=refused)
    try:
        _simple_task(mgrctl, database, module, _words(failure))
    except BillmanagerRefused as refused:
        log.warning("no task opened", cloud=module, code=failure.code, detail=refused)


def operation_failed(
    mgrctl: Mgrctl,
    database: Database,
    module: int,
    service: int,
    command: str,
    operation: int | None,
    failures: Sequence[Failure],
) -> None:
    """Open a task about an operation that needs a person, for the department of its cloud; one, however often called,
    as long as it is linked to BILLmanager's operation: one that stands for itself (a deletion's) is opened each time.
    ``failures``: what it says.

    Raises ``BillmanagerUnavailable`` or ``BillmanagerRefused``.
    """
    words = _words(*failures)
    if operation is None:
        _simple_task(mgrctl, database, module, words)
        return
    if has_task(database, operation):
        return
    answer = mgrctl.call("task.gettype", {"operation": command, "item": str(service)})
    kind = (answer.findtext(".//task_type") or "").strip()
    if kind:
        parameters = {"item": str(service), "runningoperation": str(operation), "type": kind, "sok": "ok"}
        try:
            mgrctl.call("task.edit", {**parameters, "params": words})
            return
        except BillmanagerRefused:
            pass  # a type of task that wants other parameters: one that says all in its text is always possible
    _simple_task(mgrctl, database, module, f"#{operation}, {service}: {words}")


def _simple_task(mgrctl: Mgrctl, database: Database, module: int, words: str) -> None:
    number = department(database, module)
    if number is None:
        raise BillmanagerRefused(function="task.simple.create", detail=f"module {module} has no department")
    mgrctl.call("task.simple.create", {"elid": str(number), "specification": words, "sok": "ok"})


def _words(*failures: Failure) -> str:
    return "\n\n".join(" ".join(text(failure, language) for failure in failures) for language in LANGUAGES)
