# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole tasks of nextcloud_probe against a scripted cloud: what it finds out, step by step, and where it stops."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.tests.unit.running_probe import (
    ADMINISTRATOR,
    CAPABILITIES,
    capabilities,
    expect_start,
    run,
    status,
)
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

CONFIG = "/ocs/v2.php/apps/provisioning_api/api/v1/config/apps"
SETTINGS = {
    "files/allow_unlimited_quota": "0",
    "files/default_quota": "5 GB",
    "files/max_quota": "107374182400",
    "core/newUser.requireEmail": "yes",
    "core/newUser.sendEmail": "no",
}
LIMITS = {
    "quota_default": 5 * 1024**3,
    "quota_maximum": 100 * 1024**3,
    "quota_allow_unlimited": False,
    "password_min_length": 12,
    "email_required": True,
    "mails_new_accounts": False,
    "login_delay_milliseconds": 200,
}
NOTHING_FOUND = {
    "changed": False,
    "product": None,
    "version": None,
    "maintenance": None,
    "needs_upgrade": None,
    "capabilities": None,
    "limits": None,
    "groups": None,
    "free_space": None,
    "acting_account": None,
    "may_write": None,
    "credentials_expire": None,
}
UNCONFIRMED = no(403, 403, "Password confirmation is required")


def expect_proof(cloud: ScriptedCloud, answer: Answer) -> None:
    """Expect the creation of a group without a name."""
    cloud.expect("POST", "/groups", answer, [("groupid", "")])


def expect_settings(cloud: ScriptedCloud, **told: str | Answer) -> None:
    """Expect the questions for the instance's settings."""
    for path, value in {**SETTINGS, **told}.items():
        cloud.expect("GET", f"{CONFIG}/{path}", value if isinstance(value, Answer) else ok({"data": value}))


def test_a_cloud_that_can_be_used(cloud: ScriptedCloud) -> None:
    """Product, version, capabilities, account, permission and limits."""
    expect_start(cloud, record(ADMIN, groups=["admin", "x"], subadmin=["y", "g"]))
    expect_proof(cloud, no(400, 101, "Invalid group name"))
    expect_settings(cloud)
    assert run(cloud) == {
        "changed": False,
        "dialect": "nextcloud",
        "product": "Nextcloud",
        "version": "31.0.6",
        "maintenance": False,
        "needs_upgrade": False,
        "capabilities": CAPABILITIES,
        "limits": LIMITS,
        "groups": None,
        "free_space": None,
        "acting_account": {"name": ADMIN, "is_admin": True, "group_admin_of": ["g", "y"]},
        "may_write": True,
        "credentials_expire": None,
        "failure": None,
    }


def test_below_a_path(cloud_below_path: ScriptedCloud) -> None:
    """status.php lies in the cloud's root, which need not be that of the host."""
    expect_start(cloud_below_path, ADMINISTRATOR)
    expect_proof(cloud_below_path, no(400, 101, "Invalid group name"))
    expect_settings(cloud_below_path)
    result = run(cloud_below_path)
    assert (result["may_write"], result["limits"]) == (True, LIMITS)


def test_without_the_proof_nothing_is_sent_but_questions(cloud: ScriptedCloud) -> None:
    """Then it is not known whether the account may write."""
    expect_start(cloud, ADMINISTRATOR)
    expect_settings(cloud)
    result = run(cloud, write_proof=False)
    assert "failed" not in result
    assert (result["may_write"], result["limits"]) == (None, LIMITS)
    assert all(request.startswith("GET ") for request in cloud.seen)


# groups


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        (["vip", "admin", "Ж", "a b"], ["a b", "admin", "vip", "Ж"]),
        ({"0": "x", "2": 7}, ["7", "x"]),
        ([f"g{n:03}" for n in range(700)], [f"g{n:03}" for n in range(700)]),
        ([], []),
    ],
)
def test_groups_are_listed(cloud: ScriptedCloud, answer: t.Any, names: list[str]) -> None:
    """All in one answer, sorted, names of digits as texts; without the rest that is four requests."""
    expect_start(cloud, ADMINISTRATOR)
    cloud.expect("GET", "/groups", ok({"groups": answer}))
    result = run(cloud, write_proof=False, read_limits=False, list_groups=True)
    assert "failed" not in result
    assert (result["groups"], result["limits"], result["may_write"]) == (names, None, None)
    assert len(cloud.seen) == 4


def test_groups_with_all_the_rest(cloud: ScriptedCloud) -> None:
    """Before the proof, so that credentials that may only read list them as well."""
    expect_start(cloud, ADMINISTRATOR)
    cloud.expect("GET", "/groups", ok({"groups": ["admin"]}))
    for _attempt in range(2):
        expect_proof(cloud, UNCONFIRMED)
    result = run(cloud, list_groups=True)
    assert result["failure"]["code"] == "write_not_permitted"
    assert result["groups"] == ["admin"]


@pytest.mark.parametrize("answer", [ok([]), ok({"groups": "x"}), ok({"groups": [True]}), html()])
def test_groups_that_are_not_listed(cloud: ScriptedCloud, answer: Answer) -> None:
    """What is no list is not taken for an empty one."""
    expect_start(cloud, ADMINISTRATOR)
    cloud.expect("GET", "/groups", answer)
    result = run(cloud, write_proof=False, list_groups=True)
    assert result["failure"]["code"] == "not_an_answer"
    assert result["groups"] is None


def test_the_limits_are_left_out(cloud: ScriptedCloud) -> None:
    """Where only the permission is asked for."""
    expect_start(cloud, ADMINISTRATOR)
    expect_proof(cloud, no(400, 101, "Invalid group name"))
    result = run(cloud, read_limits=False)
    assert (result["may_write"], result["limits"]) == (True, None)


# where it stops


def test_maintenance(cloud: ScriptedCloud) -> None:
    """status.php tells; nobody logs in. Product and version are known nevertheless."""
    cloud.expect("GET", "/status.php", status(maintenance=True, needsDbUpgrade=True))
    result = run(cloud)
    assert result["failed"]
    assert result["failure"]["code"] == "maintenance"
    assert result["failure"]["request"] == "GET /status.php"
    found = {"product": "Nextcloud", "version": "31.0.6", "maintenance": True, "needs_upgrade": True}
    assert {key: result[key] for key in NOTHING_FOUND} == {**NOTHING_FOUND, **found}


def test_an_upgrade_that_waits(cloud: ScriptedCloud) -> None:
    """It is told; the API's own 503 is the failure."""
    cloud.expect("GET", "/status.php", status(needsDbUpgrade=True))
    cloud.expect("GET", "/capabilities", no(503, 503, **{"X-Nextcloud-Maintenance-Mode": "1"}))
    result = run(cloud)
    assert result["needs_upgrade"] is True
    assert result["failure"]["code"] == "maintenance"
    assert result["capabilities"] is None


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (html(), "not_an_answer"),
        (html(404), "not_an_answer"),
        (Answer(200, b""), "not_an_answer"),
        (Answer(200, b"[]"), "not_an_answer"),
        (Answer(200, b'{"status": "fine"}'), "not_an_answer"),
        (Answer(302, b"", {"Location": "https://elsewhere.example/login?token=hidden"}), "redirected"),
        (fault("cut"), "unreachable"),
    ],
)
def test_no_status(cloud: ScriptedCloud, answer: Answer, code: str) -> None:
    """Behind an address where no cloud answers, nobody logs in."""
    cloud.expect("GET", "/status.php", answer)
    if code == "not_an_answer":  # the capabilities might tell instead
        cloud.expect("GET", "/capabilities", html(404), user=None)
    result = run(cloud)
    assert result["failed"]
    assert result["failure"]["code"] == code
    assert "/status.php" in result["msg"]
    assert "hidden" not in result["msg"]
    assert {key: result[key] for key in NOTHING_FOUND} == NOTHING_FOUND


def test_wrong_credentials(cloud: ScriptedCloud) -> None:
    """One log-in, not one more: failed ones lock the caller's address."""
    cloud.expect("GET", "/status.php", status())
    cloud.expect("GET", "/capabilities", no(401, 997, "Unauthorised"))
    result = run(cloud)
    assert result["failed"]
    assert result["failure"]["code"] == "wrong_credentials"
    assert (result["version"], result["capabilities"], result["may_write"]) == ("31.0.6", None, None)


@pytest.mark.parametrize(
    "answer", [ok([]), ok({}), ok({"capabilities": []}), ok({"capabilities": None}), ok("text"), html()]
)
def test_malformed_capabilities(cloud: ScriptedCloud, answer: Answer) -> None:
    """What is no Nextcloud is not used as one."""
    cloud.expect("GET", "/status.php", status())
    cloud.expect("GET", "/capabilities", answer)
    result = run(cloud)
    assert result["failure"]["code"] == "not_an_answer"
    assert result["failure"]["request"] == "GET /ocs/v2.php/cloud/capabilities"
    assert result["capabilities"] is None


@pytest.mark.parametrize("answer", [ok([]), ok({"id": ADMIN}), html()])
def test_an_acting_account_that_is_not_shown(cloud: ScriptedCloud, answer: Answer) -> None:
    """Without its groups it is not known who acts."""
    cloud.expect("GET", "/status.php", status())
    cloud.expect("GET", "/capabilities", capabilities())
    cloud.expect("GET", "/user", answer)
    result = run(cloud)
    assert result["failure"]["code"] == "not_an_answer"
    assert (result["acting_account"], result["capabilities"]) == (None, CAPABILITIES)


# who may write


def test_an_app_password(cloud: ScriptedCloud) -> None:
    """It reads everything and is refused as unconfirmed; a fresh log-in, tried once, makes no difference."""
    expect_start(cloud, ADMINISTRATOR)
    expect_proof(cloud, UNCONFIRMED)
    cloud.expect("POST", "/groups", UNCONFIRMED, [("groupid", "")], with_cookie=False)
    result = run(cloud)
    assert result["failed"]
    assert result["failure"]["code"] == "write_not_permitted"
    assert result["may_write"] is False
    assert result["acting_account"]["is_admin"] is True
    assert "an app password may be allowed to read only" in result["msg"]


def test_a_group_administrator(cloud: ScriptedCloud) -> None:
    """Not enough: it may not make groups, and could change accounts of its groups only."""
    expect_start(cloud, record(ADMIN, groups=["customers"], subadmin=["customers"]))
    refusal = no(403, 403, "Logged in account must be an admin")
    expect_proof(cloud, refusal)
    expect_proof(cloud, refusal)
    result = run(cloud)
    assert result["failed"]
    assert result["failure"]["code"] == "write_not_permitted"
    assert result["may_write"] is False
    assert result["acting_account"] == {"name": ADMIN, "is_admin": False, "group_admin_of": ["customers"]}
    assert result["limits"] is None


def test_a_group_administrator_without_the_proof(cloud: ScriptedCloud) -> None:
    """It cannot read the settings, so it does not ask for them."""
    expect_start(cloud, record(ADMIN, groups=["customers"], subadmin=["customers"]))
    result = run(cloud, write_proof=False)
    assert "failed" not in result
    assert (result["may_write"], result["limits"]) == (None, None)


@pytest.mark.parametrize(
    "answer", [ok(), no(400, 102, "group exists"), no(400, 103, "Not supported by backend"), no(404, 998, "no")]
)
def test_an_unexpected_answer_to_the_proof(cloud: ScriptedCloud, answer: Answer) -> None:
    """A cloud that takes a group without a name, or refuses it for another reason, proves nothing."""
    expect_start(cloud, ADMINISTRATOR)
    expect_proof(cloud, answer)
    result = run(cloud)
    assert result["failed"]
    assert result["failure"]["code"] == "refused"
    assert result["may_write"] is None
    assert result["limits"] is None


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (html(502), "server_error"),
        (fault("cut"), "unreachable"),
        (no(503, 503, **{"X-Nextcloud-Maintenance-Mode": "1"}), "maintenance"),
    ],
)
def test_a_proof_without_an_answer(cloud: ScriptedCloud, answer: Answer, code: str) -> None:
    """It is not known whether the account may write; it is not asked a second time."""
    expect_start(cloud, ADMINISTRATOR)
    expect_proof(cloud, answer)
    result = run(cloud)
    assert result["failure"]["code"] == code
    assert result["may_write"] is None


# limits


@pytest.mark.parametrize("refusal", [no(403, 403), no(404, 998, "Invalid query"), no(400, 101), html()])
def test_settings_that_are_not_told(cloud: ScriptedCloud, refusal: Answer) -> None:
    """The cloud can be used nevertheless; each limit says that it is not known."""
    expect_start(cloud, ADMINISTRATOR)
    expect_proof(cloud, no(400, 101, "Invalid group name"))
    if refusal.status == 403:  # once more on a fresh log-in, which is still fresh for the others
        cloud.expect("GET", f"{CONFIG}/files/allow_unlimited_quota", refusal)
    for path in ("files/allow_unlimited_quota", "core/newUser.requireEmail", "core/newUser.sendEmail"):
        cloud.expect("GET", f"{CONFIG}/{path}", refusal)
    result = run(cloud)
    assert "failed" not in result
    assert result["may_write"] is True
    assert result["limits"] == {
        **LIMITS,
        "quota_default": "unknown",
        "quota_maximum": "unknown",
        "quota_allow_unlimited": None,
        "email_required": None,
        "mails_new_accounts": None,
    }


def test_settings_of_a_new_cloud(cloud: ScriptedCloud) -> None:
    """Nothing is set: unlimited quotas, no e-mail address required, mail to new accounts."""
    expect_start(cloud, ADMINISTRATOR)
    expect_proof(cloud, no(400, 101, "Invalid group name"))
    expect_settings(cloud, **dict.fromkeys(SETTINGS, ""))
    limits = run(cloud)["limits"]
    assert limits["quota_default"] is limits["quota_maximum"] is None
    assert limits["quota_allow_unlimited"] is True
    assert limits["email_required"] is False
    assert limits["mails_new_accounts"] is True


@pytest.mark.parametrize("odd", [None, [], "text"])
def test_capabilities_of_apps_that_are_not_there(cloud: ScriptedCloud, odd: t.Any) -> None:
    """A cloud may have no password policy and no brute-force protection."""
    expect_start(cloud, ADMINISTRATOR, password_policy=odd, bruteforce=odd)
    expect_proof(cloud, no(400, 101, "Invalid group name"))
    expect_settings(cloud)
    limits = run(cloud)["limits"]
    assert limits["password_min_length"] is None
    assert limits["login_delay_milliseconds"] is None


def test_maintenance_begins_while_limits_are_read(cloud: ScriptedCloud) -> None:
    """A fault of the cloud is not taken for a limit that is not told."""
    expect_start(cloud, ADMINISTRATOR)
    expect_proof(cloud, no(400, 101, "Invalid group name"))
    cloud.expect("GET", f"{CONFIG}/files/allow_unlimited_quota", no(503, 503, **{"X-Nextcloud-Maintenance-Mode": "1"}))
    result = run(cloud)
    assert result["failure"]["code"] == "maintenance"
    assert (result["may_write"], result["limits"]) == (True, None)


@pytest.mark.parametrize(
    ("told", "product", "version"),
    [
        ({"productname": "Hub of us", "versionstring": "25.0.1"}, "Hub of us", "25.0.1"),
        ({"productname": None}, "Nextcloud", "31.0.6"),
        ({"productname": "", "versionstring": None}, "Nextcloud", None),
        ({"productname": 7, "versionstring": 31}, "Nextcloud", None),
    ],
)
def test_other_names_and_versions(
    cloud: ScriptedCloud, told: dict[str, t.Any], product: str, version: str | None
) -> None:
    """A cloud may bear another name, or none."""
    cloud.expect("GET", "/status.php", status(**told))
    cloud.expect("GET", "/capabilities", capabilities())
    cloud.expect("GET", "/user", ok(record(ADMIN)))
    result = run(cloud, write_proof=False)
    assert (result["product"], result["version"]) == (product, version)


def test_a_dialect_that_is_another_products(cloud: ScriptedCloud) -> None:
    """The cloud itself says what it is; nobody logs in."""
    cloud.expect("GET", "/status.php", status())
    result = run(cloud, dialect="owncloud")
    assert result["failure"]["code"] == "invalid_value"
    assert "Nextcloud 31.0.6, which is nextcloud" in result["msg"]
