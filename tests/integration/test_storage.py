# SPDX-License-Identifier: GPL-3.0-or-later
"""The bridge's own storage fails: nothing is acknowledged that is not stored, and everything goes on afterwards."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from harness.postgresql import PostgreSQL
from harness.processes import below, until
from harness.stack import Stack
from standins.billmanager import Run

from .conftest import SetUp
from .test_kill import one_working_account

SIZE = "16m"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own. Only root may mount one, so anybody else gets there by sudo."""
    directory = tmp_path / "disk"
    directory.mkdir()
    mount(f"size={SIZE},mode=0700,uid={os.geteuid()}", directory)
    yield directory
    subprocess.run([*as_root(), "umount", "--lazy", directory], check=True)


def as_root() -> list[str]:
    return [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]


def mount(options: str, directory: Path) -> None:
    subprocess.run([*as_root(), "mount", "-t", "tmpfs", "-o", options, "tmpfs", directory], check=True)


def fill(disk: Path) -> Path:
    """A file that takes all that is free."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while file.write(b"\0" * size) == size:
                    pass
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        (disk / "more").write_bytes(b"\0" * 8192)
    (disk / "more").unlink()
    return ballast


def on_record(state: Path) -> set[int]:
    """The services of which the bridge has an operation."""
    with sqlite3.connect(state / "record.sqlite") as connection:
        return {service for (service,) in connection.execute("SELECT service FROM operation")}


def refused(run: Run) -> bool:
    """Whether BILLmanager was told, with an error and a status other than 0, that the operation was not taken."""
    if run.exit_code == 0:
        return False
    assert run.error is not None
    assert run.error.type == "nextcloud_engine_unavailable"
    return True


def carried_out(stack: Stack, service: int) -> None:
    """Let BILLmanager call once for ``service``, and wait for the report."""
    run = stack.panel.run(service)
    assert run.exit_code == 0, run
    stack.panel.wait(run.operation or 0, 60)


def opened(stack: Stack) -> int:
    service = stack.order()
    carried_out(stack, service)
    return service


def active(stack: Stack, services: list[int]) -> bool:
    return all(stack.panel.service(service)["status_name"] == "active" for service in services)


def test_full_disk(set_up: SetUp, disk: Path) -> None:
    """What still finds room is stored, all else is refused; when there is room again, what was taken goes on by
    itself and what was refused at BILLmanager's next call."""
    stack = set_up({"bridge": {"state_directory": str(disk), "wait_seconds": 1}})
    first = opened(stack)
    ballast = fill(disk)
    services: list[int] = []
    runs: list[Run] = []
    while not runs or not refused(runs[-1]):
        assert len(runs) < 40, "the disk is not full"
        services.append(stack.order())
        runs.append(stack.panel.run(services[-1]))
    taken = [service for service, run in zip(services, runs, strict=True) if run.exit_code == 0]
    assert stack.cloud.account(f"user_{services[-1]}") is None
    ballast.unlink()
    assert on_record(disk) == {first, *taken}
    until(lambda: active(stack, taken), 120)
    carried_out(stack, services[-1])
    assert stack.customer(services[-1]).can_store()


def test_disk_that_fills_up_during_a_run(set_up: SetUp, disk: Path) -> None:
    """The account is made when the run can write nothing more: it is the customer's when there is room again."""
    stack = set_up({"bridge": {"state_directory": str(disk), "wait_seconds": 1}})
    stack.standin.fault("hold_after", method="POST", path="/cloud/users")
    service = stack.order()
    assert stack.panel.run(service).exit_code == 0
    until(lambda: any(one["method"] == "POST" for one in stack.standin.arrivals()))
    ballast = fill(disk)
    stack.standin.clear_faults()
    until(lambda: not below(stack.worker, "ansible-playbook"))
    time.sleep(3)
    ballast.unlink()
    until(lambda: active(stack, [service]), 150)
    one_working_account(stack, service)


def test_read_only_disk(set_up: SetUp, disk: Path) -> None:
    """The bridge says so and does not start; nothing that it had taken is lost."""
    stack = set_up({"bridge": {"state_directory": str(disk), "wait_seconds": 1}})
    stack.standin.fault("status", path="/cloud/users")
    service = stack.order()
    assert stack.panel.run(service).exit_code == 0
    stack.worker.stop()
    mount("remount,ro", disk)
    with pytest.raises(RuntimeError, match="Read-only file system: ") as started:
        stack.worker.start()
    assert "Traceback" not in str(started.value)
    run = stack.panel.run(stack.order())
    assert run.error is not None
    assert run.error.type == "nextcloud_bridge_not_running"
    mount("remount,rw", disk)
    stack.standin.clear_faults()
    stack.worker.start()
    until(lambda: active(stack, [service]))


def test_read_only_database(set_up: SetUp, postgresql: PostgreSQL, database: str) -> None:
    """PostgreSQL takes no more writes, as one that has become a standby: calls are refused until it does again."""
    stack = set_up({"engine": {"database": database}, "bridge": {"wait_seconds": 1}})
    first, refused_one = opened(stack), stack.order()
    with psycopg.connect(postgresql.url, autocommit=True) as connection:
        read_only(connection, "on")
        try:
            assert refused(stack.panel.run(refused_one))
            assert stack.cloud.account(f"user_{refused_one}") is None
        finally:
            read_only(connection, "off")
    carried_out(stack, refused_one)
    stack.panel.suspend(first)
    carried_out(stack, first)
    assert stack.panel.service(first)["status_name"] == "suspended"


def read_only(connection: psycopg.Connection[tuple[object, ...]], value: str) -> None:
    # For all sessions, those that are there as well.
    connection.execute("SET default_transaction_read_only = off")
    connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
    connection.execute("SELECT pg_reload_conf()")
