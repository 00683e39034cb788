# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that the worker carries out: what it is asked, and what is said of its answer or its silence."""

from __future__ import annotations

import os
import pwd
import threading
import time
from typing import Any

import pytest
from bill_nextcloud.billmanager.messages import error_document, text
from bill_nextcloud.errors import Failure
from bill_nextcloud.record import CloudRow
from harness.command import Answering, Command, Listen, Record

NOT_WAITING = Failure("operation_not_waiting", {"operation": "8", "state": "done", "action": "retry"})
ME = pwd.getpwuid(os.getuid()).pw_name


def refused(failure: Failure) -> dict[str, Any]:
    """The worker's answer for a failure."""
    return {"status": "failed", "message": text(failure, "en"), "document": error_document(failure)}


def echo(**more: Any) -> Any:
    """An answer with what was asked."""
    return lambda parameters: {"status": "done", "result": {**parameters, **more}}


def asked(server: Answering) -> list[tuple[str, dict[str, Any]]]:
    """Action and parameters of each request."""
    return [(request["action"], request["parameters"]) for request in server.requests]


@pytest.fixture(autouse=True)
def clouds(record: Record) -> None:
    """A cloud on record."""
    record.clouds.save(CloudRow(3, "Blue"))


@pytest.mark.parametrize(("action", "said"), [("retry", "is tried again"), ("cancel", "is cancelled")])
def test_operations_one_by_one(command: Command, listen: Listen, action: str, said: str) -> None:
    """A request and a line for each; by whom."""
    server = listen({action: echo(command="open")})
    assert command(action, 7, 9).stdout == f"operation 7 {said}\noperation 9 {said}\n"
    assert server.requests == [
        {"command": "administer", "action": action, "parameters": {"operation": number}, "by": ME} for number in (7, 9)
    ]


def test_one_that_is_refused_stops_no_other(command: Command, listen: Listen) -> None:
    """Its reason goes to standard error, and the status is 1."""
    listen({"retry": lambda asked: refused(NOT_WAITING) if asked["operation"] == 8 else echo()(asked)})
    done = command("retry", 7, 8, 9, status=1)
    assert done.stdout == "operation 7 is tried again\noperation 9 is tried again\n"
    assert done.stderr.startswith('bill-nextcloud: Operation 8 is in the state "done", in which retry does nothing')


def test_a_deletion_that_is_cancelled(command: Command, listen: Listen) -> None:
    """What that means for the account is said: it looks harmless."""
    listen({"cancel": echo(command="delete")})
    assert "its account stays, disabled" in command("cancel", 7).stdout


def test_a_retry_of_what_has_ended_is_another_operation(command: Command, listen: Listen) -> None:
    """Its number is said."""
    listen({"retry": echo(operation=10)})
    assert command("retry", 7).stdout == "operation 7 is tried again as operation 10\n"


def test_who_asks_below_sudo(command: Command, listen: Listen) -> None:
    """The person, not root."""
    server = listen({"retry": echo()})
    command("retry", 7, environment={"SUDO_USER": "anna"})
    assert server.requests[0]["by"] == "anna"


def test_approve(command: Command, listen: Listen) -> None:
    """Operations in one request, or all of a cloud."""
    server = listen({"approve": lambda asked: echo(operations=asked.get("operations", [4, 5]))(asked)})
    assert command("approve", 7, 9).stdout == "operation 7 is approved\noperation 9 is approved\n"
    assert command("approve", "--cloud", "Blue").stdout == "operation 4 is approved\noperation 5 is approved\n"
    assert asked(server) == [("approve", {"operations": [7, 9]}), ("approve", {"cloud": 3})]
    server.answers["approve"] = {"status": "done", "result": {"operations": []}}
    assert command("approve", "--cloud", 3).stdout == "no operation waits for approval there\n"


@pytest.mark.parametrize("words", [(), (7, "--cloud", "Blue")])
def test_approve_wants_one_or_the_other(command: Command, listen: Listen, words: tuple[object, ...]) -> None:
    """Nothing is sent otherwise."""
    server = listen({"approve": echo(operations=[])})
    assert "name either operations or --cloud" in command.error("approve", *words)
    assert server.requests == []


@pytest.mark.parametrize("name", ["Blue", "3"])
def test_hold_and_release(command: Command, listen: Listen, name: str) -> None:
    """By number or name."""
    server = listen({"hold": echo(), "release": echo(held=True, operations=2)})
    assert command("hold", name, "--reason", "new disks").stdout.startswith("cloud Blue (3) is held; ")
    assert command("release", name).stdout == "cloud Blue (3) is released; 2 operations go on\n"
    command("release", name, "--force")
    assert asked(server) == [
        ("hold", {"cloud": 3, "reason": "new disks"}),
        ("release", {"cloud": 3, "force": False}),
        ("release", {"cloud": 3, "force": True}),
    ]


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_a_release_of_what_is_not_held(command: Command, listen: Listen, force: tuple[str, ...]) -> None:
    """One line that says so, and no error: it is as it was asked to be. Worker hosts may try again all the same."""
    server = listen({"release": echo(held=False, operations=0)})
    done = command("release", "Blue", *force)
    assert (done.stdout, done.stderr) == ("cloud Blue (3) was not held\n", "")
    assert asked(server) == [("release", {"cloud": 3, "force": bool(force)})]


def test_a_hold_needs_a_reason_and_a_cloud(command: Command, listen: Listen) -> None:
    """Nothing is sent."""
    server = listen({"hold": echo()})
    assert "--reason" in command.error("hold", "Blue")
    for empty in ("", "  "):
        assert "'--reason': say why" in command.error("hold", "Blue", "--reason", empty)
    assert "There is no cloud Purple" in command.error("hold", "Purple", "--reason", "x")
    assert "There is no cloud Purple" in command.error("approve", "--cloud", "Purple")
    assert "There is no cloud 4" in command.error("release", 4)
    assert server.requests == []


@pytest.mark.parametrize(
    "words", [("retry", 7), ("approve", 7), ("hold", "Blue", "--reason", "x"), ("release", "Blue")]
)
def test_no_worker(command: Command, words: tuple[object, ...]) -> None:
    """One line with the socket and the next step, at once."""
    started = time.monotonic()
    said = command.error(*words)
    assert said.startswith(f"The worker of bill-nextcloud does not answer at {command.socket} (No such file")
    assert said.endswith("Start it: systemctl start bill-nextcloud.")
    assert time.monotonic() - started < 4


def test_a_socket_that_nobody_serves(command: Command, listen: Listen) -> None:
    """Left of a killed worker."""
    server = listen()
    server.shutdown()
    server.server_close()
    assert "(Connection refused)" in command.error("retry", 7)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([b""], "no answer in time"),
        ([b"hello\n"], "an answer that is not understood"),
        ([b"[]\n"], "an answer that is not understood"),
        ([b'{"status": "running", "wait": 5}\n', b'{"status": "accepted"}\n'], "an answer that is not understood"),
    ],
)
def test_what_is_no_answer(command: Command, listen: Listen, lines: list[bytes], said: str) -> None:
    """Neither a traceback nor a wait without end."""
    listen(lines=lines)
    assert f"({said})" in command.error("retry", 7)


def test_a_worker_that_dies_in_the_middle(command: Command, listen: Listen) -> None:
    """It closes the connection before it answers."""
    server = listen()
    server.dies = True
    assert "(it closed the connection)" in command.error("retry", 7)


def test_a_slow_worker_is_waited_for(command: Command, listen: Listen) -> None:
    """An answer may take its time, once the greeting has come."""
    release = threading.Event()
    threading.Timer(7, release.set).start()

    def slow(parameters: dict[str, Any]) -> Any:
        release.wait(20)
        return echo()(parameters)

    listen({"retry": slow})
    assert command("retry", 7).stdout == "operation 7 is tried again\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may call everywhere")
def test_a_socket_of_somebody_else(command: Command, listen: Listen) -> None:
    """Said as it is."""
    listen({"retry": echo()})
    command.socket.chmod(0)
    assert command.error("retry", 7) == f"Permission denied: {command.socket}"


def test_a_message_cannot_steer_the_terminal(command: Command, listen: Listen) -> None:
    """Whatever a cloud's answer has brought into it."""
    listen({"hold": {"status": "failed", "message": "no\x1b[2J\nway", "document": "<doc/>"}})
    assert "\x1b" not in command.error("hold", "Blue", "--reason", "x")


def test_a_certificate_authority_that_is_not_there(command: Command) -> None:
    """The worker says so before it takes the first order."""
    with command.settings.open("a", encoding="utf-8") as file:
        file.write(f'[clouds]\nca_file = "{command.directory / "none.pem"}"\n')
    assert "clouds.ca_file" in command.error("worker")
