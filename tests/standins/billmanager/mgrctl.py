# SPDX-License-Identifier: GPL-3.0-or-later
"""What sbin/mgrctl runs: `mgrctl -m billmgr [-o FORM] [-e 'param=$NAME']... FUNCTION name=value ...`, or `-R`.

Each call adds a line to var/mgrctl.jsonl: function, names of parameters, which of them came from the environment, the
elid, the answer, the caller's SSH_CONNECTION; values of parameters never. `secret_in_arguments` says that an encrypted
parameter was given in the argument list, where every user of the machine can read it.

Each call is a process, of which tests start thousands. So what most calls need imports nothing that takes long, such as
`json`, `pathlib`, `xml`, or `typing`: type checkers, who are its only use, take `TYPE_CHECKING = False` for true.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress

from . import answers
from .errors import MgrError, Outage
from .files import Files
from .functions import call
from .lines import append_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

DOWN = "ERROR Error: Connect, billmgr: the service is not running\n"


class Request:
    """A command line, read. `params` holds the values of `from_env` too."""

    def __init__(self) -> None:
        self.function = ""
        self.form = "text"
        self.restart = False
        self.params: dict[str, str] = {}
        self.from_env: list[str] = []


def main(program: str, arguments: Sequence[str]) -> int:
    """Runs one call for the tree that has `program` in its folder sbin; returns the exit code."""
    files = Files(os.path.dirname(os.path.dirname(os.path.realpath(program))))
    try:
        request = parse(arguments)
    except MgrError as error:
        sys.stdout.write(answers.write(error, "text"))
        return 1
    if request.restart:
        with suppress(FileNotFoundError):
            os.unlink(files.features)  # the panel asks its modules again
        append_line(files.mgrctl_log, {"function": "-R", "answer": "ok"})
        return 0
    fault = _fault(files, request)
    try:
        answer = _answer(files, request, fault)
    except Outage:
        fault, answer = "down", None  # the panel's own functions cannot do without the database
    _log(files, request, fault, answer)
    if fault in ("hang", "hang_after"):
        _hang()
    if fault == "down":
        sys.stderr.write(DOWN)
    if fault in ("kill_caller_before", "kill_caller_after"):
        from .faults import kill_bridge

        kill_bridge()
        return 1
    if answer is None or fault == "exit_after":
        return 1
    sys.stdout.write(answers.write(answer, request.form))
    return 1 if isinstance(answer, MgrError) and fault != "error_exit_0" else 0


def parse(arguments: Sequence[str]) -> Request:
    """Reads a command line; `MgrError` badargument when it is not as documented."""
    request = Request()
    rest = list(arguments)
    manager = ""
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option == "-R":
            request.restart = True
        elif option in ("-m", "-o", "-e") and rest:
            value = rest.pop(0)
            if option == "-m":
                manager = value
            elif option == "-o":
                request.form = value
            else:
                _from_environment(request, value)
        else:
            raise MgrError("badargument", option)
    if manager != "billmgr":
        raise MgrError("badargument", "-m", manager)
    if not request.restart:
        if not rest:
            raise MgrError("missed", "func")
        request.function = rest.pop(0)
    for argument in rest:
        name, equals, value = argument.partition("=")
        if not equals or not name:
            raise MgrError("badargument", argument)
        request.params[name] = value
    request.form = request.params.pop("out", request.form)
    if request.form not in answers.FORMS:
        raise MgrError("badargument", "-o", request.form)
    return request


def _from_environment(request: Request, assignment: str) -> None:
    name, _, variable = assignment.partition("=")
    if not variable.startswith("$") or variable[1:] not in os.environ:
        raise MgrError("badargument", "-e", assignment)
    request.params[name] = os.environ[variable[1:]]
    request.from_env.append(name)


def _hang() -> None:
    """Never answers, but leaves no process behind: it ends when its caller does."""
    caller = os.getppid()
    while os.getppid() == caller:
        time.sleep(0.2)


def _fault(files: Files, request: Request) -> str | None:
    """See `faults.take_fault`."""
    if not os.path.exists(files.fault):
        return None
    from pathlib import Path

    from .faults import take_fault

    return take_fault(Path(files.fault), request.function, request.params.get("elid"))


def _answer(files: Files, request: Request, fault: str | None) -> answers.Answer | None:
    """The answer, or None when the caller gets none."""
    if fault in ("exit", "hang", "down", "kill_caller_before"):
        return None
    if fault in ("error", "error_exit_0"):
        return MgrError("standin", request.function, fault)
    return call(files, request.function, request.params, in_outage=fault is not None)


def _log(files: Files, request: Request, fault: str | None, answer: answers.Answer | None) -> None:
    values = {"value"} if "name" in request.params else set(request.params) - {"elid", "sok", "crypted"}
    secret = request.params.get("crypted") == "on" and bool(values - set(request.from_env))
    append_line(
        files.mgrctl_log,
        {
            "function": request.function,
            "elid": request.params.get("elid"),
            "params": sorted(request.params),
            "from_env": sorted(request.from_env),
            "secret_in_arguments": secret,
            "source": os.environ.get("SSH_CONNECTION"),
            "fault": fault,
            "answer": "none" if answer is None else answer.type if isinstance(answer, MgrError) else "ok",
        },
    )
