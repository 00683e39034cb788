# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks with ``disabled_shares``: a switch of the whole cloud, which is set before an account is disabled."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.plugins.plugin_utils import cloud as clouds
from ansible_collections.bill.nextcloud.tests.unit.running import NAME, code, outcome, plain_cloud, run
from ansible_collections.bill.nextcloud.tests.unit.scripted import (
    Answer,
    ScriptedCloud,
    html,
    no,
    ok,
    record,
)

PATH = f"/users/{NAME}"
SETTING = "/ocs/v2.php/apps/provisioning_api/api/v1/config/apps/files_sharing/hide_disabled_user_shares"
TEXTS = {"hidden": "yes", "left": "no"}
SUSPENDED = {"state": "disabled"}
OTHER = {"name": "other", "quota": "1073741824"}


def expect_switch(cloud: ScriptedCloud, value: str, release: t.Any = 31) -> None:
    """The release and the setting are read; empty is never set."""
    cloud.expect("GET", "/capabilities", ok({"version": {"major": release, "string": f"{release}.0.6"}}))
    cloud.expect("GET", SETTING, ok({"data": value}))


def expect_suspension(cloud: ScriptedCloud) -> None:
    """The account is read, disabled and read back."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    cloud.expect("PUT", PATH + "/disable", ok())
    cloud.expect("GET", PATH, ok(record(NAME, enabled=False)))


def expect_other(cloud: ScriptedCloud) -> None:
    """The account that is to be disabled is read only; another one is changed."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    cloud.expect("GET", "/users/other", ok(record("other")))
    cloud.expect("PUT", "/users/other", ok(), [("key", "quota"), ("value", OTHER["quota"])])
    cloud.expect("GET", "/users/other", ok(record("other", quota=int(OTHER["quota"]))))


def switch(before: str | None, after: str | None, *, changed: bool) -> dict[str, t.Any]:
    """The item of the result, when all went well."""
    return {"changed": changed, "before": before, "after": after, "failure": None}


@pytest.mark.parametrize("wish", TEXTS)
@pytest.mark.parametrize(("value", "before"), [("", None), ("yes", "hidden"), ("no", "left"), ("1", None)])
def test_it_is_set_when_it_is_another_one(cloud: ScriptedCloud, value: str, before: str | None, wish: str) -> None:
    """A default, or a text that releases read differently, is not relied on; what is right is not written."""
    expect_switch(cloud, value)
    if before != wish:
        cloud.expect("POST", SETTING, ok(), [("value", TEXTS[wish])])
        cloud.expect("GET", SETTING, ok({"data": TEXTS[wish]}))
    expect_suspension(cloud)
    result = run(cloud, SUSPENDED, disabled_shares=wish)
    assert result["disabled_shares"] == switch(before, wish, changed=before != wish)
    assert outcome(result["accounts"][0]) == (None, "updated", True)
    assert result["messages"] == []
    headers = [NAME] if before == wish else ["shares of disabled accounts", NAME]
    assert [entry["before_header"] for entry in result["diff"]] == headers


def test_the_switch_alone_is_a_change(cloud: ScriptedCloud) -> None:
    """Without accounts, too; its diff says what was and what is."""
    expect_switch(cloud, "no")
    cloud.expect("POST", SETTING, ok(), [("value", "yes")])
    cloud.expect("GET", SETTING, ok({"data": "yes"}))
    result = run(cloud, disabled_shares="hidden")
    assert result["changed"] is True
    assert [(entry["before"], entry["after"]) for entry in result["diff"]] == [
        ('disabled_shares: "left"\n', 'disabled_shares: "hidden"\n')
    ]


def test_it_is_not_looked_at_when_it_is_not_asked_for(cloud: ScriptedCloud) -> None:
    """Not one request more."""
    expect_suspension(cloud)
    assert run(cloud, SUSPENDED)["disabled_shares"] is None


def test_check_mode_only_reads(cloud: ScriptedCloud) -> None:
    """It tells what would be set."""
    expect_switch(cloud, "")
    cloud.expect("GET", PATH, ok(record(NAME)))
    result = run(cloud, SUSPENDED, check_mode=True, disabled_shares="left")
    assert result["disabled_shares"] == switch(None, "left", changed=True)
    assert [entry["before_header"] for entry in result["diff"]] == ["shares of disabled accounts", NAME]


@pytest.mark.parametrize("check_mode", [False, True])
def test_an_older_release(cloud: ScriptedCloud, check_mode: bool) -> None:
    """What would be disabled is not; everything else is done."""
    cloud.expect("GET", "/capabilities", ok({"version": {"major": 27}}))
    if check_mode:
        cloud.expect("GET", PATH, ok(record(NAME)))
        cloud.expect("GET", "/users/other", ok(record("other")))
    else:
        expect_other(cloud)
    result = run(cloud, SUSPENDED, OTHER, check_mode=check_mode, disabled_shares="hidden")
    warning = (
        "1 of 2 accounts failed, and the shares of disabled accounts are not as asked for,"
        " which does not fail the task; the result's messages say why"
    )
    assert [outcome(account) for account in result["accounts"]] == [
        ("unsupported", "none", False),
        (None, "updated", True),
    ]
    shares = result["disabled_shares"]
    assert (shares["changed"], shares["before"], shares["after"]) == (False, None, None)
    assert (shares["failure"]["code"], shares["failure"]["account"]) == ("unsupported", None)
    assert "Nextcloud has this setting since 28, and this is 27." in result["messages"][0]
    assert result["messages"][0].startswith("shares of disabled accounts: ")
    assert result["messages"][1].startswith(f"account {NAME}: ")
    assert "It is not disabled, because" in result["messages"][1]
    assert result["summary"] == {"total": 2, "changed": 1, "failed": 1, "unchanged": 0}
    assert result["warnings"] == [warning]


def test_a_product_without_such_a_setting(cloud: ScriptedCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked for nothing, and nobody is disabled."""
    monkeypatch.setitem(clouds._BACKENDS, "owncloud", plain_cloud)
    cloud.expect("GET", PATH, ok(record(NAME)))
    result = run(cloud, SUSPENDED, disabled_shares="hidden", dialect="owncloud")
    assert code(result["disabled_shares"]) == code(result["accounts"][0]) == "unsupported"


@pytest.mark.parametrize(
    ("answers", "expected", "changed"),
    [
        ([no(400, 102)], "refused", False),
        ([html(504)], "server_error", True),
        ([ok(), ok({"data": ""})], "not_verified", True),
    ],
)
def test_it_could_not_be_set(cloud: ScriptedCloud, answers: list[Answer], expected: str, changed: bool) -> None:
    """Nobody is disabled; whether it was changed is told as far as it is known. It is not sent again."""
    expect_switch(cloud, "no")
    cloud.expect("POST", SETTING, answers[0], [("value", "yes")])
    for answer in answers[1:]:
        cloud.expect("GET", SETTING, answer)
    expect_other(cloud)
    result = run(cloud, SUSPENDED, OTHER, disabled_shares="hidden")
    assert [code(account) for account in result["accounts"]] == [expected, None]
    assert (code(result["disabled_shares"]), result["disabled_shares"]["changed"]) == (expected, changed)
    assert result["accounts"][0]["failure"]["outcome_unknown"] is False
    assert result["disabled_shares"]["failure"]["outcome_unknown"] is (expected == "server_error")


@pytest.mark.parametrize(
    ("answer", "expected"), [(no(403, 403), "write_not_permitted"), (no(401, 997, "Unauthorised"), "wrong_credentials")]
)
def test_what_concerns_the_whole_cloud(cloud: ScriptedCloud, answer: Answer, expected: str) -> None:
    """Everything fails with it, and nothing more is asked."""
    cloud.expect("GET", "/capabilities", answer)
    result = run(cloud, SUSPENDED, OTHER, disabled_shares="hidden")
    assert [code(item) for item in (result["disabled_shares"], *result["accounts"])] == [expected] * 3
    assert result["changed"] is False


@pytest.mark.parametrize("version", [None, {}, {"major": True}, {"major": "31"}, [31]])
def test_capabilities_without_a_version(cloud: ScriptedCloud, version: t.Any) -> None:
    """It is not guessed."""
    cloud.expect("GET", "/capabilities", ok({"version": version}))
    cloud.expect("GET", PATH, ok(record(NAME)))
    result = run(cloud, SUSPENDED, disabled_shares="left")
    assert code(result["disabled_shares"]) == code(result["accounts"][0]) == "not_an_answer"


def test_a_wrong_address_is_everybodys_failure(cloud: ScriptedCloud) -> None:
    """Nothing is sent at all."""
    result = run(cloud, SUSPENDED, disabled_shares="left", api_url="cloud")
    assert code(result["disabled_shares"]) == code(result["accounts"][0]) == "invalid_url"
