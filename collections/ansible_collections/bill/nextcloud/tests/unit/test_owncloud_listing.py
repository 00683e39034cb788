# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listing the accounts of ownCloud, which lists their names only."""

from __future__ import annotations

import typing as t
from unittest.mock import patch

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import USER_INFO
from ansible_collections.bill.nextcloud.plugins.plugin_utils import user_info_task
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud import listing
from ansible_collections.bill.nextcloud.tests.unit.running import NO_SERVER, validated
from ansible_collections.bill.nextcloud.tests.unit.running_owncloud import (
    DIALECT,
    expect,
    expect_log_in,
    expect_read,
    missing,
    no,
    ok,
    record,
    unauthorised,
)
from ansible_collections.bill.nextcloud.tests.unit.scripted import ADMIN, ScriptedCloud


def run(cloud: ScriptedCloud, told: list[str] | None = None, **filters: t.Any) -> dict[str, t.Any]:
    """Run a task of ``nextcloud_user_info``."""
    progress = (told if told is not None else []).append
    return user_info_task.run(validated(USER_INFO, cloud.url, **DIALECT, **filters), NO_SERVER, progress=progress)


def expect_acting(cloud: ScriptedCloud, administers: t.Sequence[str] = ()) -> None:
    """Who acts is asked first: group administrators are not shown all accounts."""
    expect_log_in(cloud)
    expect(cloud, "GET", f"/users/{ADMIN}/groups", ok({"groups": [] if administers else ["admin"]}))
    expect(cloud, "GET", f"/users/{ADMIN}/subadmins", ok(list(administers)))


def expect_names(cloud: ScriptedCloud, *names: str | int, **query: str) -> None:
    """The list of names is asked for."""
    expect(cloud, "GET", "/users", ok({"users": list(names)}), query=query)


def expect_groups(cloud: ScriptedCloud, *names: str) -> None:
    """The list of groups is asked for."""
    expect(cloud, "GET", "/groups", ok({"groups": list(names)}))


def expect_record(cloud: ScriptedCloud, name: str) -> None:
    """An account is read by a single request."""
    expect(cloud, "GET", f"/users/{name}", ok(record(name)))


def shown(result: dict[str, t.Any]) -> dict[str, t.Any]:
    """Of a result that has not failed, the accounts with their groups and those that they administer."""
    assert result["failure"] is None, result["msg"]
    return {account["name"]: (account["groups"], account["group_admin_of"]) for account in result["accounts"]}


def test_the_groups_of_many_accounts_are_read_group_by_group(cloud: ScriptedCloud) -> None:
    """A request for each account, and two for each group; one that vanished meanwhile is nobody's."""
    told: list[str] = []
    expect_acting(cloud)
    expect_names(cloud, "anna", 2024, "berta", "clara")
    expect_groups(cloud, "one", "two", "gone")
    expect(cloud, "GET", "/groups/gone", missing())
    expect(cloud, "GET", "/groups/one", ok({"users": ["anna", "2024"]}))
    expect(cloud, "GET", "/groups/two", ok({"users": ["anna"]}))
    expect(cloud, "GET", "/groups/gone/subadmins", no(101, "Group does not exist"))
    expect(cloud, "GET", "/groups/one/subadmins", ok([]))
    expect(cloud, "GET", "/groups/two/subadmins", ok([2024]))
    for name in ("2024", "anna", "berta", "clara"):
        expect_record(cloud, name)
    with patch.object(listing, "TOLD_EVERY", 3):
        result = run(cloud, told)
    assert shown(result) == {
        "2024": (["one"], ["two"]),
        "anna": (["one", "two"], []),
        "berta": ([], []),
        "clara": ([], []),
    }
    assert told == ["4 accounts to read", "3 of 4 accounts read"]


@pytest.mark.parametrize("groups", [["one", "two"], ["a/b"]], ids=["many groups", "a slash"])
def test_the_groups_of_few_accounts_are_read_with_them(cloud: ScriptedCloud, groups: list[str]) -> None:
    """Where that takes less requests, or where a group cannot be asked for its members."""
    names = ["anna"] if len(groups) > 1 else ["anna", "berta"]
    expect_acting(cloud)
    expect_names(cloud, *names)
    expect_groups(cloud, *groups)
    for name in names:
        expect_read(cloud, name, [groups[0]], ["other"])
    assert shown(run(cloud)) == {name: ([groups[0]], ["other"]) for name in names}


def test_names_that_are_no_accounts(cloud: ScriptedCloud) -> None:
    """What the cloud does not show is told, unless it is listed no more; short names of a directory are fine."""
    expect_acting(cloud)
    expect_names(cloud, "ab", "gone", "left/over", "remnant")
    expect_groups(cloud)
    expect_record(cloud, "ab")
    expect(cloud, "GET", "/users/gone", missing())
    expect(cloud, "GET", "/users/remnant", missing())
    expect_names(cloud, "ab", "left/over", "remnant")
    result = run(cloud)
    assert list(shown(result)) == ["ab"]
    assert result["unreadable"] == ["left/over", "remnant"]


def test_the_members_of_a_group(cloud: ScriptedCloud) -> None:
    """Only they are read, with all their groups."""
    expect_acting(cloud)
    expect(cloud, "GET", "/groups/one", ok({"users": ["anna"]}))
    expect_groups(cloud, "one", "two")
    expect_read(cloud, "anna", ["one", "two"])
    assert shown(run(cloud, group="one")) == {"anna": (["one", "two"], [])}


@pytest.mark.parametrize(("shortest", "expected"), [(2, None), (4, "invalid_value"), (None, None)])
def test_a_search(cloud: ScriptedCloud, shortest: int | None, expected: str | None) -> None:
    """The cloud answers one that is too short with an empty list, which would look as if there was nothing."""
    expect_acting(cloud)
    sharing = {} if shortest is None else {"files_sharing": {"search_min_length": shortest}}
    expect(cloud, "GET", "/capabilities", ok({"version": {}, "capabilities": {"core": {}, **sharing}}))
    if expected is None:
        expect_names(cloud, "anna", search="ann")
        expect_groups(cloud, "one")
        expect_read(cloud, "anna")
    result = run(cloud, search="ann")
    assert (result["failure"] or {}).get("code") == expected
    assert len(result["accounts"]) == (expected is None)


def test_a_gap_fails_the_listing(cloud: ScriptedCloud) -> None:
    """An account that may not be read is no account that is missing."""
    expect_acting(cloud)
    expect_names(cloud, "anna", "berta")
    expect_groups(cloud)
    expect_record(cloud, "anna")
    expect(cloud, "GET", "/users/berta", unauthorised())
    result = run(cloud)
    assert (result["failure"]["code"], result["accounts"]) == ("write_not_permitted", [])


def test_a_group_administrator_gets_no_list(cloud: ScriptedCloud) -> None:
    """It would be a list of some accounts only, without saying so."""
    expect_acting(cloud, administers=["one"])
    assert run(cloud)["failure"]["code"] == "invalid_value"
