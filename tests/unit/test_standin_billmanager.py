# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in BILLmanager: services, operations and how it judges a module, seen through a tiny module."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from standins.billmanager import NoCredentials, OperationNotEnded, Panel, PanelError

MODULE = '''#!{python} -IS
"""Does what the file `plan` in the panel's root says: {{command: [step, ...]}}."""
import json, os, subprocess, sys, time

options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
command = options["--command"]
plan = json.load(open("plan"))
with open("seen", "a") as seen:
    seen.write(command + "\\n")
for kind, *content in plan.get(command, []):
    if kind == "print":
        print(content[0])
    elif kind == "exit":
        sys.exit(content[0])
    elif kind == "sleep":
        time.sleep(content[0])
    elif kind == "child":
        subprocess.run(["sleep", str(content[0])])
    elif kind == "later":
        text = json.dumps(content)
        script = "import json,subprocess,sys,time; t, *a = json.loads(sys.argv[1]); time.sleep(t); subprocess.run(a)"
        subprocess.Popen([sys.executable, "-c", script, json.dumps([content[0], "sbin/mgrctl", "-m", "billmgr",
                         *(part.format(**{{k[2:]: v for k, v in options.items()}}) for part in content[1:])])],
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    elif kind == "mgrctl":
        words = [part.format(**{{k[2:]: v for k, v in options.items()}}) for part in content]
        subprocess.run(["sbin/mgrctl", "-m", "billmgr", *words], stdout=subprocess.DEVNULL, check=True,
                       env={{**os.environ, "SECRET": "p:asswörd with spaces"}})
'''
DESCRIPTOR = """<?xml version="1.0" encoding="UTF-8"?>
<mgrdata>
  <plugin name="pmnextcloud"><group>processing_module</group><params><type name="backupservice"/></params></plugin>
  <metadata name="processing.edit.pmnextcloud" type="form"><form><page name="connect">
    <field name="url"><input type="text" name="url"/></field>
    <field name="username"><input type="text" name="username"/></field>
    <field name="password"><input type="password" name="password"/></field>
  </page></form></metadata>
  <lang name="en"><messages name="msgerror">
    <msg name="msg_error_cloud_down">Cloud __cloud__ is down: __value__ (__nobody__)</msg>
    <msg name="unreachable">it cannot be reached</msg>
  </messages></lang>
  <lang name="ru"><messages name="msgerror">
    <msg name="msg_error_cloud_down">Облако __cloud__ недоступно</msg>
  </messages></lang>
</mgrdata>
"""
FEATURES = (
    '<?xml version="1.0"?><doc><itemtypes><itemtype name="backupservice"/></itemtypes><params><param name="url"/>'
    '<param name="username"/><param name="password" crypted="yes"/></params><features><feature name="stat"/></features>'
    "</doc>"
)
POST = {command: [["mgrctl", f"service.post{command}", "elid={item}", "sok=ok"]] for command in (
    "suspend", "resume", "close", "reopen", "prolong", "setparam", "changepassword"
)}  # fmt: skip
OPEN = [
    ["mgrctl", "service.saveparam", "elid={item}", "sok=ok", "name=username", "value=user_{item}"],
    ["mgrctl", "service.saveparam", "elid={item}", "sok=ok", "url=https://cloud.example/"],
    ["mgrctl", "-e", "value=$SECRET", "service.saveparam", "elid={item}", "sok=ok", "name=userpassword", "crypted=on"],
    ["mgrctl", "backupservice.open", "elid={item}", "sok=ok"],
]
WELL = {"features": [["print", FEATURES]], "open": OPEN, **POST}
ERROR = (
    '<doc><error type="cloud_down" object="cloud" value="x"><param name="cloud">blue</param>'
    '<param name="value" type="msg">unreachable</param></error></doc>'
)


class Shop:
    """A panel with one cloud, one tariff and one client; the module follows `plan`."""

    def __init__(self, root: Path, empty_panel: Path) -> None:
        shutil.copytree(empty_panel, root / "mgr5")
        self.panel = Panel(root / "mgr5")
        self.plan()
        module = root / "module"
        module.write_text(MODULE.format(python=sys.executable))
        module.chmod(0o755)
        (root / "descriptor.xml").write_text(DESCRIPTOR)
        self.panel.install_module(module, root / "descriptor.xml")
        self.cloud = self.panel.add_cloud("blue", {"url": "https://blue"}, {"password": "adminsecret"})
        self.tariff = self.panel.add_tariff("Small", self.cloud, (10, "gib"), {"usergroup": "customers"})
        self.client = self.panel.add_client("Anna", "anna@example.org")

    def plan(self, **commands: Any) -> None:
        (self.panel.root / "plan").write_text(json.dumps({**WELL, **commands}))

    def seen(self) -> list[str]:
        """Commands with which the module was called so far."""
        return (self.panel.root / "seen").read_text().split()

    def opened(self, extra_disk: int = 0) -> int:
        service = self.panel.order(self.tariff, self.client, extra_disk)
        assert self.panel.run(service).finished
        return service


@pytest.fixture
def shop(tmp_path: Path, empty_panel: Path) -> Shop:
    return Shop(tmp_path, empty_panel)


def test_a_service_lives_through_its_whole_cycle(shop: Shop) -> None:
    panel = shop.panel
    service = panel.order(shop.tariff, shop.client, 5)
    before = panel.service(service)
    assert (before["status"], before["status_name"], before["opendate"]) == (5, "in processing (open)", None)
    with pytest.raises(NoCredentials):
        panel.customer_credentials(service)

    run = panel.run(service)
    assert (run.ok, run.finished, run.exit_code, run.status_name) == (True, True, 0, "active")
    after = panel.service(service)
    assert (after["status"], after["operations"]) == (2, [])
    assert after["opendate"]
    assert after["expiredate"]
    assert after["addons"] == {"disk": {"value": 15, "unit": "gib"}}
    assert panel.customer_credentials(service) == (
        "https://cloud.example/",
        f"user_{service}",
        "p:asswörd with spaces",
    )

    panel.suspend(service, "abuse")
    assert panel.run(service).status_name == "suspended"
    assert panel.service(service)["abusesuspend"] == "on"
    panel.resume(service)
    assert panel.service(service)["abusesuspend"] == "on"
    assert panel.run(service).status_name == "active"
    assert panel.service(service)["abusesuspend"] == "off"

    panel.prolong(service, 2)
    assert panel.run(service).status_name == "active"
    panel.close(service)
    assert panel.run(service).status_name == "deleted"
    panel.reopen(service)
    assert panel.run(service).status_name == "active"
    assert shop.seen() == ["features", "open", "suspend", "resume", "prolong", "close", "reopen"]


def test_a_tariff_change_keeps_the_old_tariff_until_it_is_done(shop: Shop) -> None:
    panel, service = shop.panel, shop.opened(extra_disk=5)
    large = panel.add_tariff("Large", shop.cloud, (1, "tib"))
    operation = panel.change_tariff(service, large, extra_disk=2)
    row = panel.service(service)
    assert (row["pricelist"], row["lastpricelist"], row["status"]) == (large, shop.tariff, 2)
    assert row["addons"] == {"disk": {"value": 3, "unit": "tib"}}
    assert panel.run(service).finished
    assert panel.service(service)["lastpricelist"] is None
    assert panel.operation(operation)["ended_by"] == "service.postsetparam"


def test_a_rollback_restores_tariff_and_addons(shop: Shop) -> None:
    panel, service = shop.panel, shop.opened(extra_disk=5)
    panel.change_tariff(service, panel.add_tariff("None", shop.cloud, None))
    assert panel.service(service)["addons"] == {}
    shop.plan(setparam=[["mgrctl", "service.changepricelist.rollback", "elid={item}", "sok=ok"]])
    assert panel.run(service).finished
    row = panel.service(service)
    assert (row["pricelist"], row["lastpricelist"]) == (shop.tariff, None)
    assert row["addons"] == {"disk": {"value": 15, "unit": "gib"}}


def test_trials_and_enumerations(shop: Shop) -> None:
    panel = shop.panel
    trial = panel.add_tariff("Trial", shop.cloud, (10, "gib"), disk_trial_maximum=12)
    service = panel.order(trial, shop.client, 5, trial=True)
    assert panel.service(service)["addons"]["disk"]["value"] == 12
    assert panel.service(service)["period"] == -100
    choices = panel.add_tariff("Choice", shop.cloud, (10, "gib"), disk_choices=["10", "50"], disk_intname="disc")
    assert panel.service(panel.order(choices, shop.client))["addons"] == {"disc": {"value": "10", "unit": "gib"}}
    service = panel.order(choices, shop.client, disk_choice="50", disk_intname="disc")
    assert panel.service(service)["addons"] == {"disc": {"value": "50", "unit": "gib"}}


def test_an_error_document_counts_an_attempt_and_is_shown_in_both_languages(shop: Shop) -> None:
    panel = shop.panel
    service = panel.order(shop.tariff, shop.client)
    shop.plan(open=[["print", ERROR], ["exit", 1]])
    run = panel.run(service)
    assert not run.ok
    assert not run.finished
    assert run.exit_code == 1
    assert run.error is not None
    assert (run.error.type, run.error.object, run.error.params["cloud"]) == ("cloud_down", "cloud", "blue")
    assert run.error.text_en == "Cloud blue is down: it cannot be reached (__nobody__)"
    assert run.error.text_ru == "Облако blue недоступно"
    assert run.operation is not None
    panel.run(service)
    operation = panel.operation(run.operation)
    assert (operation["trycount"], operation["ended"]) == (2, None)
    assert operation["error"]["text_ru"] == "Облако blue недоступно"
    assert panel.service(service)["status_name"] == "in processing (open)"

    shop.plan()
    assert panel.run(service).status_name == "active"


def test_an_error_document_counts_also_with_exit_0(shop: Shop) -> None:
    service = shop.panel.order(shop.tariff, shop.client)
    shop.plan(open=[["print", ERROR.replace("cloud_down", "untold")]])
    run = shop.panel.run(service)
    assert run.exit_code == 0
    assert not run.ok
    assert run.error is not None
    assert run.error.text_en == run.error.text_ru == "msg_error_untold"
    assert run.operation is not None
    assert shop.panel.operation(run.operation)["trycount"] == 1


def test_an_error_the_module_stored_itself_stays(shop: Shop) -> None:
    service = shop.panel.order(shop.tariff, shop.client)
    stored = '<doc><error type="stored" object="o"/></doc>'
    edit = ["mgrctl", "runningoperation.edit", "elid={runningoperation}", "sok=ok", "manual=on", f"errorxml={stored}"]
    shop.plan(open=[edit, ["print", ERROR], ["exit", 1]])
    run = shop.panel.run(service)
    assert run.operation is not None
    operation = shop.panel.operation(run.operation)
    assert (operation["errorxml"], operation["manual"], operation["trycount"]) == (stored, "on", 1)
    assert shop.panel.run_pending() == []


def test_malformed_output_is_a_failure_and_recorded(shop: Shop) -> None:
    service = shop.panel.order(shop.tariff, shop.client)
    shop.plan(open=[["print", "hello"]])
    run = shop.panel.run(service)
    assert run.malformed
    assert run.error is not None
    assert run.error.type == "malformed_output"
    assert run.operation is not None
    assert shop.panel.operation(run.operation)["trycount"] == 1
    assert shop.panel.history()[-1]["malformed"] == run.malformed


def test_a_code_without_a_document_is_a_failure(shop: Shop) -> None:
    service = shop.panel.order(shop.tariff, shop.client)
    shop.plan(open=[["exit", 3]])
    run = shop.panel.run(service)
    assert run.error is not None
    assert (run.error.type, run.error.value) == ("no_error_document", "3")


def test_exit_0_without_a_post_call_leaves_the_operation_running(shop: Shop) -> None:
    panel = shop.panel
    service = panel.order(shop.tariff, shop.client)
    shop.plan(open=[["later", 0.3, "backupservice.open", "elid={item}", "sok=ok"]])
    run = panel.run(service)
    assert run.ok
    assert not run.finished
    assert run.status_name == "in processing (open)"
    assert run.operation is not None
    assert panel.operation(run.operation)["trycount"] == 0
    assert panel.wait(run.operation, 20)["ended_by"] == "backupservice.open"
    assert panel.service(service)["status_name"] == "active"


def test_waiting_has_an_end_and_may_stop_at_an_error(shop: Shop) -> None:
    service = shop.panel.order(shop.tariff, shop.client)
    operation = shop.panel.service(service)["operations"][0]
    with pytest.raises(OperationNotEnded):
        shop.panel.wait(operation, 0.1)
    shop.plan(open=[["print", ERROR], ["exit", 1]])
    shop.panel.run(service)
    assert shop.panel.wait(operation, 0.1, or_error=True)["error"]["type"] == "cloud_down"


def test_a_module_that_hangs_is_killed_with_its_children(shop: Shop) -> None:
    service = shop.panel.order(shop.tariff, shop.client)
    shop.plan(open=[["child", 60]])
    run = shop.panel.run(service, timeout=1)
    assert run.timed_out
    assert run.exit_code == -9
    assert run.error is not None
    assert run.error.type == "timeout"
    in_the_tree = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            in_the_tree += [process] if process.cwd() == str(shop.panel.root) else []
    assert in_the_tree == []
    shop.plan()
    assert shop.panel.run(service).finished


def test_a_post_call_ends_only_its_own_operation(shop: Shop) -> None:
    service = shop.opened()
    shop.panel.suspend(service)
    shop.plan(suspend=[["mgrctl", "service.postresume", "elid={item}", "sok=ok"]])
    run = shop.panel.run(service)
    assert not run.finished
    assert run.exit_code == 1
    assert run.status_name == "in processing (suspend)"
    assert shop.panel.mgrctl_calls("service.postresume")[-1]["answer"] == "missed"


def test_a_doubled_call_comes_too_late(shop: Shop) -> None:
    service = shop.opened()
    operation = shop.panel.close(service)
    assert shop.panel.run(service, operation).status_name == "deleted"
    again = shop.panel.run(service, operation)
    assert again.exit_code == 1
    assert again.status_name == "deleted"
    assert shop.panel.mgrctl_calls("service.postclose")[-1]["answer"] == "missed"


def test_postopen_ends_the_operation_without_activating(shop: Shop) -> None:
    service = shop.panel.order(shop.tariff, shop.client)
    shop.plan(open=[["mgrctl", "service.postopen", "elid={item}", "sok=ok"]])
    run = shop.panel.run(service)
    assert run.finished
    assert run.status_name == "in processing"
    shop.plan(sync_item=[["mgrctl", "backupservice.open", "elid={item}", "sok=ok"]])
    assert shop.panel.sync_item(service).status_name == "active"
    assert shop.panel.sync_item(service).exit_code == 1


def test_the_panel_refuses_what_makes_no_sense(shop: Shop) -> None:
    panel, service = shop.panel, shop.opened()
    with pytest.raises(PanelError, match="wrong_status"):
        panel.resume(service)
    panel.suspend(service)
    with pytest.raises(PanelError, match="wrong_status"):
        panel.suspend(service)
    with pytest.raises(PanelError, match="no_operation"):
        panel.run(shop.opened())
    with pytest.raises(PanelError, match="no_service"):
        panel.close(4711)
    with pytest.raises(PanelError, match="unknown"):
        panel.order(4711, shop.client)


def test_a_failing_order_can_be_closed(shop: Shop) -> None:
    service = shop.panel.order(shop.tariff, shop.client)
    operation = shop.panel.close(service)
    assert shop.panel.service(service)["status_name"] == "in processing (open, close)"
    assert shop.panel.run(service, operation).finished


def test_operations_run_in_parallel_threads(shop: Shop) -> None:
    services = [shop.panel.order(shop.tariff, shop.client) for _ in range(6)]
    shop.plan(open=[["sleep", 0.2], *OPEN])
    runs = shop.panel.run_pending(parallel=6)
    assert [run.item for run in runs] == services
    assert all(run.finished for run in runs)
    assert len(shop.panel.mgrctl_calls("backupservice.open")) == 6


def _open(root: str, service: int) -> bool:
    return Panel(root).run(service).finished


def test_operations_run_in_parallel_processes(shop: Shop) -> None:
    services = [shop.panel.order(shop.tariff, shop.client) for _ in range(4)]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.starmap(_open, [(str(shop.panel.root), service) for service in services]) == [True] * 4


def test_one_operation_run_twice_at_once_ends_once(shop: Shop) -> None:
    service = shop.panel.order(shop.tariff, shop.client)
    operation = shop.panel.service(service)["operations"][0]
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _: shop.panel.run(service, operation), range(2)))
    assert sorted(run.exit_code for run in runs) == [0, 1]
    assert sorted(call["answer"] for call in shop.panel.mgrctl_calls("backupservice.open")) == ["missed", "ok"]


def test_no_secret_is_in_a_log_or_a_table(shop: Shop) -> None:
    shop.opened()
    shop.plan(check_connection=[["print", "<doc/>"]])
    shop.panel.check_connection(shop.cloud)
    for path in (shop.panel.root / "var").iterdir():
        for secret in ("adminsecret", "asswörd"):
            assert secret.encode() not in path.read_bytes(), path
