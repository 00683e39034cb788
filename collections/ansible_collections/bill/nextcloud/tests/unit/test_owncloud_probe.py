# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probing an ownCloud."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import PROBE
from ansible_collections.bill.nextcloud.plugins.plugin_utils import probe_task
from ansible_collections.bill.nextcloud.tests.unit.running import NO_SERVER, validated
from ansible_collections.bill.nextcloud.tests.unit.running_owncloud import expect, expect_log_in, no, ok, unauthorised
from ansible_collections.bill.nextcloud.tests.unit.scripted import ADMIN, Answer, ScriptedCloud

POLICY = {"password_policy": {"password_requirements": {"minimum_characters": 8}}}
STATUS = {"installed": True, "maintenance": False, "needsDbUpgrade": False, "versionstring": "10.15.2"}


def expect_start(cloud: ScriptedCloud, groups: list[str], **capabilities: t.Any) -> None:
    """All requests up to the proof."""
    status = {**STATUS, "productname": "ownCloud", "product": "ownCloud"}
    cloud.expect("GET", "/status.php", Answer(200, json.dumps(status).encode()), user=None)
    expect_log_in(cloud)
    expect(cloud, "GET", "/capabilities", ok({"version": {"major": 10}, "capabilities": {"core": {}, **capabilities}}))
    expect(cloud, "GET", f"/users/{ADMIN}/groups", ok({"groups": groups}))
    expect(cloud, "GET", f"/users/{ADMIN}/subadmins", ok([]))


def expect_proof(cloud: ScriptedCloud, answer: Answer) -> None:
    """The writing request that has no effect."""
    expect(cloud, "POST", f"/users/{ADMIN}/subadmins", answer, [("groupid", "")])


def test_a_cloud_that_can_be_used(cloud: ScriptedCloud) -> None:
    """The product is found out, an administrator may write, and what the cloud does not tell is unknown."""
    expect_start(cloud, ["admin"], **POLICY)
    expect_proof(cloud, no(102, "Group: does not exist"))
    result = probe_task.run(validated(PROBE, cloud.url, dialect="auto", read_space=True), NO_SERVER)
    assert result["failure"] is None
    assert (result["dialect"], result["version"], result["may_write"]) == ("owncloud", "10.15.2", True)
    assert result["acting_account"] == {"name": ADMIN, "is_admin": True, "group_admin_of": []}
    assert result["limits"] == {
        "quota_default": "unknown",
        "quota_maximum": "unknown",
        "quota_allow_unlimited": None,
        "password_min_length": 8,
        "email_required": None,
        "mails_new_accounts": None,
        "login_delay_milliseconds": None,
    }
    assert result["free_space"] is None


@pytest.mark.parametrize(
    ("answer", "expected", "may_write"),
    [
        (unauthorised("Unauthorised"), "write_not_permitted", False),
        (no(101, "User does not exist"), "refused", None),
        (ok(), "refused", None),
    ],
)
def test_a_proof_that_fails(cloud: ScriptedCloud, answer: Answer, expected: str, may_write: bool | None) -> None:
    """Only the one refusal that an administrator gets proves anything."""
    expect_start(cloud, [])
    expect_proof(cloud, answer)
    result = probe_task.run(validated(PROBE, cloud.url, dialect="auto"), NO_SERVER)
    assert (result["failure"]["code"], result["may_write"]) == (expected, may_write)


def test_a_call_that_the_cloud_does_not_know(cloud: ScriptedCloud) -> None:
    """Nothing was looked at, so it is a definite answer."""
    words = "Invalid query, please check the syntax. API specifications are here: http://www.freedesktop.org/"
    expect_start(cloud, ["admin"])
    expect_proof(cloud, no(999, words))
    failure = probe_task.run(validated(PROBE, cloud.url, dialect="auto"), NO_SERVER)["failure"]
    assert (failure["code"], failure["outcome_unknown"]) == ("not_an_answer", False)
