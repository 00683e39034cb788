# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole tasks on a Nextcloud by its occ, without its API."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import GROUP, USER_ACTION, USER_INFO, Spec
from ansible_collections.bill.nextcloud.plugins.plugin_utils import group_task, user_action_task, user_info_task
from ansible_collections.bill.nextcloud.plugins.plugin_utils.host import Host
from ansible_collections.bill.nextcloud.tests.unit.running import NAME, validated
from ansible_collections.bill.nextcloud.tests.unit.running_nextcloud_occ import (
    expect_info,
    expect_missing,
    expect_page,
    expect_settings,
    info,
    storage,
)
from ansible_collections.bill.nextcloud.tests.unit.scripted_occ import Said, ScriptedOcc, failed, printed

LOGGED_IN = "2026-11-28T04:42:01+00:00"


def options(occ: ScriptedOcc, spec: Spec, **given: t.Any) -> dict[str, t.Any]:
    """Return the options of a task that has no address and no log-in; its first command asks for the state."""
    status = {"installed": True, "version": "31.0.6.2", "versionstring": "31.0.6", "edition": "", "maintenance": False}
    occ.expect_read("status", "--output=json", said=printed({**status, "productname": "Nextcloud"}))
    occ.script.insert(0, occ.script.pop())
    connection = {"api_username": None, "api_password": None, "transport": "occ"}
    return validated(spec, t.cast("str", None), **{**connection, "dialect": "auto", **given})


def expect_list(occ: ScriptedOcc, *records: dict[str, t.Any]) -> None:
    """All accounts are listed."""
    expect_page(occ, *records)
    names = {record["user_id"]: record["display_name"] for record in records}
    occ.expect_read("user:list", "--output=json", "--limit=1000000", said=printed(names))


def read(occ: ScriptedOcc, **given: t.Any) -> dict[str, t.Any]:
    """Run a task of nextcloud_user_info."""
    return user_info_task.run(options(occ, USER_INFO, **given), Host(occ.execute), progress=lambda text: None)


def test_a_filter_by_use_reads_what_a_list_leaves_out(occ: ScriptedOcc) -> None:
    """Of those only that pass all other filters, and may use a part of a quota."""
    expect_list(
        occ,
        info("full", quota="1 GB", last_seen=LOGGED_IN),
        info("half", quota="1 GB", last_seen=LOGGED_IN),
        info("off", quota="1 GB", last_seen=LOGGED_IN, enabled=False),
        info("unlimited", last_seen=LOGGED_IN),
        info("unused", quota="1 GB"),
    )
    occ.ordered = False
    for name, used in (("full", 1024**3), ("half", 1024**3 // 2)):
        expect_info(occ, name, quota="1 GB", last_seen=LOGGED_IN, storage=storage(used))
    result = read(occ, enabled=True, min_used_percent=90)
    assert [(account["name"], account["used"]) for account in result["accounts"]] == [("full", 1024**3)]
    assert "warnings" not in result


def test_a_list_that_does_not_tell_the_use(occ: ScriptedOcc) -> None:
    """It is not called none: nobody knows it."""
    expect_list(occ, info("anna", last_seen=LOGGED_IN), info("berta", enabled=False))
    assert read(occ)["summary"] == {"total": 2, "enabled": 1, "disabled": 1, "used": None}


def test_a_use_that_is_told_nowhere(occ: ScriptedOcc) -> None:
    """Release 17 does not have it; that is said, since the list is short of those accounts."""
    expect_list(occ, info("anna", quota="1 GB", last_seen=LOGGED_IN))
    expect_info(occ, "anna", quota="1 GB", last_seen=LOGGED_IN)
    result = read(occ, min_used_percent=1)
    assert result["accounts"] == []
    assert "leaves 1 accounts out" in result["warnings"][0]


@pytest.mark.parametrize("said", [failed("x"), Said(None)])
def test_a_use_that_cannot_be_read(occ: ScriptedOcc, said: Said) -> None:
    """There is no list then."""
    expect_list(occ, info("anna", quota="1 GB", last_seen=LOGGED_IN))
    occ.expect_read("user:info", "--output=json", "--", "anna", said=said)
    result = read(occ, min_used_percent=1)
    assert (result["failed"], result["accounts"]) == (True, [])


def test_a_dialect_without_occ(occ: ScriptedOcc) -> None:
    """What helps is told."""
    result = read(occ, dialect="libregraph", names=["anna"])
    assert result["failure"]["code"] == "unsupported"
    assert result["failure"]["detail"] == "There is no occ for the dialect libregraph. Use transport: api."


def test_accounts_by_name(occ: ScriptedOcc) -> None:
    """All their fields."""
    expect_info(occ, "anna", storage=storage(5), last_seen=LOGGED_IN)
    expect_settings(occ, {"core": {"lang": "de"}}, name="anna")
    result = read(occ, names=["anna"])
    assert [(one["used"], one["language"]) for one in result["accounts"]] == [(5, "de")]


def test_many_members_are_read_in_one_go(occ: ScriptedOcc) -> None:
    """Whether they may be members is looked up first."""
    names = [f"n{number}" for number in range(9)]
    occ.expect_read("group:info", "--output=json", "--", "one", said=printed({"groupID": "one", "displayName": "one"}))
    listed = ("group:list", "--output=json", "--limit=500", "--offset=0")
    occ.expect_read(*listed, said=printed({"one": ["n0"]}))
    expect_page(occ, *(info(name, groups=["admin"] if name == "n1" else []) for name in names))
    for name in names[2:]:
        occ.expect("group:adduser", "--", "one", name)
    occ.expect_read("group:info", "--output=json", "--", "one", said=printed({"groupID": "one", "displayName": "one"}))
    occ.expect_read(*listed, said=printed({"one": [names[0], *names[2:]]}))
    parameters = options(occ, GROUP, name="one", members=names)
    result = group_task.run(parameters, Host(occ.execute), check_mode=False, with_diff=False)
    assert [(one["account"], one["code"]) for one in result["failures"]] == [("n1", "protected_account")]
    assert result["group"]["members"] == [names[0], *names[2:]]


@pytest.mark.parametrize("check_mode", [False, True])
def test_an_action_that_only_occ_has(occ: ScriptedOcc, check_mode: bool) -> None:
    """The account is read first; in check mode that is all."""
    expect_info(occ)
    expect_settings(occ, [])
    listed = ("user:auth-tokens:list", "--output=json", "--", NAME)
    if not check_mode:
        occ.expect_read(*listed, said=printed([{"id": 7, "name": "cli", "type": 1}]))
        occ.expect("user:auth-tokens:delete", "--", NAME, "7")
        occ.expect_read(*listed, said=printed([]))
    parameters = options(occ, USER_ACTION, name=NAME, action="revoke_app_passwords")
    result = user_action_task.run(parameters, Host(occ.execute), check_mode=check_mode)
    assert (result["changed"], result["failure"]) == (True, None)


def test_an_action_on_an_account_that_is_missing(occ: ScriptedOcc) -> None:
    """Nothing is changed."""
    expect_missing(occ)
    parameters = options(occ, USER_ACTION, name=NAME, action="reset_second_factor")
    result = user_action_task.run(parameters, Host(occ.execute), check_mode=False)
    assert (result["changed"], result["failure"]["code"]) == (False, "account_missing")
