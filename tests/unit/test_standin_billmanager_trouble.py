# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in BILLmanager in trouble (killed callers, outages, a restore), its tasks, and services that return."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import psutil
import pytest
from standins.billmanager import Panel

BRIDGE = """\
import subprocess, sys, time
dying = ["setpriv", "--pdeathsig", "KILL", "sh", "-c", 'exec "$@"', "sh"] if sys.argv[2] == "dying" else []
subprocess.run([*dying, *sys.argv[3:]])
time.sleep(60)
"""


class Desk:
    """A panel with one ordered service of a cloud whose tasks go to department 7."""

    def __init__(self, root: Path) -> None:
        self.panel = Panel(root)
        self.cloud = self.panel.add_cloud("blue", {"url": "https://blue"}, {"password": "secret"}, department=7)
        self.tariff = self.panel.add_tariff("Small", self.cloud, (10, "gib"))
        self.client = self.panel.add_client("Anna", "anna@example.org")
        self.service = self.panel.order(self.tariff, self.client)

    def command(self, *words: str) -> list[str]:
        return [str(self.panel.layout.mgrctl), "-m", "billmgr", "-o", "xml", *words]

    def mgrctl(self, *words: str, code: int = 0) -> ET.Element | None:
        done = subprocess.run(self.command(*words), capture_output=True, text=True, check=False, timeout=30)
        assert done.returncode == code, done
        return ET.fromstring(done.stdout) if done.stdout else None

    def end(self, function: str, service: int | None = None) -> None:
        self.mgrctl(function, f"elid={service or self.service}", "sok=ok")

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """As another program reads."""
        with sqlite3.connect(self.panel.layout.database) as connection:
            return connection.execute(f"SELECT * FROM {table}").fetchall()


@pytest.fixture
def desk(tmp_path: Path, empty_panel: Path) -> Desk:
    shutil.copytree(empty_panel, tmp_path / "mgr5")
    return Desk(tmp_path / "mgr5")


@pytest.mark.parametrize("way", ["plain", "dying"])
@pytest.mark.parametrize(("fault", "status"), [("kill_caller_before", 5), ("kill_caller_after", 2)])
def test_the_bridge_that_calls_is_killed(desk: Desk, tmp_path: Path, fault: str, status: int, way: str) -> None:
    program = tmp_path / "bill-nextcloud"
    program.write_text(BRIDGE)
    desk.panel.set_fault(fault, "backupservice.open", times=1)
    words = desk.command("backupservice.open", f"elid={desk.service}", "sok=ok")
    bridge = subprocess.Popen([sys.executable, str(program), "worker", way, *words])
    below = psutil.Process(bridge.pid).children(recursive=True)
    assert bridge.wait(20) == -9
    psutil.wait_procs(below, 10)
    assert desk.panel.service(desk.service)["status"] == status
    assert desk.panel.mgrctl_calls()[-1]["fault"] == fault
    assert desk.panel.mgrctl_calls()[-1]["answer"] == ("ok" if status == 2 else "none")


def test_nobody_else_is_killed(desk: Desk) -> None:
    desk.panel.set_fault("kill_caller_before")
    done = subprocess.run(desk.command("paramlist"), capture_output=True, text=True, check=False, timeout=30)
    assert "not called by a bridge" in done.stderr
    assert done.returncode == 1


def test_a_fault_lets_the_first_calls_pass(desk: Desk) -> None:
    desk.panel.set_fault("exit", "paramlist", times=1, skip=2)
    codes = [subprocess.run(desk.command("paramlist"), capture_output=True, check=False).returncode for _ in range(4)]
    assert codes == [0, 0, 1, 0]


def test_a_fault_is_meant_for_one_object(desk: Desk) -> None:
    other = desk.panel.order(desk.tariff, desk.client)
    desk.panel.set_fault("exit", "backupservice.open", elid=desk.service)
    desk.end("backupservice.open", other)
    assert desk.mgrctl("backupservice.open", f"elid={desk.service}", "sok=ok", code=1) is None


def test_a_call_that_hangs_after_its_effect(desk: Desk) -> None:
    desk.panel.set_fault("hang_after", times=1)
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(desk.command("backupservice.open", f"elid={desk.service}", "sok=ok"), timeout=1, check=False)
    assert desk.panel.service(desk.service)["status_name"] == "active"


def test_a_database_that_is_down_answers_nobody_but_the_panel(desk: Desk) -> None:
    other = sqlite3.connect(desk.panel.layout.database)
    assert other.execute("SELECT COUNT(*) FROM runningoperation").fetchone() == (1,)
    desk.panel.database_down()
    desk.panel.database_down()
    for reader in (other, sqlite3.connect(desk.panel.layout.database)):
        for table in ("item", "runningoperation", "processingmodule", "itemparam"):
            with pytest.raises(sqlite3.OperationalError, match="no such table"):
                reader.execute(f"SELECT * FROM {table}")
    assert desk.mgrctl("backupservice.open", f"elid={desk.service}", "sok=ok", code=1) is None
    assert desk.panel.mgrctl_calls()[-1]["fault"] == "down"

    assert desk.panel.service(desk.service)["status_name"] == "in processing (open)"
    second = desk.panel.order(desk.tariff, desk.client)
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        other.execute("SELECT * FROM item")

    desk.panel.database_up()
    desk.panel.database_up()
    assert other.execute("SELECT COUNT(*) FROM runningoperation").fetchone() == (2,)
    desk.end("backupservice.open")
    assert desk.panel.services() == [desk.service, second]
    other.close()


def test_after_a_restore_ids_come_back_with_other_dates(desk: Desk, tmp_path: Path) -> None:
    panel = desk.panel
    panel.back_up(tmp_path / "backup")
    lost = panel.order(desk.tariff, desk.client)
    (operation,) = panel.service(lost)["operations"]
    before = panel.service(lost)["createdate"], panel.operation(operation)["cdate"]
    panel.advance_clock(3600)
    desk.end("backupservice.open")
    panel.restore(tmp_path / "backup")
    assert panel.services() == [desk.service]
    assert panel.service(desk.service)["status_name"] == "in processing (open)"

    again = panel.order(desk.tariff, desk.client)
    assert (again, panel.service(again)["operations"]) == (lost, [operation])
    after = panel.service(again)["createdate"], panel.operation(operation)["cdate"]
    for earlier, later in zip(before, after, strict=True):
        seconds = [time.mktime(time.strptime(date, "%Y-%m-%d %H:%M:%S")) for date in (earlier, later)]
        assert 3600 <= seconds[1] - seconds[0] < 3700
    assert {"item", "runningoperation"} <= {row[0] for row in desk.rows("sqlite_sequence")}


def test_a_deleted_service_is_reopened(desk: Desk) -> None:
    panel, service = desk.panel, desk.service
    desk.end("backupservice.open")
    panel.suspend(service)
    desk.end("service.postsuspend")
    panel.close(service)
    desk.end("service.postclose")
    operation = panel.reopen(service)
    assert panel.service(service)["status_name"] == "in processing (reopen)"
    desk.end("service.postreopen")
    assert panel.operation(operation)["ended_by"] == "service.postreopen"
    row = panel.service(service)
    assert (row["status_name"], row["autosuspend"], row["suspenddate"]) == ("active", "off", None)


def test_a_deleted_service_is_ordered_again(desk: Desk) -> None:
    panel, service = desk.panel, desk.service
    desk.mgrctl("service.saveparam", f"elid={service}", "sok=ok", "name=username", "value=anna")
    desk.end("backupservice.open")
    panel.close(service)
    desk.end("service.postclose")
    operation = panel.order_again(service)
    assert panel.service(service)["status_name"] == "in processing (open)"
    desk.end("backupservice.open")
    assert panel.operation(operation)["ended_by"] == "backupservice.open"
    row = panel.service(service)
    assert (row["status_name"], row["params"]) == ("active", {"username": "anna"})


def test_tasks_go_to_the_department_of_the_cloud(desk: Desk) -> None:
    (operation,) = desk.panel.service(desk.service)["operations"]
    desk.mgrctl("task.edit", f"item={desk.service}", f"runningoperation={operation}", "type=open", "note=x", "sok=ok")
    desk.mgrctl("task.simple.create", "elid=7", "specification=Look after blue", "sok=ok")
    first, second = desk.panel.tasks()
    expected = {"type": "open", "item": desk.service, "runningoperation": operation, "department": 7, "status": 0}
    assert expected.items() <= first.items()
    assert first["params"] == {"note": "x"}
    expected = {"type": "simple", "item": None, "runningoperation": None, "department": 7, "status": 0}
    assert expected.items() <= second.items()
    assert second["params"] == {"specification": "Look after blue"}


def test_a_simple_task_needs_a_department_and_a_text(desk: Desk) -> None:
    for words, wrong in (
        (["elid=8", "specification=x"], "elid"),
        (["specification=x"], "elid"),
        (["elid=7"], "specification"),
    ):
        answer = desk.mgrctl("task.simple.create", *words, "sok=ok", code=1)
        assert answer is not None
        error = answer.find("error")
        assert error is not None
        assert error.get("object") == wrong
    desk.mgrctl("task.simple.create", "elid=7", "specification=only shown")
    assert desk.panel.tasks() == []
