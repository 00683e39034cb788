# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module for quotas: those of accounts, and those of the whole instance."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.tests.unit.running import code, outcome
from ansible_collections.bill.nextcloud.tests.unit.running_quota import (
    ALLOW,
    DEFAULT,
    FILES,
    GB,
    MAXIMUM,
    PRESETS,
    expect_instance,
    expect_read,
    expect_set,
    instance,
    run,
)
from ansible_collections.bill.nextcloud.tests.unit.scripted import (
    Answer,
    ScriptedCloud,
    fault,
    html,
    missing,
    no,
    ok,
    record,
    release,
)

# accounts


def test_own_and_common_quotas(cloud: ScriptedCloud) -> None:
    """An account's own quota wins; the settings of the instance are not read."""
    cloud.expect("GET", "/users/a", ok(record("a", quota=5)))
    cloud.expect("GET", "/users/b", ok(record("b", quota=5)))
    cloud.expect("GET", "/users/c", ok(record("c", quota=10 * GB)))
    cloud.expect("PUT", "/users/a", ok(), [("key", "quota"), ("value", str(10 * GB))])
    cloud.expect("GET", "/users/a", ok(record("a", quota=10 * GB)))
    cloud.expect("PUT", "/users/b", ok(), [("key", "quota"), ("value", "none")])
    cloud.expect("GET", "/users/b", ok(record("b")))
    result = run(cloud, quota="10 GB", accounts=[{"name": "a"}, {"name": "b", "quota": "none"}, {"name": "c"}])
    assert [outcome(account) for account in result["accounts"]] == [
        (None, "updated", True),
        (None, "updated", True),
        (None, "none", False),
    ]
    assert result["accounts"][0]["changes"] == [{"field": "quota", "before": 5, "after": 10 * GB}]
    assert (result["changed"], result["instance"], result["failure"]) == (True, None, None)
    assert result["summary"] == {"total": 3, "changed": 2, "failed": 0, "unchanged": 1}
    assert [diff["before_header"] for diff in result["diff"]] == ["a", "b"]
    assert "failed" not in result


def test_only_the_quota_is_touched(cloud: ScriptedCloud) -> None:
    """A disabled account stays disabled."""
    cloud.expect("GET", "/users/a", ok(record("a", enabled=False, quota=5)))
    cloud.expect("PUT", "/users/a", ok(), [("key", "quota"), ("value", "0")])
    cloud.expect("GET", "/users/a", ok(record("a", enabled=False, quota=0)))
    result = run(cloud, accounts=[{"name": "a", "quota": "0"}])
    assert outcome(result["accounts"][0]) == (None, "updated", True)


def test_rounded_quotas_are_right(cloud: ScriptedCloud) -> None:
    """What the cloud made of it is not set again."""
    cloud.expect("GET", "/users/a", ok(record("a", quota=1181116006)))
    result = run(cloud, accounts=[{"name": "a", "quota": "1234567890"}])
    assert (result["changed"], result["diff"]) == (False, [])


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (missing(), "account_missing"),
        (ok(record("a", groups=["admin"], quota=5)), "protected_account"),
        (ok(record("A", quota=5)), "account_conflict"),
    ],
)
def test_one_account_that_cannot_be_touched(cloud: ScriptedCloud, answer: Answer, expected: str) -> None:
    """The others are done, then the task fails."""
    cloud.expect("GET", "/users/a", answer)
    expect_set(cloud, "b", 5, "7", 7)
    result = run(cloud, quota="7", accounts=[{"name": "a"}, {"name": "b"}])
    assert [code(account) for account in result["accounts"]] == [expected, None]
    assert (result["failed"], result["changed"]) == (True, True)
    assert result["failure"]["account"] == "a"
    assert result["msg"].startswith("account a: ")


def test_several_failures_in_one_message(cloud: ScriptedCloud) -> None:
    """A line for each, but not endless; ``failure`` is the first."""
    accounts = [{"name": f"user_{number:02}", "quota": "-1"} for number in range(12)]
    result = run(cloud, accounts=accounts)
    lines = result["msg"].split("\n")
    assert [line.split(":")[0] for line in lines[:10]] == [f"account user_{number:02}" for number in range(10)]
    assert lines[10:] == ["... and 2 more"]
    assert result["failure"]["account"] == "user_00"


def test_an_account_without_any_quota(cloud: ScriptedCloud) -> None:
    """It costs no request; the others are done."""
    cloud.expect("GET", "/users/b", ok(record("b", quota=7)))
    result = run(cloud, accounts=[{"name": "a"}, {"name": "b", "quota": "7"}])
    assert [code(account) for account in result["accounts"]] == ["invalid_value", None]
    assert "No quota was given, neither for the account nor for all." in result["msg"]


def test_an_account_that_is_listed_twice(cloud: ScriptedCloud) -> None:
    """Nothing is asked: upper and lower case are equal."""
    result = run(cloud, accounts=[{"name": "a", "quota": "1"}, {"name": "A", "quota": "2"}])
    assert [code(account) for account in result["accounts"]] == ["duplicate_name"] * 2


@pytest.mark.parametrize("answer", [no(400, 101, "5 is exceeding the maximum quota"), no(400, 112)])
def test_an_account_that_is_refused(cloud: ScriptedCloud, answer: Answer) -> None:
    """The next one is tried nevertheless."""
    cloud.expect("GET", "/users/a", ok(record("a", quota=1)))
    cloud.expect("GET", "/users/b", ok(record("b", quota=1)))
    cloud.expect("PUT", "/users/a", answer, [("key", "quota"), ("value", "5")])
    if b"maximum" in answer.body:
        expect_read(cloud, MAXIMUM, "")
    cloud.expect("PUT", "/users/b", ok(), [("key", "quota"), ("value", "5")])
    cloud.expect("GET", "/users/b", ok(record("b", quota=5)))
    result = run(cloud, quota="5", accounts=[{"name": "a"}, {"name": "b"}])
    assert [account["changed"] for account in result["accounts"]] == [False, True]
    assert result["failed"] is True


def test_a_warning_names_its_account(cloud: ScriptedCloud) -> None:
    """Several accounts share the task's list."""
    cloud.expect("GET", "/users/a", ok(record("a", quota=10, used=50)))
    result = run(cloud, accounts=[{"name": "a", "quota": "10"}])
    assert result["warnings"][0].startswith("account a: quota below use: 50 bytes are used")


BAD = ["1,5 GB", "-1", "10G", "default", "", "None", " 5 GB", "5 GB ", "1.5", "5  GB", "NONE", "1e3 MB", "١ GB"]


@pytest.mark.parametrize("text", BAD)
@pytest.mark.parametrize("option", ["default", "maximum", "quota", "own"])
def test_bad_quotas_cost_no_request(cloud: ScriptedCloud, option: str, text: str) -> None:
    """Nextcloud would read most of them as something else than meant."""
    given: dict[str, t.Any] = {} if option == "own" else {option: text}
    result = run(cloud, accounts=[{"name": "a", "quota": text if option == "own" else None}], **given)
    assert result["failure"]["code"] == code(result["accounts"][0]) == "invalid_value"
    assert result["failed"] is True
    assert repr(text) in result["msg"]
    assert "must be bytes in decimal digits, a number with a unit such as 10 GB or 1.5GiB, or none" in result["msg"]


# reading the instance


@pytest.mark.parametrize(
    ("allow", "default", "maximum", "expected"),
    [
        ("", "", "", instance(None, None, True)),
        ("1", "none", "-1", instance(None, None, True)),
        ("1", "5 GB", str(10 * GB), instance(5 * GB, 10 * GB, True)),
        ("0", "1.5 gb", "0", instance(1610612736, 0, False)),
        ("0", "12345 B", "", instance(12345, None, False)),
        ("1", "12345", "", instance(12345, None, True)),
        ("1", "1,5 GB", "much", instance("unknown", "unknown", True)),
    ],
)
def test_what_the_instance_has(
    cloud: ScriptedCloud, allow: str, default: str, maximum: str, expected: dict[str, t.Any]
) -> None:
    """Settings that were never set are what Nextcloud takes them for; texts that it cannot read are unknown."""
    expect_instance(cloud, allow, default, maximum, limits=allow == "0")
    result = run(cloud, allow_unlimited=expected["allow_unlimited"])
    assert (result["changed"], result["instance"]) == (False, expected)


@pytest.mark.parametrize(
    ("presets", "expected"),
    [("", GB), ("default, none, 2 GB, 5 GB", 2 * GB), (" ,10 MB", 10 * 1024**2), ("default,none", None)],
)
def test_presets_are_the_default_where_unlimited_is_forbidden(
    cloud: ScriptedCloud, presets: str, expected: int | None
) -> None:
    """And no default was set; Nextcloud's own presets begin with 1 GB."""
    cloud.expect("GET", "/capabilities", release(31))
    expect_read(cloud, ALLOW, "0")
    expect_read(cloud, DEFAULT, "")
    expect_read(cloud, PRESETS, presets)
    expect_read(cloud, MAXIMUM, "")
    result = run(cloud, allow_unlimited=False)
    assert result["instance"] == instance(expected, None, False)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (no(401, 997, "Unauthorised"), "wrong_credentials"),
        (no(403, 403), "write_not_permitted"),
        (html(), "not_an_answer"),
        (ok({"data": None}), "not_an_answer"),
        (fault("cut"), "unreachable"),
    ],
)
def test_an_instance_that_cannot_be_read(cloud: ScriptedCloud, answer: Answer, expected: str) -> None:
    """Nothing is written and no account is touched; their failures are the same fault."""
    cloud.expect("GET", FILES + ALLOW, answer)
    result = run(cloud, default="none", accounts=[{"name": "a", "quota": "5"}])
    assert outcome({**result, "action": "none"}) == (expected, "none", False)
    assert outcome(result["accounts"][0]) == (expected, "none", False)
    assert "The account was not touched." in result["accounts"][0]["failure"]["message"]
    assert result["msg"].startswith("quotas of the instance: ")
    assert (result["instance"], result["failure"]["account"], result["diff"]) == (None, None, [])
