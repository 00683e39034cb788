# SPDX-License-Identifier: GPL-3.0-or-later
"""What a provider sets for a cloud or a tariff: names, an invitation by mail, an own authority, other item types; and
the button that looks after all services of a cloud."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.certificate import self_signed
from harness.processes import until
from harness.stack import Stack

from .conftest import SetUp, running
from .test_claims import refused

ADDRESS = "ivan@example.org"
TYPES = ["backupservice", "softexternal"]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, administrator: Path | None) -> Iterator[Stack]:
    """A module of two item types. The cloud's certificate comes from an authority that only its processing module
    names."""
    directory = tmp_path_factory.mktemp("shared")
    certificate, key = self_signed(directory)
    settings = {"billmanager": {"item_types": TYPES}}
    with running(directory, administrator, settings, tls_certificate=str(certificate), tls_key=str(key)) as made:
        params = {"url": made.cloud.url, "username": made.cloud.username, "ca_file": str(certificate)}
        trusting = made.panel.add_cloud("Own authority", params, {"password": made.cloud.password})
        yield Stack(made.panel, made.worker, made.cloud, trusting, made.server)


def tariff(stack: Stack, item_type: str = "backupservice", **params: str) -> int:
    """A new tariff of 1 GiB with ``params`` of its form."""
    made = stack.panel.add_tariff("Named", stack.module, (1, "gib"), params, item_type=item_type)
    stack.groups[made] = ()
    return made


def test_an_authority_of_its_own(shared: Stack) -> None:
    """The check and the operations use the file that the connection form names; without it neither does."""
    assert shared.panel.check_connection(shared.module).exit_code == 0
    without = shared.module - 1
    check = shared.panel.check_connection(without)
    assert check.error is not None
    assert check.error.type == "nextcloud_certificate_not_verified"


def test_names(shared: Stack) -> None:
    """As the tariff's patterns say, and kept whatever they say later."""
    named = tariff(shared, username_pattern="{client.id}-{id}", display_name_pattern="Cloud of {client.realname}")
    service = shared.opened(named)
    row = shared.panel.service(service)
    name = row["params"]["username"]
    assert name == f"{row['account']}-{service}"
    account = shared.cloud.account(name)
    assert account is not None
    assert account["displayname"] == "Cloud of Ivan Ivanov"
    other = tariff(shared, username_pattern="other_{id}")
    shared.run(service, shared.panel.change_tariff(service, other))
    assert shared.panel.service(service)["params"]["username"] == name


def test_one_name_for_two_services(shared: Stack) -> None:
    """A pattern that makes the same name again: the second service is a conflict, and the first keeps its account."""
    same = tariff(shared, username_pattern="{client.email}")
    first, second = shared.opened(same), shared.order(same)
    refused(shared.panel.run(second), "nextcloud_account_conflict")
    assert shared.customer(first).can_store()
    assert "username" not in shared.panel.service(second)["params"]


def test_a_pattern_that_is_none(shared: Stack) -> None:
    """The operation is paused, with words that name the field; nothing is made."""
    before = shared.writes()
    service = shared.order(tariff(shared, username_pattern="user_{id"))
    run = shared.panel.run(service)
    refused(run, "nextcloud_mapping_invalid")
    assert run.error is not None
    assert "username: a brace without its other half" in run.error.text_en
    assert shared.writes() == before


def test_an_invitation(shared: Stack) -> None:
    """The cloud mails a link to the client; BILLmanager has no password, and later events need none."""
    service = shared.opened(tariff(shared, invitation="on"))
    row = shared.panel.service(service)
    assert (row["params"]["username"], row["status_name"]) == (f"user_{service}", "active")
    assert "userpassword" not in row["params"]
    (mail,) = [mail for mail in shared.standin.mails() if mail["account"] == f"user_{service}"]
    assert (mail["to"], mail["with_link"]) == (ADDRESS, True)
    for begin in (shared.panel.suspend, shared.panel.resume, shared.panel.prolong):
        shared.run(service, begin(service))
    shared.run(service, shared.panel.change_password(service, "Chosen-Passw0rd-1"))
    assert shared.customer(service).can_store()
    shared.run(service, shared.panel.close(service))
    assert shared.cloud.account(f"user_{service}") is None


def test_an_invitation_that_was_interrupted(set_up: SetUp) -> None:
    """The bridge is killed when the account is made and nothing says so yet: it is known again by its address, nobody
    is invited twice, and a stranger's account is none of ours."""
    stack = set_up()
    invited = tariff(stack, invitation="on")
    service = stack.order(invited)
    stack.panel.set_fault("kill_caller_before", "service.saveparam", times=1, skip=2)
    stack.panel.run(service)
    until(lambda: stack.worker.process is None or stack.worker.process.poll() is not None)
    assert set(stack.panel.service(service)["params"]) == {"invited", "username"}
    assert stack.cloud.account(f"user_{service}") is not None
    stack.worker.start()
    stack.panel.wait(stack.panel.service(service)["operations"][0])
    assert stack.panel.service(service)["status_name"] == "active"
    assert [mail["account"] for mail in stack.standin.mails()] == [f"user_{service}"]
    strange = stack.order(invited)
    stack.cloud.create(f"user_{strange}", "Strangers-Passw0rd-1", email="other@example.org")
    refused(stack.panel.run(strange), "nextcloud_account_conflict")
    assert stack.cloud.account(f"user_{strange}") is not None


def test_an_invitation_that_nobody_would_get(shared: Stack) -> None:
    """The cloud sends no mail, or the client has no address: refused before anything is claimed or made."""
    invited = tariff(shared, invitation="on")
    nowhere = shared.panel.order(invited, shared.panel.add_client("Nobody", ""))
    refused(shared.panel.run(nowhere), "nextcloud_invitation_address_missing")
    shared.standin.set_app_config("core", **{"newUser.sendEmail": "no"})
    try:
        silent = shared.order(invited)
        refused(shared.panel.run(silent), "nextcloud_invalid_value")
    finally:
        shared.standin.set_app_config("core", **{"newUser.sendEmail": None})
    for service in (nowhere, silent):
        assert shared.panel.service(service)["params"] == {}
        assert shared.cloud.account(f"user_{service}") is None


def test_another_item_type(shared: Stack) -> None:
    """Sold and opened by the function of its own type."""
    types = [element.get("name") for element in shared.panel.features().findall("itemtypes/itemtype")]
    assert types == TYPES
    service = shared.opened(tariff(shared, "softexternal"))
    assert shared.panel.service(service)["status_name"] == "active"
    assert "softexternal.open" in [call["function"] for call in shared.panel.mgrctl_calls()]


def test_looking_after_a_whole_cloud(shared: Stack) -> None:
    """Every service of the module is as sold afterwards, by its status; what nobody sold stays as it is."""
    small = tariff(shared)
    active, suspended = shared.opened(small), shared.opened(small)
    shared.run(suspended, shared.panel.suspend(suspended))
    shared.cloud.create("stranger", "Strangers-Passw0rd-1")
    shared.cloud.ocs("PUT", f"users/user_{active}/disable")
    shared.cloud.ocs("PUT", f"users/user_{suspended}/enable")
    for _ in range(2):
        assert shared.panel.call("sync_server", ["--module", str(shared.module)]).exit_code == 0
    until(lambda: not shared.on_record("id", "queued") and not shared.on_record("id", "running"))
    enabled = {}
    for name in (f"user_{active}", f"user_{suspended}", "stranger"):
        account = shared.cloud.account(name)
        assert account is not None
        enabled[name] = account["enabled"]
    assert enabled == {f"user_{active}": True, f"user_{suspended}": False, "stranger": True}
    unknown = shared.panel.call("sync_server", ["--module", "4711"])
    assert unknown.error is not None
    assert unknown.error.type == "nextcloud_module_unknown"
