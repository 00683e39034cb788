# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL as the engine's database: a service's life, crashes of either side, and two panel hosts that share it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest
from harness.postgresql import PostgreSQL
from harness.processes import below, until
from harness.stack import Stack
from harness.worker import COMMAND, Worker
from standins.billmanager import Panel

from .conftest import SetUp
from .test_kill import in_the_middle, one_working_account

GIB = 1024**3


@pytest.fixture
def stack(set_up: SetUp, database: str) -> Stack:
    """A stack whose engine has a database in PostgreSQL."""
    return set_up(settings={"engine": {"database": database}})


@pytest.fixture
def other(stack: Stack, tmp_path: Path) -> Iterator[Worker]:
    """The bridge of another host with the same settings but for its directories; not started."""
    worker = Worker(tmp_path / "other", stack.panel, stack.worker.settings)
    yield worker
    worker.cleanup()


def refused_start(worker: Worker) -> str:
    """Start the bridge, which must end by itself with status 1 and one line; that line."""
    done = subprocess.run(
        [COMMAND, "worker", "--settings", str(worker.settings_file)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={"PATH": os.defpath, "HOME": str(worker.directory), "LC_ALL": "C.UTF-8"},
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def _parts(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    assert parts.username
    assert parts.password
    return {
        "user": parts.username,
        "password": parts.password,
        "host": str(parts.hostname),
        "port": str(parts.port),
        "database": parts.path.removeprefix("/"),
    }


def ended(worker: Worker) -> int:
    """Wait until the bridge has ended by itself; its exit status."""
    assert worker.process is not None
    return worker.process.wait(60)


def stored(database: str) -> list[tuple[str, int, str]]:
    """Command, service and state of each operation on record, which the engine's database holds as well."""
    with psycopg.connect(database) as connection:
        handed_over = connection.execute("SELECT workflow_uuid FROM dbos.workflow_status WHERE name = 'operation'")
        known = {name.split(".")[0] for (name,) in handed_over.fetchall()}
        rows = connection.execute("SELECT id, command, service, state FROM bill_nextcloud.operation ORDER BY id")
        found = rows.fetchall()
    assert {str(number) for number, *_ in found} == known
    return [(command, service, state) for _, command, service, state in found]


def test_whole_life(stack: Stack, database: str) -> None:
    """From the order to the end, all of it stored in PostgreSQL."""
    service = stack.opened()
    name = f"user_{service}"
    customer = stack.customer(service)
    stack.panel.change_tariff(service, stack.tariff("Large", (3, "gib"), "premium"))
    stack.run(service)
    assert stack.quota(service) == 3 * GIB
    stack.panel.suspend(service)
    stack.run(service)
    assert customer.status() != 207
    stack.panel.resume(service)
    stack.run(service)
    assert customer.can_store()
    stack.panel.close(service)
    assert stack.run(service).status_name == "deleted"
    assert stack.cloud.account(name) is None
    commands = ["open", "setparam", "suspend", "resume", "close"]
    assert stored(database) == [(command, service, "done") for command in commands]
    assert list(stack.worker.state.glob("*.sqlite*")) == []


def test_killed_bridge_goes_on(stack: Stack) -> None:
    """The bridge is killed when the cloud has made the account: after the restart it is the customer's."""
    service = stack.order()
    thread, _ = in_the_middle(stack, "creation done", service)
    stack.worker.kill()
    thread.join(60)
    stack.worker.start()
    until(lambda: stack.panel.service(service)["status_name"] == "active")
    one_working_account(stack, service)


def test_killed_database(stack: Stack, postgresql: PostgreSQL, database: str) -> None:
    """Without its database the bridge ends, at once and with its runs. No call is told that all is well; what was
    accepted goes on when both are there again, and what was not is done at the next call."""
    accepted, later = stack.order(), stack.order()
    thread, runs = in_the_middle(stack, "creation not done yet", accepted)
    running = below(stack.worker, "ansible-playbook")
    assert running
    postgresql.kill()
    try:
        assert ended(stack.worker) == 1
        assert "the lock on the engine's database is lost" in stack.worker.log.read_text()
        _, alive = psutil.wait_procs(running, timeout=2)
        assert alive == [], "the run outlived the bridge"
        thread.join(60)
        runs.append(stack.panel.run(later))
        for run in runs:
            assert run.error is not None
            assert run.error.type == "nextcloud_bridge_not_running"
        # As systemd tries again and again.
        assert "The database of operations cannot be opened" in refused_start(stack.worker)
    finally:
        postgresql.start()
    assert [service for _, service, _ in stored(database)] == [accepted]
    stack.worker.start()
    until(lambda: stack.panel.service(accepted)["status_name"] == "active")
    one_working_account(stack, accepted)
    assert stack.cloud.account(f"user_{later}") is None
    assert stack.run(later).status_name == "active"


def test_database_that_does_not_answer(stack: Stack, database: str) -> None:
    """A connection that is there but dead is lost, too: the server may have given the lock away."""
    with psycopg.connect(database) as connection:
        # DBOS has connections and locks of its own.
        found = connection.execute(
            "SELECT pid FROM pg_stat_activity JOIN pg_locks USING (pid) WHERE locktype = 'advisory'"
            " AND datname = current_database() AND application_name LIKE 'bill-nextcloud on %'"
        ).fetchall()
    assert len(found) == 1, found
    backend = psutil.Process(found[0][0])
    backend.suspend()
    try:
        assert ended(stack.worker) == 1
    finally:
        backend.resume()
    assert 'the lock on the engine\'s database is lost: ending detail="no answer"' in stack.worker.log.read_text()


def test_second_worker_is_refused(stack: Stack, other: Worker) -> None:
    """Another host's bridge does not start beside one that works, which is not disturbed."""
    assert "Another worker has the database of operations" in refused_start(other)
    assert stack.run(stack.order()).status_name == "active"


def test_other_host_takes_over(stack: Stack, other: Worker) -> None:
    """The first host dies in the middle of an order: the second one, whose state directory is empty, finishes it."""
    service = stack.order()
    thread, _ = in_the_middle(stack, "creation done", service)
    stack.worker.kill()
    thread.join(60)
    assert not other.state.exists()
    other.start()
    until(lambda: stack.panel.service(service)["status_name"] == "active")
    one_working_account(stack, service)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": "Wrong-Passw0rd"}, "password authentication failed"),
        ({"database": "no_such_database"}, "does not exist"),
        ({"database": ""}, "the address names no database"),
        ({"port": "none"}, "not an address of a database"),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else "",
)
def test_unusable_address(tmp_path: Path, database: str, change: dict[str, str], words: str) -> None:
    """One line that says what is wrong, without the password; no database is made."""
    parts = {**_parts(database), **change}
    url = "postgresql://{user}:{password}@{host}:{port}/{database}".format(**parts)
    worker = Worker(tmp_path / "bridge", Panel.create(tmp_path / "mgr5"), {"engine": {"database": url}})
    try:
        line = refused_start(worker)
    finally:
        worker.cleanup()
    assert line.startswith("bill-nextcloud: The database of operations cannot be opened: ")
    assert words in line
    assert parts["password"] not in line
