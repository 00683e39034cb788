# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts with ``wipe``: their devices are told to delete the files, once, before the account is disabled."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.plugins.plugin_utils import cloud as clouds
from ansible_collections.bill.nextcloud.tests.unit.running import NAME, code, outcome, plain_cloud, run, run_one
from ansible_collections.bill.nextcloud.tests.unit.scripted import (
    Answer,
    ScriptedCloud,
    html,
    missing,
    no,
    ok,
    record,
)

PATH = f"/users/{NAME}"
WIPED = {"field": "devices", "before": None, "after": "(wiped)"}
DISABLED = {"field": "enabled", "before": True, "after": False}


def test_devices_are_wiped_before_the_account_is_disabled(cloud: ScriptedCloud) -> None:
    """In this order: what could not be wiped is tried again by the next run."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    cloud.expect("POST", PATH + "/wipe", ok())
    cloud.expect("PUT", PATH + "/disable", ok())
    cloud.expect("GET", PATH, ok(record(NAME, enabled=False)))
    result = run(cloud, {"state": "disabled", "wipe": True})
    account = result["accounts"][0]
    assert outcome(account) == (None, "updated", True)
    assert account["changes"] == [WIPED, DISABLED]
    assert 'devices: "(wiped)"' in result["diff"][0]["after"]


@pytest.mark.parametrize(
    ("state", "enabled"), [("disabled", False), ("present", True), ("exists", True), ("exists", False)]
)
def test_nothing_is_wiped_but_in_the_transition(cloud: ScriptedCloud, state: str, enabled: bool) -> None:
    """An account that is disabled already, or that is not to be, is only read."""
    cloud.expect("GET", PATH, ok(record(NAME, enabled=enabled)))
    assert outcome(run_one(cloud, state=state, wipe=True)) == (None, "none", False)


def test_nothing_is_wiped_when_an_account_is_enabled(cloud: ScriptedCloud) -> None:
    """The other way round there is nothing to protect."""
    cloud.expect("GET", PATH, ok(record(NAME, enabled=False)))
    cloud.expect("PUT", PATH + "/enable", ok())
    cloud.expect("GET", PATH, ok(record(NAME)))
    assert outcome(run_one(cloud, state="present", wipe=True)) == (None, "updated", True)


def test_without_it_no_device_is_wiped(cloud: ScriptedCloud) -> None:
    """The default is to leave them."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    cloud.expect("PUT", PATH + "/disable", ok())
    cloud.expect("GET", PATH, ok(record(NAME, enabled=False)))
    assert run_one(cloud, state="disabled")["changes"] == [DISABLED]


def test_check_mode_only_reads(cloud: ScriptedCloud) -> None:
    """It tells that they would be wiped."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    result = run_one(cloud, check_mode=True, state="disabled", wipe=True)
    assert outcome(result) == (None, "updated", True)
    assert result["changes"] == [WIPED, DISABLED]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [(no(404, 998), "account_missing"), (Answer(429, b""), "rate_limited"), (no(429, 429), "login_blocked")],
)
def test_a_wipe_that_is_not_possible_now(cloud: ScriptedCloud, answer: Answer, expected: str) -> None:
    """The account stays enabled, so that the next run does both."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    cloud.expect("POST", PATH + "/wipe", answer)
    assert outcome(run_one(cloud, state="disabled", wipe=True)) == (expected, "none", False)


def test_a_wipe_that_is_refused_for_good(cloud: ScriptedCloud) -> None:
    """Whoever is to be shut out is nevertheless; the failure is told."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    cloud.expect("POST", PATH + "/wipe", no(400, 101, "No devices"))
    cloud.expect("PUT", PATH + "/disable", ok())
    cloud.expect("GET", PATH, ok(record(NAME, enabled=False)))
    result = run_one(cloud, state="disabled", wipe=True)
    assert outcome(result) == ("refused", "updated", True)
    assert result["account"]["enabled"] is False


def test_a_wipe_whose_outcome_is_unknown(cloud: ScriptedCloud) -> None:
    """Nothing that could be read shows it, so it is a failure, and counts as done as far as anybody knows."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    cloud.expect("POST", PATH + "/wipe", html(504))
    cloud.expect("GET", PATH, ok(record(NAME, enabled=False)))
    result = run_one(cloud, state="disabled", wipe=True)
    assert outcome(result) == ("server_error", "updated", True)
    assert result["failure"]["outcome_unknown"] is True


def test_wiped_but_not_disabled(cloud: ScriptedCloud) -> None:
    """Half of it counts as a change."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    cloud.expect("POST", PATH + "/wipe", ok())
    cloud.expect("PUT", PATH + "/disable", no(400, 105))
    cloud.expect("GET", PATH, ok(record(NAME)))
    assert outcome(run_one(cloud, state="disabled", wipe=True)) == ("refused", "updated", True)


def test_too_many_suspensions_wipe_nothing(cloud: ScriptedCloud) -> None:
    """The limit counts accounts, and holds for their devices, too."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    result = run(cloud, {"state": "disabled", "wipe": True}, max_suspensions=0)
    assert outcome(result["accounts"][0]) == ("limit_reached", "none", False)


@pytest.mark.parametrize("check_mode", [False, True])
def test_an_enabled_account_is_not_deleted_with_it(cloud: ScriptedCloud, check_mode: bool) -> None:
    """The cloud would forget the devices with the account, and never tell them."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    result = run_one(cloud, check_mode=check_mode, state="absent", wipe=True)
    assert outcome(result) == ("invalid_value", "none", False)
    assert "disable it with wipe first" in result["failure"]["message"]


def test_a_disabled_account_is_deleted(cloud: ScriptedCloud) -> None:
    """Its devices had their time."""
    cloud.expect("GET", PATH, ok(record(NAME, enabled=False)))
    cloud.expect("DELETE", PATH, ok())
    cloud.expect("GET", PATH, missing())
    assert outcome(run_one(cloud, state="absent", wipe=True)) == (None, "deleted", True)


@pytest.mark.parametrize("state", ["disabled", "present", "exists"])
def test_a_product_that_cannot(cloud: ScriptedCloud, monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    """It is said, and nothing is asked: whoever asks for it relies on it."""
    monkeypatch.setitem(clouds._BACKENDS, "owncloud", plain_cloud)
    account: dict[str, t.Any] = {"state": state, "wipe": True}
    result = run(cloud, account, dialect="owncloud")["accounts"][0]
    assert outcome(result) == ("unsupported", "none", False)
    assert "has nothing for wipe_devices." in result["failure"]["message"]


def test_a_product_that_cannot_and_need_not(cloud: ScriptedCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the option everything is as before."""
    monkeypatch.setitem(clouds._BACKENDS, "owncloud", plain_cloud)
    cloud.expect("GET", PATH, ok(record(NAME)))
    assert code(run(cloud, {"state": "exists"}, dialect="owncloud")["accounts"][0]) is None
