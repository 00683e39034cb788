# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong in the published bill-nextcloud module, read in its code, is not wrong here. Each of the 14 faults that
it shows in its behaviour, through the real executable:

 1. `user_1` is found in `user_12`, so that strangers' accounts are changed: `test_life.test_names_that_begin_alike`.
 2. A report that is not taken deletes the new account, and a repetition fails for ever:
    `test_life.test_open_that_was_not_reported_reports_again`; nor does anything else that fails delete one:
    `test_claims.test_failed_group_never_deletes_an_account`, `test_kill_boundaries`.
 3. The tariff form stores positions instead of groups: :func:`test_the_chosen_group_is_the_groups_name`.
 4. Error types hold texts of exceptions, and have no words: `test_bad_input` looks at each error that BILLmanager gets,
    `tests/unit/test_bridge_messages.py` at all that there are, in both languages.
 5. No time limit, no repetition: `test_check_connection.test_cloud_that_hangs`,
    `test_waiting.test_what_is_temporary_is_tried_again_by_itself`. A log-in for each request:
    `tests/contract/test_contract_sessions.py`. Answers and passwords in the log, and errors without the HTTP status:
    :func:`test_what_the_cloud_answers_is_not_in_the_log`.
 6. A path in the address passes the check and is dropped later: :func:`test_the_check_and_the_operations_agree`, and
    all others here, whose cloud is below a path.
 7. The administrator's password is stored and shown in clear: :func:`test_the_administrators_password_is_encrypted`.
 8. Closing an account that is gone is an error: `test_life.test_lost_account_is_not_silently_made_anew`. Files are
    deleted at once: `test_waiting.test_a_closed_account_is_kept_and_taken_back`.
 9. Errors about groups are swallowed, and no tariff is taken back: `test_claims.test_failed_group_…`,
    `test_more_commands.test_a_failed_change_of_tariff_is_taken_back`. A change without another tariff gives the group
    again: :func:`test_more_space_in_the_same_tariff`.
10. Statistics are summed, have an odd name, and days are closed whatever was read: `test_usage.test_stat`,
    `test_usage.test_a_cloud_that_breaks_in_the_middle`.
11. A tariff without a disk addon sells 100 MiB: `test_bad_input.no_disk`. Passwords break a cloud's policy:
    :func:`test_a_strict_password_policy`.
12. Commands that are missing: :func:`test_commands_that_are_announced_are_there`. (Types of items, applications, tests
    and the language of its files are no behaviour.)
13. It works only from one directory, and runs twice: :func:`test_it_works_from_anywhere_and_once`, and `test_pythons`.
14. Opening ends as for a virtual server, whatever was sold: :func:`test_the_post_call_is_that_of_the_item_type`.
"""

from __future__ import annotations

import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.leaks import files_with
from harness.stack import Stack
from harness.worker import MODULE
from standins.billmanager import Run

from .conftest import running

GIB = 1024**3
STRICT = ("enforceNumericCharacters", "enforceSpecialCharacters", "enforceUpperLowerCase")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, administrator: Path | None) -> Iterator[Stack]:
    """One for all: a cloud below a path."""
    with running(tmp_path_factory.mktemp("faults"), administrator, base_path="/some/cloud") as stack:
        yield stack


@pytest.fixture(scope="module")
def service(stack: Stack) -> int:
    """An active service for the tests that leave it so."""
    return stack.opened(stack.small)


def groups_of(stack: Stack, service: int) -> list[str]:
    """The groups of a service's account."""
    account = stack.cloud.account(f"user_{service}")
    assert account is not None
    return sorted(account["groups"])


def test_the_chosen_group_is_the_groups_name(stack: Stack) -> None:
    """What the form offers second, saved as BILLmanager saves it, is the group in which the account then is."""
    arguments = ["--module", str(stack.module)]
    for _ in range(3):  # on a busy machine it may take longer than a person is kept waiting
        run = stack.panel.call("pricelist_dynamic_settings_tune", arguments, stdin="<doc/>")
        choices = ElementTree.fromstring(run.stdout).findall("slist[@name='usergroup']/msg")
        if len(choices) == 3:
            break
    keys = [str(choice.get("key")) for choice in choices]
    assert len(set(keys)) == 3
    service = stack.opened(stack.tariff("Chosen", groups=keys[2]))
    assert groups_of(stack, service) == [choices[2].text] == ["premium"]


def test_what_the_cloud_answers_is_not_in_the_log(stack: Stack, service: int) -> None:
    """Nor in any other file of the bridge's; the status of an answer that is an error is in the words for it."""
    personal, error = "+7-999-1234567", "Stack-trace-of-the-cloud"
    name = f"user_{service}"
    assert stack.cloud.ocs("PUT", f"users/{name}", key="phone", value=personal)["code"] == 200
    stack.panel.suspend(service)
    stack.run(service)
    assert stack.panel.call("stat", ["--module", str(stack.module)]).ok
    stack.standin.fault("status", path=f"/users/{name}", status=502, times=1, body=f"<html>{error}</html>")
    operation = stack.panel.resume(service)
    run = stack.panel.run(service)
    stack.panel.wait(run.operation or operation, 60)
    lines = [line for line in stack.worker.log.read_text().splitlines() if "code=server_error" in line]
    assert any(f"service={service} " in line and "502" in line for line in lines)
    assert files_with([stack.worker.directory, stack.worker.runtime], [personal, error]) == []


def test_the_check_and_the_operations_agree(stack: Stack, service: int) -> None:
    """With the path both pass, without it both do not: the check must not promise what an order cannot have."""
    assert stack.panel.service(service)["status_name"] == "active"

    def checked(module: int) -> Run:
        for _ in range(3):
            run = stack.panel.check_connection(module)
            if run.error is None or run.error.type != "nextcloud_timeout":
                break
        return run

    assert checked(stack.module).ok
    address = stack.cloud.url.removesuffix("/some/cloud")
    assert address != stack.cloud.url
    params = {"url": address, "username": stack.cloud.username}
    module = stack.panel.add_cloud("Without a path", params, {"password": stack.cloud.password})
    refusal = checked(module).error
    assert refusal is not None
    other = stack.order(stack.panel.add_tariff("Without a path", module))
    run = stack.panel.run(other)
    error = stack.panel.wait(run.operation or 0, or_error=True)["error"]
    assert error["type"] == refusal.type
    assert "username" not in stack.panel.service(other)["params"]
    stack.mgrctl("runningoperation.delete", elid=run.operation)  # nothing is left to be tried again


def test_the_administrators_password_is_encrypted(stack: Stack) -> None:
    """BILLmanager is told to keep it so, hides it in the form, and has it nowhere in clear; nor has the bridge, but in
    memory while it logs in."""
    (param,) = stack.panel.features().findall("params/param[@name='password']")
    assert param.get("crypted") == "yes"
    descriptor = ElementTree.parse(stack.panel.layout.descriptor("pmnextcloud"))
    (field,) = descriptor.iterfind(".//input[@name='password']")
    assert field.get("type") == "password"
    assert files_with([stack.panel.root, stack.worker.directory], [stack.cloud.password]) == []


def test_more_space_in_the_same_tariff(stack: Stack, service: int) -> None:
    """``lastpricelist`` is null then. Only the quota is written; a second call writes nothing."""
    stack.cloud.add_group("by-hand")
    stack.cloud.ocs("POST", f"users/user_{service}/groups", groupid="by-hand")
    before = stack.writes()
    stack.panel.change_tariff(service, extra_disk=2)
    assert stack.panel.service(service)["lastpricelist"] is None
    stack.run(service)
    account = stack.cloud.account(f"user_{service}")
    assert account is not None
    assert account["quota"]["quota"] == 3 * GIB
    assert groups_of(stack, service) == ["by-hand", "customers"]
    written = stack.writes()[len(before) :]
    assert [(method, path.rpartition("/")[2]) for method, path in written] == [("PUT", f"user_{service}")]
    assert stack.panel.call("setparam", ["--item", str(service)]).ok
    assert stack.writes() == [*before, *written]


def test_a_strict_password_policy(stack: Stack) -> None:
    """Every rule that a cloud can have, twice the usual length: the generated password obeys, and works."""
    try:
        stack.standin.set_app_config("password_policy", minLength="20", **dict.fromkeys(STRICT, "1"))
        service = stack.opened(stack.small)
    finally:
        stack.standin.set_app_config("password_policy", minLength=None, **dict.fromkeys(STRICT))
    assert stack.customer(service).can_store()


def test_commands_that_are_announced_are_there(stack: Stack) -> None:
    """BILLmanager hears of more than the life of a service, and nothing that is announced is unknown when it is asked
    for."""
    announced = {str(feature.get("name")) for feature in stack.panel.features().iterfind("features/feature")}
    assert announced >= {"sync_item", "prolong", "changepassword", "transition_control_panel", "reopen", "stat"}
    for command in sorted(announced - {"pricelist_dynamic_settings"}):
        run = stack.panel.call(command, ["--item", "4711", "--module", "4711", "--password", "x"], stdin="<doc/>")
        assert run.malformed is None
        assert run.error is None or run.error.type != "nextcloud_command_unknown"


def test_it_works_from_anywhere_and_once(stack: Stack, service: int, tmp_path: Path) -> None:
    """A copy of the file beside another configuration, called from a third directory: one call, one operation."""
    executable = tmp_path / "other place" / "processing" / "pmnextcloud"
    executable.parent.mkdir(parents=True)
    shutil.copy2(MODULE, executable)
    (tmp_path / "other place" / "etc").mkdir()
    (tmp_path / "other place" / "etc" / "pmnextcloud.conf").write_text(f"socket = {stack.worker.socket}\n")
    before = stack.on_record("id")
    call = [str(executable), "--command", "sync_item", "--item", str(service)]
    done = subprocess.run(call, cwd="/tmp", env={}, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"<doc><ok/></doc>", b"")
    assert len(stack.on_record("id")) == len(before) + 1
    assert [path.name for path in executable.parent.iterdir()] == ["pmnextcloud"]


def test_the_post_call_is_that_of_the_item_type(stack: Stack) -> None:
    """A provider may sell the tariff as another type than ours: its own `open` ends the opening."""
    tariff = stack.panel.add_tariff("Software", stack.module, item_type="vhost")
    service = stack.order(tariff)
    (operation,) = stack.panel.service(service)["operations"]
    assert stack.run(service).status_name == "active"
    assert stack.panel.operation(operation)["ended_by"] == "vhost.open"
    assert stack.customer(service).can_store()
