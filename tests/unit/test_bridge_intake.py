# SPDX-License-Identifier: GPL-3.0-or-later
"""The bridge's socket: who may call, and what is answered."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from bill_nextcloud.administration import Administration
from bill_nextcloud.check import CheckConnection
from bill_nextcloud.errors import Failure, ServiceUnknown
from bill_nextcloud.importing.search import Search
from bill_nextcloud.importing.services import Candidate, Import, Imported
from bill_nextcloud.intake import Intake
from bill_nextcloud.operation import Operations
from bill_nextcloud.record import Operation, State
from bill_nextcloud.request import Request
from bill_nextcloud.settings import BridgeSettings
from bill_nextcloud.usage.reading import Found
from bill_nextcloud.usage.statistics import Statistics
from harness.call import line
from harness.processes import until
from sqlalchemy.exc import OperationalError

REFUSED = Failure("refused", {"account": "user_12", "cloud": "Blue", "detail": "Нет <&>"})


def operation(state: State, failure: Failure | None = None) -> Operation:
    """One that is in ``state``."""
    return Operation(
        id=1,
        key="key",
        created=None,
        round=1,
        installation="billmanager",
        billmanager_operation=7,
        command="open",
        service=12,
        cloud=3,
        account=None,
        client=None,
        asked_by="BILLmanager",
        state=state,
        dispatch=1,
        attempts=1,
        accepted_at=0,
        first_failed_at=None,
        due_at=None,
        ended_at=None,
        failure=failure,
        approved_by=None,
    )


class FakeHolds:
    """No cloud is held, or each."""

    def __init__(self) -> None:
        self.held: Failure | None = None

    def failure(self, cloud: int | None) -> Failure | None:
        """As told."""
        return self.held


class FakeOperations:
    """In the engine's place: notes what is submitted and answers as told."""

    def __init__(self) -> None:
        self.submitted: list[Request] = []
        self.waited: list[tuple[int, float]] = []
        self.holds = FakeHolds()
        self.answer: Callable[[], Operation] = lambda: operation(State.DONE)

    def submit(self, request: Request, by: str) -> Operation:
        """Takes it."""
        self.submitted.append(request)
        return operation(State.QUEUED)

    def wait(self, number: int, seconds: float) -> Operation:
        """As told."""
        self.waited.append((number, seconds))
        return self.answer()


def refuse(action: object, parameters: dict[str, Any], by: str) -> dict[str, Any]:
    """In the administration's place: says what it was asked."""
    return {"action": action, "parameters": parameters, "by": by}


def read_usage(module: int) -> Found:
    """In the statistics' place: one cloud fails, of another one service is not read."""
    unread = [(12, Failure("account_missing", {"account": "user_12", "cloud": "Blue"}))]
    return Found(
        read=7, unread=1, first_unread=unread, failure=Failure("timeout", {"cloud": "Blue"}) if module == 4 else None
    )


def import_accounts(module: int, item_type: str, search: Search, *, adopt: bool) -> Imported:
    """In the import's place: what was asked for has become a service; one cloud fails."""
    assert adopt
    done = [Candidate(f"{item_type}-{name}", None, service=12) for name in search.words]
    return Imported("Blue", done, Failure("timeout", {"cloud": "Blue"}) if module == 4 else None)


class Desk:
    """An intake that serves in a thread."""

    def __init__(self, directory: Path) -> None:
        self.settings = BridgeSettings(socket=directory / "bridge.sock", wait_seconds=3)
        self.operations = FakeOperations()
        self.intake = Intake(
            self.settings,
            cast(Operations, self.operations),
            cast(Administration, refuse),
            cast(CheckConnection, refuse),
            {},
            cast(Statistics, read_usage),
            cast(Import, import_accounts),
        )
        self._thread = threading.Thread(target=self.intake.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def ask(self, content: bytes, *, shut: bool = False) -> Any:
        """Send ``content`` and return what the answer's line holds."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(20)
            connection.connect(str(self.settings.socket_path))
            connection.sendall(content)
            if shut:
                connection.shutdown(socket.SHUT_WR)
            with connection.makefile("rb") as answers:
                greeting, answer = answers.read().splitlines(keepends=True)
        assert json.loads(greeting) == {"status": "running", "wait": 3}
        assert answer.endswith(b"\n")
        return json.loads(answer)

    def close(self) -> None:
        """End it."""
        self.intake.shutdown()
        self.intake.server_close()
        self._thread.join(10)


@pytest.fixture
def short() -> Iterator[Path]:
    """A directory whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="intake-", dir="/tmp") as name:
        yield Path(name)


@pytest.fixture
def desk(short: Path) -> Iterator[Desk]:
    """An intake that serves."""
    made = Desk(short)
    yield made
    made.close()


def type_of(answer: dict[str, Any]) -> str:
    """The type of the error document of a failed answer, which has words too."""
    assert sorted(answer) == ["document", "message", "status"]
    assert answer["status"] == "failed"
    assert answer["message"]
    error = ElementTree.fromstring(answer["document"]).find("error")
    assert error is not None
    return str(error.get("type"))


def test_the_socket_is_for_its_owner_only(short: Path) -> None:
    """Whatever the umask, and whatever lay there before."""
    path = short / "bridge.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    before = os.umask(0)
    try:
        with Intake(
            BridgeSettings(socket=path),
            cast(Operations, FakeOperations()),
            cast(Administration, refuse),
            cast(CheckConnection, refuse),
            {},
            cast(Statistics, read_usage),
            cast(Import, import_accounts),
        ):
            assert stat.S_ISSOCK(path.stat().st_mode)
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        os.umask(before)


def test_stat(desk: Desk) -> None:
    """Is answered when all is read, with what was not; a day that stays open is an error."""
    result = {"read": 7, "unread": 1, "services": [{"service": 12, "code": "account_missing"}]}
    assert desk.ask(b'{"command": "stat", "module": "3", "level": "30"}\n') == {"status": "done", "result": result}
    answer = desk.ask(b'{"command": "stat", "module": "4"}\n')
    assert answer.pop("result") == result
    assert type_of(answer) == "nextcloud_timeout"
    assert type_of(desk.ask(b'{"command": "stat", "module": "x"}\n')) == "nextcloud_bad_request"


def test_import(desk: Desk) -> None:
    """Is answered with what has become of it; an option that is missing, and a cloud that fails, are errors."""
    answer = desk.ask(b'{"command": "import", "module": "3", "itemtype": "backup", "searchstring": "a, b"}\n')
    assert answer["status"] == "done"
    services = ElementTree.fromstring(answer["document"]).findall("imported/service")
    assert [one.attrib for one in services] == [{"id": "12", "account": f"backup-{name}"} for name in "ab"]
    assert type_of(desk.ask(b'{"command": "import", "module": "4", "itemtype": "backup"}\n')) == "nextcloud_timeout"
    for wrong in (b'"module": "3"', b'"itemtype": "x"', b'"module": "3", "itemtype": "x", "searchstring": 5'):
        assert type_of(desk.ask(b'{"command": "import", %s}\n' % wrong)) == "nextcloud_bad_request"


def test_done(desk: Desk) -> None:
    """The operation is stored, waited for as long as the settings say, and has ended."""
    assert desk.ask(line()) == {"status": "done"}
    assert desk.operations.submitted == [Request(12, "open", 7)]
    assert desk.operations.waited == [(1, 3)]


def test_accepted(desk: Desk) -> None:
    """It goes on."""
    for state in (State.QUEUED, State.RUNNING, State.RETRYING, State.HELD, State.APPROVAL, State.CANCELLED):
        desk.operations.answer = partial(operation, state)
        assert desk.ask(line()) == {"status": "accepted"}


def test_a_held_cloud_is_not_waited_for(desk: Desk) -> None:
    """BILLmanager hears at once that the operation is stored."""
    desk.operations.holds.held = REFUSED
    desk.operations.answer = lambda: operation(State.HELD)
    assert desk.ask(line()) == {"status": "accepted"}
    assert desk.operations.waited == []


def test_threads_are_used_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as there are calls at once, however many come one after the other; in the end they go."""
    monkeypatch.setattr("bill_nextcloud.intake._IDLE_SECONDS", 0.3)
    before = set(threading.enumerate())

    def threads() -> int:
        return len([thread for thread in set(threading.enumerate()) - before if thread.name == "call"])

    assert [desk.ask(line()) for _ in range(20)] == [{"status": "done"}] * 20
    assert 1 <= threads() < 20
    together, arrived = 12, threading.Barrier(12)

    def answer() -> Operation:
        arrived.wait(20)
        return operation(State.DONE)

    desk.operations.answer = answer
    with ThreadPoolExecutor(together) as pool:
        answers = list(pool.map(lambda _: desk.ask(line()), range(together)))
    assert answers == [{"status": "done"}] * together
    until(lambda: threads() == 0, 10)


def test_an_administrator_is_heard(desk: Desk) -> None:
    """By the same socket; parameters that are none are refused."""
    asked = {"command": "administer", "action": "hold", "parameters": {"cloud": 3}, "by": "root"}
    answer = desk.ask(json.dumps(asked).encode() + b"\n")
    assert answer == {"status": "done", "result": {"action": "hold", "parameters": {"cloud": 3}, "by": "root"}}
    bad = desk.ask(json.dumps({**asked, "parameters": None}).encode() + b"\n")
    assert type_of(bad) == "nextcloud_bad_request"


def test_failed(desk: Desk) -> None:
    """The failure's document, and its English words for the log."""
    desk.operations.answer = lambda: operation(State.FAILED, REFUSED)
    answer = desk.ask(line())
    assert type_of(answer) == "nextcloud_refused"
    assert "Нет <&>" in answer["message"]
    assert "Нет &lt;&amp;&gt;" in answer["document"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"nonsense\n", "nextcloud_bad_request"),
        (line(item="x"), "nextcloud_bad_request"),
        (line(command="dance\x07"), "nextcloud_command_unknown"),
        (line(command="\ud800"), "nextcloud_command_unknown"),
    ],
)
def test_what_is_not_understood_is_answered(desk: Desk, content: bytes, kind: str) -> None:
    """With a document that can be sent on, and nothing is stored."""
    answer = desk.ask(content)
    assert type_of(answer) == kind
    answer["document"].encode("utf-8")
    assert desk.operations.submitted == []


def test_a_call_without_an_end_is_answered(desk: Desk) -> None:
    """The caller has closed its side in the middle of the line, or before it."""
    assert type_of(desk.ask(b'{"command": "op', shut=True)) == "nextcloud_bad_request"
    assert type_of(desk.ask(b"", shut=True)) == "nextcloud_bad_request"


def test_known_errors_of_the_engine_are_answered(desk: Desk) -> None:
    """In their words."""

    def fail() -> Operation:
        raise ServiceUnknown(service=12)

    desk.operations.answer = fail
    assert type_of(desk.ask(line())) == "nextcloud_service_unknown"


@pytest.mark.parametrize(
    "problem",
    [OperationalError("INSERT INTO x", {"password": "geheim"}, Exception("disk full")), RuntimeError("geheim")],
)
def test_an_operation_that_cannot_be_stored_is_not_accepted(desk: Desk, problem: Exception) -> None:
    """The engine's database is full or gone: the answer says what kind of error it was, and no values."""

    def fail() -> Operation:
        raise problem

    desk.operations.answer = fail
    answer = desk.ask(line())
    assert type_of(answer) == "nextcloud_internal"
    assert "geheim" not in json.dumps(answer)
    assert type(problem).__name__ in answer["message"]


def test_calls_do_not_wait_for_one_another(desk: Desk) -> None:
    """One that takes long holds nobody up, and a caller that was killed does no harm."""
    release = threading.Event()
    entered = threading.Event()

    def slow() -> Operation:
        entered.set()
        release.wait(20)
        return operation(State.DONE)

    desk.operations.answer = slow
    killed = socket.socket(socket.AF_UNIX)
    killed.connect(str(desk.settings.socket_path))
    killed.sendall(line(item="1"))
    assert entered.wait(10)
    killed.close()
    desk.operations.answer = lambda: operation(State.RUNNING)
    started = time.monotonic()
    assert desk.ask(line(item="2")) == {"status": "accepted"}
    assert time.monotonic() - started < 10
    release.set()
    assert desk.ask(line(item="3")) == {"status": "accepted"}
    assert [request.service for request in desk.operations.submitted] == [1, 2, 3]


STRANGER = """
import os, socket, sys
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(sys.argv[1])
    connection.sendall(sys.argv[2].encode())
    sys.stdout.buffer.write(connection.makefile("rb").read())
"""


def test_strangers_are_not_heard(desk: Desk, short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if the socket's mode let them in: no answer, and nothing is stored."""
    if os.geteuid() != 0:
        # Nobody else can be had: let the bridge be somebody else.
        owner = os.geteuid()
        monkeypatch.setattr("bill_nextcloud.intake.os.geteuid", lambda: owner + 1)
    short.chmod(0o711)
    desk.settings.socket_path.chmod(0o666)
    # The system's Python: that of the virtual environment may lie where a stranger cannot read.
    python = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable
    done = subprocess.run(
        [python, "-I", "-c", STRANGER, str(desk.settings.socket_path), line().decode()],
        capture_output=True,
        timeout=20,
        check=False,
    )
    # The call was not read: what the caller sees is an end or a reset.
    assert done.stdout == b"", done
    assert desk.operations.submitted == []
    assert b"PermissionError" not in done.stderr
    assert desk.operations.waited == []
