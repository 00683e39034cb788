# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks of nextcloud_user_action: one request, sent once, to an account that may be touched."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import ACTIONS, USER_ACTION
from ansible_collections.bill.nextcloud.plugins.plugin_utils import cloud as clouds
from ansible_collections.bill.nextcloud.plugins.plugin_utils import user_action_task
from ansible_collections.bill.nextcloud.tests.unit.running import NAME, NO_SERVER, code, plain_cloud, validated
from ansible_collections.bill.nextcloud.tests.unit.scripted import (
    ADMIN,
    Answer,
    ScriptedCloud,
    fault,
    html,
    missing,
    no,
    ok,
    record,
)

PATH = f"/users/{NAME}"
WITH_EMAIL = record(NAME, email="anna@example.org")
PATHS = {"send_welcome": PATH + "/welcome", "wipe_devices": PATH + "/wipe"}
ON_SERVER = {
    "reset_second_factor": "occ twofactorauth:disable NAME PROVIDER",
    "revoke_app_passwords": "occ user:auth-tokens:delete NAME ID",
}


def run(cloud: ScriptedCloud, action: str, *, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
    """Run a task."""
    parameters = validated(USER_ACTION, cloud.url, **{"name": NAME, "action": action, **options})
    return user_action_task.run(parameters, NO_SERVER, check_mode=check_mode)


def test_every_action_is_tried() -> None:
    """One that comes later has to be named here."""
    assert {*PATHS, *ON_SERVER} == set(ACTIONS)


@pytest.mark.parametrize("action", ON_SERVER)
@pytest.mark.parametrize("check_mode", [False, True])
def test_what_nextcloud_does_on_its_server_only(cloud: ScriptedCloud, check_mode: bool, action: str) -> None:
    """It is said how, and nothing is asked."""
    result = run(cloud, action, check_mode=check_mode)
    assert (code(result), result["changed"]) == ("unsupported", False)
    assert ON_SERVER[action] in result["msg"]


@pytest.mark.parametrize("action", PATHS)
def test_each_run_does_it_again(cloud: ScriptedCloud, action: str) -> None:
    """It is no state, so there is nothing that could be right already."""
    for _run in range(2):
        cloud.expect("GET", PATH, ok(WITH_EMAIL))
        cloud.expect("POST", PATHS[action], ok())
        result = run(cloud, action)
        assert (result["changed"], result["action"], result["failure"]) == (True, action, None)
        assert result["account"]["email"] == "anna@example.org"
        assert "failed" not in result


@pytest.mark.parametrize("action", PATHS)
def test_check_mode_only_reads(cloud: ScriptedCloud, action: str) -> None:
    """It says that it would be done."""
    cloud.expect("GET", PATH, ok(WITH_EMAIL))
    result = run(cloud, action, check_mode=True)
    assert (result["changed"], result["failure"]) == (True, None)


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_welcome_without_an_address(cloud: ScriptedCloud, check_mode: bool) -> None:
    """Nothing is sent."""
    cloud.expect("GET", PATH, ok(record(NAME)))
    result = run(cloud, "send_welcome", check_mode=check_mode)
    assert (code(result), result["changed"], result["failed"]) == ("invalid_value", False, True)
    assert "It has no e-mail address to write to." in result["msg"]


def test_a_wipe_needs_no_address(cloud: ScriptedCloud) -> None:
    """Nor an account that is enabled."""
    cloud.expect("GET", PATH, ok(record(NAME, enabled=False)))
    cloud.expect("POST", PATHS["wipe_devices"], ok())
    assert code(run(cloud, "wipe_devices")) is None


@pytest.mark.parametrize(
    ("action", "answer", "expected"),
    [
        ("send_welcome", no(400, 101, "Email address not available"), "invalid_value"),
        ("send_welcome", no(400, 102, "Sending email failed"), "server_error"),
        ("send_welcome", no(404, 998), "account_missing"),
        ("send_welcome", no(403, 403, "Password confirmation is required"), "write_not_permitted"),
        ("wipe_devices", no(400, 101), "refused"),
        ("wipe_devices", no(404, 998), "account_missing"),
    ],
)
def test_a_refusal(cloud: ScriptedCloud, action: str, answer: Answer, expected: str) -> None:
    """Nothing was done, with the cloud's own words."""
    cloud.expect("GET", PATH, ok(WITH_EMAIL))
    cloud.expect("POST", PATHS[action], answer)
    if expected == "write_not_permitted":  # the session may have been too old
        cloud.expect("POST", PATHS[action], answer)
    result = run(cloud, action)
    assert (code(result), result["changed"], result["failed"]) == (expected, False, True)
    assert result["failure"]["outcome_unknown"] is False


@pytest.mark.parametrize("action", PATHS)
@pytest.mark.parametrize("answer", [html(504), fault("cut"), no(500, 996)])
def test_an_outcome_that_is_unknown(cloud: ScriptedCloud, action: str, answer: Answer) -> None:
    """It is said, and counts as a change; it is not sent again."""
    cloud.expect("GET", PATH, ok(WITH_EMAIL))
    cloud.expect("POST", PATHS[action], answer)
    result = run(cloud, action)
    assert (result["changed"], result["failed"]) == (True, True)
    assert result["failure"]["outcome_unknown"] is True
    assert "it is not known whether it took effect" in result["msg"]


@pytest.mark.parametrize("action", PATHS)
@pytest.mark.parametrize(
    ("name", "answer", "expected"),
    [
        (NAME, missing(), "account_missing"),
        (NAME, ok(record(NAME, email="a@x", groups=["admin"])), "protected_account"),
        (NAME, ok(record(NAME.upper(), email="a@x")), "account_conflict"),
        (ADMIN, ok(record(ADMIN, email="a@x")), "protected_account"),
        ("a/b", None, "invalid_name"),
    ],
)
def test_accounts_that_are_not_touched(
    cloud: ScriptedCloud, action: str, name: str, answer: Answer | None, expected: str
) -> None:
    """Administrators, the acting account, and what is no account of this name."""
    if answer is not None:
        cloud.expect("GET", f"/users/{name}", answer)
    result = run(cloud, action, name=name)
    assert (code(result), result["changed"], result["account"]) == (expected, False, None)


@pytest.mark.parametrize("action", PATHS)
def test_a_product_that_cannot(cloud: ScriptedCloud, monkeypatch: pytest.MonkeyPatch, action: str) -> None:
    """Nothing is asked."""
    monkeypatch.setitem(clouds._BACKENDS, "owncloud", plain_cloud)
    result = run(cloud, action, dialect="owncloud")
    assert (code(result), result["changed"]) == ("unsupported", False)
    assert f"has nothing for {action}." in result["msg"]
