# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ownCloud's occ cannot do: by the API when there is a log-in for it, otherwise an error."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Cloud
from ansible_collections.bill.nextcloud.tests.unit import running_owncloud
from ansible_collections.bill.nextcloud.tests.unit.running import NAME, code, outcome
from ansible_collections.bill.nextcloud.tests.unit.running_owncloud import expect, expect_edit, expect_log_in, no, ok
from ansible_collections.bill.nextcloud.tests.unit.running_owncloud_occ import (
    expect_groups,
    expect_missing,
    expect_read,
    opened,
    run,
    run_one,
)
from ansible_collections.bill.nextcloud.tests.unit.scripted import PASSWORD, ScriptedCloud
from ansible_collections.bill.nextcloud.tests.unit.scripted_occ import ScriptedOcc

GB = 1024**3


@pytest.fixture
def api(cloud: ScriptedCloud) -> t.Iterator[Cloud]:
    """The same cloud by its API."""
    with running_owncloud.opened(cloud) as opened_cloud:
        yield opened_cloud


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(
    "wish", [{"quota": "5 GB"}, {"quota": "none"}, {"group_admin_of": ["one"]}, {"group_admin_of_absent": ["one"]}]
)
def test_without_a_log_in_it_is_an_error(occ: ScriptedOcc, wish: dict[str, t.Any], check_mode: bool) -> None:
    """Before any command: occ would say yes to a quota and change nothing. Accounts without such a wish are done."""
    expect_read(occ, "berta")
    results = run(occ, wish, {"name": "berta", "state": "exists"}, check_mode=check_mode)
    assert [outcome(result) for result in results] == [("unsupported", "none", False), (None, "none", False)]
    assert f"ownCloud by occ alone has nothing for {next(iter(wish))}. Give api_url" in results[0]["failure"]["message"]


def test_the_backend_itself_refuses_what_only_the_api_can(occ: ScriptedOcc) -> None:
    """Whoever asks it nevertheless is told what is missing."""
    accounts = opened(occ).accounts
    for change in (accounts.add_group_admin, accounts.remove_group_admin):
        with pytest.raises(CloudError, match="Give api_url") as raised:
            change(NAME, "one")
        assert raised.value.code == "unsupported"


def test_a_quota_by_the_api(occ: ScriptedOcc, cloud: ScriptedCloud, api: Cloud) -> None:
    """occ does the rest, and shows what the API has set."""
    expect_missing(occ)
    occ.expect("user:add", "--password-from-env", "--email=a@example.org", "--", NAME, password=PASSWORD)
    expect_read(occ, email="a@example.org")
    expect_log_in(cloud)
    expect_edit(cloud, NAME, "quota", str(5 * GB))
    expect_read(occ, email="a@example.org", quota="5 GB")
    result = run_one(occ, password=PASSWORD, email="a@example.org", quota="5 GB", connection={"api": api})
    assert outcome(result) == (None, "created", True)
    assert result["account"]["quota"] == 5 * GB


def test_a_quota_that_the_api_refuses(occ: ScriptedOcc, cloud: ScriptedCloud, api: Cloud) -> None:
    """That account has failed, and the next one is done."""
    expect_read(occ)
    expect_log_in(cloud)
    running_owncloud.expect_read(cloud, NAME)
    expect_read(occ, "berta")
    running_owncloud.expect_read(cloud, "berta")
    expect_edit(cloud, NAME, "quota", "1", no(103, "Invalid quota value 1"))
    expect_edit(cloud, "berta", "quota", "2")
    expect_read(occ, "berta", quota="2 B")
    results = run(occ, {"quota": "1"}, {"name": "berta", "quota": "2"}, api=api)
    assert [outcome(result) for result in results] == [("invalid_value", "none", False), (None, "updated", True)]


def test_a_quota_below_use(occ: ScriptedOcc, cloud: ScriptedCloud, api: Cloud) -> None:
    """The API tells what is used, and is asked only where the quota is another one."""
    expect_read(occ, quota="2 GB")
    expect_log_in(cloud)
    running_owncloud.expect_read(cloud, NAME, quota={"definition": "2 GB", "used": 2 * GB}, last_login=1795423060)
    expect_read(occ, "berta", quota="1 GB")
    expect_edit(cloud, NAME, "quota", str(GB))
    expect_read(occ, quota="1 GB")
    results = run(occ, {"quota": "1 GB"}, {"name": "berta", "quota": "1 GB"}, api=api)
    assert [outcome(result) for result in results] == [(None, "updated", True), (None, "none", False)]
    assert f"{2 * GB} bytes are used" in results[0]["warnings"][0]


def test_a_quota_that_is_so_by_default(occ: ScriptedOcc, cloud: ScriptedCloud, api: Cloud) -> None:
    """The API tells what it comes to, so nothing is set."""
    expect_read(occ)
    expect_log_in(cloud)
    running_owncloud.expect_read(cloud, NAME, quota={"definition": "default", "total": GB, "used": 0})
    assert outcome(run_one(occ, quota="1 GB", connection={"api": api})) == (None, "none", False)


def test_group_administrators_by_the_api(occ: ScriptedOcc, cloud: ScriptedCloud, api: Cloud) -> None:
    """The API tells what an account administers, and sets it; that of others is not asked for."""
    path = f"/users/{NAME}"
    expect_read(occ)
    expect_log_in(cloud)
    running_owncloud.expect_read(cloud, NAME, [], ["old"])
    expect_read(occ, "berta")
    expect(cloud, "POST", path + "/subadmins", ok(), [("groupid", "one")])
    expect(cloud, "DELETE", path + "/subadmins", ok(), query={"groupid": "old"})
    expect_read(occ)
    running_owncloud.expect_read(cloud, NAME, [], ["one"])
    wish = {"group_admin_of": ["one"], "group_admin_of_absent": ["old"]}
    results = run(occ, wish, {"name": "berta", "state": "exists"}, api=api)
    assert [outcome(result) for result in results] == [(None, "updated", True), (None, "none", False)]
    assert results[0]["account"]["group_admin_of"] == ["one"]


def test_a_deletion_asks_the_api_for_nothing(occ: ScriptedOcc, api: Cloud) -> None:
    """Whatever else is said of the account."""
    expect_read(occ)
    occ.expect("user:delete", "--", NAME)
    expect_missing(occ)
    wish = {"state": "absent", "quota": "1 GB", "group_admin_of": ["one"]}
    assert outcome(run(occ, wish, api=api)[0]) == (None, "deleted", True)


def test_an_account_that_the_api_does_not_find(occ: ScriptedOcc, cloud: ScriptedCloud, api: Cloud) -> None:
    """Deleted a moment ago: whoever changes it is told."""
    expect_read(occ)
    expect_log_in(cloud)
    expect(cloud, "GET", f"/users/{NAME}", running_owncloud.missing())
    assert opened(occ, api=api).accounts.read(NAME) is not None


def test_what_an_account_administers_is_read_when_nobody_said_what_is_wished(
    occ: ScriptedOcc, cloud: ScriptedCloud, api: Cloud
) -> None:
    """Otherwise rights could not be seen that are to be taken away."""
    expect_read(occ)
    expect_log_in(cloud)
    running_owncloud.expect_read(cloud, NAME, [], ["one"])
    account = opened(occ, api=api).accounts.read(NAME)
    assert account is not None
    assert account.group_admin_of == ("one",)


def test_which_way_was_used(occ: ScriptedOcc, cloud: ScriptedCloud, api: Cloud) -> None:
    """Only occ, until the API was needed; and why it was."""
    assert opened(occ).transport().shown() == {"used": ["occ"], "reasons": []}
    both = opened(occ, api=api)
    assert both.transport().shown() == {"used": ["occ"], "reasons": []}
    expect_log_in(cloud)
    expect(cloud, "DELETE", f"/users/{NAME}/subadmins", ok(), query={"groupid": "one"})
    both.accounts.remove_group_admin(NAME, "one")
    assert both.transport().shown() == {
        "used": ["occ", "api"],
        "reasons": ["occ of ownCloud neither tells nor sets administrators of groups"],
    }


@pytest.mark.parametrize(("works", "action"), [(True, "none"), (False, "updated")])
def test_a_password_is_tried(occ: ScriptedOcc, works: bool, action: str) -> None:
    """Where there is an address to log in at; one that is right already is not set again."""
    tried: list[str] = []

    def log_in(name: str, password: str) -> bool:
        tried.append(name)
        return works or len(tried) > 1

    expect_read(occ)
    if not works:
        occ.expect("user:resetpassword", "--password-from-env", "--", NAME, password=PASSWORD)
        expect_read(occ)
    result = run_one(occ, password=PASSWORD, update_password="always", connection={"log_in": log_in})
    assert outcome(result) == (None, action, not works)
    assert result["warnings"] == []
    assert tried == [NAME] * (1 if works else 2)


def test_a_password_that_nobody_can_try(occ: ScriptedOcc) -> None:
    """It is set, with a warning; and no account is proven ours by it."""
    expect_read(occ)
    occ.expect("user:resetpassword", "--password-from-env", "--", NAME, password=PASSWORD)
    expect_read(occ)
    result = run_one(occ, password=PASSWORD, update_password="always")
    assert outcome(result) == (None, "updated", True)
    assert len(result["warnings"]) == 2
    expect_read(occ)
    assert code(run_one(occ, password=PASSWORD, ownership="proven")) == "account_conflict"


@pytest.mark.parametrize("version", [None, "unknown"])
def test_an_unknown_release(occ: ScriptedOcc, version: str | None) -> None:
    """It is not guessed."""
    with pytest.raises(CloudError) as raised:
        opened(occ, version=version)
    assert raised.value.code == "not_an_answer"


def test_groups_are_looked_up_once(occ: ScriptedOcc) -> None:
    """For all accounts together; one that was made or deleted here is known."""
    expect_groups(occ, "admin", "7")
    occ.expect("group:add", "--", "one")
    groups = opened(occ).groups
    assert groups.exists("7")
    assert not groups.exists("one")
    assert groups.create("one")
    assert groups.exists("one")
    occ.expect("group:delete", "--", "one")
    groups.delete("one")
    assert not groups.exists("one")


def test_capabilities(occ: ScriptedOcc, cloud: ScriptedCloud, api: Cloud) -> None:
    """Only the API tells them, and the limits that are in them."""
    policy = {"password_policy": {"password_requirements": {"minimum_characters": 8}}}
    assert opened(occ).inspection.read_capabilities() == {}
    expect_log_in(cloud)
    expect(cloud, "GET", "/capabilities", ok({"version": {}, "capabilities": policy}))
    inspection = opened(occ, api=api).inspection
    capabilities = inspection.read_capabilities()
    assert capabilities == policy
    assert inspection.limits(capabilities)["password_min_length"] == 8
