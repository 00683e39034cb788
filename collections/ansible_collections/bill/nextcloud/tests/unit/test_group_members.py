# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The members of a group: who is added and removed, who never is, and what happens to the others then."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import TABLE
from ansible_collections.bill.nextcloud.tests.unit.running import code, outcome
from ansible_collections.bill.nextcloud.tests.unit.running_group import (
    PATH,
    expect_accounts,
    expect_group,
    expect_join,
    expect_leave,
    expect_members,
    run,
)
from ansible_collections.bill.nextcloud.tests.unit.scripted import (
    ADMIN,
    Answer,
    ScriptedCloud,
    fault,
    html,
    missing,
    no,
    ok,
    record,
)

PROTECTED = TABLE["protected_account"].meaning


def expect_team(cloud: ScriptedCloud, *members: str) -> None:
    """The group is there, and has these members."""
    expect_group(cloud, "team")
    expect_members(cloud, *members)


def failed(result: dict[str, t.Any]) -> list[tuple[str | None, str]]:
    """Who failed, and how; None: the group."""
    return [(failure["account"], failure["code"]) for failure in result["failures"]]


def members(result: dict[str, t.Any]) -> list[str]:
    """The members after the task."""
    return t.cast("list[str]", result["group"]["members"])


# who is added and removed


def test_some_are_added_and_some_removed(cloud: ScriptedCloud) -> None:
    """All others stay; only those that change are looked at."""
    expect_team(cloud, "old", "own", "right")
    expect_accounts(cloud, "old", "new")
    expect_join(cloud, "new")
    expect_leave(cloud, "old")
    expect_team(cloud, "new", "own", "right")
    result = run(cloud, members=["right", "new"], members_absent=["old", "never"])
    assert outcome(result) == (None, "updated", True)
    assert result["changes"] == [
        {"field": "members", "before": ["old", "own", "right"], "after": ["new", "own", "right"]}
    ]
    assert result["diff"][0]["before"] == 'name: "team"\ndisplay_name: "team"\nmembers: ["old", "own", "right"]\n'
    assert result["diff"][0]["after"] == 'name: "team"\ndisplay_name: "team"\nmembers: ["new", "own", "right"]\n'
    assert "failed" not in result


@pytest.mark.parametrize(
    "options",
    [
        {"members": ["a"]},
        {"members": []},
        {"members_absent": ["x"]},
        {"members": ["a", "b"], "members_exact": True},
        {"members": ["b", "a"], "members_exact": True, "max_removals": 0},
    ],
)
def test_right_already(cloud: ScriptedCloud, options: dict[str, t.Any]) -> None:
    """Two reads, no look at any account."""
    expect_team(cloud, "a", "b")
    result = run(cloud, **options)
    assert outcome(result) == (None, "none", False)
    assert members(result) == ["a", "b"]


@pytest.mark.parametrize("options", [{}, {"members_absent": []}])
def test_members_are_left_alone_unless_asked_for(cloud: ScriptedCloud, options: dict[str, t.Any]) -> None:
    """They are not even read."""
    expect_group(cloud, "team")
    assert run(cloud, **options)["group"]["members"] is None


def test_exactly_these(cloud: ScriptedCloud) -> None:
    """Everybody else is removed."""
    expect_team(cloud, "a", "x", "y")
    expect_accounts(cloud, "x", "y", "b")
    expect_join(cloud, "b")
    expect_leave(cloud, "x")
    expect_leave(cloud, "y")
    expect_team(cloud, "a", "b")
    assert outcome(run(cloud, members=["a", "b"], members_exact=True)) == (None, "updated", True)


def test_an_empty_exact_list_removes_everybody(cloud: ScriptedCloud) -> None:
    """It was said on purpose: members has to be given."""
    expect_team(cloud, "a", "b")
    expect_accounts(cloud, "a", "b")
    expect_leave(cloud, "a")
    expect_leave(cloud, "b")
    expect_team(cloud)
    result = run(cloud, members=[], members_exact=True, max_removals=2)
    assert (code(result), members(result)) == (None, [])


@pytest.mark.parametrize("options", [{"members": [], "members_exact": True}, {"members_absent": ["a", "b"]}])
@pytest.mark.parametrize("check_mode", [False, True])
def test_more_removals_than_allowed(cloud: ScriptedCloud, options: dict[str, t.Any], check_mode: bool) -> None:
    """Nobody is removed, and nothing else is done."""
    expect_team(cloud, "a", "b")
    expect_accounts(cloud, "a", "b")
    result = run(cloud, check_mode, display_name="New", max_removals=1, **options)
    assert outcome(result) == ("limit_reached", "none", False)
    assert "2 removals are planned, 1 allowed." in result["msg"]


def test_only_real_removals_count(cloud: ScriptedCloud) -> None:
    """Those who stay whatever is asked for do not count against the limit."""
    expect_team(cloud, "Anna", "chief", "x")
    cloud.expect("GET", "/users/chief", ok(record("chief", groups=["admin", "team"])))
    expect_accounts(cloud, "x")
    expect_leave(cloud, "x")
    expect_team(cloud, "Anna", "chief")
    result = run(cloud, members=["Anna"], members_exact=True, max_removals=1)
    assert (failed(result), members(result)) == ([], ["Anna", "chief"])


def test_nobody_is_removed_for_a_member_that_fails(cloud: ScriptedCloud) -> None:
    """A slip of the pen in a name ends no membership; what else was wished is done, and a warning says it."""
    expect_team(cloud, "Anna", "ben")
    expect_accounts(cloud, "ben")
    cloud.expect("GET", "/users/bem", missing())
    expect_accounts(cloud, "cleo")
    expect_join(cloud, "cleo")
    expect_team(cloud, "Anna", "ben", "cleo")
    result = run(cloud, members=["Anna", "bem", "cleo"], members_exact=True)
    assert (failed(result), members(result)) == ([("bem", "account_missing")], ["Anna", "ben", "cleo"])
    assert any("nobody is removed" in warning for warning in result["warnings"])


def test_members_as_an_object(cloud: ScriptedCloud) -> None:
    """PHP makes one of a list with holes, and numbers of names of digits."""
    expect_group(cloud, "team")
    cloud.expect("GET", PATH + "/users", ok({"users": {"1": "a", "3": 7}}))
    assert outcome(run(cloud, members=["7", "a"], members_exact=True)) == (None, "none", False)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [(no(404, 404), "group_missing"), (ok([]), "not_an_answer"), (ok({"users": [True]}), "not_an_answer")],
)
def test_members_that_cannot_be_read(cloud: ScriptedCloud, answer: Answer, expected: str) -> None:
    """A group that went away between two reads, and answers that are none: nothing is done."""
    expect_group(cloud, "team")
    cloud.expect("GET", PATH + "/users", answer)
    assert outcome(run(cloud, members=["a"])) == (expected, "none", False)


# who never is


def test_administrators_are_never_added(cloud: ScriptedCloud) -> None:
    """Nor the acting account; the others are done, then the task fails."""
    expect_team(cloud)
    expect_accounts(cloud, "a")
    cloud.expect("GET", "/users/chief", ok(record("chief", groups=["admin"])))
    cloud.expect("GET", "/users/" + ADMIN, ok(record(ADMIN)))
    expect_join(cloud, "a")
    expect_team(cloud, "a")
    result = run(cloud, members=["chief", "a", ADMIN])
    assert outcome(result) == ("protected_account", "updated", True)
    assert failed(result) == [("chief", "protected_account"), (ADMIN, "protected_account")]
    assert [line.split(":")[0] for line in result["msg"].split("\n")] == ["account chief", f"account {ADMIN}"]


def test_administrators_are_never_removed(cloud: ScriptedCloud) -> None:
    """Asked for by name, that is a failure."""
    expect_team(cloud, "chief", "x")
    cloud.expect("GET", "/users/chief", ok(record("chief", groups=["admin", "team"])))
    expect_accounts(cloud, "x")
    expect_leave(cloud, "x")
    expect_team(cloud, "chief")
    result = run(cloud, members_absent=["chief", "x"])
    assert outcome(result) == ("protected_account", "updated", True)
    assert (failed(result), members(result)) == ([("chief", "protected_account")], ["chief"])


def test_administrators_stay_in_exact_groups(cloud: ScriptedCloud) -> None:
    """Nobody named them, so it is a warning, and nothing else is to be done."""
    expect_team(cloud, "a", "chief")
    cloud.expect("GET", "/users/chief", ok(record("chief", groups=["admin", "team"])))
    result = run(cloud, members=["a"], members_exact=True)
    assert outcome(result) == (None, "none", False)
    assert result["warnings"] == [f"chief stays a member: {PROTECTED}"]


@pytest.mark.parametrize("exact", [False, True])
def test_a_member_in_another_notation_stays(cloud: ScriptedCloud, exact: bool) -> None:
    """For the cloud it is the same account: removing it and failing to add it would end a membership."""
    expect_team(cloud, "Anna")
    cloud.expect("GET", "/users/anna", ok(record("Anna")))
    result = run(cloud, members=["anna"], members_exact=exact)
    assert outcome(result) == ("account_conflict", "none", False)
    assert (failed(result), members(result)) == ([("anna", "account_conflict")], ["Anna"])
    assert "The cloud has it as Anna." in result["msg"]


def test_a_removal_in_another_notation(cloud: ScriptedCloud) -> None:
    """It is not done, and that is a failure; the others are removed."""
    expect_team(cloud, "Anna", "ben")
    expect_accounts(cloud, "ben")
    expect_leave(cloud, "ben")
    expect_team(cloud, "Anna")
    result = run(cloud, members_absent=["anna", "ben"])
    assert outcome(result) == ("account_conflict", "updated", True)
    assert (failed(result), members(result)) == ([("anna", "account_conflict")], ["Anna"])


def test_a_missing_account(cloud: ScriptedCloud) -> None:
    """The others are done, then the task fails and lists it."""
    expect_team(cloud)
    expect_accounts(cloud, "a")
    cloud.expect("GET", "/users/b", missing())
    expect_accounts(cloud, "c")
    expect_join(cloud, "a")
    expect_join(cloud, "c")
    expect_team(cloud, "a", "c")
    result = run(cloud, members=["a", "b", "c"])
    assert outcome(result) == ("account_missing", "updated", True)
    assert result["failures"] == [result["failure"]]
    assert failed(result) == [("b", "account_missing")]
    assert result["changes"][0]["after"] == ["a", "c"]


# refusals, faults and unknown outcomes


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (no(400, 102), "group_missing"),
        (no(400, 103), "account_missing"),
        (no(400, 104), "refused"),
        (Answer(429), "rate_limited"),
    ],
)
def test_one_that_is_refused(cloud: ScriptedCloud, answer: Answer, expected: str) -> None:
    """The next ones are tried nevertheless."""
    expect_team(cloud)
    expect_accounts(cloud, "a", "b")
    expect_join(cloud, "a", answer)
    expect_join(cloud, "b")
    expect_team(cloud, "b")
    result = run(cloud, members=["a", "b"])
    assert outcome(result) == (expected, "updated", True)
    assert failed(result) == [("a", expected)]


def test_all_are_refused(cloud: ScriptedCloud) -> None:
    """Nothing counts as changed, and there is no diff."""
    expect_team(cloud)
    expect_accounts(cloud, "a", "b")
    expect_join(cloud, "a", Answer(429))
    expect_join(cloud, "b", Answer(429))
    expect_team(cloud)
    result = run(cloud, members=["a", "b"])
    assert outcome(result) == ("rate_limited", "none", False)
    assert failed(result) == [("a", "rate_limited"), ("b", "rate_limited")]
    assert "diff" not in result


@pytest.mark.parametrize("answer", [fault("cut"), html(504), no(500, 996)])
@pytest.mark.parametrize("done", [True, False])
def test_unknown_outcome_is_settled_by_the_last_reading(cloud: ScriptedCloud, answer: Answer, done: bool) -> None:
    """One reading for all; only what it does not show is a failure."""
    expect_team(cloud, "x")
    expect_accounts(cloud, "x", "a", "b")
    expect_join(cloud, "a", answer)
    expect_join(cloud, "b")
    expect_leave(cloud, "x", answer)
    expect_team(cloud, *(["a", "b"] if done else ["b", "x"]))
    result = run(cloud, members=["a", "b"], members_absent=["x"])
    assert result["changed"] is True
    assert [account for account, _code in failed(result)] == ([] if done else ["a", "x"])
    assert all(failure["outcome_unknown"] for failure in result["failures"])
    assert ("failed" in result) is not done


def test_accepted_but_not_shown(cloud: ScriptedCloud) -> None:
    """Success is a read-back that shows the wish; those that failed already are not named again."""
    expect_team(cloud)
    expect_accounts(cloud, "a", "b")
    expect_join(cloud, "a", no(400, 104))
    expect_join(cloud, "b")
    expect_team(cloud)
    result = run(cloud, members=["a", "b"])
    assert failed(result) == [(None, "not_verified"), ("a", "refused")]
    assert "Members that differ still: b." in result["msg"]


@pytest.mark.parametrize(
    ("answer", "expected"), [(no(503, 503), "maintenance"), (no(401, 997, "Unauthorised"), "wrong_credentials")]
)
def test_a_fault_of_the_cloud_ends_the_task(cloud: ScriptedCloud, answer: Answer, expected: str) -> None:
    """No further request; what was done before it counts."""
    expect_team(cloud)
    expect_accounts(cloud, "a", "b", "c")
    expect_join(cloud, "a")
    expect_join(cloud, "b", answer)
    result = run(cloud, members=["a", "b", "c"])
    assert outcome(result) == (expected, "updated", True)
    assert failed(result) == [(None, expected)]
    assert result["msg"].startswith("group team: ")


def test_a_fault_of_the_cloud_before_any_change(cloud: ScriptedCloud) -> None:
    """Those that could not be looked at are no failures of theirs; one that failed by itself is still told."""
    expect_team(cloud)
    cloud.expect("GET", "/users/a", missing())
    cloud.expect("GET", "/users/b", no(503, 503))
    result = run(cloud, members=["a", "b", "c"])
    assert outcome(result) == ("maintenance", "none", False)
    assert failed(result) == [(None, "maintenance"), ("a", "account_missing")]


# check mode


def test_check_mode_looks_at_everybody_and_changes_nothing(cloud: ScriptedCloud) -> None:
    """The prediction holds who would fail, too."""
    expect_team(cloud, "Cleo", "x")
    expect_accounts(cloud, "x", "a")
    cloud.expect("GET", "/users/b", missing())
    cloud.expect("GET", "/users/cleo", ok(record("Cleo")))
    result = run(cloud, check_mode=True, members=["a", "b", "cleo"], members_exact=True)
    assert outcome(result) == ("account_missing", "updated", True)
    assert failed(result) == [("b", "account_missing"), ("cleo", "account_conflict")]
    assert result["changes"] == [{"field": "members", "before": ["Cleo", "x"], "after": ["Cleo", "a", "x"]}]
    assert members(result) == ["Cleo", "x"]


def test_check_mode_of_a_new_group(cloud: ScriptedCloud) -> None:
    """There are no members to read."""
    expect_group(cloud)
    expect_accounts(cloud, "a")
    result = run(cloud, check_mode=True, members=["a"])
    assert outcome(result) == (None, "created", True)
    assert result["diff"][0]["after"] == 'name: "team"\nmembers: ["a"]\n'
