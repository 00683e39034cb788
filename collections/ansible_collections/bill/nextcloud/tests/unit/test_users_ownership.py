# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proving that an account that exists is ours."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.plugins.plugin_utils.ownership import COMPLETION_POLLS
from ansible_collections.bill.nextcloud.tests.unit.running import code, outcome, run, run_impatiently, run_one
from ansible_collections.bill.nextcloud.tests.unit.scripted import (
    ADMIN,
    ADMIN_PASSWORD,
    PASSWORD,
    Answer,
    ScriptedCloud,
    html,
    no,
    ok,
    record,
)

PATH = "/users/user_12"


def quota_form(size: str) -> list[tuple[str, str]]:
    """The body that sets a quota."""
    return [("key", "quota"), ("value", size)]


OURS: dict[str, t.Any] = {"password": PASSWORD, "email": "A@x", "ownership": "proven"}


def expect_log_in(cloud: ScriptedCloud, answer: Answer, name: str = "user_12") -> None:
    """A proof: one log-in with the account's own credentials, without our cookies."""
    cloud.expect("GET", "/user", answer, user=(name, PASSWORD), with_cookie=False)


@pytest.mark.parametrize("state", ["present", "exists", "disabled", "absent"])
def test_proven(cloud: ScriptedCloud, state: str) -> None:
    """E-mail address and log-in: ours."""
    cloud.expect("GET", PATH, ok(record("user_12", email="a@X")))
    expect_log_in(cloud, ok({"id": "user_12"}))
    result = run(cloud, {**OURS, "state": state}, check_mode=True)["accounts"][0]
    assert code(result) is None


def test_a_proof_is_needed_even_if_nothing_differs(cloud: ScriptedCloud) -> None:
    """A stranger's account that looks right is not ours."""
    cloud.expect("GET", PATH, ok(record("user_12", email="a@x")))
    expect_log_in(cloud, no(401, 997))
    assert outcome(run_one(cloud, **OURS)) == ("account_conflict", "none", False)


@pytest.mark.parametrize("answer", [no(401, 997), no(403, 403), ok({"id": "User_12"}), ok([])])
@pytest.mark.parametrize("state", ["present", "absent"])
def test_failed_log_in_is_a_conflict(cloud: ScriptedCloud, answer: Answer, state: str) -> None:
    """Nothing is touched."""
    cloud.expect("GET", PATH, ok(record("user_12", email="a@x")))
    expect_log_in(cloud, answer)
    assert outcome(run_one(cloud, **OURS, state=state)) == ("account_conflict", "none", False)


def test_new_and_there_already(cloud: ScriptedCloud) -> None:
    """Not touched, without a log-in; the words say why, and what to do with one's own."""
    cloud.expect("GET", PATH, ok(record("user_12", email="a@x")))
    result = run_one(cloud, **{**OURS, "ownership": "new"})
    assert outcome(result) == ("account_conflict", "none", False)
    assert "exists already, and ownership=new" in result["failure"]["message"]
    assert "choose another one; for an account of your own, ownership is proven" in result["failure"]["hint"]


@pytest.mark.parametrize("fields", [{"email": "b@x"}, {"email": "a@x", "enabled": False}])
def test_no_log_in_is_wasted(cloud: ScriptedCloud, fields: dict[str, t.Any]) -> None:
    """Another e-mail address, or a disabled account, is a conflict without a log-in."""
    cloud.expect("GET", PATH, ok(record("user_12", **fields)))
    assert code(run_one(cloud, **OURS)) == "account_conflict"


def test_an_account_that_is_still_being_made_is_waited_for(cloud: ScriptedCloud) -> None:
    """The cloud goes on with a creation whose caller was killed, and sets the e-mail address last."""
    cloud.expect("GET", PATH, ok(record("user_12", email=None)))
    cloud.expect("GET", PATH, ok(record("user_12", email=None)))
    cloud.expect("GET", PATH, ok(record("user_12", email="a@x", quota=5)))
    expect_log_in(cloud, ok({"id": "user_12"}))
    slept: list[float] = []
    (result,) = run_impatiently(cloud, {**OURS, "quota": "5"}, seconds=5, slept=slept)
    assert outcome(result) == (None, "none", False)
    assert slept == list(COMPLETION_POLLS[:2])


def test_without_a_wished_address_the_account_must_have_none(cloud: ScriptedCloud) -> None:
    """The log-in alone proves an account without an e-mail address, and no other."""
    wish: dict[str, t.Any] = {"password": PASSWORD, "ownership": "proven"}
    cloud.expect("GET", PATH, ok(record("user_12", email="a@x")))
    assert code(run_one(cloud, **wish)) == "account_conflict"
    cloud.expect("GET", PATH, ok(record("user_12", email=None)))
    expect_log_in(cloud, ok({"id": "user_12"}))
    assert code(run_one(cloud, **wish)) is None


def test_a_proof_that_could_not_be_tried_is_no_conflict(cloud: ScriptedCloud) -> None:
    """The cloud's trouble is not the account's."""
    cloud.expect("GET", PATH, ok(record("user_12", email="a@x")))
    for _time in range(2):  # the first log-in of an account may fail by itself
        expect_log_in(cloud, html(502))
    assert code(run_one(cloud, **OURS)) == "server_error"


def test_failed_proofs_do_not_lock_the_address(cloud: ScriptedCloud) -> None:
    """After five no more are tried."""
    names = [f"u{number}" for number in range(7)]
    for number, name in enumerate(names):
        cloud.expect("GET", "/users/" + name, ok(record(name, email="a@x")))
        if number < 5:
            expect_log_in(cloud, no(401, 997), name)
    result = run(cloud, *[{**OURS, "name": name} for name in names])
    assert [code(account) for account in result["accounts"]] == ["account_conflict"] * 5 + ["rate_limited"] * 2


def test_a_blocked_address_ends_the_task(cloud: ScriptedCloud) -> None:
    """Also when it shows at a proof."""
    cloud.expect("GET", PATH, ok(record("user_12", email="a@x")))
    expect_log_in(cloud, no(429, 429, "Reached maximum delay"))
    result = run(cloud, OURS, {"name": "other"})
    assert [code(account) for account in result["accounts"]] == ["login_blocked"] * 2


def test_the_administrator_is_asked_with_his_own_password(cloud: ScriptedCloud) -> None:
    """The proof does not change who acts."""
    cloud.expect("GET", PATH, ok(record("user_12", email="a@x", quota=1)))
    expect_log_in(cloud, ok({"id": "user_12"}))
    cloud.expect("PUT", PATH, ok(), quota_form("5"), user=(ADMIN, ADMIN_PASSWORD), with_cookie=True)
    cloud.expect("GET", PATH, ok(record("user_12", email="a@x", quota=5)))
    assert outcome(run_one(cloud, **OURS, quota="5")) == (None, "updated", True)
