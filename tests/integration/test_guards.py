# SPDX-License-Identifier: GPL-3.0-or-later
"""What must not happen however events, claims and processes fall together."""

from __future__ import annotations

import threading
from pathlib import Path

import psutil
import pytest
from harness.cloud import Server
from harness.processes import below, until
from harness.stack import Stack

from .conftest import SetUp
from .test_claims import OURS, claimed, refused
from .test_kill import in_the_middle

STRANGER = "Stranger-Passw0rd-1"


def test_service_that_moved_to_another_cloud(stack: Stack, tmp_path: Path) -> None:
    """The same name on the other cloud is a stranger's: nothing is touched there or here, and a person is told."""
    service = stack.opened()
    other = Server(tmp_path / "other")
    try:
        other.cloud.create(f"user_{service}", STRANGER, email="ivan@example.org")
        module = stack.panel.add_cloud(
            "Other", {"url": other.cloud.url, "username": "admin"}, {"password": other.cloud.password}
        )
        stack.sql("UPDATE item SET processingmodule = ? WHERE id = ?", module, service)
        before = stack.writes()
        for begin in (stack.panel.suspend, stack.panel.close):
            refused(stack.panel.run(service, begin(service)), "nextcloud_service_moved")
        account = other.cloud.account(f"user_{service}")
        assert account is not None
        assert account["enabled"] is True
        assert stack.writes() == before
    finally:
        other.stop()


def test_calls_that_go_against_the_status(stack: Stack) -> None:
    """Without an operation a call may not close what is paid, nor open what is suspended."""
    service = stack.opened()
    before = stack.writes()
    for command in ("suspend", "close"):
        run = stack.panel.call(command, ["--item", str(service)])
        assert run.error is not None
        assert run.error.type == "nextcloud_status_contradicts"
    assert stack.writes() == before
    stack.panel.suspend(service)
    stack.run(service)
    before = stack.writes()
    for command in ("open", "resume", "close"):
        run = stack.panel.call(command, ["--item", str(service)])
        assert run.error is not None
        assert run.error.type == "nextcloud_status_contradicts"
    assert stack.writes() == before


def test_operation_of_another_service(stack: Stack) -> None:
    """The number of somebody else's operation is no permission."""
    first, second = stack.opened_together(2)
    closing = stack.panel.close(first)
    before = stack.writes()
    run = stack.panel.call("close", ["--item", str(second), "--runningoperation", str(closing)])
    assert run.error is not None
    assert run.error.type == "nextcloud_operation_ended"
    assert stack.writes() == before


@pytest.mark.parametrize("command", ["setparam", "suspend", "close"])
def test_refused_report_is_a_failure(stack: Stack, command: str) -> None:
    """BILLmanager refuses the post call although the operation runs: said so, and reported at the next call."""
    service = stack.opened()
    if command == "setparam":
        stack.panel.change_tariff(service, stack.tariff("Large", (2, "gib")))
    else:
        getattr(stack.panel, command)(service)
    stack.panel.set_fault("error_exit_0", function=f"service.post{command}", times=1)
    refused(stack.panel.run(service), "nextcloud_billmanager_refused")
    stack.run(service)


def test_left_claims_on_one_name(set_up: SetUp, tmp_path: Path) -> None:
    """Two killed runs have left claims on the same name: the lower service has it, in whatever order they come."""
    mapping = tmp_path / "accounts.yml"
    mapping.write_text("username: \"'shared'\"\nquota: addons.disk.bytes\nemail: client.email\n", encoding="utf-8")
    stack = set_up({"accounts": {"mapping": str(mapping)}})
    lower, higher = stack.order(), stack.order()
    for service in (lower, higher):
        claimed(stack, service, "shared", OURS + str(service))
    refused(stack.panel.run(higher), "nextcloud_account_conflict")
    stack.run(lower)
    refused(stack.panel.run(higher), "nextcloud_account_conflict")
    assert stack.customer(lower).can_store()


def test_lost_answer_and_refused_proof_keep_the_claim(stack: Stack) -> None:
    """The account was made, but neither the answer came nor does its log-in work now: not final, and never left."""
    stack.standin.fault("cut_after", method="POST", path="/cloud/users", times=1)
    stack.standin.fault("status", method="GET", path="/cloud/user$", status=401, times=1)
    service = stack.order()
    run = stack.panel.run(service)
    assert (run.exit_code, run.finished) == (0, False)
    assert stack.panel.service(service)["params"]["username"] == f"user_{service}"
    stack.panel.wait(run.operation or 0)
    assert "code=outcome_unknown" in stack.worker.log.read_text()
    assert stack.panel.service(service)["status_name"] == "active"
    assert stack.customer(service).can_store()


def test_mgrctl_dies_with_the_bridge(stack: Stack) -> None:
    """kill -9 while BILLmanager's command is under way: it does not write later, and the password works."""
    stack.panel.set_fault("hang", function="service.saveparam", times=1)
    service = stack.order()
    thread = threading.Thread(target=lambda: stack.panel.run(service))
    thread.start()
    until(lambda: any(call["fault"] == "hang" for call in stack.panel.mgrctl_calls()))
    found = below(stack.worker, "service.saveparam")
    assert found
    stack.worker.kill()
    _, alive = psutil.wait_procs(found, timeout=2)
    assert alive == []
    thread.join(60)
    stack.panel.clear_faults()
    stack.worker.start()
    until(lambda: stack.panel.service(service)["status_name"] == "active")
    assert stack.customer(service).can_store()


def test_late_password_in_billmanager_is_put_right(stack: Stack) -> None:
    """Another password reaches BILLmanager while the account is made: what the customer is shown is what works."""
    service = stack.order()
    thread, _ = in_the_middle(stack, "creation not done yet", service)
    stack.mgrctl(
        "service.saveparam",
        elid=service,
        name="userpassword",
        value="Late-Passw0rd-of-a-killed-run",
        crypted="on",
        sok="ok",
    )
    thread.join(60)
    assert stack.customer(service).can_store()


def test_group_of_a_tariff_that_is_no_longer_sold(stack: Stack) -> None:
    """The old tariff was taken off the cloud before the change: its group is lost all the same."""
    service = stack.opened()
    large = stack.tariff("Large", (2, "gib"), "premium")
    stack.sql("DELETE FROM processingmodule2pricelist WHERE pricelist <> ?", large)
    stack.panel.change_tariff(service, large)
    stack.run(service)
    account = stack.cloud.account(f"user_{service}")
    assert account is not None
    assert account["groups"] == ["premium"]


def test_texts_that_look_like_something_else(stack: Stack) -> None:
    """A group of digits and underscores, a name that YAML takes for nothing: they arrive as they are."""
    stack.cloud.add_group("2024_1")
    client = stack.panel.add_client("null", "null@example.org")
    service = stack.panel.order(stack.tariff("Digits", (1, "gib"), "2024_1"), client)
    stack.run(service)
    account = stack.cloud.account(f"user_{service}")
    assert account is not None
    assert account["groups"] == ["2024_1"]
    assert account["displayname"] == "null"


def test_mass_suspension_within_the_limit(set_up: SetUp) -> None:
    """As many suspensions at once as an hour may have: all are done."""
    stack = set_up({"clouds": {"suspensions_per_hour": 5}})
    services = stack.opened_together(5)
    for service in services:
        stack.panel.suspend(service)
    runs = stack.panel.run_pending(parallel=5)
    assert [run.error for run in runs] == [None] * 5
    assert {stack.panel.service(service)["status_name"] for service in services} == {"suspended"}


def test_accepted_and_still_in_progress(set_up: SetUp) -> None:
    """The bridge does not wait longer than its settings say; the operation goes on and is reported."""
    stack = set_up({"bridge": {"wait_seconds": 0}})
    service = stack.order()
    run = stack.panel.run(service)
    assert run.exit_code == 0
    assert run.error is None
    assert not run.finished
    assert run.operation is not None
    stack.panel.wait(run.operation, 60)
    assert stack.customer(service).can_store()


def test_the_worker_stops_at_once(stack: Stack) -> None:
    """SIGTERM ends it within seconds, also with an operation under way; that goes on after the next start."""
    service = stack.order()
    thread, _ = in_the_middle(stack, "creation not done yet", service)
    assert stack.worker.process is not None
    stack.worker.process.terminate()
    stack.worker.process.wait(10)
    thread.join(30)
    stack.worker.start()
    until(lambda: stack.panel.service(service)["status_name"] == "active")
    assert stack.customer(service).can_store()
