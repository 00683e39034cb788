# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creating accounts: one request, and what to believe when it goes wrong."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud import accounts
from ansible_collections.bill.nextcloud.plugins.plugin_utils.ownership import COMPLETION_POLLS
from ansible_collections.bill.nextcloud.tests.unit.running import code, outcome, run, run_impatiently, run_one
from ansible_collections.bill.nextcloud.tests.unit.scripted import (
    PASSWORD,
    Answer,
    ScriptedCloud,
    fault,
    html,
    missing,
    no,
    ok,
    record,
)

PATH = "/users/user_12"
WISH: dict[str, t.Any] = {"password": PASSWORD, "email": "a@x", "quota": "5", "language": "de", "groups": ["customers"]}
FORM = [
    ("userid", "user_12"),
    ("password", PASSWORD),
    ("email", "a@x"),
    ("quota", "5"),
    ("language", "de"),
    ("groups[]", "customers"),
]
RIGHT = record("user_12", email="a@x", quota=5, language="de", groups=["customers"])
MAINTENANCE = Answer(503, headers={"X-Nextcloud-Maintenance-Mode": "1"})
HALF = record("user_12", groups=["customers"], quota=5)  # Nextcloud refused at the language, before the e-mail


def expect_post(cloud: ScriptedCloud, answer: Answer, form: list[tuple[str, str]] | None = None) -> None:
    """The account is missing, and created with everything at once."""
    cloud.expect("GET", PATH, missing())
    cloud.expect("POST", "/users", answer, form or FORM)


def expect_log_in(cloud: ScriptedCloud, proven: bool) -> None:
    """The proof that the account has our password."""
    answer = ok({"id": "user_12"}) if proven else no(401, 997)
    cloud.expect("GET", "/user", answer, user=("user_12", PASSWORD), with_cookie=False)


def set_form(key: str, value: str) -> list[tuple[str, str]]:
    """The body of an edit."""
    return [("key", key), ("value", value)]


def test_one_request_and_one_read_back(cloud: ScriptedCloud) -> None:
    """Everything is in the request: edits afterwards would count against the cloud's limit."""
    form = [*FORM[:2], ("displayName", "Ольга"), *FORM[2:], ("groups[]", "premium")]
    expect_post(cloud, ok({"id": "user_12"}), form)
    cloud.expect("GET", PATH, ok({**RIGHT, "displayname": "Ольга", "groups": ["premium", "customers"]}))
    result = run_one(cloud, **{**WISH, "display_name": "Ольга", "groups": ["premium", "customers"]})
    assert outcome(result) == (None, "created", True)
    assert result["account"]["groups"] == ["customers", "premium"]


def test_password_from_the_map(cloud: ScriptedCloud) -> None:
    """Lists of accounts need not hold secrets; create_only fields are sent."""
    expect_post(cloud, ok(), [*FORM[:2], ("language", "de")])
    cloud.expect("GET", PATH, ok(record("user_12", language="de")))
    result = run(cloud, {"language": "de", "create_only": ["language"]}, passwords={"user_12": PASSWORD})
    assert outcome(result["accounts"][0]) == (None, "created", True)


def test_created_but_not_as_wished(cloud: ScriptedCloud) -> None:
    """Success is a read-back that shows the wish."""
    expect_post(cloud, ok())
    cloud.expect("GET", PATH, ok({**RIGHT, "quota": {"quota": 7, "used": 0}}))
    assert outcome(run_one(cloud, **WISH)) == ("not_verified", "created", True)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (no(400, 101, "Login is invalid because files already exist for this user"), "invalid_value"),
        (no(400, 104, "Group customers does not exist"), "group_missing"),
        (no(400, 107, "Password needs to be at least 10 characters long."), "password_refused"),
        (no(400, 107, "The user was not created because the user limit has been reached. Check ..."), "refused"),
        (no(400, 108), "password_refused"),
        (no(400, 109, "Unable to send the invitation mail"), "refused"),
        (no(400, 110), "invalid_value"),
        (no(400, 111), "backend_refused"),
        (no(400, 105), "refused"),
        (no(400, 4711), "refused"),
    ],
)
def test_refused(cloud: ScriptedCloud, answer: Answer, expected: str) -> None:
    """Refused, and one read shows that nothing was made."""
    expect_post(cloud, answer)
    cloud.expect("GET", PATH, missing())
    result = run_one(cloud, **WISH)
    assert outcome(result) == (expected, "none", False)
    assert result["failure"]["kind"] == "final"
    assert ("password" in result["failure"]["message"].lower()) is (expected == "password_refused")


def test_rate_limited(cloud: ScriptedCloud) -> None:
    """Refused before it ran: nothing to read."""
    expect_post(cloud, Answer(429))
    assert outcome(run_one(cloud, **WISH)) == ("rate_limited", "none", False)


# half-made accounts


def test_half_made_and_mended(cloud: ScriptedCloud) -> None:
    """The cloud refused and made the account nevertheless: it is proven ours and completed, the e-mail first."""
    expect_post(cloud, no(400, 101, "Something"))
    cloud.expect("GET", PATH, ok(HALF))
    expect_log_in(cloud, proven=True)
    cloud.expect("PUT", PATH, ok(), set_form("email", "a@x"))
    cloud.expect("PUT", PATH, ok(), set_form("language", "de"))
    cloud.expect("GET", PATH, ok(RIGHT))
    result = run_one(cloud, **WISH, create_only=["language"])
    assert outcome(result) == (None, "created", True)
    assert any("Something" in warning for warning in result["warnings"])


def test_half_made_and_taken_back(cloud: ScriptedCloud) -> None:
    """What cannot be completed is removed, and the first refusal is told."""
    expect_post(cloud, no(400, 101, "Invalid language"))
    cloud.expect("GET", PATH, ok(HALF))
    expect_log_in(cloud, proven=True)
    cloud.expect("PUT", PATH, ok(), set_form("email", "a@x"))
    cloud.expect("PUT", PATH, no(400, 101, "Invalid language again"), set_form("language", "de"))
    cloud.expect("GET", PATH, ok({**HALF, "email": "a@x"}))
    cloud.expect("DELETE", PATH, ok())
    cloud.expect("GET", PATH, missing())
    result = run_one(cloud, **WISH)
    assert outcome(result) == ("invalid_value", "none", False)
    assert result["failure"]["request"] == "POST /ocs/v2.php/cloud/users"
    assert result["account"] is None


def test_half_made_and_not_to_be_removed(cloud: ScriptedCloud) -> None:
    """The failure tells of both."""
    expect_post(cloud, no(400, 101, "Invalid language"))
    cloud.expect("GET", PATH, ok({**RIGHT, "language": "en"}))
    expect_log_in(cloud, proven=True)
    cloud.expect("PUT", PATH, no(400, 101), set_form("language", "de"))
    cloud.expect("DELETE", PATH, no(400, 101, "Locked"))
    cloud.expect("GET", PATH, ok({**RIGHT, "language": "en"}))
    result = run_one(cloud, **WISH)
    assert outcome(result) == ("invalid_value", "created", True)
    assert "could not be removed" in result["failure"]["message"]


@pytest.mark.parametrize("answer", [Answer(429), html(502)])
def test_half_made_is_not_removed_for_a_passing_trouble(cloud: ScriptedCloud, answer: Answer) -> None:
    """Only a final refusal of a field is a reason to delete."""
    expect_post(cloud, no(400, 101, "Something"))
    cloud.expect("GET", PATH, ok({**RIGHT, "language": "en"}))
    expect_log_in(cloud, proven=True)
    cloud.expect("PUT", PATH, answer, set_form("language", "de"))
    if answer.status == 502:
        cloud.expect("GET", PATH, ok({**RIGHT, "language": "en"}))
    result = run_one(cloud, **WISH)
    assert result["failure"]["kind"] == "temporary"
    assert result["changed"] is True


def test_half_made_is_not_removed_for_a_group(cloud: ScriptedCloud) -> None:
    """A group that cannot be given is never a reason to delete."""
    expect_post(cloud, no(400, 101, "Something"))
    cloud.expect("GET", PATH, ok({**RIGHT, "groups": []}))
    expect_log_in(cloud, proven=True)
    cloud.expect("POST", PATH + "/groups", no(400, 102), [("groupid", "customers")])
    assert outcome(run_one(cloud, **WISH)) == ("group_missing", "created", True)


def test_refused_and_not_proven(cloud: ScriptedCloud) -> None:
    """Refused, and the account that exists now refuses our password: most likely ours, so not final."""
    expect_post(cloud, no(400, 101))
    cloud.expect("GET", PATH, ok(RIGHT))
    expect_log_in(cloud, proven=False)
    assert outcome(run_one(cloud, **WISH)) == ("outcome_unknown", "none", False)


# name taken between our read and our request


def test_taken_and_ours(cloud: ScriptedCloud) -> None:
    """E-mail and password are ours, so an earlier attempt made it: converge, leaving create_only alone."""
    expect_post(cloud, no(400, 102, "User already exists"))
    cloud.expect("GET", PATH, ok({**RIGHT, "language": "fr", "quota": {"quota": 7}}))
    expect_log_in(cloud, proven=True)
    cloud.expect("PUT", PATH, ok(), set_form("quota", "5"))
    cloud.expect("GET", PATH, ok({**RIGHT, "language": "fr"}))
    assert code(run_one(cloud, **WISH, create_only=["language"])) is None


def test_taken_with_another_address(cloud: ScriptedCloud) -> None:
    """Not ours; no log-in is tried."""
    expect_post(cloud, no(400, 102))
    cloud.expect("GET", PATH, ok({**RIGHT, "email": "b@x"}))
    assert outcome(run_one(cloud, **WISH)) == ("account_conflict", "none", False)


def test_taken_without_an_address(cloud: ScriptedCloud) -> None:
    """Perhaps still being made by a run that was killed: it is waited for; half a minute without one is another's."""
    expect_post(cloud, no(400, 102))
    for _dummy in range(1 + len(COMPLETION_POLLS)):
        cloud.expect("GET", PATH, ok({**RIGHT, "email": None}))
    slept: list[float] = []
    (result,) = run_impatiently(cloud, WISH, seconds=5, slept=slept)
    assert outcome(result) == ("account_conflict", "none", False)
    assert slept == list(COMPLETION_POLLS)


def test_taken_with_another_password(cloud: ScriptedCloud) -> None:
    """Not ours."""
    expect_post(cloud, no(400, 102))
    cloud.expect("GET", PATH, ok(RIGHT))
    expect_log_in(cloud, proven=False)
    assert outcome(run_one(cloud, **WISH)) == ("account_conflict", "none", False)


def test_taken_in_another_notation(cloud: ScriptedCloud) -> None:
    """Not ours."""
    expect_post(cloud, no(400, 102))
    cloud.expect("GET", PATH, ok(record("USER_12")))
    assert outcome(run_one(cloud, **WISH)) == ("account_conflict", "none", False)


def test_taken_by_an_administrator(cloud: ScriptedCloud) -> None:
    """Not touched."""
    expect_post(cloud, no(400, 102))
    cloud.expect("GET", PATH, ok({**RIGHT, "groups": ["admin"]}))
    assert outcome(run_one(cloud, **WISH)) == ("protected_account", "none", False)


def test_taken_and_invisible(cloud: ScriptedCloud) -> None:
    """The name is taken by something that is not shown to us."""
    expect_post(cloud, no(400, 102))
    cloud.expect("GET", PATH, missing())
    assert outcome(run_one(cloud, **WISH)) == ("account_conflict", "none", False)


# unknown outcome

UNKNOWN = [fault("cut"), fault("hang"), fault("short"), html(), Answer(), html(504), no(500, 996)]


@pytest.mark.parametrize("answer", UNKNOWN)
def test_unknown_and_made(cloud: ScriptedCloud, answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The account exists and has our password: go on with what is missing; no second creation."""
    monkeypatch.setattr(accounts, "CREATE_SECONDS", 0.3)
    expect_post(cloud, answer)
    cloud.expect("GET", PATH, ok(HALF))
    expect_log_in(cloud, proven=True)
    cloud.expect("PUT", PATH, ok(), set_form("email", "a@x"))
    cloud.expect("PUT", PATH, ok(), set_form("language", "de"))
    cloud.expect("GET", PATH, ok(RIGHT))
    (result,) = run_impatiently(cloud, {**WISH, "create_only": ["language"]})
    assert outcome(result) == (None, "created", True)


def test_unknown_and_complete(cloud: ScriptedCloud) -> None:
    """Nothing is missing: nothing more is written or read."""
    expect_post(cloud, fault("cut"))
    cloud.expect("GET", PATH, ok(RIGHT))
    expect_log_in(cloud, proven=True)
    assert outcome(run_one(cloud, **WISH)) == (None, "created", True)


@pytest.mark.parametrize("answer", UNKNOWN)
def test_unknown_and_not_made(cloud: ScriptedCloud, answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may appear still, so it is not sent again."""
    monkeypatch.setattr(accounts, "CREATE_SECONDS", 0.3)
    expect_post(cloud, answer)
    cloud.expect("GET", PATH, missing())
    (result,) = run_impatiently(cloud, WISH)
    assert outcome(result) == ("outcome_unknown", "none", False)
    assert result["failure"]["outcome_unknown"] is True


def test_unknown_and_refused_afterwards(cloud: ScriptedCloud) -> None:
    """Whatever was refused: after an unknown creation nothing is deleted."""
    expect_post(cloud, fault("cut"))
    cloud.expect("GET", PATH, ok({**RIGHT, "language": "en"}))
    expect_log_in(cloud, proven=True)
    cloud.expect("PUT", PATH, no(400, 101), set_form("language", "de"))
    assert outcome(run_one(cloud, **WISH)) == ("invalid_value", "created", True)


def test_unknown_and_not_readable(cloud: ScriptedCloud) -> None:
    """Nothing is known."""
    expect_post(cloud, fault("cut"))
    cloud.expect("GET", PATH, html(502))
    result = run_one(cloud, **WISH)
    assert code(result) == "outcome_unknown"
    assert result["failure"]["outcome_unknown"] is True


@pytest.mark.parametrize(
    ("answer", "expected"),
    [(Answer(302, headers={"Location": "https://other.example.org/"}), "redirected"), (MAINTENANCE, "maintenance")],
)
@pytest.mark.parametrize("creation", [fault("cut"), no(400, 101)])
def test_made_or_not_and_not_readable(cloud: ScriptedCloud, answer: Answer, expected: str, creation: Answer) -> None:
    """Whatever the reading says, which concerns itself: the account may be there, and counts as changed."""
    expect_post(cloud, creation)
    cloud.expect("GET", PATH, answer)
    assert outcome(run_one(cloud, **WISH)) == (expected, "created", True)


def test_new_and_taken_meanwhile(cloud: ScriptedCloud) -> None:
    """Between the first read and the creation: ours, by a proxy that sent it twice, or another's."""
    wish = {**WISH, "ownership": "new"}
    expect_post(cloud, no(400, 102))
    cloud.expect("GET", PATH, ok(RIGHT))
    expect_log_in(cloud, proven=False)
    assert outcome(run_one(cloud, **wish)) == ("account_conflict", "none", False)
    expect_post(cloud, no(400, 102))
    cloud.expect("GET", PATH, ok(RIGHT))
    expect_log_in(cloud, proven=True)
    assert code(run_one(cloud, **wish)) is None


def test_not_proven_after_an_unknown_outcome(cloud: ScriptedCloud) -> None:
    """It did not exist a moment ago, so it is no conflict; nothing is written to it either."""
    expect_post(cloud, fault("cut"))
    cloud.expect("GET", PATH, ok(RIGHT))
    expect_log_in(cloud, proven=False)
    result = run_one(cloud, **WISH)
    assert outcome(result) == ("outcome_unknown", "none", False)
