# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Invitations: accounts that are created without a password, and a cloud that mails a link."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import USER
from ansible_collections.bill.nextcloud.plugins.plugin_utils import users_task
from ansible_collections.bill.nextcloud.tests.unit import running
from ansible_collections.bill.nextcloud.tests.unit.running import NAME, NO_SERVER, code, outcome, validated
from ansible_collections.bill.nextcloud.tests.unit.scripted import (
    PASSWORD,
    Answer,
    ScriptedCloud,
    fault,
    html,
    missing,
    no,
    ok,
    record,
    release,
)

PATH = "/users/user_12"
SETTING = "/ocs/v2.php/apps/provisioning_api/api/v1/config/apps/core/newUser.sendEmail"
FORM = [("userid", NAME), ("email", "a@x")]
RIGHT = record(NAME, email="a@x")
NOT_TOLD = "the cloud does not tell whether it sends mail to new accounts, so the invitation may fail"
WHAT_TO_DO = "If its invitation was not sent, delete the account and run again."


def run(cloud: ScriptedCloud, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
    """Run a task of ``nextcloud_user`` that invites."""
    given: dict[str, t.Any] = {"name": NAME, "invite": True, "email": "a@x", **options}
    return users_task.run_one(validated(USER, cloud.url, **given), NO_SERVER, check_mode=check_mode, with_diff=True)


def expect_setting(cloud: ScriptedCloud, value: str) -> None:
    """The cloud tells whether it writes to new accounts."""
    cloud.expect("GET", SETTING, ok({"data": value}))


def expect_post(cloud: ScriptedCloud, answer: Answer) -> None:
    """The account is missing, the cloud writes to new accounts, and it is created."""
    cloud.expect("GET", PATH, missing())
    expect_setting(cloud, "yes")
    cloud.expect("POST", "/users", answer, FORM)


@pytest.mark.parametrize("refusal", [no(400, 101), no(403, 403, "Password confirmation is required"), fault("cut")])
def test_half_made_and_not_to_be_removed(cloud: ScriptedCloud, refusal: Answer) -> None:
    """The account is there, open for nobody: that counts as changed."""
    expect_post(cloud, no(400, 101))
    cloud.expect("GET", PATH, ok(record(NAME)))
    cloud.expect("DELETE", PATH, refusal)
    if refusal.status == 400:
        cloud.expect("GET", PATH, ok(record(NAME)))  # which may mean that it is gone
    if refusal.status == 403:
        cloud.expect("DELETE", PATH, refusal, with_cookie=False)
    if refusal.fault:
        cloud.expect("GET", PATH, html(502))
    assert outcome(run(cloud))[1:] == ("created", True)


def test_refused_and_somebody_elses(cloud: ScriptedCloud) -> None:
    """An account with another address was not made by this task, so it is not deleted."""
    expect_post(cloud, no(400, 101))
    cloud.expect("GET", PATH, ok(record(NAME, email="stranger@x")))
    result = run(cloud)
    assert code(result) == "outcome_unknown"


@pytest.mark.parametrize("value", ["", "yes"])
def test_created_without_a_password(cloud: ScriptedCloud, value: str) -> None:
    """No password travels: the cloud makes one up. A setting that was never set means yes."""
    form = [
        ("userid", NAME),
        ("displayName", "Anna"),
        ("email", "a@x"),
        ("quota", "5"),
        ("language", "de"),
        ("groups[]", "g"),
    ]
    cloud.expect("GET", PATH, missing())
    expect_setting(cloud, value)
    cloud.expect("POST", "/users", ok({"id": NAME}), form)
    cloud.expect(
        "GET", PATH, ok({**RIGHT, "displayname": "Anna", "quota": {"quota": 5}, "language": "de", "groups": ["g"]})
    )
    result = run(cloud, display_name="Anna", quota="5", language="de", groups=["g"])
    assert outcome(result) == (None, "created", True)
    assert {"field": "invitation", "before": None, "after": "(asked for)"} in result["changes"]
    assert "password" not in [change["field"] for change in result["changes"]]
    assert 'invitation: "(asked for)"\n' in result["diff"][0]["after"]
    assert [warning for warning in result["warnings"] if "example files" not in warning] == []


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("value", ["no", "0", "YES"])
def test_a_cloud_that_sends_no_mail(cloud: ScriptedCloud, value: str, check_mode: bool) -> None:
    """Nobody would get the link, so no account is made. Only exactly yes is a yes for Nextcloud."""
    cloud.expect("GET", PATH, missing())
    expect_setting(cloud, value)
    cloud.expect("GET", "/capabilities", release(31))
    result = run(cloud, check_mode)
    assert outcome(result) == ("invalid_value", "none", False)
    assert "newUser.sendEmail" in result["msg"]


@pytest.mark.parametrize(
    "answer", [no(404, 404), no(404, 998), no(404, 998, "Invalid query, please check the syntax."), ok([]), html()]
)
def test_a_cloud_that_does_not_tell(cloud: ScriptedCloud, answer: Answer) -> None:
    """It is done nevertheless, with a warning."""
    cloud.expect("GET", PATH, missing())
    cloud.expect("GET", SETTING, answer)
    cloud.expect("POST", "/users", ok(), FORM)
    cloud.expect("GET", PATH, ok(RIGHT))
    result = run(cloud)
    assert outcome(result) == (None, "created", True)
    assert result["warnings"] == [NOT_TOLD]


def test_a_setting_that_the_acting_account_may_not_read(cloud: ScriptedCloud) -> None:
    """The same for a delegated administrator; a 403 on a session that is not new is tried again with a new one."""
    cloud.expect("GET", PATH, missing())
    cloud.expect("GET", SETTING, no(403, 403))
    cloud.expect("GET", SETTING, no(403, 403), with_cookie=False)
    cloud.expect("POST", "/users", ok(), FORM)
    cloud.expect("GET", PATH, ok(RIGHT))
    result = run(cloud)
    assert outcome(result) == (None, "created", True)
    assert result["warnings"] == [NOT_TOLD]


@pytest.mark.parametrize(("answer", "expected"), [(html(502), "server_error"), (fault("cut"), "unreachable")])
def test_a_fault_while_the_setting_is_read(cloud: ScriptedCloud, answer: Answer, expected: str) -> None:
    """That tells nothing, so nothing is created."""
    cloud.expect("GET", PATH, missing())
    cloud.expect("GET", SETTING, answer)
    assert outcome(run(cloud)) == (expected, "none", False)


def test_the_setting_is_read_once(cloud: ScriptedCloud) -> None:
    """However many accounts are invited."""
    cloud.expect("GET", "/users/a", missing())
    expect_setting(cloud, "yes")
    cloud.expect("GET", "/users/b", missing())
    for name in ("a", "b"):
        cloud.expect("POST", "/users", ok(), [("userid", name), ("email", "a@x")])
        cloud.expect("GET", "/users/" + name, ok(record(name, email="a@x")))
    result = running.run(cloud, *({"name": name, "invite": True, "email": "a@x"} for name in ("a", "b")))
    assert [outcome(account) for account in result["accounts"]] == [(None, "created", True)] * 2


@pytest.mark.parametrize("state", ["present", "exists", "disabled"])
def test_an_existing_account_is_not_invited(cloud: ScriptedCloud, state: str) -> None:
    """No second mail, and the setting does not matter."""
    cloud.expect("GET", PATH, ok({**RIGHT, "enabled": state != "disabled"}))
    assert outcome(run(cloud, state=state)) == (None, "none", False)


def test_an_existing_account_is_updated(cloud: ScriptedCloud) -> None:
    """As always, the password apart."""
    cloud.expect("GET", PATH, ok(RIGHT))
    cloud.expect("PUT", PATH, ok(), [("key", "quota"), ("value", "5")])
    cloud.expect("GET", PATH, ok({**RIGHT, "quota": {"quota": 5}}))
    assert outcome(run(cloud, quota="5")) == (None, "updated", True)


def test_check_mode_predicts_the_invitation(cloud: ScriptedCloud) -> None:
    """The setting is read, and nothing is written."""
    cloud.expect("GET", PATH, missing())
    expect_setting(cloud, "")
    result = run(cloud, check_mode=True)
    assert outcome(result) == (None, "created", True)
    assert [change["field"] for change in result["changes"]] == ["state", "enabled", "invitation", "email"]


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"email": None}, "An invitation needs email."),
        ({"email": " "}, "An invitation needs email."),
        ({"password": PASSWORD}, "An invitation takes the place of a password"),
        ({"update_password": "always"}, "update_password is always, and no password was given"),
        (
            {"ownership": "proven", "invite": False},
            "Ownership can be proven only with the password, or by an invitation.",
        ),
    ],
)
def test_options_that_contradict_each_other(cloud: ScriptedCloud, options: dict[str, t.Any], word: str) -> None:
    """They cost no request."""
    result = run(cloud, **options)
    assert outcome(result) == ("invalid_value", "none", False)
    assert word in result["msg"]


def test_a_password_from_the_map_is_one_too_many(cloud: ScriptedCloud) -> None:
    """It is a contradiction wherever the password comes from; others are not concerned."""
    cloud.expect("GET", "/users/b", missing())
    expect_setting(cloud, "yes")
    accounts = [{"name": name, "invite": True, "email": "a@x"} for name in ("a", "b")]
    result = running.run(cloud, *accounts, check_mode=True, passwords={"a": PASSWORD})
    assert [code(account) for account in result["accounts"]] == ["invalid_value", None]


# creations that go wrong


def test_refused(cloud: ScriptedCloud) -> None:
    """One read shows that no account was left."""
    expect_post(cloud, no(400, 107, "Not today"))
    cloud.expect("GET", PATH, missing())
    assert outcome(run(cloud)) == ("password_refused", "none", False)


def test_a_refusal_that_leaves_an_account(cloud: ScriptedCloud) -> None:
    """It was not there a moment ago, and nobody was told of it: it is taken back, so that the task can be repeated."""
    cloud.expect("GET", PATH, missing())
    expect_setting(cloud, "yes")
    cloud.expect("POST", "/users", no(400, 101, "Invalid language"), [*FORM, ("language", "xx")])
    cloud.expect("GET", PATH, ok(record(NAME)))
    cloud.expect("DELETE", PATH, ok())
    cloud.expect("GET", PATH, missing())
    assert outcome(run(cloud, language="xx")) == ("invalid_value", "none", False)


@pytest.mark.parametrize("answer", [fault("cut"), html(504), no(500, 996, "Internal Server Error")])
def test_an_account_that_was_left(cloud: ScriptedCloud, answer: Answer) -> None:
    """It cannot be proven ours, so it is not touched; the message tells what to do, as the mail may be missing."""
    expect_post(cloud, answer)
    cloud.expect("GET", PATH, ok(record(NAME)))
    result = run(cloud)
    assert outcome(result) == ("outcome_unknown", "created", True)
    assert result["failed"] is True
    assert result["failure"]["outcome_unknown"] is True
    assert WHAT_TO_DO in result["msg"]
    assert "[POST /ocs/v2.php/cloud/users" in result["msg"]
    assert result["account"]["name"] == NAME


@pytest.mark.parametrize(("last_login", "email"), [(0, None), (0, "")])
def test_what_a_refused_invitation_left(cloud: ScriptedCloud, last_login: int, email: str | None) -> None:
    """It is not taken for an invited account: nobody was told of it, and nobody knows its password."""
    cloud.expect("GET", PATH, ok(record(NAME, lastLogin=last_login, email=email)))
    result = run(cloud)
    assert outcome(result) == ("account_conflict", "none", False)
    assert "nobody was invited" in result["msg"]


def test_an_account_in_use_needs_no_invitation(cloud: ScriptedCloud) -> None:
    """Somebody has its password, so the e-mail address is set, and that is all."""
    cloud.expect("GET", PATH, ok(record(NAME, lastLogin=1795593099000)))
    cloud.expect("PUT", PATH, ok(), [("key", "email"), ("value", "a@x")])
    cloud.expect("GET", PATH, ok(record(NAME, email="a@x")))
    assert outcome(run(cloud)) == (None, "updated", True)


def test_the_name_was_taken_meanwhile(cloud: ScriptedCloud) -> None:
    """Nothing proves it ours, as it has another address: a conflict."""
    expect_post(cloud, no(400, 102, "User already exists"))
    cloud.expect("GET", PATH, ok(record(NAME, email="b@x")))
    assert outcome(run(cloud)) == ("account_conflict", "none", False)


@pytest.mark.parametrize("answer", [fault("cut"), html(504), no(400, 102, "User already exists")])
def test_made_although_the_answer_says_otherwise(cloud: ScriptedCloud, answer: Answer) -> None:
    """Its address is set last, right before the mail: it is the account that was invited."""
    expect_post(cloud, answer)
    cloud.expect("GET", PATH, ok(RIGHT))
    assert code(run(cloud)) is None


def test_an_invited_account_is_proven_by_its_address(cloud: ScriptedCloud) -> None:
    """So that a run that was killed after the creation can go on, also when its user was quick."""
    cloud.expect("GET", PATH, ok({**RIGHT, "lastLogin": 1795593099000}))
    cloud.expect("PUT", PATH, ok(), [("key", "quota"), ("value", "5")])
    cloud.expect("GET", PATH, ok({**RIGHT, "quota": {"quota": 5}}))
    assert outcome(run(cloud, ownership="proven", quota="5")) == (None, "updated", True)


@pytest.mark.parametrize("state", ["present", "absent"])
def test_another_account_is_not_touched(cloud: ScriptedCloud, state: str) -> None:
    """One with another address."""
    cloud.expect("GET", PATH, ok(record(NAME, email="b@x")))
    assert outcome(run(cloud, ownership="proven", state=state)) == ("account_conflict", "none", False)


def test_unknown_and_not_made(cloud: ScriptedCloud) -> None:
    """It may appear still, so it is not sent again."""
    expect_post(cloud, fault("cut"))
    cloud.expect("GET", PATH, missing())
    assert outcome(run(cloud)) == ("outcome_unknown", "none", False)
