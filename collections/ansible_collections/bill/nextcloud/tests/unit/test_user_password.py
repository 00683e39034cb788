# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords of existing accounts (``update_password=always``): tried, set, and tried again."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import USER
from ansible_collections.bill.nextcloud.plugins.plugin_utils import users_task
from ansible_collections.bill.nextcloud.plugins.plugin_utils.secrets import Masker, of_arguments
from ansible_collections.bill.nextcloud.tests.unit import running
from ansible_collections.bill.nextcloud.tests.unit.running import NAME, NO_SERVER, code, outcome, validated
from ansible_collections.bill.nextcloud.tests.unit.scripted import (
    ADMIN_PASSWORD,
    PASSWORD,
    Answer,
    ScriptedCloud,
    fault,
    html,
    missing,
    no,
    ok,
    record,
)

PATH = "/users/user_12"
SET = [("key", "password"), ("value", PASSWORD)]
SHOWN = {"field": "password", "before": None, "after": "(set)"}
DISABLED_BEFORE = "it could not be told whether the password is right already (the account is disabled), so it is set"
DISABLED_AFTER = "the password was set; the account is disabled, so no log-in could show that it works"
SPENT_BEFORE = (
    "it could not be told whether the password is right already"
    " (the cloud takes no passwords, or too many log-ins failed in this task), so it is set"
)
SPENT_AFTER = (
    "the password was set; it could not be tried, because the cloud takes no passwords, or too many log-ins failed in"
    " this task"
)


def run(cloud: ScriptedCloud, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
    """Run a task of ``nextcloud_user`` that sets the password always; no secret is in the result."""
    given: dict[str, t.Any] = {"name": NAME, "password": PASSWORD, "update_password": "always", **options}
    result = users_task.run_one(validated(USER, cloud.url, **given), NO_SERVER, check_mode=check_mode, with_diff=True)
    assert_no_secret(result)
    return result


def assert_no_secret(result: dict[str, t.Any]) -> None:
    """No item of a result, at any depth, holds a password."""
    text = json.dumps(result, ensure_ascii=False)
    assert PASSWORD not in text
    assert ADMIN_PASSWORD not in text


def expect_log_in(cloud: ScriptedCloud, answer: Answer | None, name: str = NAME) -> None:
    """One log-in as the account; None: it is refused."""
    cloud.expect("GET", "/user", answer or no(401, 997), user=(name, PASSWORD), with_cookie=False)


def right(name: str = NAME) -> Answer:
    """The answer to a log-in with the right password."""
    return ok({"id": name})


# tried first


def test_right_already(cloud: ScriptedCloud) -> None:
    """One read, one log-in, no write: the password is not set again."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    expect_log_in(cloud, right())
    result = run(cloud)
    assert outcome(result) == (None, "none", False)
    assert "warnings" not in result


@pytest.mark.parametrize(
    "refusal",
    [
        None,
        no(403, 403),  # an app keeps the account out
        ok({"id": "another"}),  # the name is another account's e-mail address
        ok([]),
    ],
)
def test_another_password_is_set_and_tried(cloud: ScriptedCloud, refusal: Answer | None) -> None:
    """Set once, read back, and one log-in shows that it works."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    expect_log_in(cloud, refusal)
    cloud.expect("PUT", PATH, ok(), SET)
    cloud.expect("GET", PATH, ok(record(NAME)))
    expect_log_in(cloud, right())
    result = run(cloud)
    assert outcome(result) == (None, "updated", True)
    assert result["changes"] == [SHOWN]
    assert result["diff"][0]["after"].endswith('password: "(set)"\n')
    assert "warnings" not in result


def test_set_without_a_trial_before(cloud: ScriptedCloud) -> None:
    """Whatever the password is now; one log-in afterwards shows that it works."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    cloud.expect("PUT", PATH, ok(), SET)
    cloud.expect("GET", PATH, ok(record(NAME)))
    expect_log_in(cloud, right())
    result = run(cloud, update_password="set")
    assert outcome(result) == (None, "updated", True)
    assert result["changes"] == [SHOWN]
    assert "warnings" not in result


def test_set_and_refused(cloud: ScriptedCloud) -> None:
    """However many weak passwords are asked for, no log-in fails."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    cloud.expect("PUT", PATH, no(400, 107, "too short"), SET)
    assert outcome(run(cloud, update_password="set"))[0] == "password_refused"


def test_set_in_check_mode(cloud: ScriptedCloud) -> None:
    """It would be set; nobody logs in. A new account is made with it, and one that is to be gone needs none."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    assert outcome(run(cloud, check_mode=True, update_password="set")) == (None, "updated", True)
    cloud.expect("GET", PATH, missing())
    assert outcome(run(cloud, check_mode=True, update_password="set")) == (None, "created", True)
    cloud.expect("GET", PATH, missing())
    assert outcome(run(cloud, update_password="set", state="absent", password=None)) == (None, "none", False)


def test_other_fields_come_first(cloud: ScriptedCloud) -> None:
    """The password is the last write, so that a refusal of it keeps nothing else from being done."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    expect_log_in(cloud, None)
    cloud.expect("PUT", PATH, ok(), [("key", "quota"), ("value", "5")])
    cloud.expect("PUT", PATH, ok(), SET)
    cloud.expect("GET", PATH, ok(record(NAME, quota=5)))
    expect_log_in(cloud, right())
    assert outcome(run(cloud, quota="5")) == (None, "updated", True)


def test_the_log_in_fails_afterwards(cloud: ScriptedCloud) -> None:
    """A second factor may be the cause, so it is a warning, and the task is well."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    expect_log_in(cloud, None)
    cloud.expect("PUT", PATH, ok(), SET)
    cloud.expect("GET", PATH, ok(record(NAME)))
    expect_log_in(cloud, None)
    result = run(cloud)
    assert outcome(result) == (None, "updated", True)
    (warning,) = result["warnings"]
    assert "a log-in with it fails" in warning


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (html(502), "server_error"),
        (fault("cut"), "unreachable"),
        (no(429, 429, "Reached maximum delay"), "login_blocked"),
    ],
)
def test_a_trial_that_tells_nothing(cloud: ScriptedCloud, answer: Answer, expected: str) -> None:
    """A fault is no wrong password: nothing is written."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    for _time in range(2 if expected == "server_error" else 1):  # the first log-in of an account may fail by itself
        expect_log_in(cloud, answer)
    assert outcome(run(cloud)) == (expected, "none", False)


def test_the_first_log_in_may_fail_by_itself(cloud: ScriptedCloud) -> None:
    """The cloud makes the account's home then, and fails when the quota is smaller than the first files."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    expect_log_in(cloud, no(500, 996))
    expect_log_in(cloud, ok(record(NAME)))
    assert outcome(run(cloud)) == (None, "none", False)


@pytest.mark.parametrize("answer", [missing(), ok(record("User_12")), ok(record(NAME, groups=["admin"]))])
def test_nobody_else_is_tried(cloud: ScriptedCloud, answer: Answer) -> None:
    """No log-in as an account that is missing, another's or protected."""
    cloud.expect("GET", PATH, answer)
    assert run(cloud, create=False)["failed"] is True


def test_a_missing_account_is_created_with_it(cloud: ScriptedCloud) -> None:
    """There is nothing to try, before or afterwards."""
    cloud.expect("GET", PATH, missing())
    cloud.expect("POST", "/users", ok(), [("userid", NAME), ("password", PASSWORD)])
    cloud.expect("GET", PATH, ok(record(NAME)))
    assert outcome(run(cloud)) == (None, "created", True)


def test_a_deletion_tries_nothing(cloud: ScriptedCloud) -> None:
    """The password does not matter any more."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    cloud.expect("DELETE", PATH, ok())
    cloud.expect("GET", PATH, missing())
    assert outcome(run(cloud, state="absent")) == (None, "deleted", True)


# disabled accounts


@pytest.mark.parametrize("state", ["disabled", "exists"])
def test_a_disabled_account(cloud: ScriptedCloud, state: str) -> None:
    """It cannot log in, so its password is set untried, with warnings."""
    cloud.expect("GET", PATH, ok(record(NAME, enabled=False)))
    cloud.expect("PUT", PATH, ok(), SET)
    cloud.expect("GET", PATH, ok(record(NAME, enabled=False)))
    result = run(cloud, state=state)
    assert outcome(result) == (None, "updated", True)
    assert result["warnings"] == [DISABLED_BEFORE, DISABLED_AFTER]


def test_an_account_that_is_being_enabled(cloud: ScriptedCloud) -> None:
    """Enabled first, so that the password can be tried after it was set."""
    cloud.expect("GET", PATH, ok(record(NAME, enabled=False)))
    cloud.expect("PUT", PATH + "/enable", ok())
    cloud.expect("PUT", PATH, ok(), SET)
    cloud.expect("GET", PATH, ok(record(NAME)))
    expect_log_in(cloud, right())
    result = run(cloud)
    assert outcome(result) == (None, "updated", True)
    assert result["warnings"] == [DISABLED_BEFORE]


def test_an_account_that_is_being_disabled(cloud: ScriptedCloud) -> None:
    """It is tried while it can log in still, and not afterwards."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    expect_log_in(cloud, None)
    cloud.expect("PUT", PATH + "/disable", ok())
    cloud.expect("PUT", PATH, ok(), SET)
    cloud.expect("GET", PATH, ok(record(NAME, enabled=False)))
    result = run(cloud, state="disabled")
    assert outcome(result) == (None, "updated", True)
    assert result["warnings"] == [DISABLED_AFTER]


# five failed log-ins


def expect_trials(cloud: ScriptedCloud, *names: str) -> None:
    """Each account has another password."""
    for name in names:
        cloud.expect("GET", "/users/" + name, ok(record(name)))
        expect_log_in(cloud, None, name)


def run_all(cloud: ScriptedCloud, *names: str) -> list[dict[str, t.Any]]:
    """Set the passwords of several accounts, from the map."""
    accounts = [{"name": name, "update_password": "always"} for name in names]
    result = running.run(cloud, *accounts, passwords=dict.fromkeys(names, PASSWORD))
    assert_no_secret(result)
    return t.cast("list[dict[str, t.Any]]", result["accounts"])


def test_five_failed_log_ins_are_the_most(cloud: ScriptedCloud) -> None:
    """The cloud would block our address after ten: from then on passwords are set untried, with warnings."""
    names = ["a", "b", "c", "d", "e"]
    expect_trials(cloud, *names)
    cloud.expect("GET", "/users/f", ok(record("f")))
    for name in [*names, "f"]:
        cloud.expect("PUT", "/users/" + name, ok(), SET)
        cloud.expect("GET", "/users/" + name, ok(record(name)))
    results = run_all(cloud, *names, "f")
    assert [outcome(result) for result in results] == [(None, "updated", True)] * 6
    assert [result["warnings"] for result in results] == [[SPENT_AFTER]] * 5 + [[SPENT_BEFORE, SPENT_AFTER]]


def test_a_log_in_that_succeeds_makes_up_for_failed_ones(cloud: ScriptedCloud) -> None:
    """The cloud forgets the failed ones of that account, so it counts no more, and neither does a right one."""
    expect_trials(cloud, "a", "b", "c", "d")
    cloud.expect("GET", "/users/e", ok(record("e")))
    expect_log_in(cloud, right("e"), "e")
    for name in ("a", "b", "c", "d"):
        cloud.expect("PUT", "/users/" + name, ok(), SET)
        cloud.expect("GET", "/users/" + name, ok(record(name)))
        expect_log_in(cloud, right(name), name)
    results = run_all(cloud, "a", "b", "c", "d", "e")
    assert [result["action"] for result in results] == ["updated"] * 4 + ["none"]
    assert not any(result["warnings"] for result in results)


# refusals


def test_refused_by_the_policy(cloud: ScriptedCloud) -> None:
    """The cloud's words say why; what was done before stays."""
    cloud.expect("GET", PATH, ok(record(NAME, enabled=False)))
    cloud.expect("PUT", PATH + "/enable", ok())
    cloud.expect("PUT", PATH, no(400, 107, "Password is among the 1,000,000 most common ones."), SET)
    cloud.expect("GET", PATH, ok(record(NAME)))
    result = run(cloud)
    assert outcome(result) == ("password_refused", "updated", True)
    assert "most common ones" in result["msg"]
    assert result["account"]["enabled"] is True


def test_refused_alone(cloud: ScriptedCloud) -> None:
    """Nothing was changed, so nothing is read or tried again."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    expect_log_in(cloud, None)
    cloud.expect("PUT", PATH, no(400, 107, "Too short"), SET)
    assert outcome(run(cloud)) == ("password_refused", "none", False)


@pytest.mark.parametrize("enabled", [True, False])
def test_a_backend_that_sets_no_passwords(cloud: ScriptedCloud, enabled: bool) -> None:
    """It is known before any write, so nothing else is done either."""
    fixed = {"setDisplayName": True, "setPassword": False}
    cloud.expect("GET", PATH, ok(record(NAME, enabled=enabled, backend="LDAP", backendCapabilities=fixed)))
    if enabled:
        expect_log_in(cloud, None)
    result = run(cloud, quota="5", state="exists")
    assert outcome(result) == ("backend_refused", "none", False)
    assert "The backend (LDAP) does not let these be set: password." in result["msg"]


def test_a_backend_that_sets_no_passwords_and_has_the_right_one(cloud: ScriptedCloud) -> None:
    """Nothing has to be set, so nothing is refused."""
    fixed = {"setPassword": False}
    cloud.expect("GET", PATH, ok(record(NAME, backend="LDAP", backendCapabilities=fixed)))
    expect_log_in(cloud, right())
    assert outcome(run(cloud)) == (None, "none", False)


def test_a_backend_that_tells_only_when_asked(cloud: ScriptedCloud) -> None:
    """Code 112."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    expect_log_in(cloud, None)
    cloud.expect("PUT", PATH, no(400, 112, "Not supported by the users backend"), SET)
    assert outcome(run(cloud)) == ("backend_refused", "none", False)


# unknown outcomes


def test_unknown_outcome_is_settled_by_one_log_in(cloud: ScriptedCloud) -> None:
    """An account does not show its password, so the log-in is what tells; it is not repeated."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    expect_log_in(cloud, None)
    cloud.expect("PUT", PATH, fault("cut"), SET)
    cloud.expect("GET", PATH, ok(record(NAME)))
    expect_log_in(cloud, right())
    result = run(cloud)
    assert outcome(result) == (None, "updated", True)
    assert "warnings" not in result


def test_unknown_outcome_and_the_log_in_fails(cloud: ScriptedCloud) -> None:
    """Perhaps it was not set: the failure says that this is unknown; it is not sent again."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    expect_log_in(cloud, None)
    cloud.expect("PUT", PATH, fault("cut"), SET)
    cloud.expect("GET", PATH, ok(record(NAME)))
    expect_log_in(cloud, None)
    result = run(cloud)
    assert outcome(result) == ("unreachable", "updated", True)
    assert result["failure"]["outcome_unknown"] is True


def test_unknown_outcome_of_a_disabled_account(cloud: ScriptedCloud) -> None:
    """No log-in can tell."""
    cloud.expect("GET", PATH, ok(record(NAME, enabled=False)))
    cloud.expect("PUT", PATH, html(504), SET)
    cloud.expect("GET", PATH, ok(record(NAME, enabled=False)))
    result = run(cloud, state="disabled")
    assert outcome(result) == ("server_error", "updated", True)
    assert result["failure"]["outcome_unknown"] is True


def test_unknown_outcome_after_five_failed_log_ins(cloud: ScriptedCloud) -> None:
    """No log-in may tell; the failure is that of the write, not of the log-in that was not tried."""
    names = ["a", "b", "c", "d", "e"]
    expect_trials(cloud, *names)
    cloud.expect("PUT", "/users/a", html(504), SET)
    cloud.expect("GET", "/users/a", ok(record("a")))
    for name in names[1:]:
        cloud.expect("PUT", "/users/" + name, no(400, 107), SET)
    first, *others = run_all(cloud, *names)
    assert outcome(first) == ("server_error", "updated", True)
    assert first["failure"]["outcome_unknown"] is True
    assert {code(result) for result in others} == {"password_refused"}


# check mode


@pytest.mark.parametrize("answer", [right(), None])
def test_check_mode_tries_but_does_not_set(cloud: ScriptedCloud, answer: Answer | None) -> None:
    """The prediction is right, at the price of one log-in."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    expect_log_in(cloud, answer)
    result = run(cloud, check_mode=True)
    assert outcome(result) == (None, "none" if answer else "updated", answer is None)
    assert result["changes"] == ([] if answer else [SHOWN])


def test_check_mode_of_a_disabled_account(cloud: ScriptedCloud) -> None:
    """The same warning as in the run."""
    cloud.expect("GET", PATH, ok(record(NAME, enabled=False)))
    result = run(cloud, check_mode=True)
    assert outcome(result) == (None, "updated", True)
    assert result["warnings"] == [DISABLED_BEFORE]


# options and secrets


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"password": None}, "update_password is always, and no password was given"),
        ({"password": ""}, "update_password is always, and no password was given"),
        ({"password": None, "state": "disabled"}, "update_password is always, and no password was given"),
        ({"password": None, "update_password": "set"}, "update_password is set, and no password was given"),
        ({"ownership": "proven"}, "proven by the present password"),
        ({"ownership": "proven", "update_password": "set"}, "proven by the present password"),
        ({"password": "ä" * 235}, "longer than 469 bytes"),
    ],
)
def test_options_that_contradict_each_other(cloud: ScriptedCloud, options: dict[str, t.Any], word: str) -> None:
    """They cost no request."""
    result = run(cloud, **options)
    assert outcome(result) == ("invalid_value", "none", False)
    assert word in result["msg"]


def test_a_deletion_needs_no_password(cloud: ScriptedCloud) -> None:
    """A default of the whole play may say always."""
    cloud.expect("GET", PATH, missing())
    assert outcome(run(cloud, state="absent", password=None)) == (None, "none", False)


def test_an_existing_account_keeps_its_password_otherwise(cloud: ScriptedCloud) -> None:
    """With on_create it is neither tried nor set."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    assert outcome(run(cloud, update_password="on_create")) == (None, "none", False)


def test_a_cloud_that_repeats_the_password(cloud: ScriptedCloud) -> None:
    """What the action plugin does with every result takes it out of the cloud's words, too."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    expect_log_in(cloud, None)
    cloud.expect("PUT", PATH, no(400, 107, f"{PASSWORD} is a common password"), SET)
    parameters = validated(USER, cloud.url, name=NAME, password=PASSWORD, update_password="always")
    result = users_task.run_one(parameters, NO_SERVER, check_mode=False, with_diff=True)
    Masker(of_arguments(parameters)).mask_words(result)
    assert "******** is a common password" in result["msg"]
    assert "******** is a common password" in result["failure"]["message"]
    assert_no_secret(result)
