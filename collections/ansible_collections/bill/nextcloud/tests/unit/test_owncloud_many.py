# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task on many accounts of an ownCloud: their groups group by group, where that takes less requests."""

from __future__ import annotations

import typing as t

from ansible_collections.bill.nextcloud.tests.unit.running import code, outcome
from ansible_collections.bill.nextcloud.tests.unit.running_owncloud import (
    expect,
    expect_log_in,
    expect_read,
    missing,
    no,
    ok,
    record,
    run,
    unauthorised,
)
from ansible_collections.bill.nextcloud.tests.unit.scripted import ScriptedCloud

NAMES = [f"user_{number}" for number in range(50)]
AS_WISHED = (None, "none", False)


def wishes(**wish: t.Any) -> list[dict[str, t.Any]]:
    """Accounts that should exist, in a group."""
    return [{"name": name, "state": "exists", "groups": ["customers"], **wish} for name in NAMES]


def expect_groups(cloud: ScriptedCloud, **members: t.Sequence[str]) -> None:
    """All groups are asked for, then their members, then their administrators, of whom there is none but in `staff`."""
    expect_log_in(cloud)
    expect(cloud, "GET", "/groups", ok({"groups": list(members)}))
    for group in sorted(members):
        expect(cloud, "GET", f"/groups/{group}", ok({"users": list(members[group])}))
    for group in sorted(members):
        expect(cloud, "GET", f"/groups/{group}/subadmins", ok(["user_7"] if group == "staff" else []))


def test_accounts_that_are_as_wished_cost_one_request_each(cloud: ScriptedCloud) -> None:
    """Instead of three, and two for each group. A language, which no call sets, is no difference."""
    expect_groups(cloud, customers=NAMES, staff=["user_7"])
    for name in NAMES:
        expect(cloud, "GET", f"/users/{name}", ok(record(name)))
    accounts = run(cloud, *wishes(language="de"))
    assert {outcome(account) for account in accounts} == {AS_WISHED}
    shown = accounts[7]["account"]
    assert (shown["groups"], shown["group_admin_of"]) == (["customers", "staff"], ["staff"])


def test_what_differs_is_asked_for_its_own_groups(cloud: ScriptedCloud) -> None:
    """One lacks a group that it has by now, one has another e-mail address, one is an administrator by now."""
    expect_groups(cloud, admin=["user_3"], customers=NAMES[1:])
    for number, name in enumerate(NAMES):
        if number in (0, 2, 3):
            groups = ["admin", "customers"] if number == 3 else ["customers"]
            expect_read(cloud, name, groups, email="a@x" if number == 2 else "b@x")
        else:
            expect(cloud, "GET", f"/users/{name}", ok(record(name, email="b@x")))
    accounts = run(cloud, *wishes(email="b@x"), check_mode=True)
    assert [outcome(account) for account in accounts[:3]] == [AS_WISHED, AS_WISHED, (None, "updated", True)]
    assert code(accounts[3]) == "protected_account"
    assert {outcome(account) for account in accounts[4:]} == {AS_WISHED}


def test_a_missing_account_and_one_in_another_notation(cloud: ScriptedCloud) -> None:
    """Each is seen in its own record."""
    expect_groups(cloud, customers=NAMES)
    expect(cloud, "GET", "/users/user_0", missing())
    expect(cloud, "GET", "/users/user_1", ok(record("USER_1")))
    for name in NAMES[2:]:
        expect(cloud, "GET", f"/users/{name}", ok(record(name)))
    accounts = run(cloud, *wishes())
    assert [code(account) for account in accounts[:3]] == ["account_missing", "account_conflict", None]


def test_many_groups_are_not_listed(cloud: ScriptedCloud) -> None:
    """Nor is any where the members of one cannot be listed, nor where groups are not told at all."""
    for answer in (
        ok({"groups": [f"group_{number}" for number in range(7)]}),
        ok({"groups": ["a/b"]}),
        no(105, "no privilege"),
    ):
        expect_log_in(cloud)
        expect(cloud, "GET", "/groups", answer)
        for name in NAMES:
            expect_read(cloud, name, ["customers"])
        assert {outcome(account) for account in run(cloud, *wishes())} == {AS_WISHED}


def test_a_refused_log_in_is_not_tried_again(cloud: ScriptedCloud) -> None:
    """It is everybody's failure."""
    expect_log_in(cloud, unauthorised("Unauthorised"))
    assert {code(account) for account in run(cloud, *wishes())} == {"wrong_credentials"}
