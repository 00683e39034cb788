# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module for one account: its result, its failures, its diff, check mode, and the manager."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import USER
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import TABLE
from ansible_collections.bill.nextcloud.plugins.plugin_utils import users_task
from ansible_collections.bill.nextcloud.tests.unit.running import NAME, NO_SERVER, code, outcome, validated
from ansible_collections.bill.nextcloud.tests.unit.scripted import (
    ADMIN,
    PASSWORD,
    Answer,
    ScriptedCloud,
    fault,
    missing,
    no,
    ok,
    record,
)

MAXIMUM = "/ocs/v2.php/apps/provisioning_api/api/v1/config/apps/files/max_quota"
PATH = "/users/user_12"
BOSS = "/users/boss"


def run(cloud: ScriptedCloud, check_mode: bool = False, with_diff: bool = True, **options: t.Any) -> dict[str, t.Any]:
    """Run a task of ``nextcloud_user``."""
    parameters = validated(USER, cloud.url, **{"name": NAME, **options})
    return users_task.run_one(parameters, NO_SERVER, check_mode=check_mode, with_diff=with_diff)


def edit(key: str, value: str) -> list[tuple[str, str]]:
    """The body of an edit."""
    return [("key", key), ("value", value)]


def fields(result: dict[str, t.Any]) -> list[str]:
    """The names of the fields that were, or would be, changed."""
    return [change["field"] for change in result["changes"]]


# results


def test_nothing_to_do(cloud: ScriptedCloud) -> None:
    """An account that is right costs one read; the result has all its items, and neither ``failed`` nor warnings."""
    shown = record(NAME, email="A@x", quota=5, used=3, groups=["b", "a"], manager="boss", lastLogin=1700000000000)
    cloud.expect("GET", PATH, ok({**shown, "subadmin": ["z", "y"]}))
    result = run(cloud, email="a@x", quota="5", groups=["a"], group_admin_of=["y"], manager="boss")
    assert result == {
        "name": NAME,
        "state": "present",
        "changed": False,
        "action": "none",
        "changes": [],
        "account": {
            "name": NAME,
            "enabled": True,
            "quota": 5,
            "used": 3,
            "groups": ["a", "b"],
            "email": "A@x",
            "display_name": NAME,
            "language": "en",
            "group_admin_of": ["y", "z"],
            "manager": "boss",
            "backend": "Database",
            "last_login": "2023-11-14T22:13:20Z",
            "administrator": False,
        },
        "pending": [],
        "failure": None,
        "groups_created": [],
        "diff": [],
    }


def test_creation(cloud: ScriptedCloud) -> None:
    """Everything is in one request; one read shows that it is so."""
    wish: dict[str, t.Any] = {
        "password": PASSWORD,
        "display_name": "Ольга",
        "email": "a@x",
        "quota": "1.5 GiB",
        "language": "de",
        "manager": "boss",
        "groups": ["customers"],
        "group_admin_of": ["team b", "team a"],
    }
    form = [
        ("userid", NAME),
        ("password", PASSWORD),
        ("displayName", "Ольга"),
        ("email", "a@x"),
        ("quota", "1610612736"),
        ("language", "de"),
        ("manager", "boss"),
        ("groups[]", "customers"),
        ("subadmin[]", "team a"),
        ("subadmin[]", "team b"),
    ]
    after = record(NAME, displayname="Ольга", email="a@x", quota=1610612736, language="de", groups=["customers"])
    cloud.expect("GET", PATH, missing())
    cloud.expect("GET", BOSS, ok(record("boss")))
    cloud.expect("POST", "/users", ok({"id": NAME}), form)
    cloud.expect("GET", PATH, ok({**after, "manager": "boss", "subadmin": ["team b", "team a"]}))
    result = run(cloud, **wish)
    assert outcome(result) == (None, "created", True)
    assert fields(result) == [
        "state",
        "enabled",
        "password",
        "groups",
        "group_admin_of",
        "quota",
        "email",
        "display_name",
        "language",
        "manager",
    ]
    assert result["account"]["manager"] == "boss"
    assert "failed" not in result


def test_update(cloud: ScriptedCloud) -> None:
    """One write for each field that differs, the most important first, and one read."""
    cloud.expect("GET", PATH, ok(record(NAME, enabled=False, manager="", email="z@x")))
    cloud.expect("GET", BOSS, ok(record("boss")))
    cloud.expect("PUT", PATH + "/enable", ok())
    cloud.expect("PUT", PATH, ok(), edit("quota", "10"))
    cloud.expect("PUT", PATH, ok(), edit("manager", "boss"))
    cloud.expect("GET", PATH, ok(record(NAME, quota=10, manager="boss", email="z@x")))
    result = run(cloud, quota="10", manager="boss", email="a@x", create_only=["email"])
    assert outcome(result) == (None, "updated", True)
    assert fields(result) == ["enabled", "quota", "manager"]


def test_deletion(cloud: ScriptedCloud) -> None:
    """The result shows no account any more."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    cloud.expect("DELETE", PATH, ok())
    cloud.expect("GET", PATH, missing())
    result = run(cloud, state="absent")
    assert outcome(result) == (None, "deleted", True)
    assert result["account"] is None


def test_gone_already(cloud: ScriptedCloud) -> None:
    """One read, and nothing to do."""
    cloud.expect("GET", PATH, missing())
    assert outcome(run(cloud, state="absent")) == (None, "none", False)


def test_warnings_are_those_of_the_task(cloud: ScriptedCloud) -> None:
    """Ansible shows them only there."""
    cloud.expect("GET", PATH, ok(record(NAME, quota=10, used=50)))
    result = run(cloud, quota="10")
    assert result["warnings"] == [
        "quota below use: 50 bytes are used, the quota is 10 bytes; nothing is deleted, uploads fail"
    ]


# failures


def test_the_task_fails_with_all_that_is_known(cloud: ScriptedCloud) -> None:
    """One text for people: who, what happened, the cloud's words, the request with its codes, what to do."""
    cloud.expect("GET", PATH, ok(record(NAME, quota=1)))
    cloud.expect("PUT", PATH, no(400, 101, "5 is exceeding the maximum quota"), edit("quota", "5"))
    cloud.expect("GET", MAXIMUM, ok({"data": "4"}))
    result = run(cloud, quota="5", language="de")
    assert result["failed"] is True
    assert outcome(result) == ("invalid_value", "none", False)
    assert result["msg"] == (
        'account user_12: A value cannot be used. The cloud says: "5 is exceeding the maximum quota".'
        " The instance's maximum is 4 bytes."
        " [PUT /ocs/v2.php/cloud/users/user_12, HTTP status 400, OCS code 101]"
        " Correct the value that the message names."
    )
    detail = 'The cloud says: "5 is exceeding the maximum quota". The instance\'s maximum is 4 bytes.'
    assert result["failure"] == {
        "code": "invalid_value",
        "kind": "final",
        "message": "A value cannot be used. " + detail,
        "detail": detail,
        "hint": "Correct the value that the message names.",
        "account": NAME,
        "request": "PUT /ocs/v2.php/cloud/users/user_12",
        "http_status": 400,
        "ocs_code": 101,
        "outcome_unknown": False,
    }


def test_an_unknown_outcome_is_told_in_words(cloud: ScriptedCloud) -> None:
    """The failure names the fault, and says that the change may have taken effect nevertheless."""
    cloud.expect("GET", PATH, ok(record(NAME, quota=1)))
    cloud.expect("PUT", PATH, fault("cut"), edit("quota", "5"))
    cloud.expect("GET", PATH, ok(record(NAME, quota=1)))
    result = run(cloud, quota="5")
    assert outcome(result) == ("unreachable", "updated", True)
    assert result["failure"]["outcome_unknown"] is True
    assert TABLE["unreachable"].meaning in result["msg"]
    assert TABLE["outcome_unknown"].meaning in result["msg"]
    assert "[PUT /ocs/v2.php/cloud/users/user_12]" in result["msg"]


def test_a_part_was_done(cloud: ScriptedCloud) -> None:
    """Changed and failed at once; the account is shown as it is now."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    cloud.expect("PUT", PATH, ok(), edit("quota", "5"))
    cloud.expect("PUT", PATH, Answer(429), edit("language", "de"))
    cloud.expect("GET", PATH, ok(record(NAME, quota=5)))
    result = run(cloud, quota="5", language="de")
    assert outcome(result) == ("rate_limited", "updated", True)
    assert result["failed"] is True
    assert result["account"]["quota"] == 5


@pytest.mark.parametrize(
    ("options", "expected", "word"),
    [
        ({"name": "../x"}, "invalid_name", "'../x'"),
        ({"name": "user_12 "}, "invalid_name", "'user_12 '"),
        ({"quota": "1,5 GB"}, "invalid_value", "'1,5 GB'"),
        ({"email": "nobody"}, "invalid_value", "'nobody'"),
        ({"display_name": " "}, "invalid_value", "display_name"),
        ({"groups": ["admin"]}, "invalid_value", "admin"),
        ({"group_admin_of": ["admin"]}, "invalid_value", "group_admin_of"),
        ({"group_admin_of": ["a", "b"], "group_admin_of_absent": ["b"]}, "invalid_value", "b."),
        ({"groups": ["a"], "groups_absent": ["a"]}, "invalid_value", "groups_absent"),
        ({"group_admin_of": [""]}, "invalid_value", "group_admin_of holds an empty name"),
        ({"manager": "a/b"}, "invalid_name", "'a/b'"),
        ({"ownership": "proven"}, "invalid_value", "password"),
        ({"api_url": "ftp://cloud"}, "invalid_url", "https://"),
    ],
)
def test_bad_options_cost_no_request(cloud: ScriptedCloud, options: dict[str, t.Any], expected: str, word: str) -> None:
    """They fail before anything is asked, with a text that names what is wrong."""
    parameters = {**validated(USER, cloud.url, name=NAME), **options}
    result = users_task.run_one(parameters, NO_SERVER, check_mode=False, with_diff=True)
    assert outcome(result) == (expected, "none", False)
    assert result["msg"].startswith(f"account {parameters['name']}: {TABLE[expected].meaning} ")
    assert word in result["msg"]
    assert (result["account"], result["diff"], result["groups_created"]) == (None, [], [])


@pytest.mark.parametrize(
    ("name", "answer", "expected"),
    [
        (NAME, missing(), "account_missing"),
        (NAME, ok(record(NAME, groups=["admin"])), "protected_account"),
        (ADMIN, ok(record(ADMIN)), "protected_account"),
        (NAME, ok(record("USER_12")), "account_conflict"),
        (NAME, no(401, 997, "Unauthorised"), "wrong_credentials"),
        (NAME, no(503, 503), "maintenance"),
    ],
)
def test_fails_after_one_read(cloud: ScriptedCloud, name: str, answer: Answer, expected: str) -> None:
    """Nothing is written to what is missing, protected, another's or out of reach."""
    cloud.expect("GET", "/users/" + name, answer)
    result = run(cloud, name=name, state="disabled", quota="5")
    assert outcome(result) == (expected, "none", False)
    assert result["failed"] is True


# diff


def test_diff_of_an_update(cloud: ScriptedCloud) -> None:
    """All fields before and after, as YAML."""
    cloud.expect("GET", PATH, ok(record(NAME, quota=5, subadmin=["x"])))
    cloud.expect("GET", BOSS, ok(record("boss")))
    cloud.expect("GET", "/groups", ok({"groups": ["y"]}), query={"search": "y"})
    result = run(cloud, check_mode=True, quota="none", manager="boss", group_admin_of=["y"])
    before = (
        'enabled: true\nquota: 5\ngroups: []\ngroup_admin_of: ["x"]\nemail: null\n'
        'display_name: "user_12"\nlanguage: "en"\nmanager: null\n'
    )
    after = (
        'enabled: true\nquota: none\ngroups: []\ngroup_admin_of: ["x", "y"]\nemail: null\n'
        'display_name: "user_12"\nlanguage: "en"\nmanager: "boss"\n'
    )
    assert result["diff"] == [{"before_header": NAME, "after_header": NAME, "before": before, "after": after}]


@pytest.mark.parametrize(
    ("answer", "options", "before", "after"),
    [
        (missing(), {"password": PASSWORD}, "", 'enabled: true\npassword: "(set)"\n'),
        (ok(record(NAME)), {"state": "absent"}, "enabled: true\n", ""),
    ],
)
def test_diff_of_creation_and_deletion(
    cloud: ScriptedCloud, answer: Answer, options: dict[str, t.Any], before: str, after: str
) -> None:
    """From nothing, and to nothing."""
    cloud.expect("GET", PATH, answer)
    (diff,) = run(cloud, check_mode=True, **options)["diff"]
    assert diff["before"].startswith(before)
    assert (diff["before"] == "") is (before == "")
    assert diff["after"] == after


def test_no_diff_unless_wanted(cloud: ScriptedCloud) -> None:
    """Without ``--diff`` the result has none."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    assert "diff" not in run(cloud, check_mode=True, with_diff=False, quota="5")


# check mode: the scripts hold no write, so any write fails the test


@pytest.mark.parametrize(
    ("answer", "options", "action"),
    [
        (missing(), {"password": PASSWORD, "quota": "5"}, "created"),
        (ok(record(NAME)), {"quota": "5", "email": "a@x", "display_name": "A", "language": "de"}, "updated"),
        (ok(record(NAME, enabled=False)), {}, "updated"),
        (ok(record(NAME)), {"state": "disabled"}, "updated"),
        (ok(record(NAME, groups=["g"])), {"groups_absent": ["g"]}, "updated"),
        (ok(record(NAME, subadmin=["g"])), {"group_admin_of_absent": ["g"]}, "updated"),
        (ok(record(NAME, manager="boss")), {"manager": ""}, "updated"),
        (ok(record(NAME)), {"state": "absent"}, "deleted"),
        (missing(), {"state": "absent"}, "none"),
        (ok(record(NAME)), {"quota": "none"}, "none"),
    ],
)
def test_check_mode_only_reads(cloud: ScriptedCloud, answer: Answer, options: dict[str, t.Any], action: str) -> None:
    """The prediction is the plan; the account is shown as it is."""
    cloud.expect("GET", PATH, answer)
    result = run(cloud, check_mode=True, **options)
    assert outcome(result) == (None, action, action != "none")
    assert len(result["diff"]) == (action != "none")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "invalid_value"),  # no password to create it with
        ({"password": PASSWORD, "create": False}, "account_missing"),
        ({"state": "exists"}, "account_missing"),
    ],
)
def test_check_mode_fails_as_the_run_would(cloud: ScriptedCloud, options: dict[str, t.Any], expected: str) -> None:
    """What the plan shows to be impossible fails in check mode, too."""
    cloud.expect("GET", PATH, missing())
    result = run(cloud, check_mode=True, **options)
    assert outcome(result) == (expected, "none", False)
    assert result["failed"] is True


# the manager


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_missing_manager_is_refused(cloud: ScriptedCloud, check_mode: bool) -> None:
    """The cloud would take any text; nothing at all is written."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    cloud.expect("GET", BOSS, missing())
    result = run(cloud, check_mode, manager="boss", quota="5")
    assert outcome(result) == ("invalid_value", "none", False)
    assert "There is no account boss, which manager names." in result["msg"]


def test_a_manager_in_another_notation_is_refused(cloud: ScriptedCloud) -> None:
    """It is the manager's name that is wrong; the account itself is in no conflict."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    cloud.expect("GET", BOSS, ok(record("Boss")))
    result = run(cloud, manager="boss")
    assert outcome(result) == ("invalid_value", "none", False)
    assert "The cloud has it as Boss." in result["msg"]


def test_an_administrator_may_be_the_manager(cloud: ScriptedCloud) -> None:
    """The manager is only looked at, so it may be a protected account."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    cloud.expect("GET", BOSS, ok(record("boss", groups=["admin"])))
    cloud.expect("PUT", PATH, ok(), edit("manager", "boss"))
    cloud.expect("GET", PATH, ok(record(NAME, manager="boss")))
    assert outcome(run(cloud, manager="boss")) == (None, "updated", True)


def test_an_empty_manager_is_removed(cloud: ScriptedCloud) -> None:
    """Nobody is looked up for that."""
    cloud.expect("GET", PATH, ok(record(NAME, manager="boss")))
    cloud.expect("PUT", PATH, ok(), edit("manager", ""))
    cloud.expect("GET", PATH, ok(record(NAME, manager="")))
    result = run(cloud, manager="")
    assert outcome(result) == (None, "updated", True)
    assert result["changes"] == [{"field": "manager", "before": "boss", "after": None}]


@pytest.mark.parametrize(("current", "wished"), [("boss", "boss"), ("", ""), ("boss", None)])
def test_a_right_manager_is_not_looked_up(cloud: ScriptedCloud, current: str, wished: str | None) -> None:
    """Nor one that is left alone."""
    cloud.expect("GET", PATH, ok(record(NAME, manager=current)))
    assert outcome(run(cloud, manager=wished)) == (None, "none", False)


def test_a_manager_that_is_not_shown(cloud: ScriptedCloud) -> None:
    """Success is a read-back that shows the wish."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    cloud.expect("GET", BOSS, ok(record("boss")))
    cloud.expect("PUT", PATH, ok(), edit("manager", "boss"))
    cloud.expect("GET", PATH, ok(record(NAME)))
    result = run(cloud, manager="boss")
    assert code(result) == "not_verified"
    assert "These fields differ still: manager." in result["msg"]
