# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nextcloud's limit of edits: what comes first, and what is not sent any more."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.tests.unit.running import code, outcome, run
from ansible_collections.bill.nextcloud.tests.unit.scripted import (
    PASSWORD,
    Answer,
    ScriptedCloud,
    missing,
    no,
    ok,
    record,
)

TOO_MANY = Answer(429, headers={})  # empty, and without Retry-After


def form(key: str, value: str) -> list[tuple[str, str]]:
    """The body of an edit."""
    return [("key", key), ("value", value)]


def expect_reads(cloud: ScriptedCloud, names: str, **fields: t.Any) -> None:
    """Each account is read."""
    for name in names:
        cloud.expect("GET", "/users/" + name, ok(record(name, **fields)))


def test_quotas_come_before_passwords_and_passwords_before_looks(cloud: ScriptedCloud) -> None:
    """Over all accounts; each is read back once, after its last change."""
    expect_reads(cloud, "ab", quota=1, enabled=False)
    for name in "ab":
        cloud.expect("PUT", f"/users/{name}/enable", ok())
        cloud.expect("PUT", "/users/" + name, ok(), form("quota", "none"))
    for name in "ab":
        cloud.expect("PUT", "/users/" + name, ok(), form("password", PASSWORD))
    for name in "ab":
        cloud.expect("PUT", "/users/" + name, ok(), form("email", "a@x"))
        cloud.expect("PUT", "/users/" + name, ok(), form("language", "de"))
        cloud.expect("GET", "/users/" + name, ok(record(name, email="a@x", language="de")))
        cloud.expect("GET", "/user", ok({"id": name}), user=(name, PASSWORD))
    wish = {"quota": "none", "password": PASSWORD, "update_password": "always", "email": "a@x", "language": "de"}
    result = run(cloud, *[{"name": name, **wish} for name in "ab"])
    assert [outcome(account) for account in result["accounts"]] == [(None, "updated", True)] * 2


def test_after_the_first_refusal_no_edit_is_sent(cloud: ScriptedCloud) -> None:
    """Everything that is not limited goes on: enabling, groups, creations, deletions. Nothing is read in vain."""
    expect_reads(cloud, "ab", quota=1)
    cloud.expect("GET", "/users/c", ok(record("c", quota=1)))
    cloud.expect("GET", "/users/d", ok(record("d")))
    cloud.expect("GET", "/users/e", missing())
    cloud.expect("GET", "/users/f", ok(record("f")))
    cloud.expect("PUT", "/users/a", TOO_MANY, form("quota", "none"))
    cloud.expect("POST", "/users/c/groups", ok(), [("groupid", "g")])
    cloud.expect("GET", "/users/c", ok(record("c", quota=1, groups=["g"])))
    cloud.expect("DELETE", "/users/d", ok())
    cloud.expect("GET", "/users/d", missing())
    cloud.expect("POST", "/users", ok(), [("userid", "e"), ("password", PASSWORD), ("quota", "none")])
    cloud.expect("GET", "/users/e", ok(record("e")))
    result = run(
        cloud,
        {"name": "a", "quota": "none"},
        {"name": "b", "quota": "none", "language": "de"},
        {"name": "c", "quota": "none", "groups": ["g"], "language": "de"},
        {"name": "d", "state": "absent"},
        {"name": "e", "quota": "none", "password": PASSWORD},
        {"name": "f", "language": "de"},
    )
    assert [outcome(account) for account in result["accounts"]] == [
        ("rate_limited", "none", False),
        ("rate_limited", "none", False),
        ("rate_limited", "updated", True),
        (None, "deleted", True),
        (None, "created", True),
        ("rate_limited", "none", False),
    ]
    assert result["accounts"][2]["account"]["groups"] == ["g"]
    told = [account["failure"] for account in result["accounts"] if account["failure"]]
    assert [failure["kind"] for failure in told] == ["temporary"] * 4
    assert [failure["request"] is None for failure in told] == [False, True, True, True]
    assert not any(failure["outcome_unknown"] for failure in told)


def test_what_was_done_before_the_limit_is_read_back(cloud: ScriptedCloud) -> None:
    """The quota was set, the language was refused: the account tells the first, the failure the second."""
    cloud.expect("GET", "/users/a", ok(record("a", quota=1)))
    cloud.expect("PUT", "/users/a", ok(), form("quota", "none"))
    cloud.expect("PUT", "/users/a", TOO_MANY, form("language", "de"))
    cloud.expect("GET", "/users/a", ok(record("a")))
    (account,) = run(cloud, {"name": "a", "quota": "none", "language": "de"})["accounts"]
    assert outcome(account) == ("rate_limited", "updated", True)
    assert account["account"]["quota"] is None
    assert "limits how often accounts may be edited" in account["failure"]["message"]


def test_a_fault_of_the_cloud_in_an_early_round_ends_the_later_ones(cloud: ScriptedCloud) -> None:
    """Accounts whose turn was to come, or that were half done, fail with it; those that were complete do not."""
    expect_reads(cloud, "abcd", quota=1)
    for name in "ab":
        cloud.expect("PUT", "/users/" + name, ok(), form("quota", "none"))
        if name == "a":
            cloud.expect("GET", "/users/a", ok(record("a")))
    cloud.expect("PUT", "/users/d", no(401, 997, "Unauthorised"), form("quota", "none"))
    result = run(
        cloud,
        {"name": "a", "quota": "none"},
        {"name": "b", "quota": "none", "language": "de"},
        {"name": "c", "language": "de"},
        {"name": "d", "quota": "none"},
    )
    assert [code(account) for account in result["accounts"]] == [None] + ["wrong_credentials"] * 3
    assert [account["changed"] for account in result["accounts"]] == [True, True, False, False]


@pytest.mark.parametrize(("fields", "runs"), [(1, None), (2, "1 further run,"), (5, "4 further runs,")])
def test_more_edits_than_the_limit_are_warned_about(cloud: ScriptedCloud, fields: int, runs: str | None) -> None:
    """In check mode, too. Enabling and groups do not count, nor do creations."""
    wish = {"quota": "none", "email": "a@x", "display_name": "A", "language": "de", "manager": ""}
    names = [f"user_{number}" for number in range(50)]
    cloud.expect("GET", "/users", ok({"users": []}), query={"limit": "103"})  # so no pages, either
    for name in names:
        cloud.expect("GET", "/users/" + name, ok(record(name, quota=1, enabled=False, manager="boss")))
    cloud.expect("GET", "/users/new", missing())
    chosen = dict(list(wish.items())[:fields])
    accounts = [*({"name": name, **chosen} for name in names), {"name": "new", "password": PASSWORD, **wish}]
    result = run(cloud, *accounts, check_mode=True)
    warnings = [text for text in result.get("warnings", []) if "edits are planned" in text]
    assert len(warnings) == (runs is not None)
    if runs is not None:
        assert warnings[0].startswith(f"{fields * 50} edits are planned; the cloud allows 50 in 10 minutes")
        assert f"needs about {runs} 10 minutes apart" in warnings[0]
