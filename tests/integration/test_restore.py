# SPDX-License-Identifier: GPL-3.0-or-later
"""BILLmanager is restored from a backup: the numbers of services and operations come back and mean others."""

from __future__ import annotations

from pathlib import Path

from harness.processes import until
from harness.stack import Stack

from .test_claims import refused, untouched
from .test_waiting import active


def states(stack: Stack) -> list[str]:
    """The states of all operations on record, in order."""
    return [state for (state,) in stack.on_record("state")]


def test_numbers_that_came_back(stack: Stack, tmp_path: Path) -> None:
    """What is on record of the earlier service is not taken for the new one's, and the new customer does not get the
    earlier one's account."""
    stack.panel.back_up(tmp_path / "backup")
    earlier = stack.opened()
    customer, before = stack.customer(earlier), stack.cloud.account(f"user_{earlier}")
    (operation,) = [one["id"] for one in stack.panel.operations()]
    stack.panel.restore(tmp_path / "backup")
    stack.panel.advance_clock(3600)
    writes = stack.writes()
    service = stack.order()
    assert (service, stack.panel.service(service)["operations"]) == (earlier, [operation])
    refused(stack.panel.run(service), "nextcloud_account_conflict")
    assert stack.writes() == writes
    untouched(stack, f"user_{earlier}", before)
    assert customer.can_store()
    assert len(stack.panel.tasks()) == 1


def test_operation_that_waits_for_a_service_that_is_gone(stack: Stack, tmp_path: Path) -> None:
    """It is not carried out for the service that has got its number; that one's own is, and is reported once."""
    stack.panel.back_up(tmp_path / "backup")
    stack.administer("hold", cloud=stack.module, reason="test")
    stack.panel.run(stack.order())
    stack.panel.restore(tmp_path / "backup")
    stack.panel.advance_clock(3600)
    service = stack.order(stack.tariff("Large", (3, "gib"), "premium"))
    assert stack.panel.run(service).exit_code == 0
    stack.administer("release", cloud=stack.module)
    until(lambda: active(stack, service))
    until(lambda: set(states(stack)) <= {"done", "cancelled", "failed"})
    customer = stack.customer(service)
    assert customer.can_store()
    assert stack.quota(service) == 3 * 1024**3
    reports = [call for call in stack.panel.mgrctl_calls() if call["function"] == "backupservice.open"]
    assert [call["answer"] for call in reports] == ["ok"]
    assert stack.panel.tasks() == []
    assert states(stack) == ["cancelled", "done"]


def test_operation_that_comes_back(stack: Stack, tmp_path: Path) -> None:
    """A suspension that was done and reported is asked for again: looked at, reported again, and nothing is written."""
    service = stack.opened()
    operation = stack.panel.suspend(service)
    stack.panel.back_up(tmp_path / "backup")
    stack.run(service)
    stack.panel.restore(tmp_path / "backup")
    assert stack.panel.service(service)["operations"] == [operation]
    writes = stack.writes()
    assert stack.run(service).status_name == "suspended"
    assert stack.writes() == writes


def test_operation_number_that_is_now_another_services(stack: Stack, tmp_path: Path) -> None:
    """What becomes of the operation of a service that is gone is not told to the one that has its number now."""
    other = stack.opened()
    stack.panel.back_up(tmp_path / "backup")
    stack.administer("hold", cloud=stack.module, reason="restore")
    before = stack.panel.run(stack.order()).operation
    until(lambda: stack.panel.operation(before or 0)["errorxml"])
    stack.panel.restore(tmp_path / "backup")
    stack.panel.advance_clock(3600)
    operation = stack.panel.suspend(other)
    assert stack.on_record("billmanager_operation", "held") == [(operation,)]
    stack.administer("release", cloud=stack.module)
    until(lambda: stack.on_record("id", "failed"))
    after = stack.panel.operation(operation)
    assert (after["manual"], after["errorxml"]) == ("off", None)
    assert stack.run(other, operation).status_name == "suspended"
