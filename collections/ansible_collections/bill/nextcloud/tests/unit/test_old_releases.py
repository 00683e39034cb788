# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What old releases of Nextcloud answer otherwise. The answers are those recorded from 17.0.10, and 26's code."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.tests.unit import running_group, running_probe, running_quota
from ansible_collections.bill.nextcloud.tests.unit.running import code, outcome, run, run_one
from ansible_collections.bill.nextcloud.tests.unit.scripted import (
    ADMIN,
    PASSWORD,
    Answer,
    ScriptedCloud,
    missing,
    no,
    ok,
    record,
    release,
)

PATH = "/users/user_12"
NO_ROUTE = no(404, 404, "Invalid query, please check the syntax. API specifications are here: http://example.org.\n")
NOTHING_SAID = no(401, 997)
MAIL = "/ocs/v2.php/apps/provisioning_api/api/v1/config/apps/core/newUser.sendEmail"
LIMITS = "/ocs/v2.php/apps/provisioning_api/api/v1/config/apps/files/"


def old(name: str = "user_12", **fields: t.Any) -> dict[str, t.Any]:
    """An account's record, which knows no manager."""
    shown = record(name, **fields)
    del shown["manager"]
    return shown


def form(key: str, value: str) -> list[tuple[str, str]]:
    """The body of an edit."""
    return [("key", key), ("value", value)]


def expect_log_in(cloud: ScriptedCloud) -> None:
    """The proof that the account has our password."""
    cloud.expect("GET", "/user", ok(old()), user=("user_12", PASSWORD), with_cookie=False)


# routes


def test_an_unknown_route_is_no_missing_account(cloud: ScriptedCloud) -> None:
    """The app is off: nothing was looked at, so nothing is absent."""
    cloud.expect("GET", PATH, NO_ROUTE)
    assert outcome(run_one(cloud, state="absent")) == ("not_an_answer", "none", False)


@pytest.mark.parametrize("took_effect", [True, False])
def test_an_edit_that_breaks_the_cloud_is_settled_by_reading(cloud: ScriptedCloud, took_effect: bool) -> None:
    """It says the same of its own faults."""
    cloud.expect("GET", PATH, ok(old(email="b@x")))
    cloud.expect("PUT", PATH, NO_ROUTE, form("email", "a@x"))
    cloud.expect("GET", PATH, ok(old(email="a@x" if took_effect else "b@x")))
    result = run_one(cloud, email="a@x")
    assert code(result) == (None if took_effect else "not_an_answer")
    assert took_effect or result["failure"]["outcome_unknown"] is True


def test_a_creation_that_breaks_the_cloud_is_settled_by_reading(cloud: ScriptedCloud) -> None:
    """It breaks at an address that it takes for none, and stores it."""
    cloud.expect("GET", PATH, missing())
    cloud.expect("POST", "/users", NO_ROUTE, [("userid", "user_12"), ("password", PASSWORD), ("email", "a@x")])
    cloud.expect("GET", PATH, ok(old(email="a@x")))
    expect_log_in(cloud)
    assert outcome(run_one(cloud, password=PASSWORD, email="a@x")) == (None, "created", True)


def test_a_method_that_a_route_does_not_have_is_refused_for_good(cloud: ScriptedCloud) -> None:
    """405 and nothing else, of a group's display name."""
    running_group.expect_group(cloud, "team")
    cloud.expect("PUT", "/groups/team", Answer(405), form("displayname", "The Team"))
    result = running_group.run(cloud, display_name="The Team")
    assert (code(result), result["failure"]["kind"], result["changed"]) == ("unsupported", "final", False)


def test_a_group_is_not_created_without_its_display_name(cloud: ScriptedCloud) -> None:
    """Release 17 would make it and ignore the name."""
    running_group.expect_group(cloud)
    cloud.expect("GET", "/capabilities", release(17))
    result = running_group.run(cloud, display_name="The Team")
    assert (code(result), result["changed"]) == ("unsupported", False)


def test_a_display_name_that_creation_ignores_is_set_afterwards(cloud: ScriptedCloud) -> None:
    """Where a group can have one at all."""
    running_group.expect_group(cloud)
    cloud.expect("GET", "/capabilities", release(18))
    cloud.expect("POST", "/groups", ok(), [("groupid", "team"), ("displayname", "The Team")])
    running_group.expect_group(cloud, "team")
    cloud.expect("PUT", "/groups/team", ok(), form("displayname", "The Team"))
    running_group.expect_group(cloud, running_group.shown("team", "The Team"))
    result = running_group.run(cloud, display_name="The Team")
    assert (code(result), result["changed"], result["group"]["display_name"]) == (None, True, "The Team")


# 401


def test_a_wrong_password_ends_the_task_at_once(cloud: ScriptedCloud) -> None:
    """One request, however many accounts."""
    cloud.expect("GET", PATH, no(401, 997, "Current user is not logged in"))
    result = run(cloud, {"state": "absent"}, {"name": "b", "state": "absent"})
    assert [code(account) for account in result["accounts"]] == ["wrong_credentials"] * 2
    assert "Current user is not logged in" in result["accounts"][0]["failure"]["message"]


def test_a_password_that_has_to_be_confirmed_again(cloud: ScriptedCloud) -> None:
    """The session is renewed and the call repeated once, as after the 403 of current releases."""
    cloud.expect("GET", PATH, ok(old()), with_cookie=False)
    cloud.expect("PUT", PATH + "/disable", no(401, 997, "Password confirmation is required"), with_cookie=True)
    cloud.expect("PUT", PATH + "/disable", ok(), with_cookie=False)
    cloud.expect("GET", PATH, ok(old(enabled=False)))
    assert outcome(run_one(cloud, state="disabled")) == (None, "updated", True)


def test_a_group_administrator_may_not_write(cloud: ScriptedCloud) -> None:
    """The probe tells it, and does not call the log-in wrong."""
    running_probe.expect_start(cloud, old(ADMIN, subadmin=["g"]))
    for _time in range(2):
        cloud.expect("POST", "/groups", no(401, 997, "Logged in user must be an admin"), [("groupid", "")])
    result = running_probe.run(cloud)
    assert (code(result), result["may_write"]) == ("write_not_permitted", False)


@pytest.mark.parametrize("answer", [NOTHING_SAID, no(404, 998)], ids=["17", "31"])
@pytest.mark.parametrize("state", ["absent", "disabled", "present"])
def test_an_account_out_of_reach_is_not_missing(cloud: ScriptedCloud, answer: Answer, state: str) -> None:
    """Somebody took the acting account's rights: no account may pass for deleted, and nothing more is asked."""
    cloud.expect("GET", PATH, answer)
    wishes = [{"state": state, "password": PASSWORD}, {"name": "b", "state": "exists"}]
    assert [code(account) for account in run(cloud, *wishes)["accounts"]] == ["write_not_permitted"] * 2


def test_an_edit_of_an_account_that_is_gone(cloud: ScriptedCloud) -> None:
    """One more reading tells it; the next account is edited."""
    cloud.expect("GET", PATH, ok(old(quota=1)))
    cloud.expect("GET", "/users/b", ok(old("b", quota=1)))
    cloud.expect("PUT", PATH, NOTHING_SAID, form("quota", "none"))
    cloud.expect("GET", PATH, missing())
    cloud.expect("PUT", "/users/b", ok(), form("quota", "none"))
    cloud.expect("GET", "/users/b", ok(old("b")))
    result = run(cloud, {"quota": "none"}, {"name": "b", "quota": "none"})
    assert [code(account) for account in result["accounts"]] == ["account_missing", None]


def test_a_field_that_is_not_to_be_set(cloud: ScriptedCloud) -> None:
    """The account is there, so it is the field; the failure names it."""
    cloud.expect("GET", PATH, ok(old(backendCapabilities={"setDisplayName": True})))
    cloud.expect("PUT", PATH, NOTHING_SAID, form("displayname", "Anna"))
    cloud.expect("GET", PATH, ok(old()))
    result = run_one(cloud, display_name="Anna")
    assert outcome(result) == ("invalid_value", "none", False)
    assert "display_name" in result["failure"]["message"]


@pytest.mark.parametrize("state", ["present", "disabled"])
def test_an_account_that_is_gone_when_it_is_enabled_or_disabled(cloud: ScriptedCloud, state: str) -> None:
    """Code 101, without a word."""
    cloud.expect("GET", PATH, ok(old(enabled=state == "disabled")))
    cloud.expect("PUT", PATH + ("/enable" if state == "present" else "/disable"), no(400, 101))
    assert outcome(run_one(cloud, state=state)) == ("account_missing", "none", False)


def test_an_account_that_went_before_its_deletion(cloud: ScriptedCloud) -> None:
    """The same code as a refusal; a reading tells them apart."""
    cloud.expect("GET", PATH, ok(old()))
    cloud.expect("DELETE", PATH, no(400, 101))
    cloud.expect("GET", PATH, missing())
    cloud.expect("GET", PATH, missing())
    assert outcome(run_one(cloud, state="absent")) == (None, "deleted", True)


# creation

FORM = [("userid", "user_12"), ("password", PASSWORD)]


def test_a_language_that_is_refused_is_no_name_taken(cloud: ScriptedCloud) -> None:
    """Code 102 for both. The account was made, and is removed since it cannot be completed."""
    cloud.expect("GET", PATH, missing())
    cloud.expect("POST", "/users", no(400, 102, "Invalid language"), [*FORM, ("email", "a@x"), ("language", "xx")])
    cloud.expect("GET", PATH, ok(old()))
    expect_log_in(cloud)
    cloud.expect("PUT", PATH, ok(), form("email", "a@x"))
    cloud.expect("PUT", PATH, no(400, 102, "Invalid language"), form("language", "xx"))
    cloud.expect("GET", PATH, ok(old(email="a@x")))
    cloud.expect("DELETE", PATH, ok())
    cloud.expect("GET", PATH, missing())
    result = run_one(cloud, password=PASSWORD, email="a@x", language="xx")
    assert outcome(result) == ("invalid_value", "none", False)
    assert "Invalid language" in result["failure"]["message"]


@pytest.mark.parametrize(
    ("answer", "option", "sent", "expected"),
    [
        (no(400, 102, "Subadmin group does not exist"), "group_admin_of", ("subadmin[]", "g"), "group_missing"),
        (no(400, 103, "Invalid quota value 5"), "quota", ("quota", "5"), "invalid_value"),
        (no(400, 102, "Unlimited quota is forbidden on this instance"), "quota", ("quota", "5"), "invalid_value"),
    ],
)
def test_other_refusals_that_are_no_name_taken(
    cloud: ScriptedCloud, answer: Answer, option: str, sent: tuple[str, str], expected: str
) -> None:
    """And nothing was made."""
    cloud.expect("GET", PATH, missing())
    cloud.expect("POST", "/users", answer, [*FORM, sent])
    cloud.expect("GET", PATH, missing())
    wish: dict[str, t.Any] = {option: [sent[1]] if option == "group_admin_of" else sent[1]}
    assert outcome(run_one(cloud, password=PASSWORD, **wish)) == (expected, "none", False)


def test_an_invitation_that_could_not_be_sent_leaves_no_account(cloud: ScriptedCloud) -> None:
    """Old releases refuse after the address was set; the account would be open for nobody."""
    cloud.expect("GET", PATH, missing())
    cloud.expect("GET", MAIL, ok({"data": ""}))
    answer = no(400, 109, "Unable to send the invitation mail")
    cloud.expect("POST", "/users", answer, [("userid", "user_12"), ("email", "a@x")])
    cloud.expect("GET", PATH, ok(old(email="a@x")))
    cloud.expect("DELETE", PATH, ok())
    cloud.expect("GET", PATH, missing())
    result = run_one(cloud, invite=True, email="a@x")
    assert outcome(result) == ("refused", "none", False)
    assert "Unable to send" in result["failure"]["message"]


def test_a_setting_that_means_nothing_forbids_no_invitation(cloud: ScriptedCloud) -> None:
    """Release 17 writes to new accounts whatever newUser.sendEmail says."""
    cloud.expect("GET", PATH, missing())
    cloud.expect("GET", MAIL, ok({"data": "no"}))
    cloud.expect("GET", "/capabilities", release(17))
    cloud.expect("POST", "/users", ok(), [("userid", "user_12"), ("email", "a@x")])
    cloud.expect("GET", PATH, ok(old(email="a@x")))
    result = run_one(cloud, invite=True, email="a@x")
    assert outcome(result) == (None, "created", True)
    assert any("does not tell whether it sends mail" in warning for warning in result["warnings"])


# edits


@pytest.mark.parametrize(
    ("field", "value", "answer", "expected"),
    [
        ("quota", "5", no(400, 103, "Invalid quota value 5"), "invalid_value"),
        ("quota", "5", no(400, 102, "Invalid quota value. 5 is exceeding the maximum quota"), "invalid_value"),
        ("email", "a@x", no(400, 102), "invalid_value"),
        ("language", "xx", no(400, 102, "Invalid language"), "invalid_value"),
        ("display_name", "Anna", no(400, 103), "invalid_value"),
    ],
)
def test_refused_edits(cloud: ScriptedCloud, field: str, value: str, answer: Answer, expected: str) -> None:
    """Codes up to release 27."""
    cloud.expect("GET", PATH, ok(old(quota=1)))
    cloud.expect("PUT", PATH, answer, form(field.replace("_", ""), value))
    if field == "quota":
        cloud.expect("GET", LIMITS + "max_quota", ok({"data": ""}))
    wish: dict[str, t.Any] = {field: value}
    assert outcome(run_one(cloud, **wish)) == (expected, "none", False)


def test_a_weak_password(cloud: ScriptedCloud) -> None:
    """Code 103, up to release 27."""
    cloud.expect("GET", PATH, ok(old()))
    cloud.expect("GET", "/user", no(401, 997, "Current user is not logged in"), user=("user_12", PASSWORD))
    answer = no(400, 103, "Password needs to be at least 8 characters long")
    cloud.expect("PUT", PATH, answer, form("password", PASSWORD))
    assert code(run_one(cloud, password=PASSWORD, update_password="always")) == "password_refused"


def test_a_display_name_that_is_too_long_costs_no_request(cloud: ScriptedCloud) -> None:
    """Release 17 breaks on it, 31 refuses it; 64 characters are fine for both."""
    assert code(run_one(cloud, display_name="L" * 65)) == "invalid_value"
    cloud.expect("GET", PATH, ok(record("user_12", displayname="Ж" * 64)))
    assert code(run_one(cloud, display_name="Ж" * 64)) is None


@pytest.mark.parametrize("there", [True, False])
def test_a_manager_is_refused_before_any_change(cloud: ScriptedCloud, there: bool) -> None:
    """Records without that field show it, the manager's at the latest; the next account costs no request at all."""
    cloud.expect("GET", PATH, ok(old(quota=1)) if there else missing())
    cloud.expect("GET", "/users/boss", ok(old("boss")))
    wish = {"password": PASSWORD, "quota": "none", "manager": "boss"}
    result = run(cloud, wish, {**wish, "name": "b"})
    assert [code(account) for account in result["accounts"]] == ["unsupported"] * 2
    assert (result["changed"], result["accounts"][0]["failure"]["kind"]) == (False, "final")


def test_no_manager_is_what_such_a_release_has(cloud: ScriptedCloud) -> None:
    """An empty one is right already."""
    cloud.expect("GET", PATH, ok(old()))
    assert outcome(run_one(cloud, manager="")) == (None, "none", False)


# the acting account, and the instance


def test_a_plain_account_that_acts(cloud: ScriptedCloud) -> None:
    """It is not told whether it is enabled, which it is."""
    account = old(ADMIN)
    del account["enabled"]
    running_probe.expect_start(cloud, account)
    result = running_probe.run(cloud, write_proof=False)
    assert (code(result), result["acting_account"]["name"]) == (None, ADMIN)


@pytest.mark.parametrize("wish", [{"maximum": "5 GB"}, {"allow_unlimited": False}])
@pytest.mark.parametrize("check_mode", [False, True])
def test_limits_of_an_instance_that_knows_none(cloud: ScriptedCloud, wish: dict[str, t.Any], check_mode: bool) -> None:
    """It would keep the settings and heed none of them."""
    cloud.expect("GET", "/capabilities", release(22))
    result = running_quota.run(cloud, check_mode, **wish)
    assert (code(result), result["changed"]) == ("unsupported", False)


def test_no_limits_are_what_such_an_instance_has(cloud: ScriptedCloud) -> None:
    """Nothing is asked or written."""
    running_quota.expect_instance(cloud)
    result = running_quota.run(cloud, maximum="none", allow_unlimited=True)
    assert (code(result), result["changed"]) == (None, False)


@pytest.mark.parametrize("major", [17, 23])
def test_limits_that_a_probe_tells(cloud: ScriptedCloud, major: int) -> None:
    """Unknown where there are none."""
    cloud.expect("GET", "/status.php", running_probe.status())
    cloud.expect("GET", "/capabilities", release(major))
    cloud.expect("GET", "/user", ok(old(ADMIN, groups=["admin"])))
    running_quota.expect_instance(cloud, default="5 GB", maximum="7")
    for key in ("requireEmail", "sendEmail"):
        cloud.expect("GET", MAIL.replace("sendEmail", key), ok({"data": ""}))
    result = running_probe.run(cloud, write_proof=False, read_space=False)
    assert result["limits"]["quota_default"] == 5 * 1024**3
    known = ("unknown", None) if major == 17 else (7, True)
    assert (result["limits"]["quota_maximum"], result["limits"]["quota_allow_unlimited"]) == known
