# SPDX-License-Identifier: GPL-3.0-or-later
"""``bill-nextcloud operations`` and ``show``."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import get_args

import pytest
from bill_nextcloud.cli.history import Asked
from bill_nextcloud.errors import Failure
from bill_nextcloud.record import CloudRow, State
from bill_nextcloud.record.operations import DELETE
from bill_nextcloud.request import COMMANDS
from harness.command import Command, Record

GIB = 1024**3
DAY = 86400
FAILED = Failure("disk_addon_missing", {"tariff": "Small"})
QUOTA = {"field": "quota", "before": GIB, "after": 2 * GIB}


@pytest.fixture
def history(record: Record) -> Record:
    """Four operations of three services on two clouds."""
    now = time.time()
    record.clouds.save(CloudRow(3, "Blue"))
    record.clouds.save(CloudRow(4, "Green"))
    record.add(12, "open", state=State.DONE, accepted_at=now - 10 * DAY, ended_at=now - 10 * DAY + 4)
    record.add(12, "suspend", state=State.FAILED, accepted_at=now - 3 * 3600, ended_at=now, failure=FAILED)
    record.add(13, "open", state=State.RETRYING, cloud=4, accepted_at=now - 60, failure=FAILED, due_at=now + 90)
    record.add(14, "delete", due_at=now + DAY)
    return record


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize(
    ("options", "found"),
    [
        ((), [4, 3, 2, 1]),
        (("--service", 12), [2, 1]),
        (("--account", "USER_13"), [3]),
        (("--cloud", "Green"), [3]),
        (("--cloud", 3), [4, 2, 1]),
        (("--state", "failed"), [2]),
        (("--state", "failed", "--state", "delayed"), [4, 2]),
        (("--command", "open"), [3, 1]),
        (("--since", "2h"), [4, 3]),
        (("--since", "30d", "--until", "1d"), [1]),
        (("--until", "2h"), [2, 1]),
        (("--service", 12, "--since", "1d"), [2]),
        (("--limit", 2), [4, 3]),
        (("--service", 99), []),
    ],
)
def test_search(command: Command, options: tuple[object, ...], found: list[int]) -> None:
    """By each criterion and by several; the newest first."""
    done = command("operations", *options, "--json")
    assert [row["operation"] for row in json.loads(done.stdout)] == found


@pytest.mark.usefixtures("history")
def test_nothing_is_found(command: Command) -> None:
    """Said, apart from the output; an empty list for programs."""
    done = command("operations", "--command", "reopen")
    assert (done.stdout, done.stderr) == ("", "No operations found.\n")
    assert command.json("operations", "--command", "reopen") == []


def test_the_commands_are_those_of_the_bridge() -> None:
    """All that can be on record, and no other."""
    assert set(get_args(Asked)) == {*COMMANDS, DELETE}


@pytest.mark.usefixtures("history")
def test_dates(command: Command) -> None:
    """A date means its first moment here, a time may name its zone."""
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    assert [row["operation"] for row in command.json("operations", "--until", "2001-02-03")] == []
    assert 4 in [row["operation"] for row in command.json("operations", "--since", today)]
    soon = datetime.fromtimestamp(time.time() - 7200, UTC)
    for form in ("%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S+00:00", "%Y-%m-%dT%H:%M:%SZ"):
        assert [row["operation"] for row in command.json("operations", "--since", soon.strftime(form))] == [4, 3]


@pytest.mark.usefixtures("history")
def test_the_table(command: Command) -> None:
    """Names of clouds, and what is to be known of the state; nothing is cut off where nobody looks."""
    done = command("operations")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["ID", "ACCEPTED", "COMMAND", "SERVICE", "ACCOUNT", "CLOUD", "STATE", "TRIES", "REMARK"]
    assert [line.split()[0] for line in lines[1:]] == ["4", "3", "2", "1"]
    assert "to be deleted 20" in lines[1]
    assert "Green" in lines[2]
    assert "disk_addon_missing, again 20" in lines[2]
    assert lines[3].rstrip().endswith("disk_addon_missing")
    assert lines[4].rstrip().endswith("0")
    assert done.stderr == ""
    assert "--limit shows more" in command("operations", "--limit", 2).stderr


@pytest.mark.usefixtures("history")
def test_an_operation_as_json(command: Command) -> None:
    """Every field, times in UTC, the failure in words."""
    row = command.json("operations", "--state", "failed")[0]
    assert set(row) == {
        "operation", "billmanager_operation", "installation", "command", "service", "account", "cloud", "client",
        "state", "attempts", "asked_by", "approved_by", "accepted_at", "first_failed_at", "due_at", "ended_at",
        "failure",
    }  # fmt: skip
    assert (row["operation"], row["billmanager_operation"], row["client"]) == (2, 82, 5)
    assert datetime.fromisoformat(row["ended_at"]).timestamp() == pytest.approx(time.time(), abs=60)
    assert row["failure"]["kind"] == "final"
    assert row["failure"]["text"].startswith("The tariff Small has no addon")


@pytest.fixture
def story(record: Record, command: Command) -> int:
    """An operation with two attempts: the first failed, the second changed a quota; its number."""
    record.clouds.save(CloudRow(3, "Blue"))
    operation = record.add(12, "setparam")
    record.attempt(operation, 1, failure=Failure("timeout", {"cloud": "Blue", "detail": "30 s"}), run="aaa")
    record.attempt(
        operation,
        2,
        run="bbb",
        wish={"name": "user_12", "state": "exists", "quota": str(2 * GIB), "groups": ["customers", "\x1b[2J"]},
        result={"name": "user_12", "action": "updated", "changes": [QUOTA], "account": {"quota": 2 * GIB}},
    )
    record.operations.update(operation.id, "done", detail={"seconds": 2}, state=State.DONE, ended_at=time.time())
    for run in ("aaa", "bbb"):
        directory = command.state / "runs" / run
        directory.mkdir(parents=True)
        (directory / "stdout").write_text(f"PLAY [of {run}]\x1b[0m\nok: [cloud_3]\n", encoding="utf-8")
    return operation.id


def test_show(command: Command, story: int) -> None:
    """Head, timeline, attempts with plan and changes, and the output of the last run; no control characters."""
    shown = command("show", story).stdout
    lines = shown.splitlines()
    assert lines[0] == "Operation 1: setparam, service 12, account user_12 on Blue (3): done"
    assert lines[1].startswith("  asked by BILLmanager, BILLmanager's operation 82, accepted 20")
    assert " ended 20" in lines[1]
    timeline = lines[lines.index("Timeline") + 1 :]
    assert timeline[0].split()[2:] == ["accepted", "by=BILLmanager"]
    assert timeline[1].split()[2:] == ["done", "seconds=2"]
    assert [line.split()[1] for line in lines if line.startswith("Attempt ")] == ["1", "2"]
    assert "  The cloud Blue did not answer in time: 30 s." in shown
    for line in ("  plan", "    quota: 2147483648", "  changes", "    - quota: 1 GiB", "    + quota: 2 GiB"):
        assert line in lines
    assert lines[lines.index("Output of run bbb") + 1].startswith("PLAY [of bbb]")
    assert lines[-1] == "ok: [cloud_3]"
    assert "of aaa" not in shown
    assert "\x1b" not in shown


def test_show_as_json(command: Command, story: int) -> None:
    """The operation, its timeline, its attempts and the output."""
    document = command.json("show", story)
    assert [event["what"] for event in document["timeline"]] == ["accepted", "done"]
    assert document["timeline"][0]["at"].endswith("Z")
    first, second = document["attempt_details"]
    assert (first["run"], first["failure"]["code"], first["changes"]) == ("aaa", "timeout", [])
    assert set(second) == {
        "dispatch", "started_at", "ended_at", "run", "wish", "action", "changes", "read_back", "warnings", "failure",
    }  # fmt: skip
    assert (second["action"], second["changes"], second["read_back"]) == ("updated", [QUOTA], {"quota": 2 * GIB})
    assert document["output"].startswith("PLAY [of bbb]")
    assert document["attempts"] == 2


@pytest.mark.parametrize(
    ("detail", "shown", "json"),
    [
        ({"next": 1764158351.25}, "next=2025-11-26 11:59:11", {"next": "2025-11-26T11:59:11Z"}),
        ({"told": True, "complete": False}, "told=yes complete=no", {"told": True, "complete": False}),
        ({"fields": ["quota", "groups"]}, "fields=quota,groups", {"fields": ["quota", "groups"]}),
        ({"reason": "no\nmore"}, 'reason="no more"', {"reason": "no\nmore"}),
        ({"code": "timeout", "behind": 7}, "code=timeout behind=7", {"code": "timeout", "behind": 7}),
        ({"of": {"cloud": "Blue", "run": None}}, "of=cloud:Blue", {"of": {"cloud": "Blue", "run": None}}),
        ({"run": None}, "", {}),
    ],
)
def test_details_of_the_timeline(
    command: Command, record: Record, detail: dict[str, object], shown: str, json: dict[str, object]
) -> None:
    """Local times and words for people, ISO times and real booleans for programs; what is not known is left out."""
    operation = record.add()
    record.operations.update(operation.id, "happened", detail=detail, attempts=1)
    line = command("show", operation.id).stdout.splitlines()[-1]
    assert line[23:] == f"happened  {shown}".rstrip()
    assert command.json("show", operation.id)["timeline"][-1]["detail"] == json


def test_a_plan_in_words(command: Command, record: Record) -> None:
    """As changes have them, not as Python would; what is not known is left out."""
    operation = record.add()
    record.attempt(operation, wish={"create": False, "email": None, "groups": ["a", "b"]})
    lines = command("show", operation.id).stdout.splitlines()
    assert lines[lines.index("  plan") + 1 :] == ["    create: false", "    groups: a, b"]


def test_the_failure_in_russian(command: Command, record: Record) -> None:
    """What failed and what to do, in the language that is asked for."""
    record.add(12, state=State.FAILED, failure=FAILED)
    assert "В тарифе Small нет дополнения" in command("show", 1, "--language", "ru").stdout
    assert "The tariff Small has no addon" in command("show", 1).stdout
    assert "В тарифе" in command.json("show", 1, "--language", "ru")["failure"]["text"]


def test_when_it_is_tried_again(command: Command, record: Record) -> None:
    """Told where it is known, of the operation; nothing is said where there is no next attempt."""
    failure = Failure("timeout", {"cloud": "Blue", "detail": "30 s"})
    waiting = record.add(12, state=State.RETRYING, due_at=4000000000.0, failure=failure)
    ended = record.add(13, state=State.FAILED, failure=failure)
    record.attempt(ended, failure=failure)
    for one, last in ((waiting, "30 s. Next attempt: 2096-10-02 07:06:40 +0000."), (ended, "in time: 30 s.")):
        shown = command("show", one.id).stdout
        assert [line for line in shown.splitlines() if "did not answer in time" in line][-1].endswith(last)
        assert command.json("show", one.id)["failure"]["text"].endswith(last)
    assert "Next attempt" not in command("show", ended.id).stdout


def test_output_that_is_gone(command: Command, story: int) -> None:
    """Said, and not an error."""
    (command.state / "runs" / "bbb" / "stdout").unlink()
    assert command("show", story).stdout.endswith("Output of run bbb\n  not kept any more\n")
    assert command.json("show", story)["output"] is None


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        (
            [
                {"field": "state", "before": "absent", "after": "present"},
                {"field": "enabled", "before": None, "after": True},
                {"field": "password", "before": None, "after": "(set)"},
                {"field": "groups", "before": None, "after": ["a", "b"]},
                {"field": "quota", "before": None, "after": None},
            ],
            ["+ account user_12", "+ enabled: true", "+ password: (set)", "+ groups: a, b", "+ quota: unlimited"],
        ),
        ([{"field": "state", "before": "present", "after": "absent"}], ["- account user_12"]),
        ([{"field": "enabled", "before": True, "after": False}], ["- enabled: true", "+ enabled: false"]),
        ([{"field": "groups", "before": [], "after": ["a"]}], ["+ groups: a"]),
        ([{"field": "quota", "before": None, "after": 0}], ["- quota: unlimited", "+ quota: 0 bytes"]),
        (
            [{"field": "quota", "before": "unknown", "after": GIB + 1}],
            ["- quota: unknown", f"+ quota: {GIB + 1} bytes"],
        ),
        ([{"field": "email", "before": "a@example.org", "after": None}], ["- email: a@example.org"]),
    ],
)
def test_changes_as_lines(command: Command, record: Record, changes: list[dict[str, object]], lines: list[str]) -> None:
    """As the demonstration prints them."""
    operation = record.add(12)
    record.attempt(operation, result={"name": "user_12", "changes": changes})
    shown = command("show", operation.id).stdout.splitlines()
    assert [line.strip() for line in shown[shown.index("  changes") + 1 :]] == lines


def test_an_attempt_that_changed_nothing(command: Command, record: Record) -> None:
    """Says so; one that is under way has neither."""
    operation = record.add(12)
    record.attempt(operation, 1, result={"name": "user_12", "changes": []})
    record.set(operation.id, dispatch=2)
    assert record.operations.begin_attempt(operation, 2)
    lines = command("show", operation.id).stdout.splitlines()
    assert lines.count("  nothing was to be changed") == 1
    assert lines[-1].endswith("not ended")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", 99), "There is no operation number 99 on record. bill-nextcloud operations lists them."),
        (("show", "x"), "Invalid value for 'ID'"),
        (("show", 1, "--language", "de"), "'en', 'ru'"),
        (("operations", "--state", "lost"), "'lost' is not one of 'queued', 'running', 'retrying', 'held', 'approval'"),
        (("operations", "--command", "nope"), "'nope' is not one of 'open', 'setparam', 'suspend', 'resume'"),
        (("operations", "--since", "soon"), "'soon' is no time: write 30m, 2h, 7d, 2026-11-01"),
        (("operations", "--until", "2026-13-01"), "'2026-13-01' is no time"),
        (("operations", "--limit", "0"), "'--limit'"),
        (("operations", "--cloud", "Purple"), "There is no cloud Purple. bill-nextcloud status lists them."),
        (("operations", "--cloud", "Twin"), "several clouds are named Twin: give one of the numbers 5, 6"),
    ],
)
def test_wrong_words(command: Command, history: Record, words: tuple[object, ...], said: str) -> None:
    """One line that says what would be right."""
    for number in (5, 6):
        history.clouds.save(CloudRow(number, "Twin"))
    assert said in command.error(*words)


def test_nothing_was_ever_recorded(command: Command) -> None:
    """No file is made by looking."""
    for words in (("operations",), ("show", 1)):
        assert "has the worker been started?" in command.error(*words)
    assert list(command.state.iterdir()) == []


def test_no_settings(command: Command) -> None:
    """One line."""
    command.settings.unlink()
    assert "No such file or directory" in command.error("operations")
    command.settings.write_text('[engine]\ndatabase = "nonsense"\n')
    assert "engine.database: not an SQLAlchemy address" in command.error("operations")
