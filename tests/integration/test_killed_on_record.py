# SPDX-License-Identifier: GPL-3.0-or-later
"""What a killed bridge had begun is on record, is not done again where it was done, and BILLmanager hears of it."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

from harness.processes import kill_worker, until
from harness.stack import Stack
from harness.worker import COMMAND

from .test_kill import in_the_middle, one_working_account
from .test_waiting import active


def rows(database: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    """What ``query`` finds, or changes."""
    with sqlite3.connect(database) as connection:
        return connection.execute(query, values).fetchall()


def command(stack: Stack, *words: object) -> str:
    """What the administrator's command prints."""
    name, *others = map(str, words)
    call = [str(COMMAND), name, "--settings", str(stack.worker.settings_file), *others]
    done: subprocess.CompletedProcess[str] = subprocess.run(call, check=True, capture_output=True, text=True)
    return done.stdout


def test_a_killed_run_is_found(stack: Stack) -> None:
    """`show` tells of it, and `forget` takes its artifacts away."""
    service = stack.order()
    thread, _ = in_the_middle(stack, "creation not done yet", service)
    kill_worker(stack.worker)
    thread.join(60)
    stack.standin.clear_faults()
    artifacts = {path.name for path in (stack.worker.state / "runs").iterdir()}
    killed = rows(stack.worker.state / "record.sqlite", "SELECT ident FROM run WHERE NOT looks")
    assert [ident for (ident,) in killed] == list(artifacts)
    stack.worker.start()
    until(lambda: active(stack, service))
    one_working_account(stack, service)
    shown = command(stack, "show", 1)
    assert "interrupted" in shown
    assert f"run begun  run={killed[0][0]}" in shown
    command(stack, "forget", stack.on_record("client")[0][0], "--yes")
    assert list((stack.worker.state / "runs").iterdir()) == []


def test_what_is_on_record_is_not_done_again(stack: Stack) -> None:
    """The bridge was killed when the result was stored, before the engine had noted the step: it is reported again, and
    the first attempt stays as it was."""
    service = stack.opened()
    operation = stack.panel.suspend(service)
    stack.panel.set_fault("down", function="service.postsuspend")
    assert not stack.panel.run(service, operation).finished
    kill_worker(stack.worker)
    stack.panel.clear_faults()
    record, engine = stack.worker.state / "record.sqlite", stack.worker.state / "engine.sqlite"
    dispatch = rows(record, "SELECT dispatch FROM attempt WHERE operation = 2 ORDER BY dispatch LIMIT 1")[0][0]
    before = rows(record, "SELECT * FROM attempt WHERE operation = 2 AND dispatch = ?", dispatch)
    rows(record, "UPDATE operation SET state = 'running', due_at = NULL, dispatch = ? WHERE id = 2", dispatch)
    rows(record, "DELETE FROM attempt WHERE operation = 2 AND dispatch > ?", dispatch)
    rows(engine, "DELETE FROM workflow_status WHERE workflow_uuid LIKE '2.%' AND workflow_uuid != ?", f"2.{dispatch}")
    rows(engine, "DELETE FROM operation_outputs WHERE workflow_uuid LIKE '2.%'")
    rows(
        engine, "UPDATE workflow_status SET status = 'PENDING', output = NULL WHERE workflow_uuid = ?", f"2.{dispatch}"
    )
    seen = len(stack.standin.arrivals())
    stack.worker.start()
    until(lambda: stack.panel.service(service)["status_name"] == "suspended")
    until(lambda: stack.on_record("state") == [("done",), ("done",)])
    assert len(stack.standin.arrivals()) == seen
    assert rows(record, "SELECT * FROM attempt WHERE operation = 2") == before


def test_a_record_that_is_older_than_the_engine(stack: Stack, tmp_path: Path) -> None:
    """It was restored from a copy: new operations are not taken for those that the engine knows, which are dropped."""
    record = stack.worker.state / "record.sqlite"
    stack.opened()
    stack.worker.stop()
    for path in stack.worker.state.glob("record.sqlite*"):
        shutil.copy(path, tmp_path)
    stack.worker.start()
    stack.opened()
    stack.administer("hold", cloud=stack.module, reason="copy")
    stack.panel.run(stack.order())
    assert stack.on_record("id, state") == [(1, "done"), (2, "done"), (3, "held")]
    stack.worker.stop()
    for path in stack.worker.state.glob("record.sqlite*"):
        path.unlink()
    for path in tmp_path.glob("record.sqlite*"):
        shutil.copy(path, stack.worker.state)
    stack.worker.start()
    assert "operations are not on record, and are dropped count=1" in stack.worker.log.read_text()
    service = stack.opened()
    assert stack.customer(service).can_store()
    assert rows(record, "SELECT id, state, dispatch FROM operation ORDER BY id") == [(1, "done", 1), (4, "done", 1)]


def test_a_failure_that_billmanager_did_not_take(stack: Stack) -> None:
    """It is down when the operation fails for good: the error, the pause and one task follow when it is back."""
    service = stack.order(stack.tariff(disk=None))
    stack.panel.set_fault("down")
    run = stack.panel.run(service)
    until(lambda: stack.on_record("state") == [("failed",)])
    assert stack.panel.tasks() == []
    stack.panel.clear_faults()
    # The chore comes once a minute, and at each start.
    stack.worker.stop()
    stack.worker.start()
    until(lambda: len(stack.panel.tasks()) == 1)
    told = stack.panel.operation(run.operation or 0)
    assert told["manual"] == "on"
    assert "nextcloud_disk_addon_missing" in told["errorxml"]
    until(lambda: rows(stack.worker.state / "record.sqlite", "SELECT operation FROM untold") == [])
    assert len(stack.panel.tasks()) == 1
    assert "  told  " in command(stack, "show", 1)
