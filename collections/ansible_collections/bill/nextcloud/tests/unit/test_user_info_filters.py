# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters of nextcloud_user_info against a scripted cloud: what the cloud is asked, and what is picked from it."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import USER_INFO
from ansible_collections.bill.nextcloud.plugins.plugin_utils import user_info_task
from ansible_collections.bill.nextcloud.tests.unit.running import NO_SERVER, validated
from ansible_collections.bill.nextcloud.tests.unit.running_user_info import (
    DETAILS,
    GIB,
    expect_all,
    expect_names,
    expect_page,
    names_of,
    page,
    run,
)
from ansible_collections.bill.nextcloud.tests.unit.scripted import ADMIN, ScriptedCloud, no, ok, record


def test_enabled(cloud: ScriptedCloud) -> None:
    """Only enabled ones, or only disabled ones; the summary counts what is shown."""
    accounts = (record("anna", used=1), record("boris", enabled=False, used=2))
    expect_all(cloud, *accounts)
    assert names_of(run(cloud, enabled=True)) == ["anna"]
    cloud.check()
    expect_all(cloud, *accounts)
    result = run(cloud, enabled=False)
    assert names_of(result) == ["boris"]
    assert result["summary"] == {"total": 1, "enabled": 0, "disabled": 1, "used": 2}


@pytest.mark.parametrize(
    ("quota", "used", "percent", "shown"),
    [
        (100, 90, 90, True),
        (100, 89, 90, False),
        (1000, 899, 90, False),
        (100, 250, 200, True),
        (100, 1, 1, True),
        (100, 0, 0, False),
        (3 * GIB, GIB, 33, True),
        (3 * GIB, GIB, 34, False),
        (-3, GIB, 0, False),
        ("none", GIB, 0, False),
        (-1, GIB, 0, False),
        ([], 0, 0, False),
        ({"quota": 100}, 0, 0, False),
        ({"quota": 100, "used": -1}, 0, 0, False),
    ],
)
def test_min_used_percent(cloud: ScriptedCloud, quota: t.Any, used: int, percent: int, shown: bool) -> None:
    """Used bytes against the quota, without rounding; without a limit, without knowing both, or before the first log-in
    there is no percent."""
    cloud.expect("GET", "/users/anna", ok(record("anna", quota=quota, used=used)))
    assert names_of(run(cloud, names=["anna"], min_used_percent=percent)) == (["anna"] if shown else [])


@pytest.mark.parametrize(
    ("group", "path"),
    [
        ("customers", "customers"),
        ("a/b", "a%2Fb"),
        ("50%", "50%2525"),
        ("a+b", "a%252Bb"),
        ("%41", "%252541"),
        ("für uns", "f%C3%BCr%20uns"),
        ("a?b#c", "a%3Fb%23c"),
    ],
)
def test_members_of_a_group(cloud: ScriptedCloud, group: str, path: str) -> None:
    """The cloud is asked for the group's pages and names; it decodes the name twice, so a % and a + travel twice."""
    below = f"/groups/{path}/users"
    expect_page(cloud, 0, page(record("b", groups=[group]), record("a", groups=[group])), f"{below}/details")
    expect_page(cloud, 2, page(), f"{below}/details")
    cloud.expect("GET", below, ok({"users": ["a", "b"]}))
    assert names_of(run(cloud, group=group)) == ["a", "b"]


def test_who_leaves_a_group_while_it_is_read(cloud: ScriptedCloud) -> None:
    """Who is no member any more at the end is not shown, even if the account is there."""
    below = "/groups/g/users"
    expect_page(cloud, 0, page(record("a", groups=["g"]), record("b", groups=["g"])), f"{below}/details")
    expect_page(cloud, 2, page(), f"{below}/details")
    cloud.expect("GET", below, ok({"users": ["b", "c"]}))
    cloud.expect("GET", "/users/c", ok(record("c", groups=["other"])))
    assert names_of(run(cloud, group="g")) == ["b"]


def test_a_group_that_does_not_exist(cloud: ScriptedCloud) -> None:
    """A failure, not an empty list: a typing error must not look like nobody."""
    refusal = no(404, 998, "The requested group could not be found")
    expect_page(cloud, 0, refusal, "/groups/custmers/users/details")
    result = run(cloud, group="custmers")
    assert result["failed"]
    assert result["failure"]["code"] == "group_missing"
    assert '"custmers"' in result["msg"]


def test_a_group_that_is_deleted_while_it_is_read(cloud: ScriptedCloud) -> None:
    """Between the pages and the names."""
    expect_page(cloud, 0, page(record("a", groups=["g"])), "/groups/g/users/details")
    expect_page(cloud, 2, page(), "/groups/g/users/details")
    cloud.expect("GET", "/groups/g/users", no(404, 404, "The requested group could not be found"))
    result = run(cloud, group="g")
    assert result["failure"]["code"] == "group_missing"
    assert result["accounts"] == []


@pytest.mark.parametrize("text", ["anna", "Ольга & co", "100%", "a+b", "x=y"])
def test_search(cloud: ScriptedCloud, text: str) -> None:
    """The cloud searches; the text is asked for as it is, in pages and names."""
    expect_page(cloud, 0, page("a", "b"), search=text)
    expect_page(cloud, 2, page(), search=text)
    expect_names(cloud, "a", "b", search=text)
    assert names_of(run(cloud, search=text)) == ["a", "b"]


def test_an_empty_search_is_none(cloud: ScriptedCloud) -> None:
    """The parameter is not sent at all."""
    expect_all(cloud, "a")
    assert names_of(run(cloud, search="")) == ["a"]


@pytest.mark.parametrize("search", [None, "ann"])
def test_a_group_without_a_name(cloud: ScriptedCloud, search: str | None) -> None:
    """An empty variable must not look like all accounts, nor cost a request."""
    result = run(cloud, group="", search=search)
    assert result["failure"]["code"] == "invalid_value"
    assert result["accounts"] == []


def test_a_search_within_a_group(cloud: ScriptedCloud) -> None:
    """The group has to exist; members are picked from what the search finds."""
    cloud.expect("GET", "/groups", ok({"groups": ["g", "gg"]}), query={"search": "g"})
    expect_page(cloud, 0, page(record("ann", groups=["g"]), record("anna", groups=["gg"])), search="ann")
    expect_page(cloud, 2, page(), search="ann")
    expect_names(cloud, "ann", "anna", search="ann")
    assert names_of(run(cloud, search="ann", group="g")) == ["ann"]


def test_a_search_within_a_group_that_does_not_exist(cloud: ScriptedCloud) -> None:
    """A group of a longer name is another group."""
    cloud.expect("GET", "/groups", ok({"groups": ["gg"]}), query={"search": "g"})
    result = run(cloud, search="ann", group="g")
    assert result["failure"]["code"] == "group_missing"


def test_filters_together(cloud: ScriptedCloud) -> None:
    """All of them have to be passed."""
    members = [
        record("full", groups=["g"], quota=100, used=95),
        record("empty", groups=["g"], quota=100, used=5),
        record("disabled", groups=["g"], quota=100, used=99, enabled=False),
    ]
    expect_page(cloud, 0, page(*members[:2]), "/groups/g/users/details")
    expect_page(cloud, 2, page(*members[2:]), "/groups/g/users/details")
    expect_page(cloud, 4, page(), "/groups/g/users/details")
    cloud.expect("GET", "/groups/g/users", ok({"users": ["full", "empty", "disabled"]}))
    result = run(cloud, group="g", enabled=True, min_used_percent=90)
    assert names_of(result) == ["full"]
    assert result["summary"] == {"total": 1, "enabled": 1, "disabled": 0, "used": 95}


def test_below_a_path(cloud_below_path: ScriptedCloud) -> None:
    """A cloud may be installed below a path."""
    expect_page(cloud_below_path, 0, page(), DETAILS)
    expect_names(cloud_below_path)
    assert names_of(run(cloud_below_path)) == []


def test_a_group_administrator_sees_no_complete_list(cloud: ScriptedCloud) -> None:
    """The cloud would show the accounts of some groups, and not say that there are more."""
    cloud.expect("GET", "/user", ok(record(ADMIN, groups=["team"], subadmin=["team"])))
    result = user_info_task.run(validated(USER_INFO, cloud.url), NO_SERVER, progress=lambda text: None)
    assert (result["failure"]["code"], result["accounts"]) == ("invalid_value", [])
    assert "group administrator" in result["msg"]
