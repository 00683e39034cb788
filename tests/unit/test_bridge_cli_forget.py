# SPDX-License-Identifier: GPL-3.0-or-later
"""``bill-nextcloud forget``: nothing personal of the client is left, and nothing of others is lost from the record."""

from __future__ import annotations

import time
from datetime import datetime

import pytest
from bill_nextcloud.errors import ClientHasOperations, Failure
from bill_nextcloud.record import State
from harness.command import Command, Record

DAY = 86400
MARKS = ("anna", "Анна")


@pytest.fixture
def done(command: Command, record: Record) -> Record:
    """Two ended operations of client 5, with all that names her, and one of client 6 in the same run."""
    for service, client, run in ((12, 5, "aaa"), (13, 5, "bbb"), (14, 6, "bbb")):
        name = "anna" if client == 5 else "boris"
        operation = record.add(service, client=client)
        record.attempt(
            operation,
            run=run,
            wish={"name": f"{name}_{service}", "display_name": "Анна" if client == 5 else "Борис"},
            result={"name": f"{name}_{service}", "changes": []},
            failure=Failure("account_conflict", {"account": name, "detail": name}),
            account=f"{name}_{service}",
        )
        record.operations.update(operation.id, "failed", states=State, detail={"detail": name}, attempts=1)
        failure = Failure("account_conflict", {"account": name, "detail": name})
        record.set(operation.id, state=State.FAILED, ended_at=time.time(), failure=failure)
        (command.state / "runs" / run).mkdir(parents=True, exist_ok=True)
        (command.state / "runs" / run / "stdout").write_text(name)
    return record


def content(command: Command) -> str:
    """All that the record says of its operations."""
    numbers = [row["operation"] for row in command.json("operations")]
    return "".join(command("show", number, "--json").stdout for number in numbers)


def test_forget(command: Command, done: Record) -> None:
    """Names, wishes, results, failures and artifacts go; numbers, times and what was done stay; so do other clients."""
    before = command.json("show", 1)
    assert any(mark in content(command) for mark in MARKS)
    said = command("forget", 5, "--yes").stdout
    assert said == "client 5 is forgotten: 2 operations, artifacts of 2 runs\n"
    assert not any(mark in content(command) for mark in MARKS)
    assert "Борис" in content(command)
    after = command.json("show", 1)
    assert (after["account"], after["client"], after["failure"]) == (None, None, None)
    assert (after["command"], after["ended_at"], after["state"]) == ("open", before["ended_at"], "failed")
    assert list((command.state / "runs").iterdir()) == []
    assert command("forget", 5, "--yes").stdout == "nothing is on record of client 5\n"


def test_show_says_why_there_is_no_more(command: Command, done: Record) -> None:
    """On the timeline, and where plan and changes were; not for the operations of others."""
    command("forget", 5, "--yes")
    for number in (1, 2):
        shown = command("show", number).stdout
        assert "  personal data removed" in shown.partition("\nAttempt")[0]
        assert shown.count("personal data was removed") == 1
        event = command.json("show", number)["timeline"][-1]
        assert (event["what"], event["detail"]) == ("personal data removed", {})
        assert abs(datetime.fromisoformat(event["at"]).timestamp() - time.time()) < 60
    assert "personal data" not in command("show", 3).stdout


def test_it_asks_first(command: Command, done: Record) -> None:
    """And says what is to go; without a yes nothing does."""
    before = content(command)
    for answer in ("n\n", ""):
        asked = command("forget", 5, status=1, answer=answer)
        assert "client 5 from 2 operations, and the artifacts of 2 runs (each may hold other clients'" in asked.stdout
        assert asked.stderr.splitlines()[-1].endswith("nothing was done")
        assert content(command) == before
    command("forget", 5, answer="y\n")
    assert content(command) != before


@pytest.mark.parametrize("state", [State.QUEUED, State.APPROVAL, State.RETRYING])
def test_not_while_something_is_under_way(command: Command, done: Record, state: State) -> None:
    """Its numbers are named; a deletion in its retention counts."""
    under_way = done.add(15, client=5, state=state)
    deletion = done.add(16, "delete", client=5, due_at=time.time() + DAY)
    before = content(command)
    said = command.error("forget", 5, "--yes")
    assert said.startswith(f"Operations of client 5 are unfinished: {under_way.id}, {deletion.id}. Wait until")
    assert content(command) == before


def test_artifacts_that_are_gone(command: Command, done: Record) -> None:
    """Are no error; those of others stay."""
    (command.state / "runs" / "aaa" / "stdout").unlink()
    (command.state / "runs" / "aaa").rmdir()
    assert command("forget", 6, "--yes").stdout == "client 6 is forgotten: 1 operation, artifacts of 1 run\n"
    assert command("forget", 5, "--yes").stdout == "client 5 is forgotten: 2 operations, artifacts of 0 runs\n"


def test_wrong_words(command: Command) -> None:
    """One line."""
    assert "'CLIENT'" in command.error("forget", "anna")
    assert "has the worker been started?" in command.error("forget", 5, "--yes")


def test_an_operation_that_began_meanwhile(command: Command, done: Record) -> None:
    """While the person was asked: nothing is removed, since its end would store names again."""
    done.add(15, client=5)
    with pytest.raises(ClientHasOperations) as raised:
        done.operations.forget(5)
    assert raised.value.parameters == {"client": "5", "operations": "4"}
    assert "Анна" in content(command)
