# SPDX-License-Identifier: GPL-3.0-or-later
"""An upgrade, or a lost database, with operations under way, waiting and in retention: all are gone on with, once."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta

from harness.processes import until
from harness.stack import Stack

from .conftest import SetUp
from .test_waiting import active, enabled

# What version 1 had in the engine's database: one operation under way, one queued, one delayed.
VERSION_1 = """
import os, sys, threading
from dbos import DBOS, SetEnqueueOptions, SetWorkflowID
url, *numbers = sys.argv[1:]
DBOS(config={"name": "bill-nextcloud", "system_database_url": url, "application_version": "1",
             "executor_id": "billmanager", "log_level": "ERROR"})
begun = threading.Event()
@DBOS.workflow(name="operation")
def operation(request):
    begun.set()
    threading.Event().wait()
DBOS.listen_queues([])
DBOS.launch()
DBOS.register_queue("operations", worker_concurrency=500, partition_concurrency=1)
for place, pair in enumerate(numbers):
    service, number = map(int, pair.split(":"))
    request = {"service": service, "command": "open", "operation": number}
    with SetWorkflowID(f"billmanager:{number}:open:{service}:1"):
        if place == 0:
            DBOS.start_workflow(operation, request)
            begun.wait(30)
        else:
            delay = {"delay_seconds": 3600.0} if place == 2 else {}
            with SetEnqueueOptions(queue_partition_key=f"service-{service}", **delay):
                DBOS.enqueue_workflow("operations", operation, request)
os._exit(0)
"""


def test_operations_of_version_1_are_gone_on_with(stack: Stack) -> None:
    """It had no record: what its workflows were asked for is taken over."""
    stack.worker.stop()
    for path in stack.worker.state.glob("*.sqlite*"):
        path.unlink()
    services = [stack.order() for _ in range(3)]
    pairs = [f"{service}:{stack.panel.service(service)['operations'][0]}" for service in services]
    url = f"sqlite:///{stack.worker.state / 'engine.sqlite'}"
    environment = {"PATH": os.defpath, "HOME": str(stack.worker.directory)}
    subprocess.run([sys.executable, "-c", VERSION_1, url, *pairs], check=True, env=environment, timeout=60)
    stack.worker.start()
    until(lambda: all(active(stack, service) for service in services))
    assert len([path for method, path in stack.writes() if method == "POST"]) == 3


def test_the_engines_database_is_lost(set_up: SetUp) -> None:
    """What waits, is tried again or is in retention is on record, and is handed over anew: not early, not twice."""
    stack = set_up({"clouds": {"suspensions_per_hour": 1}})
    tariff = stack.panel.add_tariff("Kept", stack.module, params={"usergroup": "customers", "retention_days": "1"})
    kept = stack.opened(tariff)
    stack.run(kept, stack.panel.close(kept))
    limited = stack.opened()
    suspension = stack.panel.suspend(limited)
    stack.panel.run(limited, suspension)
    waiting = stack.order()
    stack.standin.fault("status", path="/ocs/")
    stack.panel.run(waiting)
    stack.worker.kill()
    for path in stack.worker.state.glob("engine.sqlite*"):
        path.unlink()
    stack.standin.clear_faults()
    stack.worker.start()
    until(lambda: active(stack, waiting))
    assert enabled(stack, limited) is True
    assert enabled(stack, kept) is False


def test_the_clock_was_set_forward_and_back(stack: Stack) -> None:
    """A deletion handed over too early looks at the deadline again: nothing is deleted before it."""
    tariff = stack.panel.add_tariff("Kept", stack.module, params={"usergroup": "customers", "retention_days": "1"})
    kept = stack.opened(tariff)
    stack.run(kept, stack.panel.close(kept))
    stack.worker.stop()
    # As if the operation had been stored while the clock was two days ahead.
    later = (datetime.now(UTC) + timedelta(seconds=-1)).timestamp()
    with sqlite3.connect(stack.worker.state / "record.sqlite") as connection:
        connection.execute("UPDATE operation SET due_at = ? WHERE command = 'delete'", (later,))
    for path in stack.worker.state.glob("engine.sqlite*"):
        path.unlink()
    stack.worker.start()
    until(lambda: "not yet" in _timeline(stack))
    assert enabled(stack, kept) is False
    with sqlite3.connect(stack.worker.state / "record.sqlite") as connection:
        waiting = connection.execute("SELECT state, due_at FROM operation WHERE command = 'delete'").fetchall()
    assert [state for state, _ in waiting] == ["delayed"]
    assert waiting[0][1] > later + 3600


def _timeline(stack: Stack) -> str:
    with sqlite3.connect(stack.worker.state / "record.sqlite") as connection:
        return " ".join(what for (what,) in connection.execute("SELECT what FROM event"))
