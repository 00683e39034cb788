# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups of ownCloud."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import GROUP
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils import group_task
from ansible_collections.bill.nextcloud.tests.unit import running
from ansible_collections.bill.nextcloud.tests.unit.running import NO_SERVER
from ansible_collections.bill.nextcloud.tests.unit.running_owncloud import (
    DIALECT,
    expect,
    expect_log_in,
    expect_read,
    no,
    ok,
    opened,
    unauthorised,
)
from ansible_collections.bill.nextcloud.tests.unit.scripted import PASSWORD, ScriptedCloud


def run(cloud: ScriptedCloud, name: str = "team", **options: t.Any) -> dict[str, t.Any]:
    """Run a task of ``nextcloud_group``."""
    parameters = running.validated(GROUP, cloud.url, name=name, **DIALECT, **options)
    return group_task.run(parameters, NO_SERVER, check_mode=False, with_diff=False)


def expect_groups(cloud: ScriptedCloud, *names: str | int) -> None:
    """The list of all groups is asked for."""
    expect(cloud, "GET", "/groups", ok({"groups": list(names)}))


def test_a_group_is_found_by_its_exact_name(cloud: ScriptedCloud) -> None:
    """In the list of all: a search for a short name finds nothing, and of another case it finds too much."""
    expect_log_in(cloud)
    expect_groups(cloud, "TEAM", "team 2", 7)
    expect(cloud, "POST", "/groups", ok(), [("groupid", "team")])
    expect_groups(cloud, "TEAM", "team", 7)
    assert run(cloud)["action"] == "created"


@pytest.mark.parametrize("options", [{"state": "absent"}, {"members": ["anna"]}])
def test_a_group_with_a_slash(cloud: ScriptedCloud, options: dict[str, t.Any]) -> None:
    """The server finds no call for it, so none is sent."""
    expect_log_in(cloud)
    expect_groups(cloud, "a/b")
    result = run(cloud, "a/b", **options)
    assert (result["failure"]["code"], result["changed"]) == ("unsupported", False)


@pytest.mark.parametrize(
    ("own_code", "expected"),
    [(101, (None, "deleted")), (102, ("backend_refused", "none")), (403, ("refused", "none"))],
)
def test_a_group_that_is_not_deleted(cloud: ScriptedCloud, own_code: int, expected: tuple[str | None, str]) -> None:
    """One that is gone already is fine."""
    expect_log_in(cloud)
    expect_groups(cloud, "team")
    expect(cloud, "DELETE", "/groups/team", no(own_code))
    if expected[0] is None:
        expect_groups(cloud)
    result = run(cloud, state="absent")
    assert ((result["failure"] or {}).get("code"), result["action"]) == expected


def test_groups_of_an_open_cloud(cloud: ScriptedCloud) -> None:
    """The list is asked for once; what is made or deleted here is known. Display names take no request to refuse."""
    expect_log_in(cloud)
    expect_groups(cloud, "one")
    expect(cloud, "POST", "/groups", ok(), [("groupid", "two")])
    expect(cloud, "DELETE", "/groups/one", ok())
    with opened(cloud) as backend:
        groups = backend.groups
        assert (groups.exists("one"), groups.exists("two")) == (True, False)
        assert groups.create("two", "two") is True
        groups.delete("one")
        assert (groups.exists("one"), groups.exists("two")) == (False, True)
        for refused in (lambda: groups.create("three", "Three"), lambda: groups.rename("two", "Two")):
            with pytest.raises(CloudError) as raised:
                refused()
            assert raised.value.code == "unsupported"


def test_an_acting_account_that_may_not_list_groups(cloud: ScriptedCloud) -> None:
    """Its log-in was right, as the first request has shown."""
    expect_log_in(cloud)
    expect(cloud, "GET", "/groups", unauthorised("Unauthorised"))
    assert run(cloud)["failure"]["code"] == "write_not_permitted"


def test_groups_of_many_accounts_are_asked_for_once(cloud: ScriptedCloud) -> None:
    """Those that a task makes are known from then on."""
    expect_log_in(cloud)
    for name in ("anna", "berta"):
        expect_read(cloud, name)
        if name == "anna":
            expect_groups(cloud, "one")
    expect(cloud, "POST", "/groups", no(102), [("groupid", "two")])  # somebody else was quicker
    for name in ("anna", "berta"):
        for group in ("one", "two"):
            expect(cloud, "POST", f"/users/{name}/groups", ok(), [("groupid", group)])
        expect_read(cloud, name, ["one", "two"], group_admin_of=None)
    accounts = [{"name": name, "groups": ["one", "two"], "password": PASSWORD} for name in ("anna", "berta")]
    result = running.run(cloud, *accounts, create_groups=True, dialect="owncloud")
    assert (result["summary"]["failed"], result["groups_created"]) == (0, [])
