# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole tasks of nextcloud_user_info against a scripted cloud: every request is in the script, none is left out."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud import listing
from ansible_collections.bill.nextcloud.tests.unit.running_user_info import (
    GIB,
    expect_all,
    expect_names,
    expect_page,
    names_of,
    page,
    run,
)
from ansible_collections.bill.nextcloud.tests.unit.scripted import (
    Answer,
    ScriptedCloud,
    html,
    missing,
    no,
    ok,
    record,
)


def test_everything_that_is_shown_of_an_account(cloud: ScriptedCloud) -> None:
    """All fields, with names of people in any script; nothing has changed; the last log-in is in UTC."""
    shown = record(
        "anna",
        quota=5 * GIB,
        used=GIB,
        groups=["premium", "customers"],
        subadmin=["customers"],
        email="anna@example.org",
        displayname="Анна Müller 安娜 😀",
        language="ru",
        manager="boris",
        lastLogin=1_764_060_238_000,
    )
    cloud.expect("GET", "/users/anna", ok(shown))
    assert run(cloud, names=["anna"]) == {
        "changed": False,
        "accounts": [
            {
                "name": "anna",
                "enabled": True,
                "quota": 5 * GIB,
                "used": GIB,
                "groups": ["customers", "premium"],
                "email": "anna@example.org",
                "display_name": "Анна Müller 安娜 😀",
                "language": "ru",
                "group_admin_of": ["customers"],
                "manager": "boris",
                "backend": "Database",
                "last_login": "2025-11-25T08:43:58Z",
                "administrator": False,
            }
        ],
        "missing": [],
        "unreadable": [],
        "summary": {"total": 1, "enabled": 1, "disabled": 0, "used": GIB},
        "failure": None,
    }


@pytest.mark.parametrize("told", [0, -1, -1000, None, True, "1764060238000", 1e300])
def test_a_last_log_in_that_is_none(cloud: ScriptedCloud, told: t.Any) -> None:
    """Never (0), before the server noted it (-1), or not told in a form that is known."""
    cloud.expect("GET", "/users/anna", ok(record("anna", lastLogin=told)))
    assert run(cloud, names=["anna"])["accounts"][0]["last_login"] is None


# accounts by name


def test_names_are_read_one_by_one_in_their_order(cloud: ScriptedCloud) -> None:
    """Each once; one that does not exist is no failure."""
    cloud.expect("GET", "/users/zoe", ok(record("zoe")))
    cloud.expect("GET", "/users/nobody", missing())
    cloud.expect("GET", "/users/anna", ok(record("anna")))
    result = run(cloud, names=["zoe", "nobody", "anna", "zoe"])
    assert names_of(result) == ["zoe", "anna"]
    assert result["missing"] == ["nobody"]
    assert result["summary"]["total"] == 2


def test_another_notation_is_another_account(cloud: ScriptedCloud) -> None:
    """The cloud's look-up ignores case: that there is an Anna is no answer to anna; the others are read."""
    cloud.expect("GET", "/users/anna", ok(record("Anna")))
    cloud.expect("GET", "/users/boris", ok(record("boris")))
    result = run(cloud, names=["anna", "boris"])
    assert result["failed"]
    assert result["failure"]["code"] == "account_conflict"
    assert result["failure"]["account"] == "anna"
    assert "account anna" in result["msg"]
    assert "Anna" in result["msg"]
    assert result["missing"] == []
    assert [account["name"] for account in result["accounts"]] == ["boris"]


@pytest.mark.parametrize(
    "name",
    ["a/b", " anna", "anna ", "", "..", "a" * 65, "Ольга", "a\nb", "a%2Fb", "a+b", "details", "disabled", "recent"],
)
def test_names_that_cannot_be_cost_no_request(cloud: ScriptedCloud, name: str) -> None:
    """They are a fault of the task, with nothing read of the others."""
    result = run(cloud, names=["boris", name])
    assert result["failed"]
    assert result["failure"]["code"] == "invalid_name"
    assert (result["accounts"], result["missing"]) == ([], [])


def test_no_names_are_no_accounts(cloud: ScriptedCloud) -> None:
    """An empty list is not the same as no list: no request, an empty result."""
    assert run(cloud, names=[]) == {
        "changed": False,
        "accounts": [],
        "missing": [],
        "unreadable": [],
        "summary": {"total": 0, "enabled": 0, "disabled": 0, "used": 0},
        "failure": None,
    }


def test_names_can_be_filtered(cloud: ScriptedCloud) -> None:
    """What does not pass a filter is neither shown nor missing."""
    cloud.expect("GET", "/users/anna", ok(record("anna", enabled=False)))
    cloud.expect("GET", "/users/boris", ok(record("boris")))
    result = run(cloud, names=["anna", "boris"], enabled=False)
    assert (names_of(result), result["missing"]) == (["anna"], [])


def test_a_fault_of_the_cloud_between_names(cloud: ScriptedCloud) -> None:
    """Maintenance ends the task; what was read before is not shown, as if it were all."""
    cloud.expect("GET", "/users/anna", ok(record("anna")))
    cloud.expect("GET", "/users/boris", no(503, 503, **{"X-Nextcloud-Maintenance-Mode": "1"}))
    result = run(cloud, names=["anna", "boris", "carl"])
    assert result["failed"]
    assert result["failure"]["code"] == "maintenance"
    assert result["accounts"] == []
    assert result["summary"]["total"] == 0


def test_administrators_are_shown(cloud: ScriptedCloud) -> None:
    """To look at them is harmless; so is the acting account."""
    cloud.expect("GET", "/users/root", ok(record("root", groups=["admin"])))
    assert names_of(run(cloud, names=["root"])) == ["root"]


# all accounts


def test_all_accounts_come_by_pages(cloud: ScriptedCloud) -> None:
    """Pages are read until one brings nothing new, then the names; the result is sorted and summed up."""
    expect_page(cloud, 0, page(record("zoe", used=5), record("root", groups=["admin"])))
    expect_page(cloud, 2, page(record("anna", enabled=False, used=7), record("boris", quota=[])))
    expect_page(cloud, 4, page(record("carl", used=3)))
    expect_page(cloud, 6, page())
    expect_names(cloud, "anna", "boris", "carl", "root", "zoe")
    told: list[str] = []
    result = run(cloud, told=told)
    assert names_of(result) == ["anna", "boris", "carl", "root", "zoe"]
    assert result["summary"] == {"total": 5, "enabled": 4, "disabled": 1, "used": 15}
    assert told == ["2 accounts read", "4 accounts read", "5 accounts read"]
    boris = result["accounts"][1]
    assert (boris["quota"], boris["used"]) == ("unknown", None)
    assert "warnings" not in result


def test_a_cloud_without_accounts(cloud: ScriptedCloud) -> None:
    """PHP's empty array is a list where else an object would be."""
    expect_all(cloud)
    told: list[str] = []
    result = run(cloud, told=told)
    assert (names_of(result), told) == ([], [])


def test_pages_may_be_longer_than_asked_for(cloud: ScriptedCloud) -> None:
    """Each user backend cuts its own page: three backends bring up to three times as many. None is shown twice."""
    expect_page(cloud, 0, page("a1", "a2", "b1", "b2", "c1"))
    expect_page(cloud, 2, page("a3", "b3"))
    expect_page(cloud, 4, page())
    expect_names(cloud, "a1", "a2", "a3", "b1", "b2", "b3", "c1")
    assert names_of(run(cloud)) == ["a1", "a2", "a3", "b1", "b2", "b3", "c1"]


def test_pages_may_be_shorter_than_asked_for(cloud: ScriptedCloud) -> None:
    """A short page is not the last one."""
    expect_page(cloud, 0, page("a"))
    expect_page(cloud, 2, page("b", "c"))
    expect_page(cloud, 4, page())
    expect_names(cloud, "a", "b", "c")
    assert names_of(run(cloud)) == ["a", "b", "c"]


def test_a_page_that_repeats_ends_the_reading(cloud: ScriptedCloud) -> None:
    """A backend that knows no pages answers the same for ever."""
    expect_page(cloud, 0, page("a", "b"))
    expect_page(cloud, 2, page("a", "b"))
    expect_names(cloud, "a", "b")
    assert names_of(run(cloud)) == ["a", "b"]


def test_an_account_that_moves_to_a_page_already_read(cloud: ScriptedCloud) -> None:
    """When a is deleted after the first page, c moves there; the list of names tells, and c is read by itself."""
    expect_page(cloud, 0, page("a", "b"))
    expect_page(cloud, 2, page("d"))
    expect_page(cloud, 4, page())
    expect_names(cloud, "b", "c", "d")
    cloud.expect("GET", "/users/c", ok(record("c")))
    result = run(cloud)
    assert names_of(result) == ["b", "c", "d"]
    assert (result["missing"], result["unreadable"]) == ([], [])


def test_an_account_that_is_deleted_at_the_very_end(cloud: ScriptedCloud) -> None:
    """It was on no page and was in the list of names, but does not exist: it is left out without a word."""
    expect_page(cloud, 0, page("a"))
    expect_page(cloud, 2, page())
    expect_names(cloud, "a", "late")
    cloud.expect("GET", "/users/late", missing())
    result = run(cloud)
    assert (names_of(result), result["missing"], result["unreadable"]) == (["a"], [], [])


def test_accounts_that_the_cloud_does_not_show(cloud: ScriptedCloud) -> None:
    """A remnant of an LDAP account is listed by its bare name; it is named in a warning, and pages go on behind it."""
    expect_page(cloud, 0, page({"id": "gone-1"}, {"id": "gone-2"}))
    expect_page(cloud, 2, page("anna"))
    expect_page(cloud, 4, page())
    expect_names(cloud, "anna", "gone-1", "gone-2")
    cloud.expect("GET", "/users/gone-1", missing())
    cloud.expect("GET", "/users/gone-2", missing())
    result = run(cloud)
    assert names_of(result) == ["anna"]
    assert result["unreadable"] == ["gone-1", "gone-2"]
    assert result["warnings"] == ["the cloud lists accounts that it does not show: gone-1, gone-2"]
    assert result["summary"]["total"] == 1


def test_an_account_that_is_shown_when_asked_for(cloud: ScriptedCloud) -> None:
    """The bare name on a page is not the last word."""
    expect_page(cloud, 0, page({"id": "anna"}))
    expect_page(cloud, 2, page())
    expect_names(cloud, "anna")
    cloud.expect("GET", "/users/anna", ok(record("anna")))
    result = run(cloud)
    assert (names_of(result), result["unreadable"]) == (["anna"], [])


def test_names_of_digits(cloud: ScriptedCloud) -> None:
    """PHP makes numbers of them where they are keys, and a list of records of an array from 0 on."""
    expect_page(cloud, 0, page("0", "1", as_list=True))
    expect_page(cloud, 2, page("77", {"id": 88}))
    expect_page(cloud, 4, page())
    expect_names(cloud, 0, 1, 77, 88)
    cloud.expect("GET", "/users/88", missing())
    result = run(cloud)
    assert (names_of(result), result["unreadable"]) == (["0", "1", "77"], ["88"])


# faults in the middle


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (html(), "not_an_answer"),
        (html(502), "server_error"),
        (Answer(200, b""), "not_an_answer"),
        (ok([]), "not_an_answer"),
        (ok({"users": None}), "not_an_answer"),
        (ok({"users": "anna"}), "not_an_answer"),
        (ok({"users": [None]}), "not_an_answer"),
        (ok({"users": [{}]}), "not_an_answer"),
        (ok({"users": [{"id": "anna", "enabled": True}]}), "not_an_answer"),
        (no(503, 503, **{"X-Nextcloud-Maintenance-Mode": "1"}), "maintenance"),
        (no(404, 998, "Invalid query, please check the syntax."), "not_an_answer"),
        (no(401, 997, "Unauthorised"), "wrong_credentials"),
        (no(500, 996, "Internal Server Error"), "server_error"),
    ],
)
def test_a_fault_on_a_page(cloud: ScriptedCloud, answer: Answer, code: str) -> None:
    """There is no listing with gaps: the task fails and shows no account; nothing is asked any more."""
    expect_page(cloud, 0, page("a", "b"))
    expect_page(cloud, 2, answer)
    result = run(cloud)
    assert result["failed"]
    assert result["failure"]["code"] == code
    assert "reading accounts" in result["msg"]
    assert (result["accounts"], result["unreadable"], result["missing"]) == ([], [], [])
    assert result["summary"] == {"total": 0, "enabled": 0, "disabled": 0, "used": 0}


@pytest.mark.parametrize("answer", [html(), ok([]), ok({"users": [True]}), ok({"users": [{"id": "a"}]})])
def test_a_fault_in_the_list_of_names(cloud: ScriptedCloud, answer: Answer) -> None:
    """Without it, it is not known whether accounts are missing."""
    expect_page(cloud, 0, page())
    cloud.expect("GET", "/users", answer)
    result = run(cloud)
    assert result["failure"]["code"] == "not_an_answer"
    assert result["accounts"] == []


def test_a_fault_of_a_single_reading(cloud: ScriptedCloud) -> None:
    """What a page left out and cannot be read either is a gap, too."""
    expect_page(cloud, 0, page("a"))
    expect_page(cloud, 2, page())
    expect_names(cloud, "a", "b")
    cloud.expect("GET", "/users/b", html(500))
    result = run(cloud)
    assert result["failure"]["code"] == "server_error"
    assert result["accounts"] == []


# clouds that are slow


@pytest.mark.parametrize("answer", [html(502), html(504), no(500, 996, "Internal Server Error")])
def test_a_page_that_does_not_come_is_asked_for_at_half_its_size(cloud: ScriptedCloud, answer: Answer) -> None:
    """From the same place, and so are all that follow: a proxy gave up, or the memory did not suffice."""
    expect_page(cloud, 0, page("a", "b"), at_once=80)
    expect_page(cloud, 80, answer, at_once=80)
    expect_page(cloud, 80, answer, at_once=40)
    expect_page(cloud, 80, page("c"), at_once=20)
    expect_page(cloud, 100, page("d"), at_once=20)
    expect_page(cloud, 120, page(), at_once=20)
    expect_names(cloud, "a", "b", "c", "d")
    told: list[str] = []
    result = run(cloud, told=told, at_once=80)
    assert names_of(result) == ["a", "b", "c", "d"]
    assert told == [
        "2 accounts read",
        "no answer for that many accounts; 40 at once from here on",
        "no answer for that many accounts; 20 at once from here on",
        "3 accounts read",
        "4 accounts read",
    ]


def test_even_a_small_page_does_not_come(cloud: ScriptedCloud) -> None:
    """Below 20 accounts at once the size is not the cause: the task fails."""
    expect_page(cloud, 0, html(504), at_once=40)
    expect_page(cloud, 0, html(504), at_once=20)
    result = run(cloud, at_once=40)
    assert result["failure"]["code"] == "server_error"
    assert result["accounts"] == []


def test_other_faults_are_not_a_matter_of_size(cloud: ScriptedCloud) -> None:
    """A log-in page is one however few accounts are asked for."""
    expect_page(cloud, 0, html(), at_once=80)
    assert run(cloud, at_once=80)["failure"]["code"] == "not_an_answer"


def test_smaller_pages_for_a_slow_cloud(cloud: ScriptedCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that a proxy gave up is asked for again at half its size, and the following ones, too."""
    monkeypatch.setattr(listing, "SMALLEST_PAGE_ACCOUNTS", 1)
    told: list[str] = []
    expect_page(cloud, 0, html(504))
    for offset, answer in enumerate((page("a"), page("b"), page())):
        cloud.expect("GET", "/users/details", answer, query={"limit": "1", "offset": str(offset)})
    expect_names(cloud, "a", "b")
    result = run(cloud, told=told)
    assert (names_of(result), result["failure"]) == (["a", "b"], None)
    assert "1 at once" in told[0]


def test_pages_have_a_smallest_size(cloud: ScriptedCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cloud that answers not even those fails the task."""
    monkeypatch.setattr(listing, "SMALLEST_PAGE_ACCOUNTS", 1)
    expect_page(cloud, 0, html(504))
    cloud.expect("GET", "/users/details", html(504), query={"limit": "1", "offset": "0"})
    assert run(cloud)["failure"]["code"] == "server_error"


def test_a_cloud_that_goes_away_while_names_are_read(cloud: ScriptedCloud) -> None:
    """After three names in a row without an answer no further one is asked for; what was read before is shown."""
    cloud.expect("GET", "/users/anna", ok(record("anna")))
    for name in ("b", "c", "d"):
        cloud.expect("GET", f"/users/{name}", Answer(fault="cut"))
    result = run(cloud, names=["anna", "b", "c", "d", "e"])
    assert [account["name"] for account in result["accounts"]] == ["anna"]
    assert [line.partition(":")[0] for line in result["msg"].splitlines()] == [f"account {name}" for name in "bcde"]
