# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task on many accounts of a LibreGraph cloud: its two lists instead of two requests for each."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from unittest.mock import patch

import pytest
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph import lists
from ansible_collections.bill.nextcloud.tests.unit import running
from ansible_collections.bill.nextcloud.tests.unit.running import code, outcome
from ansible_collections.bill.nextcloud.tests.unit.scripted import Answer, ScriptedCloud
from ansible_collections.bill.nextcloud.tests.unit.test_libregraph_answers import (
    EXPAND,
    ME,
    USERS,
    drive,
    no,
    record,
    said,
)

ADMIN_ROLE = {"appRoleId": "71881883-1768-46bd-a24d-a356a2afdf7f"}
INSIDE = {"$expand": "memberOf,appRoleAssignments"}
QUOTA = 1024**3
NAMES = [f"user_{number}" for number in range(50)]


def shown(name: str, **fields: t.Any) -> dict[str, t.Any]:
    """A record of the list."""
    return record(**{"id": f"id-{name}", "onPremisesSamAccountName": name, **fields})


def expect_lists(cloud: ScriptedCloud, accounts: t.Iterable[dict[str, t.Any]], **quotas: int) -> None:
    """Expect the lists. quotas: those that are others than 1 GiB."""
    accounts = list(accounts)
    drives = [
        {
            **drive(total=quotas.get(account["onPremisesSamAccountName"], QUOTA)),
            "owner": {"user": {"id": account["id"]}},
        }
        for account in accounts
    ]
    cloud.expect("GET", USERS, said({"value": accounts}), query=INSIDE)
    cloud.expect("GET", "/graph/v1.0/drives", said({"value": drives}), query={"$filter": "driveType eq 'personal'"})


def expect_acting(cloud: ScriptedCloud, **fields: t.Any) -> None:
    """Expect the question who is acting."""
    cloud.expect("GET", ME, said(record(**{"id": "me", "onPremisesSamAccountName": "root", **fields})), query=INSIDE)


def expect_read(cloud: ScriptedCloud, name: str, **fields: t.Any) -> None:
    """Expect that an account is read for itself."""
    own = {**drive(total=QUOTA), "id": f"drive-{name}"}
    cloud.expect("GET", f"{USERS}/{name}", said(shown(name, **{"drive": own, **fields})), query=EXPAND)


def run(cloud: ScriptedCloud, **wish: t.Any) -> list[dict[str, t.Any]]:
    """Run a task for the accounts."""
    accounts = [{"name": name, "state": "exists", "quota": "1 GiB", **wish} for name in NAMES]
    result = running.run(cloud, *accounts, dialect="libregraph", check_mode=True)
    return t.cast("list[dict[str, t.Any]]", result["accounts"])


def outcomes(accounts: t.Iterable[dict[str, t.Any]]) -> set[tuple[str | None, str, bool]]:
    """The outcomes that accounts have."""
    return {outcome(account) for account in accounts}


def test_accounts_that_are_as_wished_cost_no_request_of_their_own(cloud: ScriptedCloud) -> None:
    """Two lists, and who is acting. A language, which nobody else can set, is no difference."""
    expect_lists(cloud, [shown("other"), *map(shown, NAMES)])
    expect_acting(cloud)
    accounts = run(cloud, email="user@example.org", language="de")
    assert outcomes(accounts) == {(None, "none", False)}
    assert {account["account"]["quota"] for account in accounts} == {QUOTA}


def test_what_a_list_cannot_show_is_read_for_itself(cloud: ScriptedCloud) -> None:
    """Another quota, an administrator, one that is not said to be enabled, another notation, the acting account, and
    one that is not listed."""
    different: dict[str, dict[str, t.Any]] = {
        "user_1": {"appRoleAssignments": [ADMIN_ROLE]},
        "user_2": {"accountEnabled": None},
        "user_3": {"onPremisesSamAccountName": "USER_3"},
    }
    expect_lists(cloud, (shown(name, **different.get(name, {})) for name in NAMES[:-1]), user_0=5)
    expect_read(cloud, "user_0")
    expect_acting(cloud, id="id-user_4", onPremisesSamAccountName="user_4")
    for name in ("user_1", "user_2", "user_3", "user_4", "user_49"):
        expect_read(cloud, name, **({} if name == "user_2" else different.get(name, {})))
    accounts = run(cloud)
    failures = {account["name"]: code(account) for account in accounts if code(account)}
    assert failures == {"user_1": "protected_account", "user_3": "account_conflict", "user_4": "protected_account"}
    assert outcome(accounts[0]) == outcome(accounts[2]) == outcome(accounts[49]) == (None, "none", False)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(no(403, "accessDenied", "search term too short"), id="refused"),
        pytest.param(replace(said({"value": [shown(name) for name in NAMES]}), late=2.0), id="takes too long"),
        pytest.param(said({"value": [shown(name, appRoleAssignments=None) for name in NAMES]}), id="lacks roles"),
        pytest.param(said({"value": [{"x": "y" * 300_000}]}), id="is too large"),
    ],
)
def test_accounts_of_which_there_is_no_list_are_read(cloud: ScriptedCloud, answer: Answer) -> None:
    """Nothing is known of how many there are; so the list may take as long as the accounts one by one."""
    cloud.expect("GET", USERS, answer, query=INSIDE)
    for number, name in enumerate(NAMES):
        expect_read(cloud, name)
        if not number:
            expect_acting(cloud)
    with patch.object(lists, "SECONDS_FOR_EACH_NAME", 0.01):
        assert outcomes(run(cloud)) == {(None, "none", False)}


def test_a_refused_log_in_is_not_tried_again(cloud: ScriptedCloud) -> None:
    """It is everybody's failure."""
    cloud.expect("GET", USERS, Answer(401), query=INSIDE)
    assert outcomes(run(cloud)) == {("wrong_credentials", "none", False)}
