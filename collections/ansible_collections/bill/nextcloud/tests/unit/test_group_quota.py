# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The quota that the members of a group share, which the app groupquota keeps as a setting."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.plugins.plugin_utils import cloud as clouds
from ansible_collections.bill.nextcloud.tests.unit.running import code, outcome, plain_cloud
from ansible_collections.bill.nextcloud.tests.unit.running_group import (
    expect_accounts,
    expect_group,
    expect_join,
    expect_members,
    run,
)
from ansible_collections.bill.nextcloud.tests.unit.scripted import Answer, ScriptedCloud, html, no, ok

GB = 1024**3
APP = "/ocs/v2.php/apps/provisioning_api/api/v1/config/apps/groupquota/"
KEY = APP + "quota_team"


def expect_quota(cloud: ScriptedCloud, text: str, *, enabled: str | None = None) -> None:
    """The quota that is kept is read; at first, whether the app is enabled."""
    if enabled is not None:
        cloud.expect("GET", APP + "enabled", ok({"data": enabled}))
    cloud.expect("GET", KEY, ok({"data": text}))


def expect_start(cloud: ScriptedCloud, text: str) -> None:
    """The group and its quota are read."""
    expect_group(cloud, "team")
    expect_quota(cloud, text, enabled="yes")


@pytest.mark.parametrize(
    ("text", "before"), [("", None), ("-3", None), ("5368709120", 5 * GB), ("5 GB", "unknown"), ("1" * 19, "unknown")]
)
def test_it_is_set(cloud: ScriptedCloud, text: str, before: int | str | None) -> None:
    """In bytes, without rounding, and read back."""
    expect_start(cloud, text)
    cloud.expect("POST", KEY, ok(), [("value", "1234567890")])
    expect_group(cloud, "team")
    expect_quota(cloud, "1234567890")
    result = run(cloud, quota="1234567890")
    assert outcome(result) == (None, "updated", True)
    assert result["changes"] == [{"field": "quota", "before": before, "after": 1234567890}]
    assert result["group"] == {"name": "team", "display_name": "team", "quota": 1234567890, "members": None}


@pytest.mark.parametrize(("text", "quota"), [("5368709120", "5 GB"), ("", "none"), ("-3", "none")])
def test_one_that_is_right(cloud: ScriptedCloud, text: str, quota: str) -> None:
    """It is read and not written."""
    expect_start(cloud, text)
    assert outcome(run(cloud, quota=quota)) == (None, "none", False)


def test_it_is_taken_away(cloud: ScriptedCloud) -> None:
    """The setting is removed, as the app itself does it; the diff says what was."""
    expect_start(cloud, "5")
    cloud.expect("DELETE", KEY, ok())
    expect_group(cloud, "team")
    expect_quota(cloud, "")
    result = run(cloud, quota="none")
    assert outcome(result) == (None, "updated", True)
    assert result["group"]["quota"] is None
    names = 'name: "team"\ndisplay_name: "team"\n'
    diff = {"before": names + "quota: 5\n", "after": names + "quota: none\n"}
    assert result["diff"] == [{"before_header": "group team", "after_header": "group team", **diff}]


def test_a_group_is_made_with_it(cloud: ScriptedCloud) -> None:
    """Before its members, so that none of them is without."""
    expect_group(cloud)
    expect_quota(cloud, "", enabled="yes")
    expect_accounts(cloud, "anna")
    cloud.expect("POST", "/groups", ok(), [("groupid", "team")])
    cloud.expect("POST", KEY, ok(), [("value", "5")])
    expect_join(cloud, "anna")
    expect_group(cloud, "team")
    expect_quota(cloud, "5")
    expect_members(cloud, "anna")
    result = run(cloud, quota="5", members=["anna"])
    assert outcome(result) == (None, "created", True)
    assert [change["field"] for change in result["changes"]] == ["state", "quota", "members"]


def test_a_group_is_made_without_one(cloud: ScriptedCloud) -> None:
    """Nothing is taken away where nothing is."""
    expect_group(cloud)
    expect_quota(cloud, "", enabled="yes")
    cloud.expect("POST", "/groups", ok(), [("groupid", "team")])
    expect_group(cloud, "team")
    result = run(cloud, quota="none")
    assert outcome(result) == (None, "created", True)
    assert [change["field"] for change in result["changes"]] == ["state"]


def test_what_a_former_group_has_left(cloud: ScriptedCloud) -> None:
    """The app keeps the quota of a deleted group; a new one of the name does not get it unasked."""
    expect_group(cloud)
    expect_quota(cloud, "7", enabled="yes")
    cloud.expect("POST", "/groups", ok(), [("groupid", "team")])
    cloud.expect("DELETE", KEY, ok())
    expect_group(cloud, "team")
    expect_quota(cloud, "")
    result = run(cloud, quota="none")
    assert outcome(result) == (None, "created", True)
    assert result["changes"][1] == {"field": "quota", "before": 7, "after": None}


@pytest.mark.parametrize("exists", [True, False])
def test_check_mode_only_reads(cloud: ScriptedCloud, exists: bool) -> None:
    """It tells what would be set."""
    expect_group(cloud, *(["team"] if exists else []))
    expect_quota(cloud, "", enabled="yes")
    result = run(cloud, check_mode=True, quota="5 GB")
    assert outcome(result) == (None, "updated" if exists else "created", True)
    assert result["changes"][-1] == {"field": "quota", "before": None, "after": 5 * GB}


@pytest.mark.parametrize("enabled", ["", "no"])
@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("check_mode", [False, True])
def test_a_cloud_without_the_app(cloud: ScriptedCloud, enabled: str, exists: bool, check_mode: bool) -> None:
    """Nothing is done, and it is said what is missing."""
    expect_group(cloud, *(["team"] if exists else []))
    cloud.expect("GET", APP + "enabled", ok({"data": enabled}))
    result = run(cloud, check_mode=check_mode, quota="5 GB", display_name="X")
    assert outcome(result) == ("unsupported", "none", False)
    assert "need the app groupquota, which is not enabled there" in result["msg"]


def test_a_product_without_quotas_of_groups(cloud: ScriptedCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is done; without the option everything is as with others."""
    monkeypatch.setitem(clouds._BACKENDS, "owncloud", plain_cloud)
    expect_group(cloud)
    assert outcome(run(cloud, quota="5 GB", dialect="owncloud")) == ("unsupported", "none", False)
    expect_group(cloud, "team")
    assert outcome(run(cloud, dialect="owncloud")) == (None, "none", False)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"quota": "1,5 GB"}, "quota must be bytes"),
        ({"quota": "0"}, "has to be above zero"),
        ({"quota": "5 GB", "state": "absent"}, "has no quota"),
    ],
)
def test_what_is_refused_before_any_request(cloud: ScriptedCloud, options: dict[str, t.Any], words: str) -> None:
    """By what the option says."""
    result = run(cloud, **options)
    assert code(result) == "invalid_value"
    assert words in result["msg"]


@pytest.mark.parametrize("name", ["x" * 59, "a/b"])
def test_names_that_cannot_have_one(cloud: ScriptedCloud, name: str) -> None:
    """The app keeps it under the group's name, which is a part of an address, too."""
    expect_group(cloud, name=name)
    result = run(cloud, name=name, quota="5 GB")
    assert outcome(result) == ("invalid_value", "none", False)
    assert "at most 58 characters, and no slash" in result["msg"]


def test_the_longest_name(cloud: ScriptedCloud) -> None:
    """58 characters are not too many."""
    name = "x" * 58
    expect_group(cloud, name, name=name)
    cloud.expect("GET", APP + "enabled", ok({"data": "yes"}))
    cloud.expect("GET", f"{APP}quota_{name}", ok({"data": "5"}))
    assert outcome(run(cloud, name=name, quota="5")) == (None, "none", False)


@pytest.mark.parametrize(("kept", "expected"), [("5", None), ("", "server_error")])
@pytest.mark.parametrize("answer", [html(504), no(500, 996)])
def test_an_outcome_that_is_unknown(cloud: ScriptedCloud, answer: Answer, kept: str, expected: str | None) -> None:
    """It is read, not sent again; what was read before does not count."""
    expect_start(cloud, "")
    cloud.expect("POST", KEY, answer, [("value", "5")])
    expect_group(cloud, "team")
    expect_quota(cloud, kept)
    if expected is None:
        expect_group(cloud, "team")
    result = run(cloud, quota="5")
    assert (code(result), result["changed"]) == (expected, True)


def test_it_could_not_be_set(cloud: ScriptedCloud) -> None:
    """A refusal is a failure of the group, and its members are left alone."""
    expect_group(cloud, "team")
    expect_quota(cloud, "", enabled="yes")
    expect_members(cloud)
    expect_accounts(cloud, "anna")
    cloud.expect("POST", KEY, no(400, 102), [("value", "5")])
    assert (code(run(cloud, quota="5", members=["anna"]))) == "refused"


def test_it_is_not_as_asked_for(cloud: ScriptedCloud) -> None:
    """Accepted, but not kept."""
    expect_start(cloud, "")
    cloud.expect("POST", KEY, ok(), [("value", "5")])
    expect_group(cloud, "team")
    expect_quota(cloud, "6")
    result = run(cloud, quota="5")
    assert outcome(result) == ("not_verified", "updated", True)
    assert "The quota differs still." in result["msg"]


def test_without_the_option_it_is_not_looked_at(cloud: ScriptedCloud) -> None:
    """Not one request more."""
    expect_group(cloud, "team")
    assert run(cloud)["group"]["quota"] == "unknown"
