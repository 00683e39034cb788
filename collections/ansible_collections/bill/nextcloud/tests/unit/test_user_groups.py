# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups of an account: those it administers, and those that are created for it."""

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
    missing,
    no,
    ok,
    record,
)

PATH = "/users/user_12"


def run(cloud: ScriptedCloud, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
    """Run a task of ``nextcloud_user``."""
    return users_task.run_one(
        validated(USER, cloud.url, name=NAME, **options), NO_SERVER, check_mode=check_mode, with_diff=True
    )


def expect_search(cloud: ScriptedCloud, group: str, *found: str) -> None:
    """The cloud is asked for a group; it answers with all whose names hold the text."""
    cloud.expect("GET", "/groups", ok({"groups": list(found)}), query={"search": group})


def expect_create(cloud: ScriptedCloud, group: str, answer: Answer) -> None:
    """A group is created."""
    cloud.expect("POST", "/groups", answer, [("groupid", group)])


def expect_join(cloud: ScriptedCloud, group: str, answer: Answer, path: str = PATH) -> None:
    """The account becomes a member."""
    cloud.expect("POST", path + "/groups", answer, [("groupid", group)])


# group administrators


def test_groups_to_administer(cloud: ScriptedCloud) -> None:
    """Added and removed one by one; all others are left alone."""
    cloud.expect("GET", PATH, ok(record(NAME, subadmin=["old & ü", "own"])))
    cloud.expect("POST", PATH + "/subadmins", ok(), [("groupid", "a+b")])
    cloud.expect("POST", PATH + "/subadmins", ok(), [("groupid", "new")])
    cloud.expect("DELETE", PATH + "/subadmins", ok(), query={"groupid": "old & ü"})
    cloud.expect("GET", PATH, ok(record(NAME, subadmin=["own", "new", "a+b"])))
    result = run(cloud, group_admin_of=["new", "own", "a+b"], group_admin_of_absent=["old & ü", "never"])
    assert outcome(result) == (None, "updated", True)
    assert result["changes"] == [
        {"field": "group_admin_of", "before": ["old & ü", "own"], "after": ["a+b", "new", "own"]}
    ]


def test_right_already(cloud: ScriptedCloud) -> None:
    """One read."""
    cloud.expect("GET", PATH, ok(record(NAME, subadmin=["a"])))
    assert outcome(run(cloud, group_admin_of=["a"], group_admin_of_absent=["b"])) == (None, "none", False)


def test_memberships_and_rights_are_different_things(cloud: ScriptedCloud) -> None:
    """Being a member gives no rights over the group, nor the other way round."""
    cloud.expect("GET", PATH, ok(record(NAME, groups=["a"], subadmin=["b"])))
    cloud.expect("POST", PATH + "/groups", ok(), [("groupid", "b")])
    cloud.expect("POST", PATH + "/subadmins", ok(), [("groupid", "a")])
    cloud.expect("GET", PATH, ok(record(NAME, groups=["a", "b"], subadmin=["a", "b"])))
    assert outcome(run(cloud, groups=["b"], group_admin_of=["a"])) == (None, "updated", True)


def test_rights_that_are_gone_already(cloud: ScriptedCloud) -> None:
    """Code 102 at the removal: somebody else was faster, and that is as good."""
    cloud.expect("GET", PATH, ok(record(NAME, subadmin=["a"])))
    cloud.expect("DELETE", PATH + "/subadmins", no(400, 102, "Not a sub-admin"), query={"groupid": "a"})
    cloud.expect("GET", PATH, ok(record(NAME)))
    assert outcome(run(cloud, group_admin_of_absent=["a"])) == (None, "updated", True)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (no(400, 101, "User does not exist"), "account_missing"),
        (no(400, 102, "Group does not exist"), "group_missing"),
        (no(400, 103, "Cannot create sub-admins for admin group"), "invalid_value"),
        (no(400, 4711), "refused"),
    ],
)
def test_rights_that_are_refused(cloud: ScriptedCloud, answer: Answer, expected: str) -> None:
    """The cloud's codes for this call; a missing group is named."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    cloud.expect("POST", PATH + "/subadmins", answer, [("groupid", "team")])
    result = run(cloud, group_admin_of=["team"])
    assert outcome(result) == (expected, "none", False)
    assert ('It is "team".' in result["msg"]) is (expected == "group_missing")


def test_removal_of_rights_that_is_refused(cloud: ScriptedCloud) -> None:
    """Only 102 is fine."""
    cloud.expect("GET", PATH, ok(record(NAME, subadmin=["a"])))
    cloud.expect("DELETE", PATH + "/subadmins", no(400, 101, "Group does not exist"), query={"groupid": "a"})
    assert outcome(run(cloud, group_admin_of_absent=["a"])) == ("refused", "none", False)


@pytest.mark.parametrize("given", [True, False])
def test_unknown_outcome_of_rights_is_settled_by_reading(cloud: ScriptedCloud, given: bool) -> None:
    """The rest follows only if the account shows them."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    cloud.expect("POST", PATH + "/subadmins", fault("cut"), [("groupid", "a")])
    cloud.expect("GET", PATH, ok(record(NAME, subadmin=["a"] if given else [])))
    if given:
        cloud.expect("POST", PATH + "/subadmins", ok(), [("groupid", "b")])
        cloud.expect("GET", PATH, ok(record(NAME, subadmin=["a", "b"])))
    result = run(cloud, group_admin_of=["a", "b"])
    assert outcome(result) == (None if given else "unreachable", "updated", True)


# groups that are created


def test_existing_groups_are_not_created(cloud: ScriptedCloud) -> None:
    """Each is asked for once; only exactly this name counts."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    expect_search(cloud, "team", "my team", "team")
    expect_join(cloud, "team", ok())
    cloud.expect("POST", PATH + "/subadmins", ok(), [("groupid", "team")])
    cloud.expect("GET", PATH, ok(record(NAME, groups=["team"], subadmin=["team"])))
    result = run(cloud, groups=["team"], group_admin_of=["team"], create_groups=True)
    assert outcome(result) == (None, "updated", True)
    assert result["groups_created"] == []


def test_missing_groups_are_created(cloud: ScriptedCloud) -> None:
    """Those to be a member of and those to administer, right before the account needs them."""
    cloud.expect("GET", PATH, missing())
    expect_search(cloud, "a/b", "a/b c")
    expect_search(cloud, "team", "Team")
    expect_create(cloud, "a/b", ok())
    expect_create(cloud, "team", ok())
    form = [("userid", NAME), ("password", PASSWORD), ("groups[]", "team"), ("subadmin[]", "a/b")]
    cloud.expect("POST", "/users", ok(), form)
    cloud.expect("GET", PATH, ok(record(NAME, groups=["team"], subadmin=["a/b"])))
    result = run(cloud, password=PASSWORD, groups=["team"], group_admin_of=["a/b"], create_groups=True)
    assert outcome(result) == (None, "created", True)
    assert result["groups_created"] == ["a/b", "team"]


def test_groups_that_are_not_needed_are_not_looked_at(cloud: ScriptedCloud) -> None:
    """The account is in one, and is taken out of the other."""
    cloud.expect("GET", PATH, ok(record(NAME, groups=["in", "out"])))
    cloud.expect("DELETE", PATH + "/groups", ok(), query={"groupid": "out"})
    cloud.expect("GET", PATH, ok(record(NAME, groups=["in"])))
    result = run(cloud, groups=["in"], groups_absent=["out"], create_groups=True)
    assert outcome(result) == (None, "updated", True)


def test_created_meanwhile_by_another(cloud: ScriptedCloud) -> None:
    """Code 102 is as good as a group of ours, but it is not counted as ours."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    expect_search(cloud, "team")
    expect_create(cloud, "team", no(400, 102, "group exists"))
    expect_join(cloud, "team", ok())
    cloud.expect("GET", PATH, ok(record(NAME, groups=["team"])))
    result = run(cloud, groups=["team"], create_groups=True)
    assert outcome(result) == (None, "updated", True)
    assert result["groups_created"] == []


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("group", ["g" * 65, " team"])
def test_names_that_cannot_be_created(cloud: ScriptedCloud, group: str, check_mode: bool) -> None:
    """Nextcloud would make a hash of a long name the group's identity; nothing is written."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    expect_search(cloud, group)
    result = run(cloud, check_mode, groups=[group], create_groups=True)
    assert outcome(result) == ("invalid_value", "none", False)
    assert group in result["msg"]


def test_a_long_name_that_exists_is_fine(cloud: ScriptedCloud) -> None:
    """It is only the creation that would go wrong."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    expect_search(cloud, "g" * 65, "g" * 65)
    expect_join(cloud, "g" * 65, ok())
    cloud.expect("GET", PATH, ok(record(NAME, groups=["g" * 65])))
    assert outcome(run(cloud, groups=["g" * 65], create_groups=True)) == (None, "updated", True)


def test_a_group_that_the_cloud_refuses(cloud: ScriptedCloud) -> None:
    """The account is not touched then, and nothing counts as changed."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    expect_search(cloud, "team")
    expect_create(cloud, "team", no(400, 103, "Not supported by backend"))
    result = run(cloud, groups=["team"], quota="5", create_groups=True)
    assert outcome(result) == ("backend_refused", "none", False)
    assert result["groups_created"] == []


def test_unknown_outcome_of_a_creation(cloud: ScriptedCloud) -> None:
    """The account is not touched; the failure says that the group may exist."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    expect_search(cloud, "team")
    expect_create(cloud, "team", fault("cut"))
    result = run(cloud, groups=["team"], create_groups=True)
    assert code(result) == "unreachable"
    assert result["failure"]["outcome_unknown"] is True
    assert result["changed"] is True


def test_check_mode_predicts_the_groups(cloud: ScriptedCloud) -> None:
    """They are asked for, and nothing is created."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    expect_search(cloud, "a", "a")
    expect_search(cloud, "b")
    expect_search(cloud, "c")
    result = run(cloud, check_mode=True, groups=["c", "a"], group_admin_of=["b"], create_groups=True)
    assert outcome(result) == (None, "updated", True)
    assert result["groups_created"] == ["b", "c"]


@pytest.mark.parametrize("answer", [missing(), ok(record(NAME))])
def test_check_mode_fails_for_missing_groups(cloud: ScriptedCloud, answer: Answer) -> None:
    """Without create_groups the run would fail, too; all that are missing are named."""
    cloud.expect("GET", PATH, answer)
    expect_search(cloud, "a")
    expect_search(cloud, "b", "b")
    expect_search(cloud, "c")
    result = run(cloud, check_mode=True, password=PASSWORD, groups=["c", "a"], group_admin_of=["b"])
    assert outcome(result) == ("group_missing", "none", False)
    assert 'Missing: "a", "c".' in result["msg"]


def test_without_create_groups_the_cloud_itself_refuses(cloud: ScriptedCloud) -> None:
    """The run asks for no group: that would cost requests for nothing."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    expect_join(cloud, "team", no(400, 102))
    result = run(cloud, groups=["team"])
    assert outcome(result) == ("group_missing", "none", False)
    assert 'It is "team".' in result["msg"]


def test_one_group_for_several_accounts_is_created_once(cloud: ScriptedCloud) -> None:
    """It is asked for once and created once, with the first account that needs it."""
    cloud.expect("GET", "/users/anna", ok(record("anna")))
    expect_search(cloud, "team")
    cloud.expect("GET", "/users/ben", ok(record("ben")))
    expect_create(cloud, "team", ok())
    for name in ("anna", "ben"):
        expect_join(cloud, "team", ok(), "/users/" + name)
        cloud.expect("GET", "/users/" + name, ok(record(name, groups=["team"])))
    accounts = [{"name": name, "groups": ["team"]} for name in ("anna", "ben")]
    result = running.run(cloud, *accounts, create_groups=True)
    assert [outcome(account) for account in result["accounts"]] == [(None, "updated", True)] * 2
    assert result["groups_created"] == ["team"]


def test_a_group_is_tried_again_for_the_next_account(cloud: ScriptedCloud) -> None:
    """The first creation may have failed, so the second account tries by itself; it was made, as far as known."""
    cloud.expect("GET", "/users/anna", ok(record("anna")))
    expect_search(cloud, "team")
    cloud.expect("GET", "/users/ben", ok(record("ben")))
    expect_create(cloud, "team", no(500, 996))
    expect_create(cloud, "team", no(400, 102))
    expect_join(cloud, "team", ok(), "/users/ben")
    cloud.expect("GET", "/users/ben", ok(record("ben", groups=["team"])))
    accounts = [{"name": name, "groups": ["team"]} for name in ("anna", "ben")]
    result = running.run(cloud, *accounts, create_groups=True)
    assert [code(account) for account in result["accounts"]] == ["server_error", None]
    assert result["groups_created"] == ["team"]
