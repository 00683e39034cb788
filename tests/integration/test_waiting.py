# SPDX-License-Identifier: GPL-3.0-or-later
"""What does not go well at once: tried again, held with its cloud, given to a person, kept for a while."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
from harness.processes import until
from harness.stack import Stack

from .conftest import SetUp


def active(stack: Stack, service: int) -> bool:
    """Whether BILLmanager shows the service as active."""
    return bool(stack.panel.service(service)["status_name"] == "active")


def enabled(stack: Stack, service: int) -> bool | None:
    """Whether the account is enabled; ``None``: there is none."""
    account = stack.cloud.account(f"user_{service}")
    return None if account is None else bool(account["enabled"])


@pytest.mark.parametrize("fault", ["status", "cut_after"])
def test_what_is_temporary_is_tried_again_by_itself(stack: Stack, fault: str) -> None:
    """BILLmanager hears that it goes on, sees the error and when it is tried again, and gets one account."""
    stack.standin.fault(fault, path="/cloud/users", times=3)
    service = stack.order()
    run = stack.panel.run(service)
    assert (run.exit_code, run.finished) == (0, False)
    until(lambda: active(stack, service))
    stored = [call for call in stack.panel.mgrctl_calls() if call["function"] == "runningoperation.edit"]
    assert stored
    assert "manual" not in {name for call in stored for name in call["params"]}
    assert stack.customer(service).can_store()
    made = [one for one in stack.standin.requests() if one["method"] == "POST" and one["path"].endswith("/cloud/users")]
    assert [one["status"] for one in made].count(200) == 1


def test_billmanager_that_is_down_hears_of_it_later(stack: Stack) -> None:
    """The account is made, the post call fails for a while: reported once, and not made twice."""
    service = stack.order()
    stack.panel.set_fault("down", function="backupservice.open", times=5)
    run = stack.panel.run(service)
    assert (run.exit_code, run.finished) == (0, False)
    until(lambda: active(stack, service))
    assert len([path for method, path in stack.writes() if method == "POST"]) == 1


def test_what_was_taken_while_the_database_was_down(stack: Stack) -> None:
    """The first attempt that finds BILLmanager notes whose it is, for `forget`, and its dates, for a restore."""
    service = stack.order()
    stack.panel.database_down()
    stack.panel.run(service)
    assert stack.on_record("client, created") == [(None, None)]
    stack.panel.database_up()
    until(lambda: active(stack, service))
    ((client, created),) = stack.on_record("client, created")
    assert client
    assert created.startswith(stack.panel.service(service)["createdate"])


def test_operations_of_a_held_cloud_wait_behind_one_probe(stack: Stack) -> None:
    """Maintenance: one problem and one task, however many operations wait; all go on by themselves when it has
    ended."""
    stack.standin.fault("maintenance")
    services = [stack.order() for _ in range(3)]
    runs = [stack.panel.run(service) for service in services]
    assert [(run.exit_code, run.finished) for run in runs] == [(0, False)] * 3
    until(lambda: stack.panel.tasks())
    for run in runs:
        assert stack.panel.wait(run.operation or 0, or_error=True)["error"]["type"] == "nextcloud_maintenance"
    assert len(stack.panel.problems()) == 1
    assert len(stack.panel.tasks()) == 1
    stack.standin.clear_faults()
    until(lambda: all(active(stack, service) for service in services))
    assert len(stack.panel.tasks()) == 1


def test_a_cloud_that_cannot_be_reached_three_times_is_held(stack: Stack) -> None:
    """Then it is only probed."""
    ((address,),) = stack.sql("SELECT value FROM processingparam WHERE intname = 'url'")
    stack.sql("UPDATE processingparam SET value = 'http://127.0.0.1:9' WHERE intname = 'url'")
    service = stack.order()
    stack.panel.run(service)
    until(lambda: stack.panel.problems())
    assert stack.worker.log.read_text().count("code=unreachable kind=temporary") == 3
    stack.sql("UPDATE processingparam SET value = ? WHERE intname = 'url'", address)
    until(lambda: active(stack, service))


def test_wrong_credentials_are_tried_once_until_they_change(stack: Stack) -> None:
    """The first 401 holds the cloud, without a probe; new credentials are noticed."""
    stack.panel.set_cloud_secret(stack.module, "password", "Not-The-One-1")
    service = stack.order()
    stack.panel.run(service)
    until(lambda: stack.panel.tasks())
    time.sleep(2)
    assert [seen["status"] for seen in stack.standin.requests() if seen["status"] == 401] == [401]
    assert stack.administer("release", cloud=stack.module)["status"] == "failed"
    assert len([seen for seen in stack.standin.requests() if seen["status"] == 401]) == 1
    stack.panel.set_cloud_secret(stack.module, "password", stack.cloud.password)
    until(lambda: active(stack, service))


def test_a_final_failure_pauses_the_operation_and_opens_one_task(stack: Stack) -> None:
    """In both languages; after the cause is mended, an administrator's retry finishes it."""
    service = stack.order(stack.tariff("No disk", None))
    run = stack.panel.run(service)
    assert run.error is not None
    assert stack.panel.operation(run.operation or 0)["manual"] == "on"
    stack.panel.run(service)
    tasks = stack.panel.tasks()
    assert len(tasks) == 1
    words = json.dumps(tasks[0], ensure_ascii=False)
    assert "Add the addon disk" in words
    assert "Добавьте в тариф" in words
    stack.set_tariff(service, stack.tariff("With disk"))
    assert stack.administer("retry", operation=1)["status"] == "done"
    until(lambda: active(stack, service))


def test_operations_of_one_service_keep_their_order(stack: Stack) -> None:
    """A tariff change that is tried again is not overtaken by the suspension that was asked for later."""
    service = stack.opened()
    stack.standin.fault("status", method="PUT", path=f"/users/user_{service}", times=4)
    change = stack.panel.change_tariff(service, stack.tariff("Large", (3, "gib")))
    assert stack.panel.run(service, change).finished is False
    suspension = stack.panel.suspend(service)
    stack.panel.run(service, suspension)
    stack.panel.wait(suspension)
    done = [call["function"] for call in calls(stack, service) if call["function"].startswith("service.post")]
    assert done == ["service.postsetparam", "service.postsuspend"]
    assert enabled(stack, service) is False


def test_limits_wait_for_a_person(set_up: SetUp) -> None:
    """Beyond the suspensions of an hour an operation waits, with one task; approved, it goes on."""
    stack = set_up({"clouds": {"suspensions_per_hour": 1}})
    services = stack.opened_together(3)
    for service in services:
        stack.panel.run(service, stack.panel.suspend(service))
    assert [enabled(stack, service) for service in services] == [False, True, True]
    assert len(stack.panel.tasks()) == 1
    assert stack.administer("approve", operations=[4])["status"] == "failed"
    answer = stack.administer("approve", cloud=stack.module)
    assert len(answer["result"]["operations"]) == 2
    until(lambda: [enabled(stack, service) for service in services] == [False, False, False])


def test_a_closed_account_is_kept_and_taken_back(stack: Stack) -> None:
    """Disabled at once, its deadline saved before the post call; reopened with its data, and then not deleted."""
    tariff = stack.panel.add_tariff("Kept", stack.module, params={"usergroup": "customers", "retention_days": "30"})
    service = stack.opened(tariff)
    assert stack.customer(service).can_store()
    stack.run(service, stack.panel.close(service))
    assert stack.panel.service(service)["status_name"] == "deleted"
    assert "delete_after" in stack.panel.service(service)["params"]
    assert enabled(stack, service) is False
    functions = [call["function"] for call in calls(stack, service)]
    assert functions.index("service.saveparam") < functions.index("service.postclose")
    assert functions[-2:] == ["service.saveparam", "service.postclose"]
    # Never stuck behind the deletion that is to come.
    stack.run(service, stack.panel.reopen(service))
    assert active(stack, service)
    assert "delete_after" not in stack.panel.service(service)["params"]
    assert enabled(stack, service) is True
    assert stack.customer(service).can_store()


def calls(stack: Stack, service: int) -> list[dict[str, Any]]:
    """The calls of mgrctl about a service."""
    lines = Path(stack.panel.layout.mgrctl_log).read_text("utf-8").splitlines()
    return [call for call in map(json.loads, lines) if str(call.get("elid")) == str(service)]


def test_a_kept_account_is_deleted_at_its_deadline_also_after_the_record_was_lost(stack: Stack) -> None:
    """The deadline is BILLmanager's: a bridge without its record deletes when it is due, and not before."""
    tariff = stack.panel.add_tariff("Kept", stack.module, params={"usergroup": "customers", "retention_days": "30"})
    service, other = stack.opened(tariff), stack.opened(tariff)
    for one in (service, other):
        stack.run(one, stack.panel.close(one))
    stack.worker.stop()
    for path in stack.worker.state.glob("*.sqlite*"):
        path.unlink()
    past = "UPDATE itemparam SET value = '2020-01-01T00:00:00Z' WHERE intname = 'delete_after' AND item = ?"
    stack.sql(past, service)
    stack.worker.start()
    until(lambda: enabled(stack, service) is None)
    until(lambda: "delete_after" not in stack.panel.service(service)["params"])
    assert enabled(stack, other) is False
    assert "delete_after" in stack.panel.service(other)["params"]


def test_a_deletion_can_be_cancelled(stack: Stack) -> None:
    """The deadline goes with it, so that nothing brings the deletion back; the account stays, disabled."""
    tariff = stack.panel.add_tariff("Kept", stack.module, params={"usergroup": "customers", "retention_days": "30"})
    service = stack.opened(tariff)
    stack.run(service, stack.panel.close(service))
    assert stack.administer("cancel", operation=3)["status"] == "done"
    assert stack.administer("retry", operation=3)["status"] == "failed"
    assert stack.administer("retry", operation=2)["status"] == "failed", "it is done"
    assert "delete_after" not in stack.panel.service(service)["params"]
    assert enabled(stack, service) is False


def test_a_strangers_account_is_not_adopted_by_a_service_that_is_opened_again(stack: Stack) -> None:
    """The account was deleted, and somebody else has the name now: what was ours is ours no longer."""
    service = stack.opened()
    stack.run(service, stack.panel.close(service))
    assert "url" not in stack.panel.service(service)["params"]
    stack.cloud.create(f"user_{service}", "Stranger-Passw0rd-1", quota="5 GB", email="stranger@example.org")
    before = stack.cloud.account(f"user_{service}")
    run = stack.panel.run(service, stack.panel.order_again(service))
    assert run.error is not None
    assert run.error.type == "nextcloud_account_conflict"
    assert stack.cloud.account(f"user_{service}") == before


def test_a_restart_goes_on_with_all_that_waits(stack: Stack) -> None:
    """Held, tried again and in retention: kill -9 and a new start lose none of them."""
    tariff = stack.panel.add_tariff("Kept", stack.module, params={"usergroup": "customers", "retention_days": "30"})
    kept = stack.opened(tariff)
    stack.run(kept, stack.panel.close(kept))
    stack.standin.fault("maintenance")
    waiting = stack.order()
    stack.panel.run(waiting)
    stack.worker.kill()
    stack.worker.start()
    stack.standin.clear_faults()
    until(lambda: active(stack, waiting))
    assert enabled(stack, kept) is False


def test_a_release_that_a_crash_cut_off(stack: Stack) -> None:
    """The cloud was released, its operations were not yet told: they go on after the restart."""
    stack.administer("hold", cloud=stack.module, reason="test")
    service = stack.order()
    assert not stack.panel.run(service).finished
    until(lambda: stack.on_record("state", "held"))
    stack.worker.kill()
    with sqlite3.connect(stack.worker.state / "record.sqlite") as connection:
        connection.execute("UPDATE cloud SET failure = NULL, held_since = NULL, held_by = NULL, probe_at = NULL")
    stack.worker.start()
    until(lambda: active(stack, service))


def test_a_message_that_no_argument_can_hold(stack: Stack) -> None:
    """PHP names anonymous classes with a zero byte: the failure is final all the same, with its task, after one try."""
    service = stack.opened()
    message = "class@anonymous\0/var/www/x.php:3$0 refuses"
    stack.standin.fault(
        "status", method="PUT", path=f"/users/user_{service}", status=400, ocs_code=102, message=message
    )
    run = stack.panel.run(service, stack.panel.change_tariff(service, stack.large))
    assert run.error is not None
    assert stack.on_record("attempts", "failed") == [(1,)]
    assert len(stack.panel.tasks()) == 1


def test_what_billmanager_does_not_hear_of_is_not_cancelled(stack: Stack) -> None:
    """It would call again, and what was cancelled would be carried out."""
    stack.administer("hold", cloud=stack.module, reason="test")
    stack.panel.run(stack.order())
    until(lambda: stack.on_record("state", "held"))
    stack.panel.set_fault("down", function="runningoperation.edit")
    assert stack.administer("cancel", operation=1)["status"] == "failed"
    assert stack.on_record("state") == [("held",)]
    stack.panel.clear_faults()
    assert stack.administer("cancel", operation=1)["status"] == "done"
    assert stack.on_record("state") == [("cancelled",)]
    assert [one["manual"] for one in stack.panel.operations()] == ["on"]


def test_the_time_of_a_hold_does_not_count(stack: Stack) -> None:
    """A cloud was held for longer than a day: what fails for now after that is tried again."""
    service = stack.order()
    stack.standin.fault("maintenance")
    stack.panel.run(service)
    until(lambda: stack.on_record("state", "held"))
    stack.administer("hold", cloud=stack.module, reason="test")
    with sqlite3.connect(stack.worker.state / "record.sqlite") as connection:
        connection.execute("UPDATE operation SET first_failed_at = first_failed_at - 90000")
    stack.standin.clear_faults()
    stack.standin.fault("rate_limit", path="/cloud/users", times=1)
    stack.administer("release", cloud=stack.module)
    until(lambda: stack.on_record("state", "retrying"))
    assert stack.administer("retry", operation=1)["status"] == "done"
    until(lambda: active(stack, service))
