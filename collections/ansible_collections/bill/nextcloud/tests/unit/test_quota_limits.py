# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quotas that an instance does not take, and those that are too small for an account's first files."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.tests.unit.running import NAME, code, outcome, run, run_one
from ansible_collections.bill.nextcloud.tests.unit.scripted import (
    PASSWORD,
    Answer,
    ScriptedCloud,
    html,
    missing,
    no,
    ok,
    record,
)

PATH = "/users/user_12"
FILES = "/ocs/v2.php/apps/provisioning_api/api/v1/config/apps/files/"
TOO_MUCH = no(400, 101, "Invalid quota value. It is exceeding the maximum quota")
UNLIMITED = no(400, 101, "Unlimited quota is forbidden on this instance")
MB = 1024**2


def form(quota: str) -> list[tuple[str, str]]:
    """The body of an edit."""
    return [("key", "quota"), ("value", quota)]


def test_the_instances_maximum_is_named_and_read_once(cloud: ScriptedCloud) -> None:
    """Its own words, which may be in any language, do not tell the number."""
    for name in "ab":
        cloud.expect("GET", "/users/" + name, ok(record(name, quota=1)))
    cloud.expect("PUT", "/users/a", TOO_MUCH, form(str(200 * MB)))
    cloud.expect("GET", FILES + "max_quota", ok({"data": str(100 * MB)}))
    cloud.expect("PUT", "/users/b", TOO_MUCH, form(str(300 * MB)))
    result = run(cloud, {"name": "a", "quota": "200 MB"}, {"name": "b", "quota": "300 MB"})
    for account in result["accounts"]:
        assert outcome(account) == ("invalid_value", "none", False)
        assert account["failure"]["detail"].endswith(f"The instance's maximum is {100 * MB} bytes.")


def test_a_maximum_with_a_unit_is_read_as_the_cloud_does(cloud: ScriptedCloud) -> None:
    """It takes the digits for bytes, and refuses nearly everything."""
    cloud.expect("GET", PATH, ok(record(NAME, quota=1)))
    cloud.expect("PUT", PATH, TOO_MUCH, form(str(200 * MB)))
    cloud.expect("GET", FILES + "max_quota", ok({"data": "100 TB"}))
    detail = run_one(cloud, quota="200 MB")["failure"]["detail"]
    assert "The instance's maximum is 100 bytes, since it takes the setting max_quota" in detail
    assert "100 TB" in detail


def test_that_unlimited_is_forbidden_is_told(cloud: ScriptedCloud) -> None:
    """In the same way."""
    cloud.expect("GET", PATH, ok(record(NAME, quota=1)))
    cloud.expect("PUT", PATH, UNLIMITED, form("none"))
    cloud.expect("GET", FILES + "allow_unlimited_quota", ok({"data": "0"}))
    result = run_one(cloud, quota="none")
    assert "Unlimited quotas are forbidden on this instance." in result["failure"]["detail"]


@pytest.mark.parametrize("answer", [ok({"data": ""}), ok({"data": str(300 * MB)}), no(403, 403), html(502)])
def test_a_limit_that_is_not_told_is_not_made_up(cloud: ScriptedCloud, answer: Answer) -> None:
    """The refusal stays what it is, whatever becomes of the question."""
    cloud.expect("GET", PATH, ok(record(NAME, quota=1)))
    cloud.expect("PUT", PATH, TOO_MUCH, form(str(200 * MB)))
    cloud.expect("GET", FILES + "max_quota", answer)
    if answer.status == 403:
        cloud.expect("GET", FILES + "max_quota", answer, with_cookie=False)
    result = run_one(cloud, quota="200 MB")
    assert outcome(result) == ("invalid_value", "none", False)
    assert "maximum is" not in result["failure"]["detail"]


def test_a_creation_that_is_taken_back_names_the_limit(cloud: ScriptedCloud) -> None:
    """The cloud makes the account before it looks at the quota."""
    cloud.expect("GET", PATH, missing())
    cloud.expect("POST", "/users", UNLIMITED, [("userid", NAME), ("password", PASSWORD), ("quota", "none")])
    cloud.expect("GET", PATH, ok(record(NAME, quota=1)))
    cloud.expect("GET", "/user", ok({"id": NAME}), user=(NAME, PASSWORD))
    cloud.expect("PUT", PATH, UNLIMITED, form("none"))
    cloud.expect("GET", FILES + "allow_unlimited_quota", ok({"data": "0"}))
    cloud.expect("DELETE", PATH, ok())
    cloud.expect("GET", PATH, missing())
    result = run_one(cloud, quota="none", password=PASSWORD)
    assert outcome(result) == ("invalid_value", "none", False)
    assert "Unlimited quotas are forbidden on this instance." in result["failure"]["detail"]
    assert result["failure"]["request"] == "POST /ocs/v2.php/cloud/users"


def first_files(result: dict[str, t.Any]) -> bool:
    """Whether it is warned about the example files."""
    return any("example files" in warning for warning in result["warnings"])


@pytest.mark.parametrize(
    ("quota", "warned"), [("0", False), ("1", True), ("19.9 MB", True), ("20 MB", False), ("none", False)]
)
def test_a_new_account_needs_space_for_its_first_files(cloud: ScriptedCloud, quota: str, warned: bool) -> None:
    """In check mode, too; it is done nevertheless."""
    cloud.expect("GET", PATH, missing())
    result = run_one(cloud, True, quota=quota, password=PASSWORD)
    assert (code(result), first_files(result)) == (None, warned)


@pytest.mark.parametrize(
    ("fields", "quota", "warned"),
    [
        ({"quota": 1}, "10 MB", True),
        ({"quota": 10 * MB}, "10 MB", False),  # it has been said when it was set
        ({"quota": 1, "used": 5 * MB}, "10 MB", False),
        ({"quota": 1, "lastLogin": 1795422958000}, "10 MB", False),
    ],
)
def test_an_account_that_has_its_files_needs_none(
    cloud: ScriptedCloud, fields: dict[str, t.Any], quota: str, warned: bool
) -> None:
    """They come once, with the first log-in."""
    cloud.expect("GET", PATH, ok(record(NAME, **fields)))
    assert first_files(run_one(cloud, True, quota=quota)) is warned
