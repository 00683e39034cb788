# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task on many accounts of a Nextcloud: pages instead of one request for each, where that is cheaper."""

from __future__ import annotations

import typing as t
from unittest.mock import patch

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils.account import Account
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import USER
from ansible_collections.bill.nextcloud.plugins.module_utils.wish import parse_wish
from ansible_collections.bill.nextcloud.plugins.plugin_utils.listed import Listed
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud import pages
from ansible_collections.bill.nextcloud.tests.unit.running import code, outcome, run, validated
from ansible_collections.bill.nextcloud.tests.unit.scripted import (
    ADMIN,
    PASSWORD,
    Answer,
    ScriptedCloud,
    fault,
    missing,
    no,
    ok,
    record,
)

QUOTA = 1024**3
BROKEN = no(500, 996, "Internal error")
LATE = Answer(504, b"<html>", {"Content-Type": "text/html"})
LOGIN = "Current user is not logged in"


def names(count: int, first: int = 1) -> list[str]:
    """So many names of accounts."""
    return [f"user_{number:04d}" for number in range(first, first + count)]


def wishes(wanted: t.Iterable[str], **wish: t.Any) -> list[dict[str, t.Any]]:
    """Accounts that should exist with a quota."""
    return [{"name": name, "state": "exists", "quota": "1 GiB", **wish} for name in wanted]


def expect_names(cloud: ScriptedCloud, asked: int, listed: t.Iterable[str]) -> None:
    """The names are asked for, one more than twice as many as are asked for."""
    cloud.expect("GET", "/users", ok({"users": list(listed)}), query={"limit": str(2 * asked + 1)})


def expect_page(cloud: ScriptedCloud, size: int, offset: int, answer: Answer) -> None:
    """A page is asked for."""
    cloud.expect("GET", "/users/details", answer, query={"limit": str(size), "offset": str(offset)})


def page(shown: t.Iterable[str], **different: dict[str, t.Any]) -> Answer:
    """A page of accounts as they are wished, but for fields of some."""
    return ok({"users": {name: record(name, **{"quota": QUOTA, **different.get(name, {})}) for name in shown}})


def expect_read(cloud: ScriptedCloud, name: str, **fields: t.Any) -> None:
    """An account is read for itself."""
    cloud.expect("GET", f"/users/{name}", ok(record(name, **{"quota": QUOTA, **fields})))


def outcomes(result: dict[str, t.Any]) -> set[tuple[str | None, str, bool]]:
    """The outcomes that accounts have."""
    return {outcome(account) for account in result["accounts"]}


def test_accounts_that_are_as_wished_cost_no_request_of_their_own(cloud: ScriptedCloud) -> None:
    """A list of names, a small page, pages of 500 until all were found. What a page shows is in the result."""
    everybody = names(700)
    expect_names(cloud, 700, [ADMIN, *everybody])
    expect_page(cloud, 50, 0, page([ADMIN, *everybody[:49]]))
    expect_page(cloud, 500, 0, page([ADMIN, *everybody[:499]]))
    expect_page(cloud, 500, 500, page(everybody[499:]))
    result = run(cloud, *wishes(everybody))
    assert outcomes(result) == {(None, "none", False)}
    assert [account["account"]["name"] for account in result["accounts"]] == everybody
    assert {account["account"]["quota"] for account in result["accounts"]} == {QUOTA}


def test_pages_end_with_the_last_account_that_is_asked_for(cloud: ScriptedCloud) -> None:
    """What else the cloud has is not looked at."""
    everybody = names(700)
    expect_names(cloud, 400, everybody)
    expect_page(cloud, 50, 0, page(everybody[:50]))
    expect_page(cloud, 500, 0, page(everybody[:500]))
    assert outcomes(run(cloud, *wishes(everybody[:400]))) == {(None, "none", False)}


def test_what_differs_in_a_page_is_read_for_itself_before_it_is_changed(cloud: ScriptedCloud) -> None:
    """One has another quota, one had it a moment ago only; whatever is written, is read back."""
    everybody = names(60)
    expect_names(cloud, 60, everybody)
    expect_page(cloud, 50, 0, page(everybody[:50], user_0007={"quota": 5}, user_0009={"quota": 5}))
    expect_page(cloud, 500, 0, page(everybody, user_0007={"quota": 5}, user_0009={"quota": 5}))
    expect_read(cloud, "user_0007", quota=6)
    expect_read(cloud, "user_0009")
    cloud.expect("PUT", "/users/user_0007", ok(), [("key", "quota"), ("value", str(QUOTA))])
    expect_read(cloud, "user_0007")
    result = run(cloud, *wishes(everybody))
    assert outcome(result["accounts"][6]) == (None, "updated", True)
    assert result["accounts"][6]["changes"] == [{"field": "quota", "before": 6, "after": QUOTA}]
    assert outcome(result["accounts"][8]) == (None, "none", False)
    assert result["summary"] == {"total": 60, "changed": 1, "failed": 0, "unchanged": 59}


def test_nobody_is_taken_for_missing_because_of_a_list(cloud: ScriptedCloud) -> None:
    """One is not listed and exists, one is listed, but has moved to a page that was read; one does not exist."""
    everybody = names(60)
    expect_names(cloud, 60, everybody[2:])
    expect_page(cloud, 50, 0, page(everybody[3:53]))
    expect_page(cloud, 500, 0, page(everybody[3:]))
    expect_read(cloud, "user_0001")
    cloud.expect("GET", "/users/user_0002", missing())
    expect_read(cloud, "user_0003")
    accounts = run(cloud, *wishes(everybody))["accounts"]
    assert [code(account) for account in accounts[:3]] == [None, "account_missing", None]
    assert {outcome(account) for account in accounts[3:]} == {(None, "none", False)}


@pytest.mark.parametrize(
    "listed",
    [
        pytest.param(names(121), id="more than twice as many accounts"),
        pytest.param([*names(20), *names(21, first=500)], id="most are to be made"),
        pytest.param([], id="all are"),
    ],
)
def test_pages_that_would_be_dearer_are_not_read(cloud: ScriptedCloud, listed: list[str]) -> None:
    """The names alone tell that. Of a big cloud no more of them are asked for than are needed for that."""
    expect_names(cloud, 60, listed)
    for name in names(60):
        expect_read(cloud, name)
    assert outcomes(run(cloud, *wishes(names(60)))) == {(None, "none", False)}


def test_a_few_accounts_are_read_one_by_one(cloud: ScriptedCloud) -> None:
    """Without a list of names, as before."""
    for name in names(49):
        expect_read(cloud, name)
    assert outcomes(run(cloud, *wishes(names(49)))) == {(None, "none", False)}


def test_what_a_record_cannot_show_is_not_looked_for_in_pages(cloud: ScriptedCloud) -> None:
    """Accounts that are to go, or to be proven, or to get a password, so that 49 remain: too few."""
    others = [
        {"name": "gone", "state": "absent"},
        {"name": "proven", "ownership": "proven", "password": PASSWORD, "email": "a@x"},
        {"name": "changed", "update_password": "set", "password": PASSWORD},
    ]
    for name in ("gone", "proven", "changed"):
        cloud.expect("GET", f"/users/{name}", missing())
    for name in names(49):
        expect_read(cloud, name)
    assert run(cloud, *others, *wishes(names(49)), check_mode=True)["summary"]["failed"] == 0


def test_the_first_page_may_show_that_pages_are_no_use(cloud: ScriptedCloud) -> None:
    """Of those in it, more than three quarters have to be read for themselves anyway; the others need not be."""
    everybody = names(60)
    expect_names(cloud, 60, everybody)
    expect_page(cloud, 50, 0, page(everybody[:50], **{name: {"quota": 5} for name in everybody[:38]}))
    for name in [*everybody[:38], *everybody[50:]]:
        expect_read(cloud, name)
    assert outcomes(run(cloud, *wishes(everybody))) == {(None, "none", False)}


def test_many_accounts_are_not_judged_by_their_first(cloud: ScriptedCloud) -> None:
    """All of the first page differ. It takes one in twenty of those that are asked for to give pages up."""
    everybody = names(1100)
    different = {name: {"quota": 5} for name in everybody[:50]}
    expect_names(cloud, 1100, everybody)
    expect_page(cloud, 50, 0, page(everybody[:50], **different))
    for offset in (0, 500, 1000):
        expect_page(cloud, 500, offset, page(everybody[offset : offset + 500], **different))
    for name in everybody[:50]:
        expect_read(cloud, name)
    assert outcomes(run(cloud, *wishes(everybody))) == {(None, "none", False)}


def test_administrators_the_acting_account_and_other_notations(cloud: ScriptedCloud) -> None:
    """Pages change nothing about whom a task refuses to touch, nor do records that show only a name."""
    everybody = names(60)
    shown = {name: record(name, quota=QUOTA) for name in everybody}
    shown["user_0001"]["groups"] = ["admin"]
    shown["user_0002"] = {"id": "user_0002"}
    shown["USER_0003"] = {**shown.pop("user_0003"), "id": "USER_0003"}
    expect_names(cloud, 61, [*shown, ADMIN])
    expect_page(cloud, 50, 0, ok({"users": dict(list(shown.items())[:50])}))
    expect_page(cloud, 500, 0, ok({"users": {**shown, ADMIN: record(ADMIN, quota=QUOTA)}}))
    expect_read(cloud, "user_0001", groups=["admin"])
    expect_read(cloud, "user_0002")
    cloud.expect("GET", "/users/user_0003", ok(record("USER_0003", quota=QUOTA)))
    expect_read(cloud, ADMIN)
    accounts = run(cloud, *wishes([*everybody, ADMIN]))["accounts"]
    assert [code(account) for account in accounts[:4]] == ["protected_account", None, "account_conflict", None]
    assert code(accounts[60]) == "protected_account"
    assert accounts[0]["account"] is None


def test_the_account_of_a_token_is_not_taken_from_a_page(cloud: ScriptedCloud) -> None:
    """The cloud is asked once whose the token is, as ever."""
    everybody = names(60)
    cloud.expect("GET", "/users", ok({"users": everybody}), query={"limit": "121"}, user="token")
    for size in (50, 500):
        limits = {"limit": str(size), "offset": "0"}
        cloud.expect("GET", "/users/details", page(everybody[:size]), query=limits, user="token")
    cloud.expect("GET", "/user", ok(record("user_0030")), user="token")
    cloud.expect("GET", "/users/user_0030", ok(record("user_0030", quota=QUOTA)), user="token")
    log_in: dict[str, t.Any] = {"api_username": None, "api_password": None, "api_token": "token"}
    accounts = run(cloud, *wishes(everybody), **log_in)["accounts"]
    assert [code(account) for account in accounts if code(account)] == ["protected_account"]
    assert code(accounts[29]) == "protected_account"


def test_what_a_page_has_shown_is_good_for_one_read() -> None:
    """The next one is the cloud's: something was done meanwhile."""
    listed = Listed()
    listed.seek(parse_wish(validated(USER, "https://cloud", **wish), {}) for wish in wishes(names(50)))
    listed.show(Account.from_record(record("user_0001", quota=QUOTA)))
    assert (listed.take("user_0001") is None, listed.take("user_0001")) == (False, None)


def test_the_place_around_an_account_that_cannot_be_shown_is_left_out(cloud: ScriptedCloud) -> None:
    """Smaller pages find it, and behind it they are as large as before; who was left out is read one by one."""
    everybody = names(800)
    expect_names(cloud, 800, everybody)
    expect_page(cloud, 50, 0, page(everybody[:50]))
    expect_page(cloud, 500, 0, BROKEN)
    expect_page(cloud, 100, 0, page(everybody[:100]))
    expect_page(cloud, 100, 100, no(404, 404, "User does not exist"))
    for offset in (100, 120, 140, 160, 180):
        expect_page(cloud, 20, offset, fault("cut") if offset == 140 else page(everybody[offset : offset + 20]))
    for offset in (200, 300, 400):
        expect_page(cloud, 100, offset, page(everybody[offset : offset + 100]))
    expect_page(cloud, 500, 500, page(everybody[500:]))
    for name in everybody[140:160]:
        expect_read(cloud, name)
    assert outcomes(run(cloud, *wishes(everybody))) == {(None, "none", False)}


def test_pages_are_given_up_when_too_many_places_fail(cloud: ScriptedCloud) -> None:
    """What was found until then counts."""
    everybody = names(700)
    expect_names(cloud, 700, everybody)
    expect_page(cloud, 50, 0, page(everybody[:50]))
    for size, offset in ((500, 0), (100, 0), (20, 0), (20, 20), (20, 40), (20, 60)):
        expect_page(cloud, size, offset, BROKEN)
    for name in everybody[50:]:
        expect_read(cloud, name)
    assert outcomes(run(cloud, *wishes(everybody))) == {(None, "none", False)}


def test_a_page_that_takes_too_long_is_asked_for_in_parts(cloud: ScriptedCloud) -> None:
    """From there on. A gateway says the same as no answer; when even the smallest page takes too long, that was it."""
    everybody = names(700)
    expect_names(cloud, 700, everybody)
    expect_page(cloud, 50, 0, page(everybody[:50]))
    expect_page(cloud, 500, 0, fault("hang"))
    for offset in range(0, 600, 100):
        expect_page(cloud, 100, offset, page(everybody[offset : offset + 100]))
    expect_page(cloud, 100, 600, LATE)
    expect_page(cloud, 20, 600, page(everybody[600:620]))
    expect_page(cloud, 20, 620, LATE)
    for name in everybody[620:]:
        expect_read(cloud, name)
    with patch.object(pages, "PAGE_SECONDS", 0.3):
        assert outcomes(run(cloud, *wishes(everybody))) == {(None, "none", False)}


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (no(401, 997, LOGIN), "wrong_credentials"),
        (Answer(503, headers={"X-Nextcloud-Maintenance-Mode": "1"}), "maintenance"),
    ],
)
@pytest.mark.parametrize("where", ["names", "page"])
def test_a_fault_of_the_whole_cloud_ends_the_task(
    cloud: ScriptedCloud, answer: Answer, failure: str, where: str
) -> None:
    """No further request: a refused log-in that is tried again locks the caller's address out."""
    everybody = names(60)
    if where == "names":
        cloud.expect("GET", "/users", answer, query={"limit": "121"})
    else:
        expect_names(cloud, 60, everybody)
        expect_page(cloud, 50, 0, answer)
    result = run(cloud, *wishes(everybody))
    assert outcomes(result) == {(failure, "none", False)}


@pytest.mark.parametrize("answer", [no(403, 403, "Logged in account must be an admin"), no(500, 996), ok({"users": 7})])
def test_who_may_not_list_accounts_reads_them(cloud: ScriptedCloud, answer: Answer) -> None:
    """A list that is refused, or none at all, says nothing of any account."""
    cloud.expect("GET", "/users", answer, query={"limit": "121"})
    for name in names(60):
        expect_read(cloud, name)
    assert outcomes(run(cloud, *wishes(names(60)))) == {(None, "none", False)}
