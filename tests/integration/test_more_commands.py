# SPDX-License-Identifier: GPL-3.0-or-later
"""Prolonging, looking after one service, other passwords, and changes of tariff that fail: through the real module."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.customer import Customer
from harness.leaks import Watcher, files_with
from harness.processes import kill_worker, until
from harness.stack import Stack
from standins.billmanager import Run

from .conftest import SetUp, running
from .test_claims import refused

GIB = 1024**3
OWN = "Customers-0wn-Passw0rd"
NEW, NEWER, NEWEST = "Changed-Passw0rd-11", "Changed-Passw0rd-22", "Changed-Passw0rd-33"
ROLLBACK = "service.changepricelist.rollback"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, administrator: Path | None) -> Iterator[Stack]:
    """One stack for the tests that look at services of their own only."""
    with running(tmp_path_factory.mktemp("shared"), administrator) as stack:
        yield stack


def shown(stack: Stack, service: int) -> tuple[bool, int, list[str]]:
    """Whether the account of ``service`` is enabled, its quota in GiB and its groups."""
    account = stack.cloud.account(f"user_{service}")
    assert account is not None
    return account["enabled"], account["quota"]["quota"] // GIB, sorted(account["groups"])


def spoil(stack: Stack, service: int, *, enabled: bool) -> None:
    """Somebody changes by hand what is ours."""
    name = f"user_{service}"
    stack.cloud.ocs("PUT", f"users/{name}", key="quota", value="77 GB")
    stack.cloud.ocs("DELETE", f"users/{name}/groups", groupid="customers")
    stack.cloud.ocs("PUT", f"users/{name}/{'enable' if enabled else 'disable'}")


def error(run: Run, type_: str) -> str:
    """The run ended with the error ``type_`` and a non-zero status; its text in English."""
    assert run.error is not None, run
    assert run.error.type == type_
    assert run.exit_code != 0
    return run.error.text_en


def passwords_set(stack: Stack) -> int:
    """How many passwords the cloud was asked to set by the bridge."""
    return sum(method == "PUT" and "/cloud/users/" in path for method, path in stack.writes())


def test_prolonging(shared: Stack) -> None:
    """What is ours is as sold afterwards; suspended stays suspended, the customer's password stays theirs, and the same
    call again does nothing."""
    stack = shared
    service = stack.opened()
    spoil(stack, service, enabled=False)
    stack.cloud.ocs("PUT", f"users/user_{service}", key="password", value=OWN)
    operation = stack.panel.prolong(service)
    assert stack.run(service).status_name == "active"
    assert stack.panel.operation(operation)["ended_by"] == "service.postprolong"
    assert shown(stack, service) == (True, 1, ["customers"])
    assert Customer(stack.cloud.url, f"user_{service}", OWN).status() == 207
    stack.panel.suspend(service)
    stack.run(service)
    spoil(stack, service, enabled=True)
    stack.panel.prolong(service)
    assert stack.run(service).status_name == "suspended"
    assert shown(stack, service) == (False, 1, ["customers"])
    before = stack.writes()
    assert stack.panel.call("prolong", ["--item", str(service)]).exit_code == 0
    error(stack.panel.run(service, operation), "nextcloud_operation_ended")
    assert stack.writes() == before


def test_prolonging_makes_and_opens_nothing(shared: Stack) -> None:
    """A lost account is a failure for a person, and what is closed stays closed."""
    stack = shared
    lost = stack.opened()
    stack.cloud.delete(f"user_{lost}")
    operation = stack.panel.prolong(lost)
    refused(stack.panel.run(lost), "nextcloud_account_missing")
    assert stack.cloud.account(f"user_{lost}") is None
    assert stack.panel.operation(operation)["manual"] == "on"
    assert [task["runningoperation"] for task in stack.panel.tasks()].count(operation) == 1
    stack.run(lost, stack.panel.close(lost))
    error(stack.panel.run(lost, operation), "nextcloud_service_deleted")
    error(stack.panel.sync_item(lost), "nextcloud_service_deleted")
    assert stack.cloud.account(f"user_{lost}") is None


def test_looking_after_one_service(shared: Stack) -> None:
    """The button mends what differs, by status, reports nothing, and makes no lost account."""
    stack = shared
    service, ordered, tasks = stack.opened(), stack.order(), stack.panel.tasks()
    told = len(stack.panel.mgrctl_calls())
    spoil(stack, service, enabled=False)
    assert stack.panel.sync_item(service).exit_code == 0
    assert shown(stack, service) == (True, 1, ["customers"])
    before = stack.writes()
    assert stack.panel.sync_item(service).exit_code == 0
    assert stack.writes() == before
    error(stack.panel.sync_item(ordered), "nextcloud_account_name_missing")
    assert len(stack.panel.mgrctl_calls()) == told
    stack.panel.suspend(service)
    stack.run(service)
    spoil(stack, service, enabled=True)
    assert stack.panel.sync_item(service).exit_code == 0
    assert shown(stack, service) == (False, 1, ["customers"])
    stack.cloud.delete(f"user_{service}")
    error(stack.panel.sync_item(service), "nextcloud_account_missing")
    assert stack.cloud.account(f"user_{service}") is None
    assert stack.panel.tasks() == tasks


def test_another_password(stack: Stack, tmp_path: Path) -> None:
    """It works and is shown, is set once however often it is called, and is nowhere but in BILLmanager, encrypted."""
    service = stack.opened()
    first = stack.panel.customer_credentials(service)[2]
    watcher = Watcher()
    try:
        operation = stack.panel.change_password(service, NEW)
        run = stack.run(service)
        assert stack.panel.operation(operation)["ended_by"] == "service.postchangepassword"
        assert passwords_set(stack) == 1
        # Called again after its end, without the number of an operation, as BILLmanager calls it.
        assert stack.panel.run(service, operation).exit_code == 0
        assert passwords_set(stack) == 1
        assert stack.customer(service).password == NEW
        assert stack.customer(service).can_store()
        # The report is refused once; the next call reports, and sets nothing.
        stack.panel.set_fault("error_exit_0", function="service.postchangepassword", times=1)
        stack.panel.change_password(service, NEWER)
        error(stack.panel.run(service), "nextcloud_billmanager_refused")
        stack.run(service)
        assert passwords_set(stack) == 2
    finally:
        watcher.stop()
    assert stack.customer(service).password == NEWER
    assert stack.customer(service).can_store()
    assert "newpassword" not in stack.panel.service(service)["params"]
    rows = stack.sql("SELECT password FROM standin_operation WHERE intname = 'changepassword'")
    encrypted = [value for (value,) in rows]
    assert len(encrypted) == 2
    secrets = [first, NEW, NEWER]
    assert files_with([tmp_path, stack.worker.runtime], secrets) == []
    assert watcher.leaks(secrets) == []
    # Not even as it came: BILLmanager's arguments have it, nothing of the bridge has.
    assert files_with([stack.worker.directory, stack.worker.runtime], encrypted) == []
    assert not any(value in run.stdout + run.stderr for value in [*secrets, *encrypted])


def test_a_password_that_the_cloud_refuses(shared: Stack) -> None:
    """In the cloud's words; the old one works and is shown, and nothing is left of the other."""
    stack = shared
    service = stack.opened()
    before = stack.panel.customer_credentials(service)
    stack.standin.clear_requests()
    operation = stack.panel.change_password(service, "Weak-1pw")
    run = stack.panel.run(service)
    # Eleven log-ins that fail would lock the bridge's address out.
    assert [one["path"] for one in stack.standin.requests() if one["status"] == 401] == []
    refused(run, "nextcloud_new_password_refused")
    assert "Password needs to be at least 10 characters long." in error(run, "nextcloud_new_password_refused")
    assert stack.panel.operation(operation)["manual"] == "on"
    assert stack.panel.customer_credentials(service) == before
    assert stack.customer(service).status() == 207
    assert "newpassword" not in stack.panel.service(service)["params"]
    assert files_with([stack.worker.directory, stack.worker.runtime], ["Weak-1pw"]) == []
    # An administrator who tries that again is told that there is nothing to be tried.
    failed = stack.on_record("id", "failed")
    stack.administer("retry", operation=failed[-1][0])
    until(lambda: len(stack.on_record("id", "failed")) == len(failed) + 1)
    assert "new_password_missing" in stack.on_record("failure", "failed")[-1][0]
    stack.mgrctl("runningoperation.delete", elid=operation)
    stack.panel.change_password(service, NEW)
    stack.run(service)
    stack.panel.prolong(service)
    stack.run(service)
    stack.panel.change_tariff(service, stack.large)
    stack.run(service)
    assert stack.customer(service).password == NEW
    assert stack.customer(service).can_store()


def test_killed_while_a_password_is_changed(stack: Stack) -> None:
    """Before it is acknowledged, while the cloud has it, before BILLmanager shows it: one password in the end."""
    service = stack.opened()
    before = stack.panel.customer_credentials(service)[2]
    stack.panel.set_fault("kill_caller_after", function="service.saveparam", times=1)
    operation = stack.panel.change_password(service, NEW)
    assert stack.panel.run(service).exit_code != 0
    stack.worker.start()
    assert stack.customer(service).password == before
    assert stack.customer(service).status() == 207
    # BILLmanager was not told that it is stored, so it calls again.
    stack.standin.fault("delay_after", method="PUT", path=f"/cloud/users/user_{service}$", seconds=4.0, times=1)
    thread = threading.Thread(target=lambda: stack.panel.run(service))
    thread.start()
    until(lambda: any(one["method"] == "PUT" for one in stack.standin.arrivals()))
    kill_worker(stack.worker)
    thread.join(60)
    assert stack.panel.customer_credentials(service)[2] == before
    stack.worker.start()
    stack.panel.wait(operation, 60)
    assert passwords_set(stack) == 1
    assert stack.customer(service).password == NEW
    # Set on the cloud, and killed when BILLmanager was to show it.
    stack.panel.set_fault("kill_caller_before", function="service.saveparam", times=1, skip=1)
    operation = stack.panel.change_password(service, NEWER)
    assert stack.panel.run(service).exit_code != 0
    stack.worker.start()
    stack.panel.wait(operation, 60)
    assert passwords_set(stack) == 2
    assert stack.customer(service).password == NEWER
    assert stack.customer(service).can_store()
    until(lambda: "newpassword" not in stack.panel.service(service)["params"])


def test_two_passwords_one_after_the_other(set_up: SetUp) -> None:
    """Without an operation in BILLmanager, and while the cloud is held: none is lost, the last one counts."""
    stack = set_up({"bridge": {"wait_seconds": 0}})
    service = stack.order()
    stack.panel.run(service)
    until(lambda: stack.panel.service(service)["status_name"] == "active")
    stack.administer("hold", cloud=stack.module, reason="test")
    for password in (NEW, NEWEST):
        operation = stack.panel.change_password(service, password)
        ((encrypted,),) = stack.sql("SELECT password FROM standin_operation WHERE id = ?", operation)
        stack.mgrctl("runningoperation.delete", elid=operation)
        for _ in range(2):
            call = stack.panel.call("changepassword", ["--item", str(service), "--password", encrypted])
            assert (call.exit_code, call.error) == (0, None)
    assert len(stack.on_record("id", "held")) == 2
    stack.administer("release", cloud=stack.module)
    until(lambda: stack.on_record("state") == [("done",)] * 3)
    assert stack.customer(service).password == NEWEST
    assert stack.customer(service).can_store()
    assert "newpassword" not in stack.panel.service(service)["params"]


def test_a_failed_change_of_tariff_is_taken_back(stack: Stack) -> None:
    """BILLmanager shows the old tariff again, once; not for what fails only for now; a refusal is in the task."""
    service = stack.opened(stack.small)
    broken = stack.tariff("Broken", None)
    stack.standin.fault("status", method="GET", path=f"/cloud/users/user_{service}$", status=500, times=1)
    stack.panel.change_tariff(service, stack.large)
    run = stack.panel.run(service)
    stack.panel.wait(run.operation or 0, 60)
    assert shown(stack, service) == (True, 3, ["premium"])
    assert stack.panel.mgrctl_calls(ROLLBACK) == []
    operation = stack.panel.change_tariff(service, broken)
    error(stack.panel.run(service), "nextcloud_disk_addon_missing")
    service_row = stack.panel.service(service)
    assert (service_row["pricelist"], service_row["lastpricelist"]) == (stack.large, None)
    assert stack.panel.operation(operation)["ended_by"] == ROLLBACK
    assert len(stack.panel.mgrctl_calls(ROLLBACK)) == 1
    (task,) = stack.panel.tasks()
    assert "has its old tariff Large again" in str(task["params"])
    number = stack.on_record("id", "failed")[0][0]
    timeline = [what for (what,) in record(stack, "SELECT what FROM event WHERE operation = ? ORDER BY id", number)]
    assert timeline[-3:] == ["asks for the old tariff back", "has the old tariff back", "failed"]
    assert stack.customer(service).can_store()
    # A call that comes late changes nothing any more.
    error(stack.panel.run(service, operation), "nextcloud_operation_ended")
    stack.panel.set_fault("error", function=ROLLBACK, times=1)
    operation = stack.panel.change_tariff(service, broken)
    refused(stack.panel.run(service), "nextcloud_disk_addon_missing")
    assert stack.panel.operation(operation)["manual"] == "on"
    (task,) = [one for one in stack.panel.tasks() if one["runningoperation"] == operation]
    assert "refused to give service" in str(task["params"])


def test_killed_when_the_tariff_was_taken_back(stack: Stack) -> None:
    """It is not asked for again, since the old tariff is there. What a failed change has done in part is undone."""
    service = stack.opened(stack.small)
    stack.standin.set_app_config("files", max_quota=str(2 * GIB))
    stack.panel.set_fault("kill_caller_after", function=ROLLBACK, times=1)
    stack.panel.change_tariff(service, stack.large)
    assert stack.panel.run(service).exit_code != 0
    assert shown(stack, service) == (True, 1, ["premium"])
    stack.worker.start()
    until(lambda: [state for (state,) in stack.on_record("state")] == ["done", "failed", "done"])
    assert stack.on_record("command")[-1] == ("sync_item",)
    assert stack.panel.service(service)["pricelist"] == stack.small
    assert len(stack.panel.mgrctl_calls(ROLLBACK)) == 1
    assert shown(stack, service) == (True, 1, ["customers"])


def test_a_tariff_of_another_cloud(shared: Stack) -> None:
    """Both clouds are named, nothing is changed on either, and the old tariff is back; whichever way BILLmanager has
    it: only the tariff, or the processing module as well."""
    stack = shared
    service = stack.opened(stack.small)
    green = stack.panel.add_cloud("Green", {"url": "https://green.invalid", "username": "admin"}, {"password": "x"})
    tariff = stack.panel.add_tariff("Green large", green, disk=(3, "gib"))
    before = stack.writes()
    for module in (stack.module, green):
        stack.panel.change_tariff(service, tariff)
        stack.sql("UPDATE item SET processingmodule = ? WHERE id = ?", module, service)
        text = error(stack.panel.run(service), "nextcloud_tariff_elsewhere")
        assert "tariff Green large" in text
        assert "is one of the cloud Green, but its account" in text
        assert "is on the cloud Cloud." in text
        assert stack.panel.service(service)["pricelist"] == stack.small
    assert stack.writes() == before
    assert len(stack.panel.mgrctl_calls(ROLLBACK)) == 2


def record(stack: Stack, query: str, *values: object) -> list[tuple[object, ...]]:
    """What ``query`` finds in the bridge's record."""
    with sqlite3.connect(stack.worker.state / "record.sqlite") as connection:
        return connection.execute(query, values).fetchall()
