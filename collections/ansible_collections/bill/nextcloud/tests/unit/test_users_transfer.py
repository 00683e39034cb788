# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of an account that is deleted go to another one first, or the account stays."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import account_options
from ansible_collections.bill.nextcloud.plugins.plugin_utils import converge
from ansible_collections.bill.nextcloud.plugins.plugin_utils.cloud import connection_of
from ansible_collections.bill.nextcloud.plugins.plugin_utils.jobs import Limits, make_jobs
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud import backend
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.auto import combined
from ansible_collections.bill.nextcloud.tests.unit import running
from ansible_collections.bill.nextcloud.tests.unit.running import NAME, code, outcome
from ansible_collections.bill.nextcloud.tests.unit.running_nextcloud_occ import (
    expect_info,
    expect_missing,
    info,
    opened,
    run,
    run_one,
)
from ansible_collections.bill.nextcloud.tests.unit.running_owncloud import DIALECT
from ansible_collections.bill.nextcloud.tests.unit.scripted import ScriptedCloud, missing, ok, record
from ansible_collections.bill.nextcloud.tests.unit.scripted_occ import Said, ScriptedOcc, failed, printed, thrown

WISH: dict[str, t.Any] = {"state": "absent", "transfer_files_to": "berta"}
TRANSFER = ("files:transfer-ownership", "--", NAME, "berta")
NO_SPACE = failed("Validating quota\nTarget user does not have enough free space available.")


def expect_both(occ: ScriptedOcc) -> None:
    """The account is there, and the one that gets its files."""
    expect_info(occ)
    expect_info(occ, "berta")


def test_files_go_before_the_account(occ: ScriptedOcc) -> None:
    """Both are in the plan."""
    expect_both(occ)
    occ.expect(*TRANSFER, said=Said(0, "Restoring shares ...\n"))
    occ.expect("user:delete", "--", NAME)
    expect_missing(occ)
    result = run_one(occ, **WISH)
    assert outcome(result) == (None, "deleted", True)
    assert [(change["field"], change["after"]) for change in result["changes"]] == [
        ("files", "(transferred to berta)"),
        ("state", "absent"),
    ]


def test_check_mode_does_neither(occ: ScriptedOcc) -> None:
    """That the other account is there is looked up."""
    expect_both(occ)
    [result] = run(occ, WISH, check_mode=True)
    assert outcome(result) == (None, "deleted", True)


def test_an_account_that_is_gone(occ: ScriptedOcc) -> None:
    """There are no files of it, so nobody has to take them."""
    expect_missing(occ)
    assert outcome(run_one(occ, **WISH)) == (None, "none", False)


@pytest.mark.parametrize("said", [failed("user not found"), printed(info("Berta"))])
def test_nobody_to_take_them(occ: ScriptedOcc, said: Said) -> None:
    """Nothing is done."""
    expect_info(occ)
    occ.expect_read("user:info", "--output=json", "--", "berta", said=said)
    result = run_one(occ, **WISH)
    assert outcome(result) == ("invalid_value", "none", False)
    assert "berta" in result["failure"]["detail"]


@pytest.mark.parametrize(
    ("said", "expected", "unknown"),
    [
        (NO_SPACE, "refused", False),
        (failed("Unknown destination user berta"), "invalid_value", False),
        (failed(f"Unknown source user {NAME}"), "account_missing", False),
        (thrown("View.php", "Lock", "files:transfer-ownership <source-user>"), "server_error", True),
        (Said(None), "timeout", True),
    ],
)
def test_a_transfer_that_fails_keeps_the_account(occ: ScriptedOcc, said: Said, expected: str, unknown: bool) -> None:
    """Nothing is deleted; what may have been transferred counts as a change."""
    expect_both(occ)
    occ.expect(*TRANSFER, said=said)
    result = run_one(occ, **WISH)
    assert (code(result), result["changed"]) == (expected, unknown)
    assert result["failure"]["outcome_unknown"] is unknown
    assert "so it was not deleted" in result["failure"]["detail"]


def test_a_deletion_that_fails_afterwards(occ: ScriptedOcc) -> None:
    """The transfer is a change."""
    expect_both(occ)
    occ.expect(*TRANSFER)
    occ.expect(
        "user:delete", "--", NAME, said=failed("The specified user could not be deleted. Please check the logs.")
    )
    result = run_one(occ, **WISH)
    assert (code(result), result["changed"]) == ("backend_refused", True)


def test_a_receiver_that_is_deleted_by_the_same_task(occ: ScriptedOcc) -> None:
    """It would lose the files again; the other deletion is done."""
    expect_both(occ)
    expect_info(occ, "berta")
    occ.expect("user:delete", "--", "berta")
    expect_missing(occ, "berta")
    results = run(occ, WISH, {"name": "berta", "state": "absent"})
    assert [outcome(result)[:2] for result in results] == [("invalid_value", "none"), (None, "deleted")]


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({"transfer_files_to": NAME.upper()}, "invalid_value"),
        ({"state": "disabled"}, "invalid_value"),
        ({"state": "present"}, "invalid_value"),
        ({"transfer_files_to": "a/b"}, "invalid_name"),
    ],
)
def test_wishes_that_cannot_be(occ: ScriptedOcc, wish: dict[str, t.Any], expected: str) -> None:
    """Nothing is run."""
    assert outcome(run_one(occ, **{**WISH, **wish})) == (expected, "none", False)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "with transport: occ or auto this module does"),
        (DIALECT, "ownCloud has nothing for"),
    ],
)
def test_clouds_without_a_transfer(cloud: ScriptedCloud, options: dict[str, t.Any], words: str) -> None:
    """Over the API nothing is asked."""
    [result] = running.run(cloud, WISH, **options)["accounts"]
    assert outcome(result) == ("unsupported", "none", False)
    assert words in result["failure"]["detail"]


def test_either_way(cloud: ScriptedCloud, occ: ScriptedOcc) -> None:
    """The API reads and deletes, and occ is opened for the transfer only."""
    cloud.expect("GET", f"/users/{NAME}", ok(record(NAME)))
    cloud.expect("GET", "/users/berta", ok(record("berta")))
    occ.expect(*TRANSFER)
    cloud.expect("DELETE", f"/users/{NAME}", ok())
    cloud.expect("GET", f"/users/{NAME}", missing())
    jobs = make_jobs([account_options(name=NAME, **WISH)], {})
    with backend.connected(connection_of(running.arguments(cloud.url))) as api:
        both = combined(api, lambda by_api: opened(occ))
        converge.converge(jobs, both, Limits(), check_mode=False)
        assert both.transport().shown() == {
            "used": ["api", "occ"],
            "reasons": ["files are handed to another account by occ only"],
        }
    assert outcome(jobs[0].result()) == (None, "deleted", True)
