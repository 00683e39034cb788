# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts of another backend than the database, as user_ldap brings them, and accounts gone from theirs.

No real server with a directory was at hand: what is tested here was read in Nextcloud 31.0.6 (UsersController,
lib/private/User/Manager.php, apps/user_ldap).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from contract.client import PASSWORD, Client, ocs_code
from standins.cloud.process import StandinCloud


@pytest.fixture(scope="module")
def _started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandinCloud]:
    with StandinCloud(tmp_path_factory.mktemp("cloud"), admin_password="secret-of-admin") as started:
        yield started


@pytest.fixture
def cloud(_started: StandinCloud) -> StandinCloud:
    """A stand-in with an account of a directory, `ldap_1`."""
    _started.reset()
    _started.make_accounts("ldap_1", backend="LDAP", groups=["customers"], password=PASSWORD)
    return _started


@pytest.fixture
def client(cloud: StandinCloud) -> Client:
    """The administrator."""
    return Client(cloud)


def _users(client: Client, path: str) -> Any:
    return client.call("GET", path).json()["ocs"]["data"]["users"]


def _edit(client: Client, name: str, key: str, value: str) -> tuple[int, tuple[int, str]]:
    answer = client.call("PUT", f"users/{name}", {"key": key, "value": value})
    return answer.status_code, ocs_code(answer)


def test_record_says_what_the_backend_can(client: Client) -> None:
    """Its name, and neither display name nor password."""
    record = client.record("ldap_1")
    assert record is not None
    assert record["backend"] == "LDAP"
    assert record["backendCapabilities"] == {"setDisplayName": False, "setPassword": False}
    fields = client.call("GET", "user/fields/ldap_1").json()["ocs"]["data"]
    assert "displayname" not in fields
    assert "email" in fields


def test_display_name_and_password_are_refused(client: Client) -> None:
    """113 for the name, 112 for the password, be it weak or not; a password that is too long is so before that."""
    unsupported = (400, (112, "Setting the password is not supported by the users backend"))
    assert _edit(client, "ldap_1", "displayname", "Anna") == (400, (113, ""))
    assert _edit(client, "ldap_1", "display", "Anna") == (400, (113, ""))
    assert _edit(client, "ldap_1", "password", "Another-good-0-Wombat") == unsupported
    assert _edit(client, "ldap_1", "password", "weak") == unsupported
    assert _edit(client, "ldap_1", "password", "x" * 470) == (400, (101, "Invalid password value"))
    assert client.dav("PROPFIND", "ldap_1").status_code == 207


def test_what_nextcloud_keeps_itself_can_be_changed(client: Client) -> None:
    """Quota, e-mail address, groups, enabled."""
    assert _edit(client, "ldap_1", "quota", "5 GB")[0] == 200
    assert _edit(client, "ldap_1", "email", "anna@example.org")[0] == 200
    assert client.call("DELETE", "users/ldap_1/groups", {"groupid": "customers"}).status_code == 200
    assert client.call("PUT", "users/ldap_1/disable").status_code == 200
    record = client.record("ldap_1")
    assert record is not None
    assert (record["enabled"], record["groups"], record["email"]) == (False, [], "anna@example.org")
    assert record["quota"]["quota"] == 5 * 1024**3


def test_deletion_is_refused(client: Client) -> None:
    """101, and the account and its name stay."""
    answer = client.call("DELETE", "users/ldap_1")
    assert (answer.status_code, ocs_code(answer)) == (400, (101, ""))
    assert client.record("ldap_1") is not None
    assert ocs_code(client.create("LDAP_1"))[0] == 102


def test_capabilities_can_be_given(cloud: StandinCloud, client: Client) -> None:
    """A directory whose passwords may be changed (user_ldap: turnOnPasswordChange)."""
    cloud.make_accounts("ldap_2", backend="LDAP", backend_capabilities={"setPassword": True})
    assert _edit(client, "ldap_2", "password", "weak")[1][0] == 107
    assert _edit(client, "ldap_2", "password", PASSWORD)[0] == 200
    assert _edit(client, "ldap_2", "displayname", "Anna")[1][0] == 113


def test_a_page_holds_up_to_the_limit_of_each_backend(cloud: StandinCloud, client: Client) -> None:
    """So a page can be longer than the limit, and one that is shorter is not the last."""
    cloud.make_accounts("user_{number}", count=4)
    cloud.make_accounts("ldap_{number}", first=2, count=2, backend="LDAP")
    pages = [_users(client, f"users?limit=2&offset={offset}") for offset in (0, 2, 4, 6)]
    assert pages == [["admin", "ldap_1", "ldap_2", "user_1"], ["ldap_3", "user_2", "user_3"], ["user_4"], []]
    assert list(_users(client, "users/details?limit=2")) == pages[0]


def test_disabled_accounts_and_members_are_paged_over_all_backends(cloud: StandinCloud, client: Client) -> None:
    """Nextcloud's own tables hold who is disabled and who is a member of what."""
    cloud.make_accounts("user_{number}", count=2, enabled=False, groups=["customers"])
    cloud.make_accounts("ldap_{number}", first=2, count=2, enabled=False, backend="LDAP", groups=["customers"])
    assert list(_users(client, "users/disabled?limit=3")) == ["ldap_2", "ldap_3", "user_1"]
    assert list(_users(client, "groups/customers/users/details?limit=3&offset=1")) == ["ldap_2", "ldap_3", "user_1"]


def test_an_account_that_is_gone_is_a_bare_id_in_lists(cloud: StandinCloud, client: Client) -> None:
    """Listed, but nothing else finds it; of a group's members it is left out, which makes the page shorter."""
    cloud.make_accounts("ldap_0", backend="LDAP", gone=True, enabled=False, groups=["customers"], password=PASSWORD)
    assert _users(client, "users?search=ldap") == ["ldap_0", "ldap_1"]
    assert _users(client, "users/details?search=ldap")["ldap_0"] == {"id": "ldap_0"}
    assert _users(client, "users/disabled") == {"ldap_0": {"id": "ldap_0"}}
    assert _users(client, "groups/customers/users") == ["ldap_1"]
    assert list(_users(client, "groups/customers/users/details?limit=2")) == ["ldap_1"]
    groups = client.call("GET", "groups/details?search=customers").json()["ocs"]["data"]["groups"]
    assert [(group["usercount"], group["disabled"]) for group in groups] == [(2, 1)]
    answer = client.call("GET", "users/ldap_0")
    assert (answer.status_code, ocs_code(answer)) == (404, (404, "User does not exist"))
    assert ocs_code(client.call("DELETE", "users/ldap_0"))[0] == 998
    assert ocs_code(client.call("PUT", "users/ldap_0/enable"))[0] == 101
    assert client.dav("PROPFIND", "ldap_0").status_code == 401
