# SPDX-License-Identifier: GPL-3.0-or-later
"""The claim before the account: no stranger's account is adopted, changed or deleted, and none is made twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.stack import Stack
from standins.billmanager import Run

from .conftest import SetUp

STRANGER = "Stranger-Passw0rd-1"
OURS = "Our-0wn-Passw0rd-22"


def refused(run: Run, type_: str) -> None:
    """The run ended with the error ``type_`` and a non-zero status, and left the operation."""
    assert run.error is not None, run
    assert run.error.type == type_
    assert run.exit_code != 0
    assert not run.finished


def claimed(stack: Stack, service: int, name: str, password: str) -> None:
    """What a run that was killed after its claim leaves in BILLmanager."""
    stack.mgrctl("service.saveparam", elid=service, name="userpassword", value=password, crypted="on", sok="ok")
    stack.mgrctl("service.saveparam", elid=service, name="username", value=name, sok="ok")


def untouched(stack: Stack, name: str, before: dict[str, Any] | None) -> None:
    """The account is as it was."""
    assert before is not None
    after = stack.cloud.account(name)
    assert after is not None
    assert {key: after[key] for key in ("enabled", "email", "displayname", "groups", "quota")} == {
        key: before[key] for key in ("enabled", "email", "displayname", "groups", "quota")
    }


def test_name_that_exists_on_the_cloud(stack: Stack) -> None:
    """A stranger's account with the wanted name: conflict, nothing changed, nothing claimed; closing leaves it too."""
    stack.cloud.create("user_1", STRANGER, email="ivan@example.org")
    before = stack.cloud.account("user_1")
    writes = stack.writes()
    service = stack.order()
    refused(stack.panel.run(service), "nextcloud_account_conflict")
    assert "username" not in stack.panel.service(service)["params"]
    closing = stack.panel.close(service)
    assert stack.run(service, closing).error is None
    assert stack.writes() == writes
    untouched(stack, "user_1", before)


def test_name_that_exists_with_other_letters(stack: Stack) -> None:
    """The cloud finds accounts whatever the case: USER_1 is not the free name user_1."""
    stack.cloud.create("USER_1", STRANGER)
    service = stack.order()
    refused(stack.panel.run(service), "nextcloud_account_conflict")


def test_claim_on_an_account_of_somebody_else(stack: Stack) -> None:
    """Claimed, but before the account was made a stranger took the name: nothing is touched, and the order can be
    closed."""
    service = stack.order()
    claimed(stack, service, "user_1", OURS)
    stack.cloud.create("user_1", STRANGER, email="ivan@example.org")
    before = stack.cloud.account("user_1")
    writes = stack.writes()
    refused(stack.panel.run(service), "nextcloud_account_conflict")
    assert stack.run(service, stack.panel.close(service)).status_name == "deleted"
    assert stack.writes() == writes
    untouched(stack, "user_1", before)


def test_claim_with_the_password_but_another_address(stack: Stack) -> None:
    """The log-in alone is no proof: the e-mail must be the client's as well."""
    service = stack.order()
    claimed(stack, service, "user_1", OURS)
    stack.cloud.create("user_1", OURS, email="somebody@example.org")
    refused(stack.panel.run(service), "nextcloud_account_conflict")


def test_account_made_by_a_killed_run_is_ours(stack: Stack) -> None:
    """Claimed and made, but never reported: taken over with the password that BILLmanager has, made as sold."""
    service = stack.order()
    claimed(stack, service, "user_1", OURS)
    stack.cloud.create("user_1", OURS, email="Ivan@Example.org")
    assert stack.run(service).status_name == "active"
    account = stack.cloud.account("user_1")
    assert account is not None
    assert account["groups"] == ["customers"]
    assert account["quota"]["quota"] == 1024**3
    assert stack.customer(service).password == OURS
    assert stack.customer(service).can_store()


def test_claim_that_was_not_followed_by_an_account(stack: Stack) -> None:
    """Claimed, then killed: the next run makes the account with the claimed password."""
    service = stack.order()
    claimed(stack, service, "user_1", OURS)
    assert stack.run(service).status_name == "active"
    assert stack.customer(service).password == OURS
    assert stack.customer(service).can_store()


def test_two_services_want_one_name(set_up: SetUp, tmp_path: Path) -> None:
    """The lower number has it, in one batch or one after the other; the other gets nothing of the account."""
    mapping = tmp_path / "accounts.yml"
    mapping.write_text("username: \"'shared'\"\nquota: addons.disk.bytes\nemail: client.email\n", encoding="utf-8")
    stack = set_up({"accounts": {"mapping": str(mapping)}})
    services = [stack.order() for _ in range(3)]
    runs = {run.item: run for run in stack.panel.run_pending(parallel=3)}
    winners = [service for service in services if runs[service].error is None]
    assert len(winners) == 1
    for service in services:
        if service not in winners:
            refused(runs[service], "nextcloud_account_conflict")
            assert "username" not in stack.panel.service(service)["params"]
    assert stack.customer(winners[0]).can_store()
    assert [path for method, path in stack.writes() if method == "POST"] == ["/ocs/v2.php/cloud/users"]


def test_connection_cut_after_the_account_was_made(stack: Stack) -> None:
    """The cloud made the account but its answer was lost: one account, one creation, the password works."""
    stack.standin.fault("cut_after", method="POST", path="/cloud/users", times=1)
    service = stack.order()
    assert stack.run(service).status_name == "active"
    assert [path for method, path in stack.writes() if method == "POST"] == ["/ocs/v2.php/cloud/users"]
    assert stack.customer(service).can_store()


def test_unclear_creation_is_read_before_it_is_repeated(stack: Stack) -> None:
    """The connection broke before the work was done: shown as unknown; the next attempt makes one account."""
    stack.standin.fault("cut_before", method="POST", path="/cloud/users", times=1)
    service = stack.order()
    run = stack.panel.run(service)
    assert (run.exit_code, run.finished) == (0, False)
    stack.panel.wait(run.operation or 0)
    assert "code=outcome_unknown" in stack.worker.log.read_text()
    assert stack.panel.service(service)["status_name"] == "active"
    assert stack.customer(service).can_store()


def test_creation_that_is_refused_but_leaves_the_account(stack: Stack) -> None:
    """The server refuses the language and keeps the account: it is removed; with a right language it opens."""
    tariff = stack.panel.add_tariff(
        "Klingon", stack.module, disk=(1, "gib"), params={"usergroup": "customers", "language": "xx-klingon"}
    )
    service = stack.order(tariff)
    refused(stack.panel.run(service), "nextcloud_invalid_value")
    assert stack.cloud.account(f"user_{service}") is None
    right = stack.panel.add_tariff("Right", stack.module, disk=(1, "gib"), params={"language": "de"})
    stack.set_tariff(service, right)
    assert stack.run(service).status_name == "active"
    account = stack.cloud.account(f"user_{service}")
    assert account is not None
    assert account["language"] == "de"


def test_failed_group_never_deletes_an_account(stack: Stack) -> None:
    """A tariff change to a group that the cloud lacks: an error; account, files and quota are still there."""
    service = stack.opened()
    tariff = stack.tariff("Broken", (2, "gib"), "no-such-group")
    stack.panel.change_tariff(service, tariff)
    run = stack.panel.run(service)
    assert run.error is not None
    assert run.error.type == "nextcloud_group_missing"
    assert stack.customer(service).can_store()
    stack.cloud.add_group("no-such-group")
    # BILLmanager has gone back to the old tariff.
    stack.panel.change_tariff(service, tariff)
    assert stack.run(service).status_name == "active"


def test_group_missing_at_creation(stack: Stack) -> None:
    """An order for a group that the cloud lacks: an error and no account; once the group is there it opens."""
    service = stack.order(stack.tariff("Broken", (2, "gib"), "no-such-group"))
    refused(stack.panel.run(service), "nextcloud_group_missing")
    assert stack.cloud.account(f"user_{service}") is None
    stack.cloud.add_group("no-such-group")
    assert stack.run(service).status_name == "active"
    assert stack.customer(service).can_store()
