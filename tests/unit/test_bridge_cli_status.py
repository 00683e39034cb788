# SPDX-License-Identifier: GPL-3.0-or-later
"""``bill-nextcloud status``: the verdict, its exit status, and what it counts."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import pytest
from bill_nextcloud.cli.reading import record_of
from bill_nextcloud.errors import EngineUnavailable, Failure
from bill_nextcloud.record import CloudRow, Operations, State
from bill_nextcloud.settings import read_settings
from harness.command import Command, Listen, Record
from harness.worker import COMMAND

OK, WARNING, CRITICAL, UNKNOWN = 0, 1, 2, 3
HELD = Failure("wrong_credentials", {"cloud": "Blue"})
FAILED = Failure("disk_addon_missing", {"tariff": "Small"})
HOUR, DAY = 3600, 86400


@pytest.fixture
def worker(listen: Listen) -> None:
    """A worker that answers."""
    listen()


def codes(document: dict[str, Any]) -> list[tuple[str, str]]:
    """Level and code of each problem."""
    return [(problem["level"], problem["code"]) for problem in document["problems"]]


@pytest.mark.usefixtures("worker")
def test_all_is_well(command: Command, record: Record) -> None:
    """One line as plug-ins print it, with measures; the worker's process is told."""
    record.add()
    done = command("status")
    first = done.stdout.splitlines()[0]
    assert re.fullmatch(
        r"OK: worker running, 1 unfinished, no cloud held"
        r" \| oldest=\d+s;900;3600 unfinished=1 held=0 approval=0 failed=0;1",
        first,
    )
    assert done.stderr == ""
    document = command.json("status")
    assert (document["status"], document["exit_status"], document["problems"]) == ("ok", OK, [])
    assert document["worker"]["running"] is True
    assert document["worker"]["pid"] == 4711
    for moment in (document["time"], document["worker"]["started_at"]):
        assert abs(datetime.fromisoformat(moment).timestamp() - time.time()) < 120
        assert moment.endswith("Z")


def test_the_worker_does_not_run(command: Command, record: Record) -> None:
    """Critical, and the record is read all the same."""
    record.add()
    document = command.json("status", status=CRITICAL)
    assert codes(document) == [("critical", "worker_not_running")]
    assert "systemctl start bill-nextcloud" in document["summary"]
    assert document["worker"] == {"running": False, "pid": None, "started_at": None}
    assert document["unfinished"] == 1
    assert command("status", status=CRITICAL).stdout.startswith("CRITICAL: The worker of bill-nextcloud does not")


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("age", "options", "verdict"),
    [
        (890, (), OK),
        (910, (), WARNING),
        (3590, (), WARNING),
        (3610, (), CRITICAL),
        (50, ("--warning-age", 40, "--critical-age", 100), WARNING),
        (110, ("--warning-age", 40, "--critical-age", 100), CRITICAL),
    ],
)
def test_the_oldest_operation_decides(
    command: Command, record: Record, age: int, options: tuple[object, ...], verdict: int
) -> None:
    """By the thresholds; younger ones do not matter."""
    old = record.add(12, accepted_at=time.time() - age)
    record.add(13)
    document = command.json("status", *options, status=verdict)
    assert document["oldest"]["operation"] == old.id
    assert age <= document["oldest"]["age_seconds"] <= age + 9
    assert codes(document) == ([] if verdict == OK else [(document["status"], "oldest_operation")])


@pytest.mark.usefixtures("worker")
def test_deletions_in_their_retention_do_not_count(command: Command, record: Record) -> None:
    """However old; one whose retention has ended waits since then."""
    record.add(12, "delete", due_at=time.time() + DAY, accepted_at=time.time() - 30 * DAY)
    document = command.json("status")
    assert (document["unfinished"], document["oldest"]["operation"], document["oldest"]["age_seconds"]) == (0, None, 0)
    assert document["backlog"][0]["state"] == "delayed"
    ended = record.add(13, "delete", due_at=time.time() - 1000, accepted_at=time.time() - 30 * DAY)
    record.set(ended.id, state=State.HELD)
    document = command.json("status", status=WARNING)
    assert document["oldest"]["operation"] == ended.id
    assert 1000 <= document["oldest"]["age_seconds"] < 1010


@pytest.mark.usefixtures("worker")
def test_held_clouds(command: Command, record: Record) -> None:
    """A warning that names them; the table says since when, why, how many wait, and that nobody probes."""
    since = time.time() - 120
    record.clouds.save(CloudRow(3, "Blue", failure=HELD, held_since=since, held_by="anna"))
    record.clouds.save(CloudRow(4, "Green [bold]"))
    record.add(12, state=State.HELD)
    record.add(13, state=State.RETRYING)
    record.add(14, "delete", due_at=time.time() + DAY)
    document = command.json("status", status=WARNING)
    assert codes(document) == [("warning", "cloud_held")]
    assert document["clouds_held"] == 1
    blue, green = document["clouds"]
    assert (blue["cloud"], blue["name"], blue["state"], blue["waiting"]) == (3, "Blue", "held", 2)
    assert (blue["held_by"], blue["next_probe_at"]) == ("anna", None)
    assert blue["held_since"] == datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert blue["reason"]["code"] == "wrong_credentials"
    assert green == {
        "cloud": 4, "name": "Green [bold]", "state": "ok", "held_since": None, "held_by": None, "reason": None,
        "next_probe_at": None, "waiting": 0,
    }  # fmt: skip
    shown = command("status", status=WARNING).stdout
    assert shown.startswith("WARNING: held: Blue (3) | ")
    assert re.search(r"3 +Blue +held +2 +\S+ \S+ by anna +none +The cloud Blue refused the log-in", shown)
    assert "Green [bold]" in shown
    assert re.search(r"Blue +retrying +1 ", shown)


@pytest.mark.usefixtures("worker")
def test_a_probe_is_announced(command: Command, record: Record) -> None:
    """When the cloud is looked at next."""
    probe = time.time() + 300
    record.clouds.save(CloudRow(3, "Blue", failure=Failure("maintenance", {"cloud": "Blue"}), probe_at=probe))
    document = command.json("status", status=WARNING)
    at = datetime.fromisoformat(document["clouds"][0]["next_probe_at"])
    assert at.timestamp() == pytest.approx(probe, abs=1)
    assert at.strftime("%Y-%m-%d %H:%M:%S") in command("status", status=WARNING).stdout


@pytest.mark.usefixtures("worker")
def test_approvals_and_failures(command: Command, record: Record) -> None:
    """Both warn, the failures of one day only, and from the wanted number on."""
    record.add(12, state=State.APPROVAL)
    assert codes(command.json("status", status=WARNING)) == [("warning", "approval_waiting")]
    record.set(1, state=State.CANCELLED)
    command.json("status", status=OK)
    record.add(13, state=State.FAILED, ended_at=time.time() - DAY - 60, failure=FAILED)
    command.json("status", status=OK)
    record.add(14, state=State.FAILED, ended_at=time.time() - DAY + 60, failure=FAILED)
    document = command.json("status", status=WARNING)
    assert codes(document) == [("warning", "operations_failed")]
    assert document["failed_24h"] == 1
    command.json("status", "--warning-failed", 2, status=OK)
    record.add(14, state=State.DONE, ended_at=time.time())
    assert command.json("status", status=OK)["failed_24h"] == 0, "what came after it has mended it"


@pytest.mark.usefixtures("worker")
def test_the_worst_comes_first(command: Command, record: Record) -> None:
    """In the verdict and in its line."""
    record.add(12, state=State.APPROVAL, accepted_at=time.time() - 2 * HOUR)
    done = command("status", status=CRITICAL)
    assert done.stdout.startswith("CRITICAL: operation 1 is unfinished since 2 h; 1 operation waits for bill-nextcloud")


@pytest.mark.usefixtures("worker")
def test_nothing_was_ever_recorded(command: Command) -> None:
    """Unknown, and no file is made."""
    document = command.json("status", status=UNKNOWN)
    assert codes(document) == [("unknown", "record_missing")]
    assert "has the worker been started?" in document["summary"]
    assert list(command.state.iterdir()) == []
    (command.state / "record.sqlite").touch()
    assert codes(command.json("status", status=UNKNOWN)) == [("unknown", "record_missing")]


def test_every_key_is_there_whatever_is_known(command: Command, listen: Listen) -> None:
    """So that what reads the JSON never misses one."""
    nothing = command.json("status", status=CRITICAL)
    assert codes(nothing) == [("critical", "worker_not_running"), ("unknown", "record_missing")]
    listen()
    Record(command.state)
    assert list(command.json("status")) == list(nothing)


def test_a_broken_record_is_critical(command: Command, listen: Listen) -> None:
    """The bridge takes no operation without it."""
    listen()
    (command.state / "record.sqlite").write_bytes(b"no database" * 1000)
    assert codes(command.json("status", status=CRITICAL)) == [("critical", "engine_unavailable")]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
@pytest.mark.usefixtures("worker")
def test_a_record_that_may_not_be_read(command: Command, record: Record) -> None:
    """Unknown: the caller is not the one."""
    command.state.chmod(0)
    try:
        assert codes(command.json("status", status=UNKNOWN)) == [("unknown", "not_readable")]
    finally:
        command.state.chmod(0o700)


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "No such file"), ("[bridge", "settings cannot be used"), ("[bridge]\nsocke = 1\n", "unknown setting")],
)
def test_settings_that_cannot_be_used(command: Command, content: str | None, said: str) -> None:
    """Unknown, with the reason, in both forms."""
    command.settings.unlink() if content is None else command.settings.write_text(content)
    assert said in command.json("status", status=UNKNOWN)["summary"]
    done = command("status", status=UNKNOWN)
    assert done.stdout.startswith("UNKNOWN: ")
    assert len(done.stdout.splitlines()) == 1


def test_wrong_options_are_unknown(command: Command) -> None:
    """Not a warning, as the usual status of a wrong call would say."""
    assert "--bogus" in command.error("status", "--bogus", status=UNKNOWN)
    assert "must not be more" in command.error("status", "--warning-age", 9, "--critical-age", 8, status=UNKNOWN)


def test_without_a_command() -> None:
    """The version, or the help; neither needs settings."""
    done = subprocess.run([COMMAND, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"{version('bill-nextcloud')}\n"
    done = subprocess.run([COMMAND], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "")
    assert "Usage: bill-nextcloud" in done.stdout


def test_reading_writes_nothing(command: Command, record: Record) -> None:
    """The record's file stays as it is, byte for byte; it could not even be written."""
    record.add()
    record.store.engine.dispose()
    path = command.state / "record.sqlite"
    before = path.read_bytes()
    command("status", status=CRITICAL)
    command("operations")
    assert path.read_bytes() == before
    with pytest.raises(EngineUnavailable, match="readonly"):
        Operations(record_of(read_settings(command.settings))).update(1, "written", attempts=1)


@pytest.mark.usefixtures("worker")
def test_a_name_cannot_steer_the_terminal(command: Command, record: Record) -> None:
    """Control characters of names that others write do not come out."""
    record.clouds.save(CloudRow(3, "Blue\x1b[2J\nOK: all fine", failure=HELD))
    done = command("status", status=WARNING)
    assert "\x1b" not in done.stdout
    assert not [line for line in done.stdout.splitlines() if line.startswith("OK")]


@pytest.mark.usefixtures("worker")
def test_the_settings_file_can_come_from_the_environment(command: Command, record: Record) -> None:
    """As for the inventory."""
    done = subprocess.run(
        [COMMAND, "status", "--json"],
        env={"PATH": os.defpath, "BILL_NEXTCLOUD_SETTINGS": str(command.settings)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["status"] == "ok"
