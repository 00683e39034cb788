# SPDX-License-Identifier: GPL-3.0-or-later
"""The state machine of a service: commands begin as running operations, and only their own post call ends them.

item.status: 1 ordered, 2 active, 3 suspended, 4 deleted, 5 in processing. While an operation of `IN_PROCESSING` is on,
the status is 5; `setparam` and `changepassword` leave it alone (they have no such sub-label). `service.postopen` ends
the operation without making the service active, `<itemtype>.open` does both; that is inferred from vendor modules.
"""

from __future__ import annotations

import time

from .errors import MgrError, PanelError
from .lines import to_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .connection import Connection, Row

ORDERED, ACTIVE, SUSPENDED, DELETED, PROCESSING = 1, 2, 3, 4, 5
STATUS_NAMES = {0: "new", ORDERED: "ordered", ACTIVE: "active", SUSPENDED: "suspended", DELETED: "deleted"}
IN_PROCESSING = {"open", "suspend", "resume", "close", "prolong", "reopen"}
ALLOWED_FROM = {
    "open": {ORDERED, DELETED},
    "suspend": {ACTIVE},
    "resume": {SUSPENDED},
    "close": {ACTIVE, SUSPENDED, PROCESSING},
    "reopen": {DELETED},
    "prolong": {ACTIVE, SUSPENDED},
    "setparam": {ACTIVE, SUSPENDED},
    "changepassword": {ACTIVE},
}
POST_CALLS = {
    "service.postopen": "open",
    "service.postsuspend": "suspend",
    "service.postresume": "resume",
    "service.postclose": "close",
    "service.postreopen": "reopen",
    "service.postprolong": "prolong",
    "service.postsetparam": "setparam",
    "service.postchangepassword": "changepassword",
}
STATUS_AFTER = {"suspend": SUSPENDED, "resume": ACTIVE, "close": DELETED, "reopen": ACTIVE}
REASONS = ("auto", "employee", "abuse")
TRIAL = -100


def now(connection: Connection) -> str:
    """The present as BILLmanager writes it (local time), by its own clock (`Trouble.advance_clock`)."""
    (ahead,) = connection.execute("SELECT seconds FROM standin_clock").fetchone()
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() + ahead))


def months_later(day: str, months: int) -> str:
    """`day` (YYYY-MM-DD, a time behind it is ignored) plus so many months, at most the 28th."""
    year, month, date = (int(part) for part in day[:10].split("-"))
    index = year * 12 + month - 1 + months
    return f"{index // 12:04}-{index % 12 + 1:02}-{min(date, 28):02}"


def get_service(connection: Connection, item: int) -> Row:
    """The row of a service; `PanelError` no_service when there is none (or the id is that of an addon row)."""
    row: Row | None = connection.execute("SELECT * FROM item WHERE id = ? AND parent IS NULL", (item,)).fetchone()
    if row is None:
        raise PanelError("no_service", f"there is no service {item}")
    return row


def begin(
    connection: Connection,
    item: int,
    command: str,
    *,
    userid: int | None = None,
    password: str | None = None,
    rollback: dict[str, Any] | None = None,
) -> int:
    """Makes the running operation of `command` and returns its id.

    `userid`: who asked. `password`: encrypted, for changepassword. `rollback`: what
    service.changepricelist.rollback has to restore. `PanelError` wrong_status or operation_pending.
    """
    service = get_service(connection, item)
    if service["status"] not in ALLOWED_FROM[command]:
        raise PanelError("wrong_status", f"service {item} is {status_name(connection, item)}, no {command} from there")
    pending = connection.execute(
        "SELECT o.intname, s.previous_status FROM runningoperation o JOIN standin_operation s USING (id)"
        " WHERE o.item = ? ORDER BY o.id",
        (item,),
    ).fetchall()
    if command in {row["intname"] for row in pending}:
        raise PanelError("operation_pending", f"service {item} has a running operation {command} already")
    previous = service["status"]
    if previous == PROCESSING and pending:
        previous = pending[0]["previous_status"]
    operation = connection.execute(
        "INSERT INTO runningoperation (item, intname, cdate, processingmodule) VALUES (?, ?, ?, ?)",
        (item, command, now(connection), service["processingmodule"]),
    ).lastrowid
    assert operation is not None
    connection.execute(
        "INSERT INTO standin_operation (id, item, intname, cdate, previous_status, userid, password, rollback)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (operation, item, command, now(connection), previous, userid, password, rollback and to_json(rollback)),
    )
    if command in IN_PROCESSING:
        connection.execute("UPDATE item SET status = ? WHERE id = ?", (PROCESSING, item))
    return operation


def finish(connection: Connection, item: int, function: str) -> None:
    """A post call: ends the operation it belongs to. `MgrError` missed when the service has no such operation."""
    command = POST_CALLS[function]
    previous = _remove(connection, item, command, function)
    status = STATUS_AFTER.get(command, previous if command == "prolong" else None)
    if status is not None:
        connection.execute("UPDATE item SET status = ? WHERE id = ?", (status, item))
    if command in ("resume", "reopen"):
        clear_suspension(connection, item)
    elif command == "setparam":
        connection.execute("UPDATE item SET lastpricelist = NULL WHERE id = ?", (item,))


def clear_suspension(connection: Connection, item: int) -> None:
    """No reason to be suspended is left."""
    connection.execute(
        "UPDATE item SET autosuspend = 'off', employeesuspend = 'off', abusesuspend = 'off', suspenddate = NULL"
        " WHERE id = ?",
        (item,),
    )


def open_service(connection: Connection, item: int, item_type: str) -> None:
    """`<itemtype>.open`: ends the operation and makes the service active, also after an earlier service.postopen.

    `MgrError` missed when the service is of another type or is not being opened.
    """
    service = connection.execute(
        "SELECT i.status, i.period, t.intname AS type FROM item i JOIN pricelist p ON p.id = i.pricelist"
        " JOIN itemtype t ON t.id = p.itemtype WHERE i.id = ? AND i.parent IS NULL",
        (item,),
    ).fetchone()
    if service is None or service["type"] != item_type:
        raise MgrError("missed", "elid", str(item))
    last = connection.execute(
        "SELECT intname, ended_by FROM standin_operation WHERE item = ? ORDER BY id DESC LIMIT 1", (item,)
    ).fetchone()
    ordered_before = (last["intname"], last["ended_by"]) == ("open", "service.postopen")
    if not (ordered_before and service["status"] == PROCESSING):
        _remove(connection, item, "open", f"{item_type}.open")
    expiredate = months_later(now(connection), service["period"]) if service["period"] > 0 else None
    connection.execute(
        "UPDATE item SET status = ?, opendate = ?, expiredate = COALESCE(expiredate, ?) WHERE id = ?",
        (ACTIVE, now(connection), expiredate, item),
    )


def roll_back(connection: Connection, item: int) -> None:
    """service.changepricelist.rollback: the service has its old tariff and addons again and the operation ends."""
    import json

    operation = connection.execute(
        "SELECT s.rollback FROM runningoperation o JOIN standin_operation s USING (id)"
        " WHERE o.item = ? AND o.intname = 'setparam'",
        (item,),
    ).fetchone()
    if operation is None:
        raise MgrError("missed", "runningoperation", "setparam")
    before = json.loads(operation["rollback"])
    connection.execute("UPDATE item SET pricelist = ?, lastpricelist = NULL WHERE id = ?", (before["pricelist"], item))
    connection.execute("DELETE FROM item WHERE parent = ?", (item,))
    for row in before["addons"]:
        columns = ", ".join(row)
        marks = ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO item ({columns}) VALUES ({marks})", tuple(row.values()))
    _remove(connection, item, "setparam", "service.changepricelist.rollback")


def delete_operation(connection: Connection, operation: int) -> None:
    """runningoperation.delete: the operation is given up; the service keeps its status."""
    row = connection.execute("SELECT item, intname FROM runningoperation WHERE id = ?", (operation,)).fetchone()
    if row is None:
        raise MgrError("missed", "elid", str(operation))
    _remove(connection, row["item"], row["intname"], "runningoperation.delete")


def fail(connection: Connection, operation: int, errorxml: str, before: str | None) -> None:
    """A run failed: one more attempt is counted, and its error is kept.

    An error that the module stored itself during the run (errorxml differs from `before`) stays. When trycount rises,
    before the call or after it, is not known of BILLmanager; here it is after.
    """
    row = connection.execute("SELECT errorxml FROM runningoperation WHERE id = ?", (operation,)).fetchone()
    if row is not None:
        kept = errorxml if row["errorxml"] == before else row["errorxml"]
        connection.execute(
            "UPDATE runningoperation SET trycount = trycount + 1, errorxml = ? WHERE id = ?", (kept, operation)
        )


def status_name(connection: Connection, item: int) -> str:
    """ordered, active, suspended, deleted, or "in processing (<command>)"."""
    row = connection.execute("SELECT status FROM item WHERE id = ?", (item,)).fetchone()
    if row is None:
        return ""
    if row["status"] != PROCESSING:
        return STATUS_NAMES[row["status"]]
    pending = connection.execute("SELECT intname FROM runningoperation WHERE item = ? ORDER BY id", (item,)).fetchall()
    return f"in processing ({', '.join(row['intname'] for row in pending)})" if pending else "in processing"


def _remove(connection: Connection, item: int, command: str, ended_by: str) -> int:
    """Ends the operation `command` of a service and returns the status the service had before it began."""
    row = connection.execute(
        "SELECT o.id, s.previous_status FROM runningoperation o JOIN standin_operation s USING (id)"
        " WHERE o.item = ? AND o.intname = ?",
        (item, command),
    ).fetchone()
    if row is None:
        raise MgrError("missed", "runningoperation", command)
    connection.execute("DELETE FROM runningoperation WHERE id = ?", (row["id"],))
    connection.execute(
        "UPDATE standin_operation SET ended = ?, ended_by = ? WHERE id = ?", (now(connection), ended_by, row["id"])
    )
    return int(row["previous_status"])
