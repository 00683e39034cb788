# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ownCloud can do to an account once, and what it cannot."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import USER_ACTION
from ansible_collections.bill.nextcloud.plugins.plugin_utils import user_action_task
from ansible_collections.bill.nextcloud.tests.unit.running import NAME, NO_SERVER, code, outcome, validated
from ansible_collections.bill.nextcloud.tests.unit.running_owncloud import (
    DIALECT,
    expect_edit,
    expect_log_in,
    expect_read,
    no,
    run_one,
    unauthorised,
)
from ansible_collections.bill.nextcloud.tests.unit.scripted import ADMIN, Answer, ScriptedCloud, html

KEY, VALUE = "two_factor_auth_enabled", "false"


def run(cloud: ScriptedCloud, action: str = "reset_second_factor", **options: t.Any) -> dict[str, t.Any]:
    """Run a task."""
    check_mode = options.pop("check_mode", False)
    parameters = validated(USER_ACTION, cloud.url, **{"name": NAME, "action": action, **DIALECT, **options})
    return user_action_task.run(parameters, NO_SERVER, check_mode=check_mode)


def expect_account(cloud: ScriptedCloud, **more: t.Any) -> None:
    """The account is read, as the first thing after the log-in."""
    expect_log_in(cloud)
    expect_read(cloud, NAME, **more)


def test_the_second_factor_is_switched_off(cloud: ScriptedCloud) -> None:
    """By one field of the account."""
    expect_account(cloud)
    expect_edit(cloud, NAME, KEY, VALUE)
    result = run(cloud)
    assert (code(result), result["changed"], result["account"]["name"]) == (None, True, NAME)


def test_check_mode_only_reads(cloud: ScriptedCloud) -> None:
    """It says that it would be done."""
    expect_account(cloud)
    assert run(cloud, check_mode=True)["changed"] is True


@pytest.mark.parametrize(
    ("answer", "expected", "changed"),
    [
        (unauthorised(), "unsupported", False),
        (no(103), "unsupported", False),
        (no(101), "refused", False),
        (html(504), "server_error", True),
    ],
)
def test_it_was_not_done(cloud: ScriptedCloud, answer: Answer, expected: str, changed: bool) -> None:
    """A release without the field refuses it as what is not permitted; a cut-off answer says nothing."""
    expect_account(cloud)
    expect_edit(cloud, NAME, KEY, VALUE, answer)
    result = run(cloud)
    assert (code(result), result["changed"]) == (expected, changed)
    assert result["failure"]["outcome_unknown"] is changed


def test_administrators_are_not_touched(cloud: ScriptedCloud) -> None:
    """Nor is the acting account."""
    expect_account(cloud, groups=["admin"])
    assert code(run(cloud)) == "protected_account"
    expect_log_in(cloud)
    expect_read(cloud, ADMIN)
    assert code(run(cloud, name=ADMIN)) == "protected_account"


@pytest.mark.parametrize("action", ["send_welcome", "wipe_devices"])
def test_what_it_cannot(cloud: ScriptedCloud, action: str) -> None:
    """Nothing is asked."""
    result = run(cloud, action)
    assert (code(result), result["changed"]) == ("unsupported", False)
    assert f"ownCloud has nothing for {action}." in result["msg"]


def test_devices_are_not_wiped(cloud: ScriptedCloud) -> None:
    """So an account for which that was asked is not disabled."""
    assert outcome(run_one(cloud, state="disabled", wipe=True)) == ("unsupported", "none", False)
