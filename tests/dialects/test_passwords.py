# SPDX-License-Identifier: GPL-3.0-or-later
"""One table of cases for passwords, and for whose account it is, with every product."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bill.nextcloud.plugins.plugin_utils import ownership

from dialects.cloud import OTHER_PASSWORD, PASSWORD, CloudUnderTest
from dialects.test_accounts import EMAIL, forget_requests, made


def test_a_password_is_left_alone(cloud: CloudUnderTest) -> None:
    """An existing account keeps its own."""
    made(cloud)
    assert cloud.user("anna", password=OTHER_PASSWORD)["changed"] is False
    assert cloud.logs_in("anna", PASSWORD)


def test_a_password_is_changed(cloud: CloudUnderTest) -> None:
    """It is tried first, so the second time nothing is written; check mode says so and writes nothing."""
    made(cloud)
    wish: dict[str, Any] = {"password": OTHER_PASSWORD, "update_password": "always"}
    planned = cloud.user("anna", check_mode=True, **wish)
    assert [change["field"] for change in planned["changes"]] == ["password"]
    assert cloud.writes() == []
    done = cloud.user("anna", **wish)
    assert (done["failure"], done["action"], done.get("warnings")) == (None, "updated", None)
    assert cloud.logs_in("anna", OTHER_PASSWORD)
    assert not cloud.logs_in("anna", PASSWORD)
    forget_requests(cloud)
    assert cloud.user("anna", **wish)["changed"] is False
    assert cloud.writes() == []


def test_the_password_of_a_disabled_account(cloud: CloudUnderTest) -> None:
    """It cannot be tried, so it is set, with a warning."""
    made(cloud, state="disabled")
    result = cloud.user("anna", state="disabled", password=OTHER_PASSWORD, update_password="always")
    assert (result["failure"], result["action"]) == (None, "updated")
    assert len(result["warnings"]) == 2  # that it was not tried, and that nothing shows that it works
    assert not cloud.logs_in("anna", OTHER_PASSWORD)
    assert cloud.user("anna")["changed"] is True
    assert cloud.logs_in("anna", OTHER_PASSWORD)


def test_an_account_of_ours_is_proven(cloud: CloudUnderTest) -> None:
    """By its address and its password."""
    made(cloud, email=EMAIL)
    result = cloud.user("anna", ownership="proven", password=PASSWORD, email=EMAIL, quota="2 GB")
    assert (result["failure"], result["action"]) == (None, "updated")


def test_a_strangers_account_is_not_touched(cloud: CloudUnderTest) -> None:
    """Another password, another address, or a disabled one, which cannot be proven."""
    made(cloud, email=EMAIL)
    made(cloud, "berta", email=EMAIL, state="disabled")
    for name, password, email in (
        ("anna", OTHER_PASSWORD, EMAIL),
        ("anna", PASSWORD, "other@example.org"),
        ("berta", PASSWORD, EMAIL),
    ):
        for state in ("present", "absent"):
            result = cloud.user(name, ownership="proven", password=password, email=email, state=state, quota="2 GB")
            assert (result["failure"]["code"], result["changed"]) == ("account_conflict", False)
    assert cloud.writes() == []


def test_an_account_that_has_to_be_new(cloud: CloudUnderTest) -> None:
    """One that exists is not touched, whatever its password and address are; nobody logs in as it."""
    wish: dict[str, Any] = {"ownership": "new", "password": PASSWORD, "email": EMAIL, "quota": "2 GB"}
    assert cloud.user("anna", check_mode=True, **wish)["action"] == "created"
    result = cloud.user("anna", **wish)
    assert (result["failure"], result["action"]) == (None, "created")
    forget_requests(cloud)
    for given in ({}, {"password": OTHER_PASSWORD}, {"quota": "3 GB"}):
        for check_mode in (True, False):
            again = cloud.user("anna", check_mode=check_mode, **{**wish, **given})
            assert (again["failure"]["code"], again["changed"]) == ("account_conflict", False)
    assert cloud.writes() == []
    assert cloud.user("berta", **wish, create=False)["failure"]["code"] == "invalid_value"
    assert cloud.user("berta", **wish, state="exists")["failure"]["code"] == "invalid_value"


def test_an_account_that_has_to_be_new_and_lacks_its_group(cloud: CloudUnderTest) -> None:
    """Nothing is made then, by whatever request the group is given."""
    result = cloud.user(
        "anna", ownership="new", password=PASSWORD, groups=[cloud.named("nowhere")], create_groups=False
    )
    assert (result["failure"]["code"], result["changed"]) == ("group_missing", False)
    assert cloud.user("anna", state="absent")["changed"] is False


def test_an_account_that_a_killed_run_has_left(cloud: CloudUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the address is set after the creation, the password alone proves it, and it gets all that a new one gets.

    Elsewhere an account without the address is a stranger's, after it was looked at for half a minute.
    """
    monkeypatch.setattr(ownership, "COMPLETION_POLLS", (0.0,))
    assert cloud.user("anna", password=PASSWORD)["failure"] is None
    wish: dict[str, Any] = {"email": EMAIL, "display_name": "Anna Ω", "create_only": ["email", "display_name"]}
    wrong = cloud.user("anna", ownership="proven", password=OTHER_PASSWORD, **wish)
    assert wrong["failure"]["code"] == "account_conflict"
    result = cloud.user("anna", ownership="proven", password=PASSWORD, **wish)
    if cloud.product.address_later is None:
        assert result["failure"]["code"] == "account_conflict"
    else:
        assert (result["failure"], result["account"]["email"]) == (None, EMAIL)
        assert result["account"]["display_name"] == "Anna Ω"


def test_a_wrong_password_of_ours(cloud: CloudUnderTest) -> None:
    """It is found at the first request, and no second one is sent. By occ nobody logs in."""
    if cloud.product.by_occ:
        wrong = cloud.acting_as(cloud.administrator, "no-such-password")
        assert wrong.users({"name": cloud.named("anna"), "state": "absent"})["summary"]["unchanged"] == 1
        assert cloud.refused_log_ins() in (None, 0)
        return
    wrong = cloud.acting_as(cloud.administrator, "no-such-password")
    result = wrong.users({"name": cloud.named("anna"), "state": "absent"}, {"name": cloud.named("berta")})
    assert [account["failure"]["code"] for account in result["accounts"]] == ["wrong_credentials"] * 2
    assert cloud.refused_log_ins() in (None, 1)
