# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read of an account of ownCloud."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils import quota as quotas
from ansible_collections.bill.nextcloud.plugins.module_utils.quota import Quota
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud.record import quota_of
from ansible_collections.bill.nextcloud.tests.unit.running import NAME, code
from ansible_collections.bill.nextcloud.tests.unit.running_owncloud import (
    expect,
    expect_log_in,
    expect_read,
    missing,
    ok,
    opened,
    record,
    run_one,
)
from ansible_collections.bill.nextcloud.tests.unit.scripted import ScriptedCloud
from hypothesis import given
from hypothesis import strategies as st

GB = 1024**3
DISK = {"free": 74770477056, "used": 4689579, "total": 74775166635, "relative": 0.01}


def test_an_account_is_read(cloud: ScriptedCloud) -> None:
    """Texts become values, and its groups come from two further answers."""
    used = {"free": 3216535893, "used": 4689579, "total": 3 * GB, "relative": 0.15, "definition": "3 GB"}
    expect_log_in(cloud)
    expect_read(
        cloud,
        NAME,
        ["b", 2024, "a"],
        ["b"],
        enabled="false",
        email="",
        quota=used,
        last_login=1795423073,
    )
    with opened(cloud) as backend:
        account = backend.accounts.look_up(NAME)
    assert account is not None
    assert account.shown() == {
        "name": NAME,
        "enabled": False,
        "quota": 3 * GB,
        "used": 4689579,
        "groups": ["2024", "a", "b"],
        "email": None,
        "display_name": NAME,
        "language": "en",
        "group_admin_of": ["b"],
        "manager": None,
        "backend": None,
        "last_login": "2026-11-23T08:37:53Z",
        "administrator": False,
    }


def test_nothing_is_known_of_the_use_before_the_first_log_in(cloud: ScriptedCloud) -> None:
    """It is not zero."""
    expect_log_in(cloud)
    expect_read(cloud, NAME)
    with opened(cloud) as backend:
        account = backend.accounts.look_up(NAME)
    assert account is not None
    assert (account.used, account.quota, account.last_login) == (None, None, None)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ({"definition": "5 GB"}, Quota(5 * GB)),
        ({"definition": "1.1 GB"}, Quota(1181116006)),
        ({"definition": "0 B"}, Quota(0)),
        ({"definition": "none", **DISK}, Quota(None)),
        ({"definition": "default", "free": GB, "used": 4 * GB, "total": 5 * GB}, Quota(5 * GB)),
        ({"definition": "default", **DISK}, None),  # the size of the disk
        ({"definition": "default", "free": 0, "used": 4689579, "total": 4689579}, None),  # what is used
        ({"definition": "default", "free": -2, "used": 1, "total": -2}, None),
        ({"definition": "default"}, None),
        ({"definition": " B"}, None),  # what ownCloud makes of -1
        ({"total": 5 * GB}, None),
        ({}, None),
    ],
)
def test_a_quota_is_read(shown: dict[str, t.Any], expected: Quota | None) -> None:
    """By its definition, and never as zero when it is not known."""
    assert quota_of(shown) == expected


@given(st.integers(min_value=0, max_value=2**59))
def test_a_quota_that_was_set_is_right(size: int) -> None:
    """Whatever was sent: ownCloud shows the text that it rounds to."""
    assert quotas.same(Quota(size), quota_of({"definition": quotas.stored_text(size)}))


@pytest.mark.parametrize(
    ("home", "listed", "outcome"),
    [
        ("/data/anna", None, None),
        ("/data/Anna", None, "account_conflict"),
        ("/ldap/e5b1-42", ["anna", "annabel"], None),
        ("/ldap/e5b1-42", ["Anna", "annabel"], "account_conflict"),
        (None, ["anna"], None),
        ("/ldap/e5b1-42", [], None),  # a search that is too short finds nothing
    ],
)
def test_another_notation_of_a_name(
    cloud: ScriptedCloud, home: str | None, listed: list[str] | None, outcome: str | None
) -> None:
    """The look-up ignores case, and the record does not hold the name: the home does, or else the list is asked."""
    expect_log_in(cloud)
    expect(cloud, "GET", "/users/anna", ok(record("anna", home=home)))
    if listed is not None:
        expect(cloud, "GET", "/users", ok({"users": listed}), query={"search": "anna"})
    if outcome is None:
        expect(cloud, "GET", "/users/anna/groups", ok({"groups": []}))
        expect(cloud, "GET", "/users/anna/subadmins", ok([]))
    assert code(run_one(cloud, name="anna", state="exists")) == outcome


def test_an_account_that_vanishes_while_it_is_read(cloud: ScriptedCloud) -> None:
    """There is none then."""
    expect_log_in(cloud)
    expect(cloud, "GET", f"/users/{NAME}", ok(record(NAME)))
    expect(cloud, "GET", f"/users/{NAME}/groups", missing())
    assert code(run_one(cloud, state="exists")) == "account_missing"


@pytest.mark.parametrize("answer", [[], {"displayname": "x"}, {**record(NAME), "enabled": "perhaps"}])
def test_what_is_no_record(cloud: ScriptedCloud, answer: t.Any) -> None:
    """Without knowing whether it is enabled nothing is done to an account."""
    expect_log_in(cloud)
    expect(cloud, "GET", f"/users/{NAME}", ok(answer))
    if not isinstance(answer, dict) or "home" not in answer:
        expect(cloud, "GET", "/users", ok({"users": [NAME]}), query={"search": NAME})
    expect(cloud, "GET", f"/users/{NAME}/groups", ok({"groups": []}))
    expect(cloud, "GET", f"/users/{NAME}/subadmins", ok([]))
    assert code(run_one(cloud, state="disabled")) == "not_an_answer"


@pytest.mark.parametrize("name", ["ab", "index.html", "Avatars"])
def test_names_that_no_account_can_have(cloud: ScriptedCloud, name: str) -> None:
    """They are refused without a request."""
    assert code(run_one(cloud, name=name)) == "invalid_name"
