# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a service, where the demonstration does not look: repeats, lost reports, other places of the cloud."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from harness.stack import Stack

from .conftest import SetUp

GIB = 1024**3


def test_installation_below_a_path(set_up: SetUp) -> None:
    """A cloud at https://host/cloud works from the claim to the deletion."""
    stack = set_up(base_path="/some/cloud")
    service = stack.order()
    assert stack.run(service).status_name == "active"
    assert stack.panel.service(service)["params"]["url"].endswith("/some/cloud")
    assert stack.customer(service).can_store()
    stack.panel.close(service)
    assert stack.run(service).status_name == "deleted"
    assert stack.cloud.account(f"user_{service}") is None


def test_open_that_was_not_reported_reports_again(stack: Stack) -> None:
    """BILLmanager takes the report only at the second attempt: still one account, made once."""
    stack.panel.set_fault("error_exit_0", function="backupservice.open", times=1)
    service = stack.order()
    first = stack.panel.run(service)
    assert first.error is not None
    assert first.error.type == "nextcloud_billmanager_refused"
    assert first.exit_code != 0
    assert stack.run(service).status_name == "active"
    assert [method for method, path in stack.writes() if path.endswith("/cloud/users")] == ["POST"]
    assert stack.customer(service).can_store()


def test_repeated_commands_change_nothing(stack: Stack) -> None:
    """The same command once more, without an operation: success, and no further writing request."""
    service = stack.opened()
    before = stack.writes()
    done = stack.panel.call("open", ["--item", str(service)])
    assert done.exit_code == 0
    assert stack.writes() == before


def test_names_that_begin_alike(stack: Stack) -> None:
    """user_1 is not user_12: the accounts of strangers with similar names are neither found nor touched."""
    for name in ("user_12", "user_10", "user_1x"):
        stack.cloud.create(name, "Stranger-Passw0rd-1", quota="5 GB")
    service = stack.opened()
    assert service == 1
    stack.panel.suspend(service)
    stack.run(service)
    stack.panel.close(service)
    stack.run(service)
    for name in ("user_12", "user_10", "user_1x"):
        account = stack.cloud.account(name)
        assert account is not None
        assert account["enabled"] is True
        assert account["quota"]["quota"] == 5 * GIB


def test_a_customers_own_fields_survive(stack: Stack) -> None:
    """Display name, language, e-mail, password and groups given by hand are the customer's after creation."""
    service = stack.opened()
    name = f"user_{service}"
    stack.cloud.add_group("by-hand")
    stack.cloud.ocs("POST", f"users/{name}/groups", groupid="by-hand")
    for key, value in (("displayname", "My own"), ("language", "fr"), ("email", "own@example.org")):
        stack.cloud.ocs("PUT", f"users/{name}", key=key, value=value)
    stack.cloud.ocs("PUT", f"users/{name}", key="password", value="My-own-Passw0rd-7")
    stack.panel.change_tariff(service, stack.tariff("Large", (3, "gib"), "premium"))
    assert stack.run(service).status_name == "active"
    account = stack.cloud.account(name)
    assert account is not None
    assert account["displayname"] == "My own"
    assert account["language"] == "fr"
    assert account["email"] == "own@example.org"
    assert sorted(account["groups"]) == ["by-hand", "premium"]
    assert account["quota"]["quota"] == 3 * GIB


def test_tariff_change_of_a_suspended_service_keeps_it_closed(stack: Stack) -> None:
    """Quota and groups follow the tariff; the account is not opened for somebody who has not paid."""
    service = stack.opened()
    stack.panel.suspend(service)
    stack.run(service)
    stack.panel.change_tariff(service, stack.tariff("Large", (3, "gib"), "premium"))
    assert stack.run(service).error is None
    account = stack.cloud.account(f"user_{service}")
    assert account is not None
    assert account["enabled"] is False
    assert account["quota"]["quota"] == 3 * GIB


def test_lost_account_is_not_silently_made_anew(stack: Stack) -> None:
    """Resuming a service whose account has vanished says so; closing it succeeds."""
    service = stack.opened()
    stack.panel.suspend(service)
    stack.run(service)
    stack.cloud.delete(f"user_{service}")
    stack.panel.resume(service)
    run = stack.panel.run(service)
    assert run.error is not None
    assert run.error.type == "nextcloud_account_missing"
    assert stack.cloud.account(f"user_{service}") is None
    closing = stack.panel.close(service)
    assert stack.run(service, closing).error is None


def test_two_processes_for_one_service(stack: Stack) -> None:
    """BILLmanager may call while it waits for an earlier call: one operation, one account, one report."""
    service = stack.order()
    (operation,) = stack.panel.service(service)["operations"]
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _: stack.panel.run(service, operation), range(2)))
    stack.panel.wait(operation)
    assert [run.exit_code for run in runs] == [0, 0]
    assert stack.on_record("command, state") == [("open", "done")]
    assert [method for method, path in stack.writes() if path.endswith("/cloud/users")] == ["POST"]
    reports = [call["answer"] for call in stack.panel.mgrctl_calls() if call["function"] == "backupservice.open"]
    assert reports == ["ok"]


def test_late_and_doubled_calls_change_nothing(stack: Stack) -> None:
    """A call for an operation that BILLmanager has ended, and an opening of a deleted service: refused, no request."""
    service = stack.opened()
    suspension = stack.panel.suspend(service)
    stack.run(service)
    resumption = stack.panel.resume(service)
    stack.run(service)
    stack.panel.suspend(service)
    stack.run(service)
    before = stack.writes()
    late = stack.panel.run(service, resumption)
    assert late.error is not None
    assert late.error.type == "nextcloud_operation_ended"
    assert stack.panel.run(service, suspension).exit_code == 1
    stack.panel.close(service)
    stack.run(service)
    assert len(stack.writes()) == len(before) + 1
    late = stack.panel.call("open", ["--item", str(service)])
    assert late.error is not None
    assert late.error.type == "nextcloud_service_deleted"
    assert stack.cloud.account(f"user_{service}") is None


def test_template_braces_in_a_customers_name_stay_text(stack: Stack) -> None:
    """What a customer typed is data in playbooks and inventories, never a template."""
    client = stack.panel.add_client("{{ lookup('pipe', 'id') }} {% raw %}", "braces@example.org")
    service = stack.panel.order(stack.tariff(), client)
    assert stack.run(service).status_name == "active"
    account = stack.cloud.account(f"user_{service}")
    assert account is not None
    assert account["displayname"] == "{{ lookup('pipe', 'id') }} {% raw %}"


def test_operations_of_many_services_go_together(stack: Stack) -> None:
    """Ten orders at once: each has its account, and together they need far fewer runs than twenty."""
    services = [stack.order() for _ in range(10)]
    runs = stack.panel.run_pending(parallel=10)
    assert [run.error for run in runs] == [None] * 10
    assert {stack.panel.service(service)["status_name"] for service in services} == {"active"}
    assert stack.worker.log.read_text().count("run ended") <= 8
    passwords = {stack.panel.customer_credentials(service)[2] for service in services}
    assert len(passwords) == 10
    assert all(stack.customer(service).status() == 207 for service in services[:3])
