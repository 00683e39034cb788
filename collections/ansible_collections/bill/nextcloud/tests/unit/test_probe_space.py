# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole tasks of nextcloud_probe against a scripted cloud: how much space it has left."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.tests.unit.running_probe import ADMINISTRATOR, expect_start, run
from ansible_collections.bill.nextcloud.tests.unit.scripted import (
    ADMIN,
    Answer,
    ScriptedCloud,
    fault,
    html,
    no,
    ok,
    record,
)

INFO = "/ocs/v2.php/apps/serverinfo/api/v1/info"


def info(freespace: t.Any) -> Answer:
    """The answer of the app serverinfo (what was recorded of Nextcloud 31, as far as it is read)."""
    return ok({"nextcloud": {"system": {"version": "31.0.6.2", "freespace": freespace}, "storage": {"num_users": 1}}})


@pytest.mark.parametrize(
    ("answer", "space"),
    [
        (info(81858383872), 81858383872),
        (info(0), 0),
        (info(1.5e12), 1_500_000_000_000),
        (info(None), None),
        (info(-1), None),
        (info(-2), None),
        (info(-3), None),
        (info("81858383872"), None),
        (info(True), None),
        (info(1e300), None),
        (ok([]), None),
        (ok({"nextcloud": []}), None),
        (html(), None),
        (no(404, 998, "Invalid query, please check the syntax."), None),
        (no(403, 403, "no"), None),
        (no(500, 996, "Internal Server Error"), None),
        (Answer(502), None),
        (Answer(429), None),
    ],
)
def test_free_space(cloud: ScriptedCloud, answer: Answer, space: int | None) -> None:
    """Bytes; a cloud that does not tell can be used all the same."""
    expect_start(cloud, ADMINISTRATOR)
    cloud.expect("GET", "/groups", ok({"groups": ["a"]}))
    cloud.expect("GET", INFO, answer)
    if answer.status == 403:  # of an aged session: asked again with a fresh log-in
        cloud.expect("GET", INFO, answer)
    result = run(cloud, write_proof=False, read_limits=False, list_groups=True, read_space=True)
    assert "failed" not in result
    assert (result["groups"], result["free_space"]) == (["a"], space)


def test_free_space_that_takes_long(cloud: ScriptedCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is known, and nobody waits for it."""
    monkeypatch.setattr("ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.space._READ_SECONDS", 0.2)
    expect_start(cloud, ADMINISTRATOR)
    cloud.expect("GET", INFO, fault("hang"))
    result = run(cloud, write_proof=False, read_limits=False, read_space=True)
    assert "failed" not in result
    assert (result["version"], result["free_space"]) == ("31.0.6", None)


def test_free_space_of_a_group_administrator(cloud: ScriptedCloud) -> None:
    """It is not asked: the app would count that as an attack."""
    expect_start(cloud, record(ADMIN, groups=["customers"], subadmin=["customers"]))
    result = run(cloud, write_proof=False, read_space=True)
    assert "failed" not in result
    assert result["free_space"] is None


def test_a_log_in_that_ends_before_the_free_space(cloud: ScriptedCloud) -> None:
    """That concerns the cloud, and is told."""
    expect_start(cloud, ADMINISTRATOR)
    cloud.expect("GET", INFO, no(401, 997, "Unauthorised"))
    result = run(cloud, write_proof=False, read_limits=False, read_space=True)
    assert result["failure"]["code"] == "wrong_credentials"
