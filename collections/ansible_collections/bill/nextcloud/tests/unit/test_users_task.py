# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole tasks against a scripted cloud: updates, deletions, limits, protection."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud import accounts
from ansible_collections.bill.nextcloud.tests.unit.running import code, outcome, run, run_impatiently, run_one
from ansible_collections.bill.nextcloud.tests.unit.scripted import (
    ADMIN,
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

MAXIMUM = "/ocs/v2.php/apps/provisioning_api/api/v1/config/apps/files/max_quota"
PATH = "/users/user_12"


def quota_form(size: str) -> list[tuple[str, str]]:
    """The body that sets a quota."""
    return [("key", "quota"), ("value", size)]


def test_nothing_to_do_is_one_read(cloud: ScriptedCloud) -> None:
    """An account that is right costs one request."""
    cloud.expect("GET", PATH, ok(record("user_12", quota=1181116006, email="A@X")))
    result = run_one(cloud, quota="1234567890", email="a@x")
    assert outcome(result) == (None, "none", False)
    assert result["account"]["quota"] == 1181116006


def test_one_write_for_each_field_and_one_read_back(cloud: ScriptedCloud) -> None:
    """Everything that differs, in the order of importance, then one read."""
    cloud.expect("GET", PATH, ok(record("user_12", enabled=False, groups=["old", "own"], quota=5)))
    cloud.expect("GET", "/groups", ok({"groups": ["customers & co"]}), query={"search": "customers & co"})
    cloud.expect("PUT", PATH + "/enable", ok())
    cloud.expect("POST", PATH + "/groups", ok(), [("groupid", "customers & co")])
    cloud.expect("DELETE", PATH + "/groups", ok(), query={"groupid": "old"})
    cloud.expect("PUT", PATH, ok(), quota_form("none"))
    cloud.expect("PUT", PATH, ok(), [("key", "email"), ("value", "a@x")])
    cloud.expect("PUT", PATH, ok(), [("key", "displayname"), ("value", "Ольга")])
    cloud.expect("PUT", PATH, ok(), [("key", "language"), ("value", "ru")])
    after = record("user_12", groups=["own", "customers & co"], email="a@x", displayname="Ольга", language="ru")
    cloud.expect("GET", PATH, ok(after))
    result = run_one(
        cloud,
        quota="none",
        groups=["customers & co"],
        groups_absent=["old"],
        email="a@x",
        display_name="Ольга",
        language="ru",
    )
    assert outcome(result) == (None, "updated", True)
    assert [change["field"] for change in result["changes"]] == [
        "enabled",
        "groups",
        "quota",
        "email",
        "display_name",
        "language",
    ]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("user_1", "/users/user_1"),
        ("in side", "/users/in%20side"),
        ("a.b_c@x-y'z", "/users/a.b_c%40x-y%27z"),
    ],
)
def test_names_travel_percent_encoded(cloud: ScriptedCloud, name: str, path: str) -> None:
    """Each name is one segment of the path."""
    cloud.expect("GET", path, ok(record(name)))
    cloud.expect("PUT", path + "/disable", ok())
    cloud.expect("GET", path, ok(record(name, enabled=False)))
    assert outcome(run_one(cloud, name=name, state="disabled")) == (None, "updated", True)


def test_similar_names_are_different_accounts(cloud: ScriptedCloud) -> None:
    """user_1 is looked up by its own name: that user_12 exists says nothing."""
    cloud.expect("GET", "/users/user_1", missing())
    cloud.expect("GET", "/users/user_12", ok(record("user_12")))
    result = run(cloud, {"name": "user_1", "state": "exists"}, {"name": "user_12", "state": "exists"})
    assert [code(account) for account in result["accounts"]] == ["account_missing", None]


def test_below_a_path(cloud_below_path: ScriptedCloud) -> None:
    """A cloud may be installed below a path."""
    cloud_below_path.expect("GET", PATH, missing())
    result = run_one(cloud_below_path, state="exists")
    assert code(result) == "account_missing"


def test_a_slash_at_the_end_of_the_address(cloud_below_path: ScriptedCloud) -> None:
    """It does not double."""
    cloud_below_path.expect("GET", PATH, missing())
    cloud_below_path.url += "/"
    assert code(run_one(cloud_below_path, state="exists")) == "account_missing"


@pytest.mark.parametrize("state", ["present", "exists", "disabled", "absent"])
def test_another_notation_is_another_account(cloud: ScriptedCloud, state: str) -> None:
    """The cloud's look-up ignores case: its User_12 is not our user_12."""
    cloud.expect("GET", PATH, ok(record("User_12")))
    assert outcome(run_one(cloud, state=state, password=PASSWORD)) == ("account_conflict", "none", False)


@pytest.mark.parametrize("state", ["present", "exists", "disabled", "absent"])
def test_administrators_are_not_touched(cloud: ScriptedCloud, state: str) -> None:
    """Whatever is asked for."""
    cloud.expect("GET", PATH, ok(record("user_12", groups=["admin", "x"])))
    assert outcome(run_one(cloud, state=state, quota="5")) == ("protected_account", "none", False)


def test_the_acting_account_is_not_touched(cloud: ScriptedCloud) -> None:
    """Even if it is no administrator, and in any notation."""
    cloud.expect("GET", "/users/ROOT", ok(record("ROOT")))
    assert outcome(run_one(cloud, name=ADMIN.upper(), state="absent")) == ("protected_account", "none", False)


def test_duplicates_are_not_touched(cloud: ScriptedCloud) -> None:
    """Nothing at all is asked for such a name."""
    cloud.expect("GET", "/users/other", ok(record("other")))
    result = run(cloud, {"name": "a"}, {"name": "other"}, {"name": "A", "state": "absent"})
    assert [code(account) for account in result["accounts"]] == ["duplicate_name", None, "duplicate_name"]
    assert result["summary"] == {"total": 3, "changed": 0, "failed": 2, "unchanged": 1}


def test_bad_names_and_values_cost_no_request(cloud: ScriptedCloud) -> None:
    """They fail by themselves."""
    result = run(cloud, {"name": "../admin"}, {"quota": "1,5 GB"})
    assert [code(account) for account in result["accounts"]] == ["invalid_name", "invalid_value"]


CHECK_MODE = [
    ([ok(record("user_12"))], {"state": "disabled"}, "updated"),
    ([ok(record("user_12", quota=1))], {"quota": "none", "groups": ["g"]}, "updated"),
    ([ok(record("user_12"))], {"state": "absent"}, "deleted"),
    ([missing()], {"password": PASSWORD, "quota": "5"}, "created"),
]


@pytest.mark.parametrize(("answers", "options", "action"), CHECK_MODE)
def test_check_mode_only_reads(
    cloud: ScriptedCloud, answers: list[Answer], options: dict[str, t.Any], action: str
) -> None:
    """The script holds no write, so any write fails the test; the prediction is the plan."""
    for answer in answers:
        cloud.expect("GET", PATH, answer)
    for group in options.get("groups", ()):
        cloud.expect("GET", "/groups", ok({"groups": [group]}), query={"search": group})
    result = run(cloud, options, check_mode=True)
    account = result["accounts"][0]
    assert outcome(account) == (None, action, True)
    assert account["changes"]
    assert result["diff"][0]["before_header"] == "user_12"


def test_check_mode_knows_that_a_password_is_needed(cloud: ScriptedCloud) -> None:
    """A creation that would fail fails in check mode, too."""
    cloud.expect("GET", PATH, missing())
    assert outcome(run_one(cloud, check_mode=True)) == ("invalid_value", "none", False)


# limits


def expect_reads(cloud: ScriptedCloud, *names: str) -> None:
    """Every account is read before anything is done."""
    for name in names:
        cloud.expect("GET", "/users/" + name, ok(record(name)))


def test_too_many_deletions(cloud: ScriptedCloud) -> None:
    """None of them is done; everything else is."""
    expect_reads(cloud, "a", "b", "c")
    cloud.expect("PUT", "/users/c/disable", ok())
    cloud.expect("GET", "/users/c", ok(record("c", enabled=False)))
    accounts = [{"name": "a", "state": "absent"}, {"name": "b", "state": "absent"}, {"name": "c", "state": "disabled"}]
    result = run(cloud, *accounts, max_deletions=1, max_suspensions=1)
    assert [outcome(account) for account in result["accounts"]] == [
        ("limit_reached", "none", False),
        ("limit_reached", "none", False),
        (None, "updated", True),
    ]
    assert "2 deletions" in result["accounts"][0]["failure"]["message"]


def test_too_many_suspensions(cloud: ScriptedCloud) -> None:
    """Zero means none; accounts that are disabled already do not count."""
    cloud.expect("GET", "/users/a", ok(record("a")))
    cloud.expect("GET", "/users/b", ok(record("b", enabled=False)))
    accounts = [{"name": "a", "state": "disabled", "quota": "5"}, {"name": "b", "state": "disabled"}]
    result = run(cloud, *accounts, max_suspensions=0)
    assert [outcome(account) for account in result["accounts"]] == [
        ("limit_reached", "none", False),
        (None, "none", False),
    ]


def test_as_many_as_allowed(cloud: ScriptedCloud) -> None:
    """The limit itself is allowed."""
    cloud.expect("GET", PATH, ok(record("user_12")))
    cloud.expect("DELETE", PATH, ok())
    cloud.expect("GET", PATH, missing())
    assert outcome(run(cloud, {"state": "absent"}, max_deletions=1)["accounts"][0]) == (None, "deleted", True)


@pytest.mark.parametrize("state", ["absent", "present"])
def test_a_missing_route_is_no_missing_account(cloud: ScriptedCloud, state: str) -> None:
    """Code 998 has two meanings; a cloud without the API says nothing about its accounts."""
    cloud.expect("GET", PATH, no(404, 998, "Invalid query, please check the syntax."))
    result = run_one(cloud, state=state, password="Some-Passw0rd-1")
    assert outcome(result) == ("not_an_answer", "none", False)


# refusals and unknown outcomes of changes


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (no(400, 101, "Invalid quota value"), "invalid_value"),
        (no(400, 113), "invalid_value"),
        (no(400, 112), "backend_refused"),
        (no(404, 998), "account_missing"),
        (no(400, 105), "refused"),
        (Answer(429), "rate_limited"),
    ],
)
def test_refused_edit(cloud: ScriptedCloud, answer: Answer, expected: str) -> None:
    """A definite refusal of the first write ends the account: nothing was changed."""
    cloud.expect("GET", PATH, ok(record("user_12", quota=1)))
    cloud.expect("PUT", PATH, answer, quota_form("5"))
    if b"Invalid quota" in answer.body:
        cloud.expect("GET", MAXIMUM, ok({"data": ""}))
    result = run_one(cloud, quota="5", language="de")
    assert outcome(result) == (expected, "none", False)
    assert result["failure"]["request"] == "PUT /ocs/v2.php/cloud" + PATH
    assert result["failure"]["outcome_unknown"] is False


def test_what_was_done_before_a_refusal_is_told(cloud: ScriptedCloud) -> None:
    """The account was changed, and failed."""
    cloud.expect("GET", PATH, ok(record("user_12", enabled=False)))
    cloud.expect("GET", "/groups", ok({"groups": ["nope"]}), query={"search": "nope"})
    cloud.expect("PUT", PATH + "/enable", ok())
    cloud.expect("POST", PATH + "/groups", no(400, 102), [("groupid", "nope")])
    cloud.expect("GET", PATH, ok(record("user_12")))
    result = run_one(cloud, groups=["nope"])
    assert outcome(result) == ("group_missing", "updated", True)
    assert result["account"]["enabled"] is True


def test_nobody_is_let_in_before_the_groups_are_known(cloud: ScriptedCloud) -> None:
    """An account is not enabled when a group that it is to be in is missing."""
    cloud.expect("GET", PATH, ok(record("user_12", enabled=False)))
    cloud.expect("GET", "/groups", ok({"groups": []}), query={"search": "nope"})
    assert outcome(run_one(cloud, groups=["nope"], quota="5")) == ("group_missing", "none", False)


@pytest.mark.parametrize(
    "answer", [fault("cut"), fault("short"), html(), html(502), Answer(), no(500, 996), no(500, 999), fault("hang")]
)
def test_unknown_outcome_settled_by_reading(cloud: ScriptedCloud, answer: Answer) -> None:
    """The change took effect, so all is well, and it is not sent again."""
    cloud.expect("GET", PATH, ok(record("user_12", quota=1)))
    cloud.expect("PUT", PATH, answer, quota_form("5"))
    cloud.expect("GET", PATH, ok(record("user_12", quota=5)))
    (result,) = run_impatiently(cloud, {"quota": "5"})
    assert outcome(result) == (None, "updated", True)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (fault("cut"), "unreachable"),
        (html(), "not_an_answer"),
        (Answer(), "not_an_answer"),
        (html(502), "server_error"),
        (no(500, 996), "server_error"),
        (fault("hang"), "timeout"),
    ],
)
def test_unknown_outcome_that_did_not_take_effect(cloud: ScriptedCloud, answer: Answer, expected: str) -> None:
    """The write is not repeated; the failure says that it may come into effect still."""
    cloud.expect("GET", PATH, ok(record("user_12", quota=1)))
    cloud.expect("PUT", PATH, answer, quota_form("5"))
    cloud.expect("GET", PATH, ok(record("user_12", quota=1)))
    (result,) = run_impatiently(cloud, {"quota": "5"})
    assert code(result) == expected
    assert result["failure"]["outcome_unknown"] is True
    assert result["failure"]["kind"] == "temporary"


def test_unknown_outcome_and_no_reading(cloud: ScriptedCloud) -> None:
    """Nothing is known at all."""
    cloud.expect("GET", PATH, ok(record("user_12", quota=1)))
    cloud.expect("PUT", PATH, fault("cut"), quota_form("5"))
    cloud.expect("GET", PATH, html(500))
    result = run_one(cloud, quota="5")
    assert outcome(result) == ("outcome_unknown", "updated", True)
    assert result["failure"]["outcome_unknown"] is True


def test_group_by_group(cloud: ScriptedCloud) -> None:
    """After an unknown outcome of one membership the others still follow."""
    cloud.expect("GET", PATH, ok(record("user_12", groups=["c"])))
    cloud.expect("POST", PATH + "/groups", fault("cut"), [("groupid", "a")])
    cloud.expect("GET", PATH, ok(record("user_12", groups=["a", "c"])))
    cloud.expect("POST", PATH + "/groups", ok(), [("groupid", "b")])
    cloud.expect("DELETE", PATH + "/groups", ok(), query={"groupid": "c"})
    cloud.expect("GET", PATH, ok(record("user_12", groups=["a", "b"])))
    assert outcome(run_one(cloud, groups=["a", "b"], groups_absent=["c"])) == (None, "updated", True)


def test_accepted_but_not_shown(cloud: ScriptedCloud) -> None:
    """Success is a read-back that shows the wish."""
    cloud.expect("GET", PATH, ok(record("user_12")))
    cloud.expect("PUT", PATH, ok(), [("key", "language"), ("value", "de")])
    cloud.expect("GET", PATH, ok(record("user_12")))
    result = run_one(cloud, language="de")
    assert code(result) == "not_verified"
    assert "language" in result["failure"]["message"]


def test_quota_that_is_not_told(cloud: ScriptedCloud) -> None:
    """It is set, and warned about: unknown is neither right nor wrong."""
    cloud.expect("GET", PATH, ok(record("user_12", quota=[])))
    cloud.expect("PUT", PATH, ok(), quota_form("5"))
    cloud.expect("GET", PATH, ok(record("user_12", quota=[])))
    result = run_one(cloud, quota="5")
    assert outcome(result) == (None, "updated", True)
    assert result["account"]["quota"] == "unknown"
    assert any("does not tell" in warning for warning in result["warnings"])


def test_quota_below_use_is_set_and_warned_about(cloud: ScriptedCloud) -> None:
    """The warning tells both numbers."""
    cloud.expect("GET", PATH, ok(record("user_12", quota=100, used=50)))
    cloud.expect("PUT", PATH, ok(), quota_form("10"))
    cloud.expect("GET", PATH, ok(record("user_12", quota=10, used=50)))
    result = run_one(cloud, quota="10")
    assert outcome(result) == (None, "updated", True)
    assert result["warnings"] == [
        "quota below use: 50 bytes are used, the quota is 10 bytes; nothing is deleted, uploads fail"
    ]


# deletion


@pytest.mark.parametrize("answer", [ok(), no(404, 998), no(404, 404)])
def test_deletion(cloud: ScriptedCloud, answer: Answer) -> None:
    """Gone is gone, whoever did it; one read proves it."""
    cloud.expect("GET", PATH, ok(record("user_12")))
    cloud.expect("DELETE", PATH, answer)
    cloud.expect("GET", PATH, missing())
    result = run_one(cloud, state="absent")
    assert outcome(result) == (None, "deleted", True)
    assert result["account"] is None


def test_refused_deletion(cloud: ScriptedCloud) -> None:
    """A definite refusal changes nothing; the backend of the account (LDAP) is what refuses it."""
    cloud.expect("GET", PATH, ok(record("user_12")))
    cloud.expect("DELETE", PATH, no(400, 101))
    cloud.expect("GET", PATH, ok(record("user_12")))
    assert outcome(run_one(cloud, state="absent")) == ("backend_refused", "none", False)


def test_deletion_that_is_not_seen(cloud: ScriptedCloud) -> None:
    """Accepted, but the account is still there."""
    cloud.expect("GET", PATH, ok(record("user_12")))
    cloud.expect("DELETE", PATH, ok())
    cloud.expect("GET", PATH, ok(record("user_12")))
    assert code(run_one(cloud, state="absent")) == "not_verified"


@pytest.mark.parametrize("answer", [fault("hang"), html(504), fault("cut")])
def test_slow_deletion(cloud: ScriptedCloud, answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the time-out it is only read until the account is gone."""
    monkeypatch.setattr(accounts, "DELETE_SECONDS", 0.3)
    cloud.expect("GET", PATH, ok(record("user_12")))
    cloud.expect("DELETE", PATH, answer)
    cloud.expect("GET", PATH, ok(record("user_12")))
    cloud.expect("GET", PATH, ok(record("user_12")))
    cloud.expect("GET", PATH, missing())
    slept: list[float] = []
    (result,) = run_impatiently(cloud, {"state": "absent"}, slept=slept)
    assert outcome(result) == (None, "deleted", True)
    assert slept == [0.0, 1.0, 2.0]


def test_endless_deletion(cloud: ScriptedCloud) -> None:
    """The reading is bounded."""
    cloud.expect("GET", PATH, ok(record("user_12")))
    cloud.expect("DELETE", PATH, html(504))
    for _poll in range(9):
        cloud.expect("GET", PATH, ok(record("user_12")))
    slept: list[float] = []
    (result,) = run_impatiently(cloud, {"state": "absent"}, slept=slept)
    assert outcome(result) == ("outcome_unknown", "deleted", True)
    assert sum(slept) == 120


def test_failed_deletion_is_read_once(cloud: ScriptedCloud) -> None:
    """The cloud itself said that it failed: it is not busy any more."""
    cloud.expect("GET", PATH, ok(record("user_12")))
    cloud.expect("DELETE", PATH, no(500, 996))
    cloud.expect("GET", PATH, ok(record("user_12")))
    assert code(run_one(cloud, state="absent")) == "outcome_unknown"
