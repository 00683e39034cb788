# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ownCloud's 401 may mean the log-in, what is permitted, or an account that does not exist; which one is told apart."""

from __future__ import annotations

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.wish import Wish
from ansible_collections.bill.nextcloud.tests.unit.running import NAME, code
from ansible_collections.bill.nextcloud.tests.unit.running_owncloud import (
    expect,
    expect_edit,
    expect_log_in,
    expect_read,
    missing,
    no,
    ok,
    opened,
    run,
    run_one,
    unauthorised,
)
from ansible_collections.bill.nextcloud.tests.unit.scripted import ADMIN, PASSWORD, Answer, ScriptedCloud

OTHERS = [{"name": "anna"}, {"name": "berta"}]


@pytest.mark.parametrize("answer", [unauthorised("Unauthorised"), Answer(401, b"<html>", {})], ids=["cloud", "proxy"])
def test_a_wrong_password_is_found_at_the_first_request(cloud: ScriptedCloud, answer: Answer) -> None:
    """It is the only one, however many accounts there are."""
    expect_log_in(cloud, answer)
    assert [code(account) for account in run(cloud, *OTHERS)] == ["wrong_credentials"] * 2


def test_what_the_cloud_says_of_a_refused_log_in_is_told(cloud: ScriptedCloud) -> None:
    """A disabled account, or one that is blocked after failed log-ins, is not a wrong password."""
    expect_log_in(cloud, unauthorised("User disabled"))
    failure = run_one(cloud)["failure"]
    assert (failure["code"], failure["detail"]) == ("wrong_credentials", 'The cloud says: "User disabled".')


def test_no_write_is_the_first_request(cloud: ScriptedCloud) -> None:
    """Its 401 would tell nothing."""
    expect_log_in(cloud, unauthorised("Unauthorised"))
    with opened(cloud) as backend, pytest.raises(CloudError) as raised:
        backend.accounts.create(Wish(NAME, "present", password=PASSWORD))
    assert raised.value.code == "wrong_credentials"


def test_an_account_that_vanished_before_a_write(cloud: ScriptedCloud) -> None:
    """The 401 concerns this account only; the next one is done."""
    expect_log_in(cloud)
    expect_read(cloud, "anna")
    expect_read(cloud, "berta")
    expect_edit(cloud, "anna", "quota", "1024", unauthorised())
    expect(cloud, "GET", "/users/anna", missing())
    expect_edit(cloud, "berta", "quota", "1024")
    expect_read(cloud, "berta", group_admin_of=None, quota={"definition": "1 KB"})
    results = run(cloud, *({**account, "quota": "1024"} for account in OTHERS))
    assert [code(account) for account in results] == ["account_missing", None]


def test_a_write_that_is_not_permitted(cloud: ScriptedCloud) -> None:
    """The account is there, so the 401 concerns the acting account: nothing else is tried."""
    expect_log_in(cloud)
    expect_read(cloud, "anna")
    expect_read(cloud, "berta")
    expect_edit(cloud, "anna", "quota", "1024", unauthorised())
    expect(cloud, "GET", "/users/anna", ok({}))
    results = run(cloud, *({**account, "quota": "1024"} for account in OTHERS))
    assert [code(account) for account in results] == ["write_not_permitted"] * 2


def test_an_acting_account_without_rights(cloud: ScriptedCloud) -> None:
    """It logs in, and may not read others: that is no wrong password."""
    expect_log_in(cloud)
    expect(cloud, "GET", "/users/anna", unauthorised())
    assert [code(account) for account in run(cloud, *OTHERS)] == ["write_not_permitted"] * 2


def test_the_acting_account_is_protected_under_its_own_name(cloud: ScriptedCloud) -> None:
    """ownCloud takes an e-mail address for the log-in, so only the cloud knows the name."""
    expect_log_in(cloud, name="chief")
    expect_read(cloud, "chief", groups=["staff"])
    assert code(run_one(cloud, name="chief", state="absent")) == "protected_account"


def test_failed_proofs_are_limited(cloud: ScriptedCloud) -> None:
    """Each is a single request; its 401 is not one of the acting account; after five no more are sent."""
    names = [f"user-{number}" for number in range(7)]
    expect_log_in(cloud)
    for number, name in enumerate(names):
        expect_read(cloud, name, email="a@example.org")
        if number < 5:
            expect(cloud, "GET", "/user", unauthorised("Unauthorised"), user=(name, PASSWORD), with_cookie=False)
    wish = {"password": PASSWORD, "email": "a@example.org", "ownership": "proven"}
    results = run(cloud, *({"name": name, **wish} for name in names))
    assert [code(account) for account in results] == ["account_conflict"] * 5 + ["rate_limited"] * 2


def test_a_log_in_as_somebody_else_proves_nothing(cloud: ScriptedCloud) -> None:
    """With an e-mail address as its name, for instance."""
    expect_log_in(cloud)
    expect_read(cloud, NAME)
    expect(cloud, "GET", "/user", ok({"id": "anna"}), user=(NAME, PASSWORD), with_cookie=False)
    assert code(run_one(cloud, password=PASSWORD, ownership="proven")) == "account_conflict"


def test_maintenance(cloud: ScriptedCloud) -> None:
    """Version 1 says it with the HTTP status and the code."""
    expect_log_in(cloud, no(503, "Service unavailable", 503))
    assert [code(account) for account in run(cloud, *OTHERS)] == ["maintenance"] * 2


def test_an_answer_that_does_not_tell_who_is_logged_in(cloud: ScriptedCloud) -> None:
    """Without that the acting account would not be protected."""
    expect_log_in(cloud, ok({"display-name": ADMIN}))
    assert code(run_one(cloud)) == "not_an_answer"
