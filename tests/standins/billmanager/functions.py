# SPDX-License-Identifier: GPL-3.0-or-later
"""The functions of mgrctl that processing modules call. Each is one transaction.

Most of them change something only with sok=ok; without it BILLmanager shows the form, and so do they. What takes
long to import and few calls need is imported there: mgrctl is a process of its own for each call.
"""

from __future__ import annotations

import time

from . import operations
from .answers import Answer, Form, Rows
from .database import parameters, reading, transaction
from .errors import MgrError
from .files import KEY, Files
from .lines import to_json
from .schema import DEPARTMENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .connection import Connection

    Params = dict[str, str]
    Function = Callable[[Files, Connection, Params], Answer]

OK = Form({"ok": ""})
TASK_TYPES = {"open", "suspend", "resume", "close", "setparam", "reopen", "prolong"}
"""Commands for which task.gettype knows a type of manual task; for others its answer is empty."""


def call(files: Files, function: str, params: Params, *, in_outage: bool) -> Answer:
    """Does `function` and returns its answer; an error is returned, not raised. `Outage` as with `transaction`."""
    begin = reading if function in READING else transaction
    try:
        with begin(files.database, in_outage=in_outage) as connection:
            return _find(connection, function)(files, connection, params)
    except MgrError as error:
        return error


def _find(connection: Connection, function: str) -> Function:
    if function in FUNCTIONS:
        return FUNCTIONS[function]
    if function in operations.POST_CALLS:
        return _post_call(function)
    item_type, _, action = function.rpartition(".")
    known = connection.execute("SELECT 1 FROM itemtype WHERE intname = ?", (item_type,)).fetchone()
    if action == "open" and known:
        return _open(item_type)
    raise MgrError("missed", "func", function)


def _post_call(function: str) -> Function:
    def post(_: Files, connection: Connection, params: Params) -> Answer:
        item = _item(connection, params)
        if _only_shown(params):
            return Form({"elid": str(item)})
        operations.finish(connection, item, function)
        return OK

    return post


def _open(item_type: str) -> Function:
    def open_(_: Files, connection: Connection, params: Params) -> Answer:
        item = _item(connection, params)
        if _only_shown(params):
            return Form({"elid": str(item)})
        operations.open_service(connection, item, item_type)
        return OK

    return open_


def _paramlist(files: Files, _: Connection, __: Params) -> Answer:
    settings = {**parameters(files.database), "CryptKey": KEY}
    return Rows([{name: value} for name, value in settings.items()])


def _save_param(files: Files, connection: Connection, params: Params) -> Answer:
    item = _item(connection, params)
    if _only_shown(params):
        return Form({"elid": str(item)})
    if "name" in params:
        values = {params["name"]: params.get("value", "")}
    else:
        values = {name: value for name, value in params.items() if name not in ("elid", "sok", "crypted", "out")}
    if not values or "" in values:
        raise MgrError("missed", "name")
    crypted = params.get("crypted") == "on"
    if crypted:
        from . import crypt

        values = {name: crypt.encrypt(files.key, value) for name, value in values.items()}
    table = "itemcryptedparam" if crypted else "itemparam"
    for name, value in values.items():
        connection.execute(f"REPLACE INTO {table} (item, intname, value) VALUES (?, ?, ?)", (item, name, value))
    return OK


def _drop_param(_: Files, connection: Connection, params: Params) -> Answer:
    item, name = _item(connection, params), _required(params, "name")
    if _only_shown(params):
        return Form({"elid": str(item)})
    for table in ("itemparam", "itemcryptedparam"):
        connection.execute(f"DELETE FROM {table} WHERE item = ? AND intname = ?", (item, name))
    return OK


def _set_expire_date(_: Files, connection: Connection, params: Params) -> Answer:
    item, date = _item(connection, params), _date(params, "expiredate")
    connection.execute("UPDATE item SET expiredate = ? WHERE id = ?", (date, item))
    return OK


def _roll_back(_: Files, connection: Connection, params: Params) -> Answer:
    item = _item(connection, params)
    if _only_shown(params):
        return Form({"elid": str(item)})
    operations.roll_back(connection, item)
    return OK


def _post_stat(_: Files, connection: Connection, params: Params) -> Answer:
    cloud, date = _id(connection, "processingmodule", params, "elid"), _date(params, "date")
    connection.execute(
        "INSERT INTO standin_poststat (processingmodule, date, cdate) VALUES (?, ?, ?)",
        (cloud, date, operations.now(connection)),
    )
    return OK


def _edit_operation(_: Files, connection: Connection, params: Params) -> Answer:
    operation = _id(connection, "runningoperation", params, "elid")
    if _only_shown(params):
        row = connection.execute("SELECT * FROM runningoperation WHERE id = ?", (operation,)).fetchone()
        return Form({name: "" if row[name] is None else str(row[name]) for name in row.keys()})  # noqa: SIM118
    if "errorxml" in params:
        from . import shapes

        fault = shapes.fault(params["errorxml"], "error")
        if fault:
            raise MgrError("value", "errorxml", fault)
        connection.execute("UPDATE runningoperation SET errorxml = ? WHERE id = ?", (params["errorxml"], operation))
    if "manual" in params:
        if params["manual"] not in ("on", "off"):
            raise MgrError("value", "manual", params["manual"])
        connection.execute("UPDATE runningoperation SET manual = ? WHERE id = ?", (params["manual"], operation))
    return OK


def _set_manual(_: Files, connection: Connection, params: Params) -> Answer:
    operation = _id(connection, "runningoperation", params, "elid")
    connection.execute("UPDATE runningoperation SET manual = 'on' WHERE id = ?", (operation,))
    return OK


def _delete_operation(_: Files, connection: Connection, params: Params) -> Answer:
    operations.delete_operation(connection, _id(connection, "runningoperation", params, "elid"))
    return OK


def _task_type(_: Files, __: Connection, params: Params) -> Answer:
    operation = _required(params, "operation")
    return Form({"task_type": operation if operation in TASK_TYPES else ""})


def _edit_task(_: Files, connection: Connection, params: Params) -> Answer:
    item, type_ = _id(connection, "item", params, "item"), _required(params, "type")
    operation = _id(connection, "runningoperation", params, "runningoperation")
    if _only_shown(params):
        return Form({"item": str(item)})
    others = {name: value for name, value in params.items() if name not in ("sok", "item", "runningoperation", "type")}
    (department,) = connection.execute(
        "SELECT m.department FROM item i LEFT JOIN processingmodule m ON m.id = i.processingmodule WHERE i.id = ?",
        (item,),
    ).fetchone()
    return _add_task(connection, type_, item, operation, department or DEPARTMENT, others)


def _create_simple_task(_: Files, connection: Connection, params: Params) -> Answer:
    # BILLmanager's list of departments is in no table that modules read: those exist that a cloud names.
    department = _required(params, "elid")
    known = connection.execute("SELECT 1 FROM processingmodule WHERE department = ?", (department,)).fetchone()
    if not known:
        raise MgrError("missed", "elid", department)
    if _only_shown(params):
        return Form({"elid": department})
    text = {"specification": _required(params, "specification")}
    return _add_task(connection, "simple", None, None, int(department), text)


def _add_task(
    connection: Connection,
    type_: str,
    item: int | None,
    operation: int | None,
    department: int,
    params: dict[str, str],
) -> Answer:
    task = connection.execute(
        "INSERT INTO task (type, item, runningoperation, department, cdate, params) VALUES (?, ?, ?, ?, ?, ?)",
        (type_, item, operation, department, operations.now(connection), to_json(params)),
    ).lastrowid
    return Form({"id": str(task), "ok": ""})


def _register_problem(_: Files, connection: Connection, params: Params) -> Answer:
    name = _required(params, "name")
    if _only_shown(params):
        return Form({"name": name})
    others = {key: value for key, value in params.items() if key.startswith("param_")}
    connection.execute(
        "INSERT INTO standin_problem (name, object, level, params, cdate) VALUES (?, ?, ?, ?, ?)",
        (
            name,
            params.get("id"),
            params.get("level"),
            to_json(others),
            operations.now(connection),
        ),
    )
    return OK


def _import_service(_: Files, connection: Connection, params: Params) -> Answer:
    """A service of nobody, without a tariff: it gets both when it is given to a client (`sales.assign`). Whether
    BILLmanager keeps other fields as parameters is not known; here it does not, so that modules save them."""
    cloud, name = _id(connection, "processingmodule", params, "module"), _required(params, "import_service_name")
    if _required(params, "status") not in (str(operations.ACTIVE), str(operations.SUSPENDED)):
        raise MgrError("value", "status", params["status"])
    date = _date(params, "expiredate")
    if _only_shown(params):
        return Form({"module": str(cloud)})
    item = connection.execute(
        "INSERT INTO item (name, processingmodule, period, status, createdate, opendate, expiredate)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            name,
            cloud,
            params.get("period"),
            params["status"],
            operations.now(connection),
            operations.now(connection),
            date,
        ),
    ).lastrowid
    for key in ("import_itemtype_intname", "import_pricelist_intname", "import_service_name"):
        connection.execute(
            "INSERT INTO itemparam (item, intname, value) VALUES (?, ?, ?)", (item, key, _required(params, key))
        )
    return Form({"service_id": str(item), "ok": ""})


def _edit_processing(_: Files, connection: Connection, params: Params) -> Answer:
    cloud = _id(connection, "processingmodule", params, "elid")
    row = connection.execute("SELECT * FROM processingmodule WHERE id = ?", (cloud,)).fetchone()
    fields = {name: str(row[name]) for name in ("id", "name", "module", "active", "department")}
    for param in connection.execute("SELECT intname, value FROM processingparam WHERE processingmodule = ?", (cloud,)):
        fields[param["intname"]] = param["value"]
    return Form(fields)


def _set_config(_: Files, connection: Connection, params: Params) -> Answer:
    cloud = _id(connection, "processingmodule", params, "elid")
    connection.execute("UPDATE processingmodule SET config = ? WHERE id = ?", (_required(params, "config"), cloud))
    return OK


def _only_shown(params: Params) -> bool:
    return params.get("sok") != "ok"


def _required(params: Params, name: str) -> str:
    if not params.get(name):
        raise MgrError("missed", name)
    return params[name]


def _id(connection: Connection, table: str, params: Params, name: str) -> int:
    """The id in parameter `name`, which must be that of a row of `table`."""
    value = _required(params, name)
    if not value.isdecimal() or not connection.execute(f"SELECT 1 FROM {table} WHERE id = ?", (value,)).fetchone():
        raise MgrError("missed", name, value)
    return int(value)


def _item(connection: Connection, params: Params) -> int:
    return _id(connection, "item", params, "elid")


def _date(params: Params, name: str) -> str:
    value = _required(params, name)
    try:
        time.strptime(value, "%Y-%m-%d")
    except ValueError:
        raise MgrError("value", name, value) from None
    return value


FUNCTIONS: dict[str, Function] = {
    "paramlist": _paramlist,
    "service.saveparam": _save_param,
    "service.dropparam": _drop_param,
    "service.setexpiredate": _set_expire_date,
    "service.changepricelist.rollback": _roll_back,
    "service.poststat": _post_stat,
    "runningoperation.edit": _edit_operation,
    "runningoperation.setmanual": _set_manual,
    "runningoperation.delete": _delete_operation,
    "task.gettype": _task_type,
    "task.edit": _edit_task,
    "task.simple.create": _create_simple_task,
    "problems.register": _register_problem,
    "processing.edit": _edit_processing,
    "processing.setconfig": _set_config,
    "processing.import.service": _import_service,
}
READING = {"paramlist", "task.gettype", "processing.edit"}
"""Those that write nothing, in no form, and need not wait for a writer."""
