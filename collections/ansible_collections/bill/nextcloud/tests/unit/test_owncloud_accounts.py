# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making and changing accounts of ownCloud, whose creation takes a password and groups only."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.tests.unit.running import NAME, code, outcome
from ansible_collections.bill.nextcloud.tests.unit.running_owncloud import (
    expect,
    expect_edit,
    expect_log_in,
    expect_read,
    missing,
    no,
    ok,
    run,
    run_one,
)
from ansible_collections.bill.nextcloud.tests.unit.scripted import PASSWORD, Answer, ScriptedCloud, fault

PATH = f"/users/{NAME}"
GB = 1024**3
EMPTY = Answer(200, b"", {"Content-Type": "text/html; charset=UTF-8"})


def expect_creation(cloud: ScriptedCloud, answer: Answer | None = None, *groups: str) -> None:
    """The account does not exist, and is made."""
    expect_log_in(cloud)
    expect(cloud, "GET", PATH, missing())
    form = [("userid", NAME), ("password", PASSWORD), *(("groups[]", group) for group in groups)]
    expect(cloud, "POST", "/users", answer or ok(), form)


def expect_group_admin(cloud: ScriptedCloud, group: str, answer: Answer | None = None) -> None:
    """The account becomes an administrator of a group."""
    expect(cloud, "POST", PATH + "/subadmins", answer or ok(), [("groupid", group)])


def test_creation_takes_a_request_for_each_field(cloud: ScriptedCloud) -> None:
    """The address after all that only a new account gets. What the account administers is asked once it counts."""
    expect_creation(cloud, None, "one")
    expect_read(cloud, NAME, ["one"], group_admin_of=None)
    expect_edit(cloud, NAME, "quota", str(5 * GB))
    expect_edit(cloud, NAME, "displayname", "Anna")
    expect_edit(cloud, NAME, "email", "a@example.org")
    expect_group_admin(cloud, "one")
    quota = {"definition": "5 GB"}
    expect_read(cloud, NAME, ["one"], ["one"], quota=quota, email="a@example.org", displayname="Anna")
    result = run_one(
        cloud,
        password=PASSWORD,
        display_name="Anna",
        email="a@example.org",
        language="de",
        quota="5 GB",
        groups=["one"],
        group_admin_of=["one"],
    )
    assert outcome(result) == (None, "created", True)
    assert result["warnings"] == ["ownCloud has nothing for language, which is left alone"]


def test_an_address_that_is_refused_takes_the_account_back(cloud: ScriptedCloud) -> None:
    """The account was made a moment ago, and nobody would know whose it is."""
    expect_creation(cloud)
    expect_read(cloud, NAME, group_admin_of=None)
    expect_edit(cloud, NAME, "quota", str(5 * GB))
    expect_edit(cloud, NAME, "email", "a@localhost", no(102))
    expect_read(cloud, NAME, group_admin_of=None, quota={"definition": "5 GB"})
    expect(cloud, "DELETE", PATH, ok())
    expect(cloud, "GET", PATH, missing())
    result = run_one(cloud, password=PASSWORD, email="a@localhost", quota="5 GB")
    assert outcome(result) == ("invalid_value", "none", False)
    assert "email 'a@localhost'" in result["failure"]["message"]


def test_group_administrators_that_are_switched_off(cloud: ScriptedCloud) -> None:
    """As ownCloud 11 has them: the setting is named, and the account stays."""
    words = "The group admin (subadmin) feature has been disabled by the administrator"
    expect_creation(cloud)
    expect_read(cloud, NAME, group_admin_of=None)
    expect_group_admin(cloud, "one", no(103, words))
    result = run_one(cloud, password=PASSWORD, group_admin_of=["one"])
    assert outcome(result) == ("unsupported", "created", True)
    assert "'allow_subadmins' => true" in result["failure"]["message"]
    assert words in result["failure"]["message"]


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (no(101, "The password is too short."), "invalid_value"),
        (no(104, "group one does not exist"), "group_missing"),
        (no(105, "insufficient privileges for group one"), "write_not_permitted"),
        (no(106, "no group specified (required for subadmins)"), "write_not_permitted"),
    ],
)
def test_a_creation_that_is_refused(cloud: ScriptedCloud, refusal: Answer, expected: str) -> None:
    """The account is looked at only where the refusal is its own."""
    expect_creation(cloud, refusal)
    if expected != "write_not_permitted":
        expect(cloud, "GET", PATH, missing())
    result = run_one(cloud, password=PASSWORD)
    assert outcome(result) == (expected, "none", False)
    assert result["failure"]["ocs_code"] in (101, 104, 105, 106)


def test_a_creation_without_an_answer(cloud: ScriptedCloud) -> None:
    """It may have been made: proven by its password it is ours, and gets what it lacks, create_only or not."""
    expect_creation(cloud, EMPTY)
    expect_read(cloud, NAME)
    expect(cloud, "GET", "/user", ok({"id": NAME}), user=(NAME, PASSWORD), with_cookie=False)
    expect_edit(cloud, NAME, "displayname", "Anna")
    expect_edit(cloud, NAME, "email", "a@example.org")
    expect_read(cloud, NAME, group_admin_of=None, email="a@example.org", displayname="Anna")
    wish: dict[str, t.Any] = {
        "email": "a@example.org",
        "display_name": "Anna",
        "create_only": ["email", "display_name"],
    }
    assert outcome(run_one(cloud, password=PASSWORD, **wish)) == (None, "created", True)


@pytest.mark.parametrize("refusal", [None, no(102, "User already exists")])
def test_an_account_without_its_address_is_finished(cloud: ScriptedCloud, refusal: Answer | None) -> None:
    """A killed run has left it, before this one or at the same moment; its password proves it."""
    if refusal is None:
        expect_log_in(cloud)
    else:
        expect_creation(cloud, refusal)
    expect_read(cloud, NAME)
    expect(cloud, "GET", "/user", ok({"id": NAME}), user=(NAME, PASSWORD), with_cookie=False)
    expect_edit(cloud, NAME, "email", "a@example.org")
    expect_read(cloud, NAME, group_admin_of=None, email="a@example.org")
    wish: dict[str, t.Any] = {"email": "a@example.org", "create_only": ["email"], "ownership": "proven"}
    assert outcome(run_one(cloud, password=PASSWORD, **wish)) == (
        None,
        "updated" if refusal is None else "created",
        True,
    )


def test_a_password_that_is_refused(cloud: ScriptedCloud) -> None:
    """Its code is 403, and elsewhere that would say that nothing may be written: here the next account is done."""
    expect_log_in(cloud)
    wish = {"password": PASSWORD, "update_password": "always", "state": "disabled"}
    for name in ("anna", "berta"):
        expect_read(cloud, name, enabled="false")
    expect_edit(cloud, "anna", "password", PASSWORD, no(403, "The password is too short."))
    expect_edit(cloud, "berta", "password", PASSWORD)
    expect_read(cloud, "berta", group_admin_of=None, enabled="false")
    results = run(cloud, {"name": "anna", **wish}, {"name": "berta", **wish})
    assert [code(account) for account in results] == ["password_refused", None]
    assert results[0]["failure"]["detail"] == 'The cloud says: "The password is too short.".'


def test_a_long_display_name(cloud: ScriptedCloud) -> None:
    """ownCloud would answer with nothing at all; so it is refused before any request, in check mode as well."""
    assert code(run_one(cloud, display_name="x" * 65)) == "invalid_value"
    assert code(run_one(cloud, check_mode=True, display_name="x" * 65)) == "invalid_value"


@pytest.mark.parametrize(("after", "expected"), [("1 KB", None), ("2 KB", "not_an_answer")])
def test_an_empty_answer_to_a_change(cloud: ScriptedCloud, after: str, expected: str | None) -> None:
    """It is no success: the account tells."""
    expect_log_in(cloud)
    expect_read(cloud, NAME, quota={"definition": "2 KB"})
    expect_edit(cloud, NAME, "quota", "1024", EMPTY)
    expect_read(cloud, NAME, group_admin_of=None, quota={"definition": after})
    result = run_one(cloud, quota="1024")
    assert outcome(result) == (expected, "updated", True)
    assert expected is None or result["failure"]["outcome_unknown"]


@pytest.mark.parametrize(
    ("own_code", "expected"),
    [(101, "invalid_value"), (102, "group_missing"), (103, "account_missing"), (104, "write_not_permitted")],
)
def test_a_membership_that_is_refused(cloud: ScriptedCloud, own_code: int, expected: str) -> None:
    """Since 10.16 a group administrator gets 104."""
    expect_log_in(cloud)
    expect_read(cloud, NAME)
    expect(cloud, "POST", PATH + "/groups", no(own_code), [("groupid", "one")])
    assert outcome(run_one(cloud, groups=["one"])) == (expected, "none", False)


@pytest.mark.parametrize(
    ("last", "expected"),
    [(missing(), (None, "deleted", True)), (ok({}), ("backend_refused", "none", False))],
)
def test_a_deletion_that_is_refused(cloud: ScriptedCloud, last: Answer, expected: t.Any) -> None:
    """The code is the same for an account that is gone already, and for one that its backend keeps."""
    expect_log_in(cloud)
    expect_read(cloud, NAME)
    expect(cloud, "DELETE", PATH, no(101))
    expect(cloud, "GET", PATH, last)
    if last.body == missing().body:
        expect(cloud, "GET", PATH, missing())  # read back
    assert outcome(run_one(cloud, state="absent")) == expected


@pytest.mark.parametrize("own_code", [101, 102])
def test_rights_over_a_group_that_are_gone(cloud: ScriptedCloud, own_code: int) -> None:
    """That is what was wished; the account is asked again whom it administers."""
    expect_log_in(cloud)
    expect_read(cloud, NAME, [], ["one"])
    expect(cloud, "DELETE", PATH + "/subadmins", no(own_code), query={"groupid": "one"})
    expect_read(cloud, NAME)
    assert outcome(run_one(cloud, group_admin_of_absent=["one"])) == (None, "updated", True)


def test_a_cut_connection_while_rights_are_given(cloud: ScriptedCloud) -> None:
    """What was known of the rights counts no more."""
    expect_log_in(cloud)
    expect_read(cloud, NAME)
    expect_group_admin(cloud, "one", fault("cut"))
    expect_read(cloud, NAME, [], ["one"])
    assert outcome(run_one(cloud, group_admin_of=["one"])) == (None, "updated", True)


@pytest.mark.parametrize("option", [{"invite": True, "email": "a@example.org"}, {"manager": "berta"}])
def test_what_owncloud_has_nothing_for(cloud: ScriptedCloud, option: dict[str, t.Any]) -> None:
    """Asking for it is an error, before any request; nothing keeps such an account from being deleted."""
    assert code(run_one(cloud, **option)) == "unsupported"
    expect_log_in(cloud)
    expect(cloud, "GET", PATH, missing())
    assert outcome(run_one(cloud, state="absent", **option)) == (None, "none", False)
