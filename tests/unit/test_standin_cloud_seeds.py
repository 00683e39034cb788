# SPDX-License-Identifier: GPL-3.0-or-later
"""Many accounts made at once in the stand-in cloud, and their pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from contract.client import Client, ocs_code
from standins.cloud.process import StandinCloud

GIB = 1024**3


@pytest.fixture(scope="module")
def _started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandinCloud]:
    with StandinCloud(tmp_path_factory.mktemp("cloud"), admin_password="secret-of-admin") as started:
        yield started


@pytest.fixture
def cloud(_started: StandinCloud) -> StandinCloud:
    """A stand-in as new."""
    _started.reset()
    return _started


@pytest.fixture
def client(cloud: StandinCloud) -> Client:
    """The administrator."""
    return Client(cloud)


def _users(client: Client, path: str) -> Any:
    return client.call("GET", path).json()["ocs"]["data"]["users"]


def test_accounts_are_as_ordered(cloud: StandinCloud, client: Client) -> None:
    """Every field of the order is in the record; missing groups are made."""
    made = cloud.make_accounts(
        "user_{number:03d}",
        first=7,
        count=2,
        display_name="Kunde {number}",
        email="user_{number:03d}@example.org",
        groups=["customers"],
        subadmin=["resellers"],
        quota="5 GB",
        used=GIB,
        enabled=False,
        language="ru",
        manager="boss_{number}",
        last_login=1_700_000_000,
    )
    record = client.record("user_008")
    assert made == 2
    assert record is not None
    wanted = {
        "id": "user_008",
        "displayname": "Kunde 8",
        "email": "user_008@example.org",
        "groups": ["customers"],
        "subadmin": ["resellers"],
        "quota": {"free": 4 * GIB, "used": GIB, "total": 5 * GIB, "relative": 20, "quota": 5 * GIB},
        "enabled": False,
        "language": "ru",
        "manager": "boss_8",
        "lastLogin": 1_700_000_000_000,
        "backend": "Database",
    }
    assert {name: record[name] for name in wanted} == wanted


def test_an_account_with_a_password_logs_in(cloud: StandinCloud, client: Client) -> None:
    """Bytes in use stay what they were: it has been there before."""
    cloud.make_accounts("user_1", password="Known-to-the-test-0", used=4711)
    assert client.dav("PROPFIND", "user_1", password="Known-to-the-test-0").status_code == 207
    record = client.record("user_1")
    assert record is not None
    assert record["quota"]["used"] == 4711


def test_pages_hold_every_account_once(cloud: StandinCloud, client: Client) -> None:
    """5,000 accounts, 500 at a time, and the administrator."""
    cloud.make_accounts("user_{number:04d}", count=5000, groups=["customers"])
    seen: list[str] = []
    while page := _users(client, f"users/details?limit=500&offset={len(seen)}"):
        assert len(page) <= 500
        seen += page
    assert len(seen) == len(set(seen)) == 5001
    members = _users(client, "groups/customers/users/details?limit=3&offset=4997")
    assert list(members) == ["user_4998", "user_4999", "user_5000"]
    assert _users(client, "users?search=USER_123") == [f"user_123{digit}" for digit in range(10)]


def test_pages_follow_changes(cloud: StandinCloud, client: Client) -> None:
    """A search remembers nothing of what was: new, renamed, moved and deleted accounts."""
    cloud.make_accounts("user_{number}", count=3)
    assert _users(client, "users?search=user_") == ["user_1", "user_2", "user_3"]
    client.create("user_4", email="four@example.org")
    client.call("DELETE", "users/user_1")
    cloud.make_accounts("user_0")
    assert _users(client, "users?search=user_") == ["user_0", "user_2", "user_3", "user_4"]
    for search, key, value in (("anna", "displayname", "Anna"), ("two@", "email", "two@example.org")):
        assert _users(client, f"users?search={search}") == []
        client.call("PUT", "users/user_2", {"key": key, "value": value})
        assert _users(client, f"users?search={search}") == ["user_2"]
    assert _users(client, "users?search=four@") == ["user_4"]


def test_a_numeric_id_is_a_number_in_the_list_of_ids(cloud: StandinCloud, client: Client) -> None:
    """As tried on a real server; records, details and groups keep the text."""
    cloud.make_accounts("12345", groups=["777"])
    cloud.make_accounts("007")
    assert _users(client, "users") == ["007", 12345, "admin"]
    assert _users(client, "users/details?search=123")["12345"]["id"] == "12345"
    assert _users(client, "groups/777/users") == ["12345"]


def test_recent_are_those_who_logged_in_last(cloud: StandinCloud, client: Client) -> None:
    """The last first; who never logged in is not among them; 25 when no limit is given, at most 100."""
    for name, last_login in (("early", 1000), ("late", 2000), ("never", 0)):
        cloud.make_accounts(name, last_login=last_login)
    client.call("GET", "user")
    assert list(_users(client, "users/recent")) == ["admin", "late", "early"]
    cloud.make_accounts("user_{number}", count=150, last_login=3000)
    assert [len(_users(client, f"users/recent?{page}")) for page in ("", "limit=0", "limit=120")] == [25, 25, 100]


@pytest.mark.parametrize(
    "wish",
    [
        {"name": "user", "count": 2},
        {"name": "user_{number}", "count": 0},
        {"name": "user", "qutoa": "1 GB"},
        {"name": "user", "quota": "lots"},
        {"name": "user", "quota": "-5 GB"},
        {"name": "user_{nmber}"},
    ],
)
def test_nonsense_is_refused(cloud: StandinCloud, client: Client, wish: dict[str, Any]) -> None:
    """A misspelt order must not pass for one that made something."""
    with pytest.raises(ValueError, match="POST accounts"):
        cloud.make_accounts(**wish)
    assert _users(client, "users") == ["admin"]


def test_settings_by_control_are_those_of_the_api(cloud: StandinCloud, client: Client) -> None:
    """Set and unset; a reset unsets all."""
    address = f"{cloud.url}/ocs/v2.php/apps/provisioning_api/api/v1/config/apps/files/default_quota"

    def shown() -> Any:
        answer = client.session.get(address, params={"format": "json"}, timeout=10)
        return answer.json()["ocs"]["data"]["data"]

    cloud.make_accounts("user_1")
    cloud.set_app_config("files", default_quota="3 GB", max_quota=str(GIB))
    record = client.record("user_1")
    assert record is not None
    assert (shown(), record["quota"]["quota"]) == ("3 GB", 3 * GIB)
    assert ocs_code(client.create("user_2", quota="2 GB"))[0] == 101
    cloud.set_app_config("files", default_quota=None)
    assert shown() == ""
    cloud.set_app_config("files", default_quota="3 GB")
    cloud.reset()
    client = client.fresh()
    assert shown() == ""
