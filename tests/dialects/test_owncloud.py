# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's modules on an ownCloud, in what no other product has: see `products.py` for the rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from standins.cloud.process import StandinCloud

from dialects.cloud import PASSWORD, CloudUnderTest
from dialects.test_accounts import forget_requests

_ADMIN_PASSWORD = "Admin-of-the-stand-in-1"


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandinCloud]:
    """One ownCloud for all cases."""
    folder: Path = tmp_path_factory.mktemp("owncloud")
    with StandinCloud(folder, product="owncloud", admin_password=_ADMIN_PASSWORD) as started:
        yield started


@pytest.fixture
def owncloud(standin: StandinCloud) -> CloudUnderTest:
    """It, as new."""
    standin.reset()
    cloud = CloudUnderTest(standin.url, standin.admin_user, _ADMIN_PASSWORD, standin)
    forget_requests(cloud)
    return cloud


def test_group_administrators_that_are_switched_off(owncloud: CloudUnderTest, standin: StandinCloud) -> None:
    """As in ownCloud 11: the account is made, and what it lacks is said with the setting that it takes."""
    standin.set_app_config("system", allow_subadmins="false")
    for action in ("created", "none"):
        result = owncloud.user("anna", password=PASSWORD, group_admin_of=[owncloud.named("one")])
        assert (result["failure"]["code"], result["action"]) == ("unsupported", action)
        assert "allow_subadmins" in result["failure"]["message"]
    assert owncloud.user("anna", group_admin_of_absent=[owncloud.named("one")])["changed"] is False


def test_passwords_that_a_policy_refuses(owncloud: CloudUnderTest, standin: StandinCloud) -> None:
    """The cloud's words are told, nothing is left behind, and the next account is done."""
    standin.set_app_config("password_policy", enabled="yes", spv_min_chars_checked="on")
    names = [owncloud.named("anna"), owncloud.named("berta")]
    accounts = [{"name": names[0], "password": "short"}, {"name": names[1], "password": PASSWORD}]
    results = owncloud.users(*accounts)["accounts"]
    assert [result["action"] for result in results] == ["none", "created"]
    assert "too short" in results[0]["failure"]["detail"]
    change = {"name": names[1], "password": "short", "update_password": "always"}
    results = owncloud.users(change, {"name": names[0], "password": PASSWORD})["accounts"]
    assert (results[0]["failure"]["code"], results[1]["action"]) == ("password_refused", "created")
    assert "too short" in results[0]["failure"]["detail"]
    assert owncloud.logs_in("berta")


def test_many_accounts_take_one_request_each(owncloud: CloudUnderTest, standin: StandinCloud) -> None:
    """Beside the list of names, the list of groups, two requests for each group, and four for the log-in."""
    standin.make_accounts("user_{number:05d}", count=300, groups=["one"], subadmin=["two"])
    forget_requests(owncloud)
    found = owncloud.info()
    assert found["summary"]["total"] == 301
    others = [account for account in found["accounts"] if account["name"] != standin.admin_user]
    assert all(account["groups"] == ["one"] and account["group_admin_of"] == ["two"] for account in others)
    assert len(standin.requests()) == 301 + 2 + 2 * 3 + 4
