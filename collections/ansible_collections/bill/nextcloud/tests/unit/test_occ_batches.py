# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of many threads on one server: they go together, and each gets its own answer."""

from __future__ import annotations

import os
import sys
import threading
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.occ.caller import Caller
from ansible_collections.bill.nextcloud.plugins.module_utils.occ.commands import Command, run
from ansible_collections.bill.nextcloud.plugins.module_utils.occ.launch import launch
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.refusals import connection_fault, sentence
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.server import Server

PROGRAM = """
import json, os, sys, time
words = [word for word in sys.argv[1:] if not word.startswith("--no-")]
if words[0] == "sleep":
    time.sleep(60)
if words[0] == "die":
    os.kill(os.getpid(), 9)
if words[0] == "say":
    print(words[1])
    sys.exit(int(words[2]))
if words[0] == "notice":
    print("PHP Warning:  something in /var/www/x.php on line 3")
# Backwards, since passwords are masked in what a command says.
print(json.dumps({"words": words, "drowssap": os.environ.get("OC_PASS", "")[::-1]}))
"""


UNCAUGHT = """An unhandled exception has been thrown:
Doctrine\\DBAL\\Exception: Failed to connect to the database: SQLSTATE[HY000] [2002] Connection refused
Stack trace:
#0 Connection.php(459): connect('cloud', 'secret')
"""
"""What Nextcloud 31 said to each command when its database was away; only the trace is another."""


class Here(Caller):
    """A caller that does not go away; the real one listens to signals, which only a process's first thread can."""

    def __init__(self) -> None:
        self.gone = False

    def look(self) -> bool:
        """Return that it is there."""
        return True


class Machine:
    """A server on this machine; it counts how often the module would have been run."""

    def __init__(self, directory: Path) -> None:
        self._program = directory / "occ.py"
        self._program.write_text(PROGRAM)
        self.executions: list[int] = []
        self.begun = threading.Event()
        self.may_end = threading.Event()
        self.may_end.set()

    def __call__(self, arguments: t.Mapping[str, t.Any]) -> t.Mapping[str, t.Any]:
        """Do what the module does."""
        self.executions.append(len(arguments["commands"]))
        self.begun.set()
        assert self.may_end.wait(30)
        commands = [
            Command(tuple(one["arguments"]), one["seconds"], one["changes"], one.get("password"))
            for one in arguments["commands"]
        ]
        how = launch(None, None, [sys.executable, str(self._program)])
        descriptor = os.open(self._program, os.O_RDONLY)
        try:
            answers = run(commands, how, descriptor, arguments["processes"], Here(), only_reading=False)
        finally:
            os.close(descriptor)
        return {"results": [vars(answer) for answer in answers]}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A server on which a small program is occ."""
    return Machine(tmp_path)


@pytest.fixture
def server(machine: Machine) -> Server:
    """The same, as backends see it."""
    return Server(machine, {"processes": 4})


def test_commands_that_wait_go_together(machine: Machine, server: Server) -> None:
    """While an execution is on, others wait; the next one takes all of them. Everybody gets the answer to its own."""
    machine.may_end.clear()

    def ask(number: int) -> t.Any:
        return server.run("ask", str(number), password=f"secret-{number}", changes=True).read_json()

    with ThreadPoolExecutor(20) as pool:
        first = pool.submit(ask, 0)
        assert machine.begun.wait(30)
        others = [pool.submit(ask, number) for number in range(1, 20)]
        while len(server._waiting) < 19:
            pass
        machine.may_end.set()
        told = [first.result(), *(other.result() for other in others)]
    assert told == [{"words": ["ask", str(number)], "drowssap": f"secret-{number}"[::-1]} for number in range(20)]
    assert machine.executions == [1, 19]


def test_a_command_that_does_not_end(server: Server) -> None:
    """It is ended. What it did is not known if it may have changed something."""
    for changes in (True, False):
        with pytest.raises(CloudError) as raised:
            server.run("sleep", changes=changes, seconds=1)
        assert (raised.value.code, raised.value.outcome_unknown) == ("timeout", changes)
        assert raised.value.request == "occ sleep"


def test_a_server_that_cannot_be_used(tmp_path: Path) -> None:
    """A fault of the connection is that of every command; only of changes the outcome can be unknown."""

    def broken(arguments: t.Mapping[str, t.Any]) -> t.NoReturn:
        raise CloudError("unreachable", "closed", outcome_unknown=True)

    server = Server(broken, {"processes": 1})
    for changes in (True, False):
        with pytest.raises(CloudError) as raised:
            server.run("user:info", "anna", changes=changes)
        assert (raised.value.code, raised.value.outcome_unknown) == ("unreachable", changes)
        assert raised.value.request == "occ user:info anna"


def test_a_server_on_which_nothing_was_begun() -> None:
    """No command is named, since none was run."""

    def refuse(arguments: t.Mapping[str, t.Any]) -> t.NoReturn:
        raise CloudError("host_refused", "Permission denied.")

    with pytest.raises(CloudError) as raised:
        Server(refuse, {"processes": 1}).run("status", changes=False)
    assert (raised.value.code, raised.value.request) == ("host_refused", None)


def test_a_fault_of_ours_is_everybodys(machine: Machine) -> None:
    """Nobody waits for ever, and the next command is run."""

    def sometimes(arguments: t.Mapping[str, t.Any]) -> t.Mapping[str, t.Any]:
        if arguments["commands"][0]["arguments"] == ["wrong"]:
            raise LookupError("wrong")
        return machine(arguments)

    server = Server(sometimes, {"processes": 1})
    with pytest.raises(LookupError):
        server.run("wrong", changes=False)
    assert server.run("right", changes=False).status == 0


def test_notices_of_php_before_an_answer(server: Server) -> None:
    """They are passed over."""
    assert server.run("notice", changes=False).read_json()["words"] == ["notice"]


def test_an_answer_that_is_no_json(server: Server) -> None:
    """It is a fault, not an empty answer."""
    with pytest.raises(CloudError) as raised:
        server.run("say", "{ not", "0", changes=False).read_json()
    assert raised.value.code == "not_an_answer"


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ("--password-from-env given, but OC_PASS is empty!", 1, "occ_unusable"),
        ("Nextcloud is not installed - only a limited number of commands are available", 1, "occ_unusable"),
        ('Nextcloud is in maintenance mode, no apps are loaded.  Command "user:add" is not defined.', 1, "maintenance"),
        ('There are no commands defined in the "user" namespace. or one of the apps require upgrade', 1, "maintenance"),
        ('Command "user:auth-tokens:add" is not defined.', 1, "unsupported"),
        ("PHP Fatal error:  Allowed memory size exhausted", 255, "server_error"),
        ("Killed", 137, "server_error"),
        (UNCAUGHT, 1, "server_error"),
    ],
)
def test_occ_that_could_not_begin(server: Server, said: str, status: int, code: str) -> None:
    """What it says then is not the answer of its command."""
    with pytest.raises(CloudError) as raised:
        server.run("say", said, str(status), changes=True)
    assert raised.value.code == code


@pytest.mark.parametrize("changes", [True, False])
def test_an_exception_that_nobody_caught(server: Server, changes: bool) -> None:
    """It is no refusal of this account. What follows it may have secrets in it."""
    with pytest.raises(CloudError) as raised:
        server.run("say", UNCAUGHT, "1", changes=changes)
    assert raised.value.outcome_unknown is changes
    assert raised.value.message.startswith("Doctrine\\DBAL\\Exception: Failed to connect to the database: ")
    assert "secret" not in raised.value.message


def test_a_command_that_a_signal_has_ended(server: Server) -> None:
    """What it has done is not known: that is no refusal."""
    with pytest.raises(CloudError) as raised:
        server.run("die", changes=True)
    assert (raised.value.code, raised.value.outcome_unknown) == ("server_error", True)
    assert "-9" in raised.value.message


def test_a_refusal_of_a_command_is_its_answer(server: Server) -> None:
    """Whoever has sent it knows what it means."""
    answer = server.run("say", 'The account "anna" already exists.', "1", changes=True)
    assert (answer.status, answer.words) == (1, 'The account "anna" already exists.')
    assert answer.error("account_conflict").request == 'occ say The account "anna" already exists. 1'


@pytest.mark.parametrize(
    ("words", "code", "unknown"),
    [
        (
            "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @ Host key verification failed.",
            "host_key_not_verified",
            False,
        ),
        (
            "No ED25519 host key is known for [127.0.0.1]:22 Host key verification failed.",
            "host_key_not_verified",
            False,
        ),
        ("root@127.0.0.1: Permission denied (publickey).", "host_refused", False),
        ("ssh: connect to host 127.0.0.1 port 1: Connection refused", "unreachable", False),
        ("ssh: Could not resolve hostname cloud: Name or service not known", "unreachable", False),
        ("Shared connection to 127.0.0.1 closed.", "unreachable", True),
        ("client_loop: send disconnect: Connection reset by peer", "unreachable", True),
        ("Read from remote host 127.0.0.1: Connection timed out", "unreachable", True),
    ],
)
def test_how_a_connection_fails(words: str, code: str, unknown: bool) -> None:
    """Whether commands may have been begun is known for all but a connection that broke."""
    fault = connection_fault(words)
    assert (fault.code, fault.outcome_unknown) == (code, unknown)
    assert fault.message.endswith(".")
    assert not fault.message.endswith("..")


def test_what_a_program_says_as_a_sentence() -> None:
    """In one line, with a full stop, and a capital unless it begins with a name of something."""
    assert sentence("there is more than one occ: a,\n b") == "There is more than one occ: a, b."
    assert sentence("sudo does not start it.") == "sudo does not start it."
    assert sentence("php_path must be absolute") == "php_path must be absolute."
