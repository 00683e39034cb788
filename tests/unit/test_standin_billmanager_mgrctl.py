# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in BILLmanager's mgrctl, as a module calls it, and the stand-in's own command line."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from standins.billmanager import Panel, PanelError
from standins.billmanager.answers import Answer, Form, Rows, write
from standins.billmanager.errors import MgrError

# All that JSON or XML write in another way, but for the carriage return, which XML reads as a line end.
SIGNS = "".join(map(chr, range(0x20, 0x80))) + "\t\n \u2028 äё €😀"
COMMAND_LINE = Path(__file__).resolve().parents[1] / "standins" / "billmanager"


class Desk:
    """A panel with one ordered service."""

    def __init__(self, root: Path) -> None:
        self.panel = Panel(root)
        self.cloud = self.panel.add_cloud("blue", {"url": "https://blue"}, {"password": "adminsecret"})
        self.tariff = self.panel.add_tariff("Small", self.cloud, (10, "gib"))
        self.service = self.panel.order(self.tariff, self.panel.add_client("Anna", "anna@example.org"))
        self.operation: int = self.panel.service(self.service)["operations"][0]

    def mgrctl(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Calls sbin/mgrctl from another folder, with only PATH and `environment` set."""
        command = [str(self.panel.layout.mgrctl), "-m", "billmgr", *words]
        env = {"PATH": "/usr/bin:/bin", **environment}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=env, cwd="/", timeout=30)

    def ok(self, *words: str, **environment: str) -> str:
        done = self.mgrctl(*words, **environment)
        assert done.returncode == 0, done
        return done.stdout

    def error(self, *words: str, **environment: str) -> dict[str, str]:
        """Attributes of the error that the call answers."""
        done = self.mgrctl("-o", "xml", *words, **environment)
        assert done.returncode == 1, done
        error = ET.fromstring(done.stdout).find("error")
        assert error is not None
        return error.attrib

    def params(self) -> dict[str, str]:
        params: dict[str, str] = self.panel.service(self.service)["params"]
        return params


@pytest.fixture
def desk(tmp_path: Path, empty_panel: Path) -> Desk:
    shutil.copytree(empty_panel, tmp_path / "mgr5")
    return Desk(tmp_path / "mgr5")


def test_forms_lists_and_errors_in_each_form_of_output(desk: Desk) -> None:
    form = ["task.gettype", "operation=open"]
    assert desk.ok(*form) == "task_type=open\n"
    assert ET.fromstring(desk.ok("-o", "xml", *form)).findtext("task_type") == "open"
    assert ET.fromstring(desk.ok("-o", "devel", *form)).findtext("task_type") == "open"
    assert json.loads(desk.ok("-o", "json", *form)) == {"doc": {"task_type": {"$": "open"}}}
    assert json.loads(desk.ok("-o", "bjson", *form)) == {"model": {"task_type": "open"}}
    assert json.loads(desk.ok(*form, "out=bjson")) == {"model": {"task_type": "open"}}

    document = ET.fromstring(desk.ok("-o", "xml", "paramlist"))
    settings = {child.tag: child.text or "" for element in document.findall("elem") for child in element}
    path = str(desk.panel.layout.database)
    assert settings == {
        **dict.fromkeys(("DBHost", "DBUser", "DBPassword", "DBSocket"), ""),
        "DBName": path,
        "CryptKey": "etc/billmgr.pem",
    }
    assert {"DBName": path} in json.loads(desk.ok("-o", "bjson", "paramlist"))["elem"]
    assert {"DBName": {"$": path}} in json.loads(desk.ok("-o", "json", "paramlist"))["doc"]["elem"]
    assert f"DBName={path}\n" in desk.ok("paramlist")

    wrong = ["service.postclose", f"elid={desk.service}", "sok=ok"]
    assert desk.mgrctl(*wrong).stdout == "ERROR Error: Missed, runningoperation, close\n"
    assert desk.error(*wrong) == {"type": "missed", "object": "runningoperation", "value": "close"}
    done = desk.mgrctl("-o", "json", *wrong)
    assert done.returncode == 1
    assert json.loads(done.stdout)["doc"]["error"]["$type"] == "missed"
    done = desk.mgrctl("-o", "bjson", *wrong)
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["object"] == "runningoperation"


@pytest.mark.parametrize(
    "answer",
    [
        Form({}),
        Form({"ok": "", "text": SIGNS}),
        Rows([]),
        Rows([{"text": SIGNS, "none": ""}, {}]),
        MgrError("value"),
        MgrError("value", SIGNS + "\r", SIGNS, {SIGNS: SIGNS, "none": ""}),
    ],
)
def test_answers_are_written_as_the_standard_library_does(answer: Answer) -> None:
    declaration, document = write(answer, "xml").split("\n", 1)
    assert declaration == '<?xml version="1.0" encoding="UTF-8"?>'
    assert ET.tostring(ET.fromstring(document), encoding="unicode") + "\n" == document
    for form in ("json", "bjson"):
        written = write(answer, form)
        assert json.dumps(json.loads(written), ensure_ascii=False) + "\n" == written


def test_signs_come_back_from_each_form(desk: Desk) -> None:
    controls = "".join(map(chr, range(1, 0x20)))
    error = ET.fromstring(desk.mgrctl("-o", "xml", f"{SIGNS}\r").stdout).find("error")
    assert error is not None
    assert error.get("value") == f"{SIGNS}\r"
    written = desk.mgrctl("-o", "bjson", controls + SIGNS).stdout
    assert json.loads(written)["error"]["value"] == controls + SIGNS
    assert json.dumps(json.loads(written), ensure_ascii=False) + "\n" == written
    assert [call["function"] for call in desk.panel.mgrctl_calls()] == [f"{SIGNS}\r", controls + SIGNS]


@pytest.mark.parametrize("folder", ["with a space", "long" * 60])
def test_an_interpreter_that_no_first_line_can_hold(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / folder / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(python))
    panel = Panel.create(tmp_path / "mgr5")
    command = [str(panel.layout.mgrctl), "-m", "billmgr", "task.gettype", "operation=open"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stdout) == (0, "task_type=open\n"), done


def test_saveparam_in_both_forms(desk: Desk) -> None:
    service = f"elid={desk.service}"
    assert ET.fromstring(desk.ok("-o", "xml", "service.saveparam", service, "sok=ok", "name=username", "value=u 1="))[
        0
    ].tag == ("ok")
    desk.ok("service.saveparam", service, "sok=ok", "url=https://x/?a=b", "note=äö")
    assert desk.params() == {"username": "u 1=", "url": "https://x/?a=b", "note": "äö"}
    desk.ok("service.saveparam", service, "sok=ok", "name=username", "value=")
    assert desk.params()["username"] == ""
    desk.ok("service.dropparam", service, "sok=ok", "name=username")
    assert "username" not in desk.params()


def test_a_crypted_parameter_comes_from_the_environment_and_is_stored_encrypted(desk: Desk) -> None:
    words = ["service.saveparam", f"elid={desk.service}", "sok=ok", "crypted=on"]
    desk.ok("-e", "value=$NEW_SECRET", *words, "name=userpassword", NEW_SECRET="sécret $x")
    desk.ok("-e", "token=$NEW_SECRET", *words, NEW_SECRET="second")
    assert desk.params() == {"userpassword": "sécret $x", "token": "second"}
    with sqlite3.connect(desk.panel.layout.database) as connection:
        (stored,) = connection.execute("SELECT value FROM itemcryptedparam WHERE intname = 'token'").fetchone()
    assert len(stored) == 344
    assert "second" not in stored
    call = desk.panel.mgrctl_calls("service.saveparam")[0]
    assert call["params"] == ["crypted", "elid", "name", "sok", "value"]
    assert (call["from_env"], call["secret_in_arguments"]) == (["value"], False)
    log = desk.panel.layout.mgrctl_log.read_text()
    assert "sécret" not in log
    assert "second" not in log

    desk.ok(*words, "name=userpassword", "value=third")
    assert desk.panel.mgrctl_calls()[-1]["secret_in_arguments"] is True
    desk.ok("-e", "name=$N", *words, "value=fourth", N="userpassword")
    assert desk.panel.mgrctl_calls()[-1]["secret_in_arguments"] is True


def test_a_crypted_parameter_is_one_block(desk: Desk) -> None:
    words = ["-e", "value=$LONG", "service.saveparam", f"elid={desk.service}", "sok=ok", "name=key", "crypted=on"]
    desk.ok(*words, LONG="x" * 245)
    assert desk.error(*words, LONG="x" * 246)["type"] == "value_too_long"
    assert desk.params() == {"key": "x" * 245}


def test_without_sok_nothing_is_done(desk: Desk) -> None:
    service = f"elid={desk.service}"
    for words in (
        ["backupservice.open", service],
        ["service.saveparam", service, "name=a", "value=b"],
        ["service.changepricelist.rollback", service],
        ["runningoperation.edit", f"elid={desk.operation}", "manual=on"],
        ["task.edit", f"item={desk.service}", f"runningoperation={desk.operation}", "type=open"],
        ["problems.register", "name=processingmodule_connect"],
    ):
        assert "<ok" not in desk.ok("-o", "xml", *words)
    assert desk.panel.service(desk.service)["status"] == 5
    assert desk.params() == {}
    assert desk.panel.operation(desk.operation)["manual"] == "off"
    assert desk.panel.tasks() == desk.panel.problems() == []


def test_what_is_wrong_is_refused(desk: Desk) -> None:
    service = f"elid={desk.service}"
    assert desk.error("service.nonsense", service) == {"type": "missed", "object": "func", "value": "service.nonsense"}
    assert desk.error("vhost.open", service, "sok=ok")["object"] == "elid"
    assert desk.error("teapot.open", service, "sok=ok")["object"] == "func"
    assert desk.error("backupservice.open", "elid=4711", "sok=ok")["value"] == "4711"
    assert desk.error("backupservice.open", "sok=ok")["object"] == "elid"
    assert desk.error("service.saveparam", service, "sok=ok")["object"] == "name"
    assert desk.error("service.setexpiredate", service, "expiredate=soon")["object"] == "expiredate"
    for errorxml in ("<doc>", "<doc/>", '<doc><error type="Not a key" object=""/></doc>'):
        edit = ("runningoperation.edit", f"elid={desk.operation}", "sok=ok", f"errorxml={errorxml}")
        assert desk.error(*edit)["object"] == "errorxml"
    assert desk.error("runningoperation.edit", f"elid={desk.operation}", "sok=ok", "manual=1")["object"] == "manual"
    for words in (["-e", "value=$ABSENT", "paramlist"], ["-e", "value=plain", "paramlist"], ["-x", "paramlist"], []):
        done = desk.mgrctl(*words)
        assert done.returncode == 1
        assert done.stdout.startswith("ERROR Error: ")
    assert desk.mgrctl("-o", "yaml", "paramlist").returncode == 1
    unnamed = subprocess.run([desk.panel.layout.mgrctl, "paramlist"], capture_output=True, text=True, check=False)
    assert unnamed.returncode == 1


def test_operations_tasks_and_problems(desk: Desk) -> None:
    operation = f"elid={desk.operation}"
    errorxml = '<doc><error type="cloud_down" object="cloud"/></doc>'
    desk.ok("runningoperation.edit", operation, "sok=ok", f"errorxml={errorxml}", "manual=on")
    assert desk.panel.operation(desk.operation)["errorxml"] == errorxml
    desk.ok("runningoperation.edit", operation, "sok=ok", "manual=off")
    assert desk.panel.operation(desk.operation)["manual"] == "off"
    desk.ok("runningoperation.setmanual", operation)
    assert desk.panel.operation(desk.operation)["manual"] == "on"

    assert desk.ok("task.gettype", "operation=stat") == "task_type=\n"
    task = ["task.edit", "sok=ok", f"item={desk.service}", f"runningoperation={desk.operation}"]
    assert desk.error(*task, "type=")["object"] == "type"
    desk.ok(*task, "type=open", "note=by hand")
    (made,) = desk.panel.tasks()
    assert (made["type"], made["item"], made["runningoperation"]) == ("open", desk.service, desk.operation)
    assert (made["status"], made["params"]) == (0, {"note": "by hand"})

    problem = ["problems.register", "sok=ok", "name=processingmodule_connect", f"id={desk.cloud}", "level=error"]
    desk.ok(*problem, "param_name=blue")
    (registered,) = desk.panel.problems()
    assert (registered["name"], registered["object"], registered["params"]) == (
        "processingmodule_connect",
        str(desk.cloud),
        {"param_name": "blue"},
    )

    desk.ok("runningoperation.delete", operation)
    assert desk.panel.operation(desk.operation)["ended_by"] == "runningoperation.delete"
    assert desk.panel.service(desk.service)["status"] == 5


def test_modules_dates_and_statistics(desk: Desk) -> None:
    desk.ok("service.setexpiredate", f"elid={desk.service}", "expiredate=2031-02-03")
    assert desk.panel.service(desk.service)["expiredate"] == "2031-02-03"
    desk.ok("service.poststat", f"elid={desk.cloud}", "date=2031-02-03")
    assert desk.panel.closed_days() == [(desk.cloud, "2031-02-03")]
    with sqlite3.connect(desk.panel.layout.database) as connection:
        connection.execute("INSERT INTO itemstat VALUES (?, '2031-02-03', 'disk', 5, 4)", (desk.service,))
    (row,) = desk.panel.statistics()
    assert (row["value"], row["unit"]) == (5, "gib")

    desk.ok("processing.setconfig", f"elid={desk.cloud}", "config=<doc/>")
    form = json.loads(desk.ok("-o", "bjson", "processing.edit", f"elid={desk.cloud}"))["model"]
    assert (form["module"], form["department"], form["url"]) == ("pmnextcloud", "1", "https://blue")
    assert "password" not in form
    assert desk.panel.cloud_params(desk.cloud) == {"url": "https://blue", "password": "adminsecret"}


def test_units_lead_down_to_the_byte(desk: Desk) -> None:
    with sqlite3.connect(desk.panel.layout.database) as connection:
        units = {row[0]: row for row in connection.execute("SELECT id, intname, relation, lessmeasure FROM measure")}
    sizes = {}
    for id_, intname, _, _ in units.values():
        size, unit = 1, id_
        while units[unit][3] is not None:
            size, unit = size * units[unit][2], units[unit][3]
        sizes[intname] = size
    assert sizes == {"byte": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}


@pytest.mark.parametrize(
    ("fault", "code", "stdout", "done"),
    [
        ("exit", 1, "", False),
        ("exit_after", 1, "", True),
        ("error", 1, "<error", False),
        ("error_exit_0", 0, "<error", False),
        ("down", 1, "", False),
    ],
)
def test_faults(desk: Desk, fault: str, code: int, stdout: str, done: bool) -> None:
    desk.panel.set_fault(fault, "backupservice.open", times=1)
    words = ["-o", "xml", "backupservice.open", f"elid={desk.service}", "sok=ok"]
    desk.ok("paramlist")
    answer = desk.mgrctl(*words)
    assert answer.returncode == code
    assert (stdout in answer.stdout) if stdout else answer.stdout == ""
    assert (desk.panel.service(desk.service)["status"] == 2) is done
    assert desk.panel.mgrctl_calls()[-1]["fault"] == fault
    assert desk.mgrctl(*words).returncode == (1 if done else 0), "the fault was meant for one call"


def test_a_fault_for_all_functions_lasts_until_it_is_cleared(desk: Desk) -> None:
    desk.panel.set_fault("down")
    for _ in range(2):
        assert "not running" in desk.mgrctl("paramlist").stderr
    desk.panel.clear_faults()
    desk.ok("paramlist")
    with pytest.raises(ValueError, match="unknown fault"):
        desk.panel.set_fault("nonsense")


def test_a_fault_file_may_hold_one_object(desk: Desk) -> None:
    desk.panel.layout.fault.write_text(json.dumps({"function": "paramlist", "fault": "exit", "times": 1}))
    assert desk.mgrctl("paramlist").returncode == 1
    desk.ok("paramlist")


def test_a_hanging_mgrctl_does_nothing(desk: Desk) -> None:
    desk.panel.set_fault("hang", times=1)
    words = [str(desk.panel.layout.mgrctl), "-m", "billmgr", "backupservice.open", f"elid={desk.service}", "sok=ok"]
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(words, timeout=1, check=False)
    assert desk.panel.service(desk.service)["status"] == 5


def test_a_restart_makes_the_panel_ask_its_modules_again(desk: Desk) -> None:
    desk.panel.layout.features.write_text("<doc/>")
    desk.ok("-R")
    assert not desk.panel.layout.features.exists()


def test_the_source_of_a_call_is_recorded(desk: Desk) -> None:
    desk.ok("paramlist", SSH_CONNECTION="pmnextcloud")
    assert desk.panel.mgrctl_calls("paramlist")[-1]["source"] == "pmnextcloud"


def test_a_tree_is_laid_out_only_where_nothing_is(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(PanelError, match="not_empty"):
        Panel.create(desk.panel.root)
    with pytest.raises(PanelError, match="no_panel"):
        Panel(tmp_path)


def test_the_command_line_sells_and_runs(tmp_path: Path) -> None:
    root = tmp_path / "mgr5"

    def run(*words: str, stdin: str = "", code: int = 0) -> Any:
        command = [sys.executable, str(COMMAND_LINE), words[0], "--root", str(root), "--json", *words[1:]]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == code, done
        return json.loads(done.stdout) if done.stdout else done.stderr

    module, descriptor = tmp_path / "module", tmp_path / "descriptor.xml"
    module.write_text(
        "#!/bin/sh\n"
        'if [ "$2" = features ]; then\n'
        "  echo '<doc><itemtypes><itemtype name=\"backupservice\"/></itemtypes></doc>'\n"
        "else\n"
        "  sbin/mgrctl -m billmgr service.saveparam elid=$4 sok=ok url=https://c username=u >/dev/null\n"
        "  exec sbin/mgrctl -m billmgr backupservice.open elid=$4 sok=ok >/dev/null\n"
        "fi\n"
    )
    module.chmod(0o755)
    descriptor.write_text(
        '<mgrdata><plugin name="pmnextcloud"><params><type name="backupservice"/></params></plugin></mgrdata>'
    )
    assert run("create")["root"] == str(root)
    assert run("install", str(module), str(descriptor)) == {"features": []}
    secret = ["--param", "url=https://blue", "--secret", "password"]
    cloud = run("add-cloud", "blue", *secret, stdin="adminsecret\n")["cloud"]
    assert Panel(root).cloud_params(cloud) == {"url": "https://blue", "password": "adminsecret"}
    tariff = run("add-tariff", "Small", str(cloud), "--disk", "10:gib", "--param", "usergroup=customers")["tariff"]
    client = run("add-client", "Anna", "anna@example.org")["client"]
    service = str(run("order", str(tariff), str(client), "--extra-disk", "5")["service"])
    assert run("show") == {"services": {service: "in processing (open)"}, "tasks": [], "problems": []}
    assert run("run", service, "--wait", "5")["status_name"] == "active"
    shown = run("show", service)
    assert (shown["addons"]["disk"]["value"], shown["params"]["url"]) == (15, "https://c")
    assert "has no userpassword" in run("show", service, "--credentials", code=2)
    assert run("operation", "close", service)["operation"] == 2
    assert run("run", service, code=1)["error"]["type"] == "no_error_document"
    assert "no reopen from there" in run("operation", "reopen", service, code=2)
    readable = subprocess.run(
        [sys.executable, str(COMMAND_LINE), "show", "--root", str(root), service], capture_output=True, text=True,
        check=True, env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    assert "status_name: in processing (close)" in readable.stdout
