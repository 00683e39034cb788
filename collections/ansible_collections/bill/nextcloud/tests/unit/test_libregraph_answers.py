# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole tasks against a scripted LibreGraph cloud: which requests are sent, and what is made of rare answers."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.bill.nextcloud.tests.unit import running
from ansible_collections.bill.nextcloud.tests.unit.running import code, outcome
from ansible_collections.bill.nextcloud.tests.unit.scripted import (
    PASSWORD,
    Answer,
    ScriptedCloud,
    html,
)

NAME = "user_12"
ID = "7818a0a3-adf3-45d5-b537-46a732dfa68b"
USERS = "/graph/v1.0/users"
USER = f"{USERS}/{ID}"
ME = "/graph/v1.0/me"
EXPAND = {"$expand": "drive,memberOf,appRoleAssignments"}
USER_ROLE = {"appRoleId": "d7beeea8-8ff4-406b-8fb6-ab2dd81e6b11"}
NO_DRIVE = {"name": ""}


def said(value: t.Any, status: int = 200) -> Answer:
    """An answer in JSON."""
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json"})


def no(status: int, name: str, message: str) -> Answer:
    """An error of LibreGraph."""
    return said({"error": {"code": name, "innererror": {"request-id": "x"}, "message": message}}, status)


def record(**fields: t.Any) -> dict[str, t.Any]:
    """The record of an account, as a server shows it that shows addresses."""
    return {
        "accountEnabled": True,
        "displayName": NAME,
        "id": ID,
        "mail": "user@example.org",
        "onPremisesSamAccountName": NAME,
        "userType": "Member",
        "memberOf": [],
        "appRoleAssignments": [USER_ROLE],
        "drive": NO_DRIVE,
        **fields,
    }


def drive(**quota: t.Any) -> dict[str, t.Any]:
    """A personal drive."""
    return {"id": f"420325af${ID}", "driveType": "personal", "quota": quota}


def expect_read(cloud: ScriptedCloud, *, acting: bool = True, **fields: t.Any) -> None:
    """Expect that the account is read; the first time, who is acting as well."""
    cloud.expect("GET", f"{USERS}/{NAME}", said(record(**fields)), query=EXPAND)
    if acting:
        expect_acting(cloud)


def expect_acting(cloud: ScriptedCloud, **fields: t.Any) -> None:
    """Expect the question who is acting."""
    me = record(id="dcbf06fb", onPremisesSamAccountName="root", **fields)
    cloud.expect("GET", ME, said(me), query={"$expand": "memberOf,appRoleAssignments"})


def run(cloud: ScriptedCloud, **account: t.Any) -> dict[str, t.Any]:
    """Run a task for the account."""
    result = running.run(cloud, account, dialect="libregraph")
    return t.cast("dict[str, t.Any]", result["accounts"][0])


def test_what_is_right_is_only_read(cloud: ScriptedCloud) -> None:
    """Two requests, one of them for the task as a whole."""
    expect_read(cloud, drive=drive(total=5 * 1024**3, used=7), memberOf=[{"displayName": "customers"}])
    result = run(cloud, quota="5 GB", email="User@Example.org", groups=["customers"])
    assert outcome(result) == (None, "none", False)
    assert (result["account"]["quota"], result["account"]["used"]) == (5 * 1024**3, 7)


def test_an_address_that_the_record_lacks_is_looked_up(cloud: ScriptedCloud) -> None:
    """A list shows it; other accounts that the search finds do not count."""
    expect_read(cloud, acting=False, mail=None)
    found = [record(id="other", mail="other@example.org"), record(mail="user@example.org")]
    cloud.expect("GET", USERS, said({"value": found}), query={"$search": f'"{NAME}"'})
    expect_acting(cloud)
    assert outcome(run(cloud, email="user@example.org")) == (None, "none", False)


def test_the_quota_of_a_storage_that_fails_is_not_known(cloud: ScriptedCloud) -> None:
    """It is not taken for zero, nor for unlimited."""
    expect_read(cloud, drive=drive())
    result = run(cloud)
    assert (result["account"]["quota"], result["account"]["used"]) == ("unknown", None)


@pytest.mark.parametrize("missing", ["appRoleAssignments", "memberOf", "id"])
def test_an_account_whose_record_lacks_something_is_not_touched(cloud: ScriptedCloud, missing: str) -> None:
    """It could be an administrator's."""
    cloud.expect("GET", f"{USERS}/{NAME}", said(record(**{missing: None})), query=EXPAND)
    assert code(run(cloud, state="absent")) == "not_an_answer"


def test_the_acting_account_is_known_by_its_id(cloud: ScriptedCloud) -> None:
    """A role of the operator's own may let it change accounts, so it need not be an administrator."""
    expect_read(cloud, acting=False)
    cloud.expect("GET", ME, said(record()), query={"$expand": "memberOf,appRoleAssignments"})
    assert code(run(cloud, state="absent")) == "protected_account"


def test_an_id_is_not_taken_for_a_name(cloud: ScriptedCloud) -> None:
    """The cloud would address the account of that id."""
    cloud.expect("GET", f"{USERS}/{ID}", said(record()), query=EXPAND)
    assert code(run(cloud, name=ID, state="absent")) == "account_conflict"


def test_an_answer_without_a_body_is_a_success_where_none_is_due(cloud: ScriptedCloud) -> None:
    """Older servers answer a PATCH so, and nobody has to look what it did; another account of the same name would have
    another id."""
    expect_read(cloud)
    cloud.expect("PATCH", USER, Answer(204), json={"mail": "new@example.org"})
    cloud.expect("PATCH", USER, Answer(204), json={"displayName": "Anna"})
    expect_read(cloud, acting=False, mail="new@example.org", displayName="Anna")
    assert outcome(run(cloud, email="new@example.org", display_name="Anna")) == (None, "updated", True)


@pytest.mark.parametrize(
    ("answer", "failure", "words"),
    [
        (Answer(200), "not_an_answer", "HTTP status 200"),
        (Answer(405), "not_an_answer", "HTTP status 405"),
        (html(502), "server_error", "HTTP status 502"),
        (html(503), "maintenance", ""),
        (Answer(401), "wrong_credentials", ""),
        (Answer(429), "rate_limited", ""),
        (no(403, "accessDenied", "Forbidden"), "write_not_permitted", "Forbidden"),
        (no(405, "notAllowed", "server is configured read-only"), "backend_refused", "another directory"),
        (no(423, "itemIsLocked", "locked"), "server_error", "locked"),
        (no(404, "itemNotFound", "not found"), "account_missing", "not found"),
        (no(400, "invalidRequest", "'x' is not a valid email address"), "invalid_value", "not a valid email"),
        (no(500, "generalException", "grpc error"), "server_error", "grpc error"),
    ],
)
def test_refusals_and_faults(cloud: ScriptedCloud, answer: Answer, failure: str, words: str) -> None:
    """The HTTP status tells, if the body is LibreGraph's; after an unknown outcome the account is read."""
    expect_read(cloud)
    cloud.expect("PATCH", USER, answer, json={"mail": "new@example.org"})
    unknown = failure in ("not_an_answer", "server_error") and answer.status != 423
    if unknown:
        expect_read(cloud, acting=False)
    result = run(cloud, email="new@example.org")
    assert (code(result), result["failure"]["outcome_unknown"]) == (failure, unknown)
    assert words in result["failure"]["message"]


FAULTS_OF_THE_DIRECTORY = ["user search failed", "user lookup failed", "", "too many results searching for group 'x'"]


@pytest.mark.parametrize("message", FAULTS_OF_THE_DIRECTORY)
@pytest.mark.parametrize("state", ["absent", "disabled", "present"])
def test_a_directory_that_fails_is_no_missing_account(cloud: ScriptedCloud, message: str, state: str) -> None:
    """The cloud answers 404 when it cannot search: nothing is known then, so nothing is done."""
    cloud.expect("GET", f"{USERS}/{NAME}", no(404, "itemNotFound", message), query=EXPAND)
    result = run(cloud, state=state, password=PASSWORD)
    assert (outcome(result), result["failure"]["kind"]) == (("server_error", "none", False), "temporary")


@pytest.mark.parametrize("message", FAULTS_OF_THE_DIRECTORY)
def test_a_directory_that_fails_at_a_change(cloud: ScriptedCloud, message: str) -> None:
    """The cloud looks the account up after its change as well, so it is read."""
    expect_read(cloud)
    cloud.expect("PATCH", USER, no(404, "itemNotFound", message), json={"accountEnabled": False})
    expect_read(cloud, acting=False, accountEnabled=False)
    assert outcome(run(cloud, state="disabled")) == (None, "updated", True)


def test_a_quota_that_nextcloud_would_round(cloud: ScriptedCloud) -> None:
    """It is another one here, where quotas are exact."""
    wished, rounded = 1234567890, 1181116006  # 1.1 GB
    expect_read(cloud, drive=drive(total=rounded, used=0))
    path = f"/graph/v1.0/drives/420325af%24{ID}"
    cloud.expect("PATCH", path, said(drive(total=wished)), json={"quota": {"total": wished}})
    expect_read(cloud, acting=False, drive=drive(total=wished, used=0))
    assert outcome(run(cloud, quota=str(wished))) == (None, "updated", True)


def test_a_drive_that_is_gone_is_a_fault(cloud: ScriptedCloud) -> None:
    """It was there a moment ago: the quota is not refused for good, and nothing is known of it."""
    expect_read(cloud, drive=drive(total=1, used=0))
    gone = no(404, "itemNotFound", "drive not found")
    cloud.expect("PATCH", f"/graph/v1.0/drives/420325af%24{ID}", gone, json={"quota": {"total": 2}})
    result = run(cloud, quota="2")
    assert (code(result), result["failure"]["kind"]) == ("server_error", "temporary")


def test_an_account_that_is_not_said_to_be_enabled_may_be_disabled(cloud: ScriptedCloud) -> None:
    """A server that says it of others has failed to find it out."""
    cloud.expect("GET", f"{USERS}/{NAME}", said(record(accountEnabled=None)), query=EXPAND)
    expect_acting(cloud)
    result = run(cloud, state="present")
    assert (outcome(result), result["failure"]["kind"]) == (("not_an_answer", "none", False), "temporary")


def test_a_server_that_cannot_disable(cloud: ScriptedCloud) -> None:
    """It says of nobody whether he is enabled, and answers with an internal error, which is a refusal."""
    cloud.expect("GET", f"{USERS}/{NAME}", said(record(accountEnabled=None)), query=EXPAND)
    expect_acting(cloud, accountEnabled=None)
    message = "accountEnabled option not compatible with backend disable user mechanism"
    cloud.expect("PATCH", USER, no(500, "generalException", message), json={"accountEnabled": False})
    result = run(cloud, state="disabled")
    assert (outcome(result), result["failure"]["outcome_unknown"]) == (("unsupported", "none", False), False)
    assert "OC_LDAP_DISABLE_USER_MECHANISM" in result["failure"]["message"]


def test_a_removed_address(cloud: ScriptedCloud) -> None:
    """The API has no way to remove one."""
    expect_read(cloud)
    assert code(run(cloud, email="")) == "unsupported"


@pytest.mark.parametrize(
    ("message", "failure"),
    [("Invalid username", "invalid_name"), ("password is too weak", "password_refused"), ("bad", "invalid_value")],
)
def test_a_refused_creation(cloud: ScriptedCloud, message: str, failure: str) -> None:
    """All of it is 400; the words tell what it is."""
    missing = no(404, "itemNotFound", "not found")
    cloud.expect("GET", f"{USERS}/{NAME}", missing, query=EXPAND)
    body = {"onPremisesSamAccountName": NAME, "displayName": NAME, "passwordProfile": {"password": PASSWORD}}
    cloud.expect("POST", USERS, no(400, "invalidRequest", message), json=body)
    cloud.expect("GET", f"{USERS}/{NAME}", missing, query=EXPAND)
    assert outcome(run(cloud, password=PASSWORD)) == (failure, "none", False)
