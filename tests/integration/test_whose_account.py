# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that were typed, made by patterns or kept: no service opens, changes, disables or deletes another's account."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.customer import Customer
from harness.processes import until
from harness.stack import Stack

from .conftest import SetUp, running
from .test_claims import refused

STRANGERS = "Strangers-Passw0rd-1"
ADDRESS = "ivan@example.org"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, administrator: Path | None) -> Iterator[Stack]:
    """One for all: each test has names of its own."""
    with running(tmp_path_factory.mktemp("whose"), administrator) as made:
        yield made


def tariff(stack: Stack, **params: str) -> int:
    """A new tariff of 1 GiB with ``params`` of its form."""
    made = stack.panel.add_tariff("Named", stack.module, (1, "gib"), params)
    stack.groups[made] = ()
    return made


def typed(stack: Stack, tariff: int, name: str) -> int:
    """An order with the account name ``name``, as the customer has typed it."""
    service = stack.order(tariff)
    stack.mgrctl("service.saveparam", elid=service, name="username", value=name, crypted="off", sok="ok")
    return service


def closed(stack: Stack, service: int) -> None:
    """BILLmanager closes it, also when it was never opened."""
    stack.run(service, stack.panel.close(service))
    assert stack.panel.service(service)["status_name"] == "deleted"


@pytest.mark.parametrize("params", [{}, {"invitation": "on"}])
def test_a_typed_name_that_somebody_has(stack: Stack, params: dict[str, str]) -> None:
    """Nobody's account is opened for it, also not one with the client's address that was never used; and closing the
    order leaves it alone."""
    name = f"strange-{'invited' if params else 'own'}"
    stack.cloud.create(name, STRANGERS, email=ADDRESS)
    service = typed(stack, tariff(stack, **params), name)
    before = stack.cloud.account(name)
    refused(stack.panel.run(service), "nextcloud_account_conflict")
    closed(stack, service)
    assert stack.cloud.account(name) == before


def test_an_order_that_could_not_be_opened(stack: Stack) -> None:
    """It can be closed, whatever name was typed; another service that has that name keeps its account."""
    first = typed(stack, tariff(stack), "twin")
    stack.run(first)
    second = typed(stack, tariff(stack), "twin")
    refused(stack.panel.run(second), "nextcloud_account_conflict")
    third = typed(stack, stack.tariff("No disk", None), "nobody-yet")
    refused(stack.panel.run(third), "nextcloud_disk_addon_missing")
    closed(stack, second)
    closed(stack, third)
    assert stack.customer(first).can_store()


@pytest.mark.parametrize("params", [{}, {"invitation": "on"}])
def test_a_name_that_a_closed_service_keeps(stack: Stack, params: dict[str, str]) -> None:
    """It is not free before its account is gone, even where somebody removes that by hand."""
    name = f"kept-{len(params)}"
    kept = tariff(stack, username_pattern=name, retention_days="30", **params)
    first = stack.opened(kept)
    stack.run(first, stack.panel.close(first))
    second = stack.order(kept)
    refused(stack.panel.run(second), "nextcloud_account_conflict")
    check = stack.panel.call("check_param", ["--item", str(second), "--param", "username", "--value", name], stdin="")
    assert check.error is not None
    assert check.error.type == "nextcloud_username_taken"
    stack.cloud.delete(name)
    refused(stack.panel.run(second), "nextcloud_account_conflict")
    closed(stack, second)
    assert "delete_after" in stack.panel.service(first)["params"]


def test_two_services_that_share_an_account_by_now(stack: Stack) -> None:
    """As earlier versions could leave them: the one that has the account goes on, and the other one's events do nothing
    to it."""
    owner, other = stack.opened(), stack.opened(stack.kept)
    name = f"user_{owner}"
    stack.run(other, stack.panel.close(other))
    stack.mgrctl("service.saveparam", elid=other, name="username", value=name, crypted="off", sok="ok")
    refused(stack.panel.run(other, stack.panel.reopen(other)), "nextcloud_account_conflict")
    closed(stack, other)
    assert stack.customer(owner).can_store()
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))
    stack.mgrctl("service.saveparam", elid=other, name="delete_after", value=soon, crypted="off", sok="ok")
    stack.worker.stop()
    stack.worker.start()
    until(lambda: stack.on_record("id", "cancelled"))
    assert stack.customer(owner).can_store()
    assert "delete_after" not in stack.panel.service(other)["params"]


def saved(stack: Stack, service: int, **params: str) -> None:
    """Somebody saves parameters of a service by hand."""
    for name, value in params.items():
        stack.mgrctl("service.saveparam", elid=service, name=name, value=value, crypted="off", sok="ok")


def test_a_name_that_is_fixed(stack: Stack) -> None:
    """The customer of an open service cannot type another account's name, nor one that a coming order will get."""
    service = stack.opened(tariff(stack, username_pattern="cust{id}"))
    for item, name, code in (
        (service, "director", "username_fixed"),
        (0, "cust999", "username_taken"),
        (0, "user_999", "username_taken"),
    ):
        arguments = ["--item", str(item), "--param", "username", "--value", name]
        run = stack.panel.call("check_param", arguments, stdin="")
        assert run.error is not None, name
        assert run.error.type == f"nextcloud_{code}"
    own = stack.panel.call(
        "check_param", ["--item", str(service), "--param", "username", "--value", f"cust{service}"], stdin=""
    )
    assert own.ok


def test_a_deletion_that_was_cancelled(stack: Stack) -> None:
    """The name stays the closed service's, as its account is still there."""
    kept = tariff(stack, username_pattern="gina", retention_days="30")
    first = stack.opened(kept)
    stack.run(first, stack.panel.close(first))
    number = stack.on_record("id", "delayed")[-1][0]
    assert stack.administer("cancel", operation=number)["status"] == "done"
    refused(stack.panel.run(stack.order(kept)), "nextcloud_account_conflict")
    stack.run(first, stack.panel.reopen(first))
    assert stack.customer(first).can_store()


def test_a_service_of_another_cloud(stack: Stack) -> None:
    """One that was moved here by hand with its name: it has no account here, and keeps nobody from his."""
    moved, service = stack.order(stack.small), stack.opened(stack.small)
    saved(stack, moved, username=f"user_{service}", url="https://other.example.org")
    stack.run(service, stack.panel.suspend(service))
    closed(stack, service)
    assert stack.cloud.account(f"user_{service}") is None


def test_a_claim_goes_before_a_typed_name(stack: Stack) -> None:
    """A lower order gets the same name typed while the account is made: the one that has claimed it gets it."""
    lower, service = stack.order(stack.small), stack.order(stack.small)
    saved(stack, service, username="carl")
    stack.panel.set_fault("down", "service.saveparam", times=3, skip=2)
    stack.panel.run(service)
    until(lambda: stack.cloud.account("carl") is not None)
    saved(stack, lower, username="carl")
    stack.panel.wait(stack.panel.service(service)["operations"][0])
    refused(stack.panel.run(lower), "nextcloud_account_conflict")
    closed(stack, lower)
    assert stack.panel.service(lower)["params"]["username"] == "carl"
    assert stack.customer(service).can_store()


def test_an_account_that_was_never_reported_and_a_lower_order(stack: Stack) -> None:
    """The lower order writes no claim, not even for a moment: closing the other one deletes the account."""
    lower, service = stack.order(stack.small), stack.order(stack.small)
    saved(stack, service, username="dora")
    made_and_never_reported(stack, service)
    saved(stack, lower, username="dora")
    before = saves(stack, lower)
    refused(stack.panel.run(lower), "nextcloud_account_conflict")
    assert saves(stack, lower) == before
    closed(stack, service)
    assert stack.cloud.account("dora") is None


def saves(stack: Stack, service: int) -> int:
    """How many parameters of a service were saved so far."""
    lines = Path(stack.panel.layout.mgrctl_log).read_text("utf-8").splitlines()
    seen = [json.loads(line) for line in lines]
    return sum(one["function"] == "service.saveparam" and one["elid"] == str(service) for one in seen)


def test_a_cloud_in_trouble_keeps_no_name(stack: Stack) -> None:
    """Nothing was asked of it but to read, so the name is another's to take until it is well again."""
    service = stack.order(stack.small)
    stack.standin.fault("status", path="/cloud/")
    stack.panel.run(service)
    until(lambda: stack.on_record("id", "retrying") or stack.on_record("id", "held"))
    assert not {"username", "userpassword"} & stack.panel.service(service)["params"].keys()
    stack.standin.clear_faults()
    stack.panel.wait(stack.panel.service(service)["operations"][0])
    assert stack.customer(service).can_store()


def made_and_never_reported(stack: Stack, service: int) -> None:
    """The account of an order is there, BILLmanager was not told, and its operation is given up."""
    stack.panel.set_fault("down", "service.saveparam", times=1000, skip=2)
    stack.panel.run(service)
    until(lambda: stack.on_record("id", "retrying"))
    # It is tried again and again; held, it waits to be cancelled.
    stack.administer("hold", cloud=stack.module, reason="test")
    until(lambda: stack.on_record("id", "held"))
    assert stack.administer("cancel", operation=stack.on_record("id", "held")[-1][0])["status"] == "done"
    stack.panel.clear_faults()
    stack.administer("release", cloud=stack.module)


def test_an_account_that_was_made_and_never_reported(stack: Stack) -> None:
    """Closed with a retention it can be taken back: closing has proven it."""
    service = stack.order(tariff(stack, retention_days="30"))
    made_and_never_reported(stack, service)
    closed(stack, service)
    stack.run(service, stack.panel.reopen(service))
    assert stack.customer(service).can_store()


def test_an_order_whose_account_cannot_be_proven(stack: Stack) -> None:
    """Claimed, refused by the cloud, the claim given up, and then somebody made an account of that name: the order can
    be closed, and the account stays."""
    broken = tariff(stack, language="Klingon")
    service = stack.order(broken)
    refused(stack.panel.run(service), "nextcloud_invalid_value")
    assert not {"username", "userpassword"} & stack.panel.service(service)["params"].keys()
    stack.cloud.create(f"user_{service}", STRANGERS, email=ADDRESS)
    refused(stack.panel.run(service), "nextcloud_account_conflict")
    closed(stack, service)
    account = stack.cloud.account(f"user_{service}")
    assert account is not None
    assert account["enabled"] is True


def test_an_invited_customer_who_is_quick(stack: Stack) -> None:
    """He uses his account before BILLmanager has taken the report: the order is fulfilled all the same."""
    service = stack.order(tariff(stack, invitation="on"))
    name = f"user_{service}"
    stack.panel.set_fault("down", "service.saveparam", times=3, skip=2)
    stack.panel.run(service)
    until(lambda: stack.cloud.account(name) is not None)
    stack.cloud.ocs("PUT", f"users/{name}", key="password", value=STRANGERS)
    assert Customer(stack.cloud.url, name, STRANGERS).can_store()
    stack.panel.wait(stack.panel.service(service)["operations"][0])
    assert stack.panel.service(service)["status_name"] == "active"
    closed(stack, service)
    assert stack.cloud.account(name) is None


def test_an_invitation_that_the_cloud_refuses(stack: Stack) -> None:
    """A language that it does not know: no half-made account is left, and the order can be repeated or closed."""
    service = stack.order(tariff(stack, invitation="on", language="Klingon"))
    run = stack.panel.run(service)
    refused(run, "nextcloud_invalid_value")
    assert stack.cloud.account(f"user_{service}") is None
    closed(stack, service)


def test_a_retention_that_is_no_number(stack: Stack) -> None:
    """The account is disabled at once, and a person decides about its data."""
    service = stack.opened(tariff(stack, retention_days="30 days"))
    run = stack.panel.run(service, stack.panel.close(service))
    refused(run, "nextcloud_mapping_invalid")
    account = stack.cloud.account(f"user_{service}")
    assert account is not None
    assert account["enabled"] is False
    assert "delete_after" not in stack.panel.service(service)["params"]


def test_a_pattern_that_breaks_the_library(stack: Stack) -> None:
    """It fails the orders of its own tariff, and no others; an account that is there does not fail for it."""
    before = stack.opened(tariff(stack))
    broken = tariff(stack, display_name_pattern="{keys(@)[::0]}")
    wrong, right = stack.order(broken), stack.order(tariff(stack))
    stack.panel.run_pending(2)
    until(lambda: stack.panel.service(right)["status_name"] == "active")
    refused(stack.panel.run(wrong), "nextcloud_mapping_invalid")
    stack.run(before, stack.panel.change_tariff(before, broken))
    stack.run(before, stack.panel.prolong(before))


def test_what_is_suspended_already_counts_nothing(set_up: SetUp) -> None:
    """More suspended services than an hour allows suspensions: looking after all of them waits for nobody's word."""
    stack = set_up({"clouds": {"suspensions_per_hour": 1}})
    for _ in range(2):
        service = stack.opened(stack.small)
        operation = stack.panel.suspend(service)
        if not stack.panel.run(service, operation).finished:
            stack.administer("approve", cloud=stack.module)
            stack.panel.wait(operation)
    assert stack.panel.call("sync_server", ["--module", str(stack.module)]).exit_code == 0
    until(lambda: not stack.on_record("id", "queued") and not stack.on_record("id", "running"))
    assert stack.on_record("state") == [("done",)] * 6


def test_a_change_of_tariff_that_is_cancelled(stack: Stack) -> None:
    """BILLmanager shows the old tariff again, which the account has."""
    service = stack.opened(stack.small)
    stack.administer("hold", cloud=stack.module, reason="test")
    stack.panel.run(service, stack.panel.change_tariff(service, stack.large))
    number = stack.on_record("id", "held")[-1][0]
    assert stack.administer("cancel", operation=number)["status"] == "done"
    stack.administer("release", cloud=stack.module)
    assert stack.panel.service(service)["pricelist"] == stack.small
    operation = stack.panel.prolong(service)
    stack.panel.run(service, operation)
    stack.panel.wait(operation)
    account = stack.cloud.account(f"user_{service}")
    assert account is not None
    assert (account["groups"], account["quota"]["quota"]) == (["customers"], 1024**3)
