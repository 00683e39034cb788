# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that run: real processes of a small program in the place of occ."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils.occ import commands
from ansible_collections.bill.nextcloud.plugins.module_utils.occ import lock as locks
from ansible_collections.bill.nextcloud.plugins.module_utils.occ.caller import Caller
from ansible_collections.bill.nextcloud.plugins.module_utils.occ.commands import MASK, Answer, Command, run
from ansible_collections.bill.nextcloud.plugins.module_utils.occ.launch import Launch
from ansible_collections.bill.nextcloud.plugins.module_utils.occ.lock import Busy, locked
from ansible_collections.bill.nextcloud.plugins.module_utils.occ.refusals import Unusable

PROGRAM = r"""
import json, os, signal, subprocess, sys, time
name, arguments = sys.argv[1], sys.argv[4:]
if name == "tell":
    variables = {name: os.environ[name] for name in ("OC_PASS", "NC_PASS") if name in os.environ}
    print(json.dumps({"arguments": sys.argv[1:], "variables": variables}))
elif name == "read":  # only what is there at once
    os.set_blocking(0, False)
    sys.stdout.write(sys.stdin.read())
elif name == "big":
    sys.stderr.write("e" * 3000000)
    sys.stdout.write("o" * 3000000)
elif name == "meet":  # each of two makes a file and waits for the other's
    open(arguments[0], "w").close()
    while not os.path.exists(arguments[1]):
        time.sleep(0.01)
elif name == "ignore":  # to be told to end, until there is a file
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("ignoring", flush=True)
    while not os.path.exists(arguments[0]):
        time.sleep(0.01)
    print("x" * 3000000)
elif name == "stay":  # with a child in the same group
    subprocess.Popen(["sleep", "60"]).wait()
elif name == "leave":  # what it leaves behind keeps its pipes
    print(subprocess.Popen(["sleep", "60"], start_new_session=True, close_fds=False).pid)
elif name == "repeat":
    print("Password " + os.environ["OC_PASS"] + " is too short")
    sys.stderr.write(os.environ["OC_PASS"])
    sys.exit(3)
elif name == "refuse":  # as sudo does
    sys.exit("sudo: a password is required")
"""


@pytest.fixture
def how(tmp_path: Path) -> Launch:
    """Starts the program."""
    (tmp_path / "occ").write_text(PROGRAM)
    return Launch((sys.executable, str(tmp_path / "occ")), "somebody")


@pytest.fixture
def output() -> t.Iterator[tuple[int, int]]:
    """A pipe: the end that the caller reads, and the module's standard output."""
    signals = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGTERM)}
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            assert end == ends[0]  # a test has closed it
    for number, handler in signals.items():
        signal.signal(number, handler)


@pytest.fixture
def caller(output: tuple[int, int]) -> Caller:
    """A caller that is there."""
    return Caller(output[1])


class Run(t.Protocol):
    """Runs commands."""

    def __call__(self, *commands: Command, processes: int = 1, only_reading: bool = False) -> list[Answer]:
        """Run them; their answers."""


@pytest.fixture
def execute(how: Launch, caller: Caller, tmp_path: Path) -> Run:
    """Runs commands with a lock in the test's directory."""

    def execute(*commands: Command, processes: int = 1, only_reading: bool = False) -> list[Answer]:
        with locked(str(tmp_path), how, caller) as lock:
            return run(commands, how, lock, processes, caller, only_reading)

    return execute


def command(*arguments: str, **options: t.Any) -> Command:
    """Return a command that has a minute."""
    return Command(arguments, **{"seconds": 60, **options})


def test_arguments_are_what_they_are(execute: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in them is interpreted; they are UTF-8, whatever the locale; the options come behind the name."""
    monkeypatch.setenv("LC_ALL", "ru_RU.KOI8-R")
    given = ("tell", "a b", "$(id) `id` ; |", "Анна", "--", "")
    (answer,) = execute(command(*given))
    assert json.loads(answer.output)["arguments"] == ["tell", "--no-interaction", "--no-ansi", *given[1:]]
    assert (answer.status, answer.errors, answer.timed_out, answer.begun, answer.refusal) == (0, "", False, True, None)


def test_a_password_is_for_one_command(execute: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for those beside it, and not for the module itself, which hands on none of its own either."""
    monkeypatch.setenv("OC_PASS", "of the module")
    before = dict(os.environ)
    answers = execute(command("tell", password="пароль"), command("tell"), processes=2)
    assert os.environ == before
    found = [json.loads(answer.output)["variables"] for answer in answers]
    assert found == [{"OC_PASS": "пароль", "NC_PASS": "пароль"}, {}]


def test_a_password_that_is_printed_is_masked(execute: Run) -> None:
    """In the outputs of its command; the same letters stay in those of others."""
    repeated, other = execute(command("repeat", password="tell"), command("tell"), processes=2)
    assert (repeated.status, repeated.output, repeated.errors) == (3, f"Password {MASK} is too short\n", MASK)
    assert json.loads(other.output)["arguments"][0] == "tell"


def test_an_input_is_there_before_the_command_begins(execute: Run) -> None:
    """The whole of it, for that command only; one that is too long is refused."""
    long = "й" * 30000
    read, other, refused = execute(command("read", input=long), command("read"), command("read", input=long * 2))
    assert (read.output, other.output) == (long, "")
    assert (refused.begun, refused.refusal) == (False, "it cannot be started: its input of 120000 bytes is too long")


def test_big_outputs(execute: Run) -> None:
    """None of both pipes stops the program, nor another command."""
    for answer in execute(*[command("big")] * 3, processes=2):
        assert (answer.status, answer.output, answer.errors) == (0, "o" * 3000000, "e" * 3000000)


def test_several_at_once(execute: Run, tmp_path: Path) -> None:
    """As many as are allowed run together, and the answers are in order."""
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    answers = execute(command("meet", a, b), command("meet", b, a), command("tell"), processes=2)
    assert [answer.status for answer in answers] == [0, 0, 0]
    assert [answer.output != "" for answer in answers] == [False, False, True]


def test_one_after_the_other(execute: Run, tmp_path: Path) -> None:
    """With one process the second begins when the first has ended, here by its time."""
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    first, second = execute(command("meet", a, b, seconds=1), command("meet", b, a))
    assert (first.status, first.timed_out, first.begun) == (None, True, True)
    assert (second.status, second.timed_out) == (0, False)


def test_a_command_out_of_its_time_is_ended(execute: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what it has started, even if it does not want to: nothing of it holds the lock any more."""
    monkeypatch.setattr(commands, "GRACE_SECONDS", 0.2)
    for given in (["stay"], ["ignore", str(tmp_path / "never")]):
        (answer,) = execute(command(*given, seconds=1))
        assert (answer.status, answer.timed_out, answer.refusal) == (None, True, None)
        assert execute(command("tell"))[0].status == 0


def test_what_cannot_be_ended_is_waited_for(
    how: Launch, caller: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below sudo a command goes on when it wants to: the lock is held until it ends, and it can write what it likes."""
    monkeypatch.setattr(commands, "GRACE_SECONDS", 0.2)
    monkeypatch.setattr(locks, "WAIT_SECONDS", 0.3)
    below_sudo, end = Launch(how.command, "somebody", by_sudo=True), tmp_path / "end"

    def execute(*given: Command) -> list[Answer]:
        with locked(str(tmp_path), below_sudo, caller) as lock:
            return run(given, below_sudo, lock, 1, caller, only_reading=False)

    (answer,) = execute(command("ignore", str(end), seconds=1))
    assert (answer.status, answer.output, answer.timed_out) == (None, "ignoring\n", True)
    with pytest.raises(Busy):
        execute(command("tell"))
    end.touch()
    monkeypatch.setattr(locks, "WAIT_SECONDS", 60)
    assert execute(command("tell"))[0].status == 0


def test_what_sudo_refuses_is_told(how: Launch, caller: Caller, tmp_path: Path) -> None:
    """The whole command line, without the password, which is in the environment only."""
    below_sudo, given = Launch(how.command, "somebody", by_sudo=True), command("refuse", "anna b", password="Geheim-1")
    with locked(str(tmp_path), below_sudo, caller) as lock:
        (answer,) = run([given], below_sudo, lock, 1, caller, only_reading=False)
    assert not answer.begun
    assert f"{' '.join(how.command)} refuse --no-interaction --no-ansi 'anna b' (sudo: " in str(answer.refusal)
    assert "Geheim-1" not in str(answer)


def test_what_is_left_behind_is_not_waited_for(execute: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is there, although the pipes are still open. The lock is held by it, which is told."""
    (answer,) = execute(command("leave"))
    assert answer.status == 0
    monkeypatch.setattr(locks, "WAIT_SECONDS", 0.3)
    with pytest.raises(Busy, match=r"after 0\.3 s"):
        execute(command("tell"))
    os.kill(int(answer.output), signal.SIGKILL)
    monkeypatch.setattr(locks, "WAIT_SECONDS", 60)
    assert execute(command("tell"))[0].status == 0


def test_what_cannot_be_started(caller: Caller) -> None:
    """It has not begun, and is no failure of the others."""
    answers = run([command("a"), command("b")], Launch(("/nowhere/php", "occ")), 1, 1, caller, only_reading=False)
    for answer in answers:
        assert (answer.status, answer.begun) == (None, False)
        assert "No such file or directory" in str(answer.refusal)


def test_only_reading(execute: Run) -> None:
    """What may change something is not begun."""
    first, second = execute(command("tell"), command("tell", changes=False), only_reading=True)
    assert first == Answer()
    assert second.status == 0


def test_a_caller_that_goes_away(execute: Run, output: tuple[int, int], tmp_path: Path) -> None:
    """What runs is waited for, nothing else begins."""
    begun, go_on = tmp_path / "begun", tmp_path / "go-on"

    def leave() -> None:
        while not begun.exists():
            time.sleep(0.01)
        os.close(output[0])
        go_on.touch()

    leaving = threading.Thread(target=leave)
    leaving.start()
    first, second = execute(command("meet", str(begun), str(go_on)), command("tell"))
    leaving.join()
    assert (first.status, first.begun) == (0, True)
    assert second == Answer()


def test_a_sign_of_life(caller: Caller, output: tuple[int, int], execute: Run) -> None:
    """The caller reads line feeds while commands run, and nothing else."""
    execute(command("stay", seconds=2))
    assert caller.look()
    assert set(os.read(output[0], 100)) == {ord("\n")}


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_is_a_caller_that_goes_away(caller: Caller, execute: Run, number: signal.Signals) -> None:
    """A connection with a terminal hangs up; the module does not die of it."""
    os.kill(os.getpid(), number)
    assert execute(command("tell")) == [Answer()]


def test_the_lock_is_nobody_elses(how: Launch, caller: Caller, tmp_path: Path) -> None:
    """Whoever may write into the directory cannot let it be another file."""
    with locked(str(tmp_path), how, caller):
        (file,) = tmp_path.glob("*.lock")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_bytes() == b""
    file.unlink()
    (tmp_path / "other").touch()
    file.symlink_to(tmp_path / "other")
    with pytest.raises(Unusable, match="cannot be opened"), locked(str(tmp_path), how, caller):
        pass
