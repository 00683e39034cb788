# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in cloud as an ownCloud: what its recordings do not show, as seeds, faults and its switch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from contract.client import PASSWORD, Client, ocs_code
from standins.cloud.process import StandinCloud

GIB = 1024**3


@pytest.fixture(scope="module")
def _started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandinCloud]:
    folder = tmp_path_factory.mktemp("cloud")
    with StandinCloud(folder, admin_password="secret-of-admin", product="owncloud") as started:
        yield started


@pytest.fixture
def cloud(_started: StandinCloud) -> StandinCloud:
    """A stand-in as new."""
    _started.reset()
    return _started


@pytest.fixture
def client(cloud: StandinCloud) -> Client:
    """The administrator, by the version of the API that keeps the codes."""
    return Client(cloud, version=1)


def _data(client: Client, path: str) -> Any:
    return client.call("GET", path).json()["ocs"]["data"]


def test_accounts_are_as_ordered(cloud: StandinCloud, client: Client) -> None:
    """Every field of the order that ownCloud shows; missing groups are made."""
    made = cloud.make_accounts(
        "user_{number}",
        count=2,
        display_name="Kunde {number}",
        email="user_{number}@example.org",
        groups=["customers"],
        subadmin=["resellers"],
        quota="5 GB",
        used=GIB,
        enabled=False,
        language="ru",
        last_login=1_700_000_000,
    )
    assert made == 2
    record = _data(client, "users/user_2")
    assert record.pop("creation_time") > 1_700_000_000
    assert record == {
        "enabled": "false",
        "quota": {"free": 4 * GIB, "used": GIB, "total": 5 * GIB, "relative": 20, "definition": "5 GB"},
        "email": "user_2@example.org",
        "displayname": "Kunde 2",
        "home": "/data/user_2",
        "two_factor_auth_enabled": "false",
        "last_login": 1_700_000_000,
        "language": "ru",
    }
    assert _data(client, "users/user_2/groups") == {"groups": ["customers"]}
    assert _data(client, "users/user_2/subadmins") == ["resellers"]


def test_pages_hold_every_account_once(cloud: StandinCloud, client: Client) -> None:
    """In the order of ids; display names do not count, and are not searched."""
    cloud.make_accounts("user_{number:04d}", count=1200, display_name="Kunde {number}")
    pages = [_data(client, f"users?search=USER_&limit=500&offset={offset}")["users"] for offset in (0, 500, 1000)]
    assert [len(page) for page in pages] == [500, 500, 200]
    assert [name for page in pages for name in page] == [f"user_{number:04d}" for number in range(1, 1201)]
    assert _data(client, "users?search=Kunde") == {"users": []}


def test_disk_bounds_what_is_free(cloud: StandinCloud, client: Client) -> None:
    """An account of 1 TB on a disk that has 100 GB left."""
    cloud.make_accounts("user_1", quota="1 TB", used=28 * GIB)
    quota = _data(client, "users/user_1")["quota"]
    assert quota == {
        "free": 100 * GIB,
        "used": 28 * GIB,
        "total": 128 * GIB,
        "relative": 21.88,
        "definition": "1 TB",
    }


def test_maintenance_is_refused_on_every_path(cloud: StandinCloud, client: Client) -> None:
    """By HTTP status on version 1 as well, where everything else is HTTP 200."""
    cloud.fault("maintenance")
    refused = client.create("user_1")
    assert (refused.status_code, ocs_code(refused)) == (503, (503, "Service unavailable"))
    assert client.dav("PROPFIND", "user_1").status_code == 503
    assert requests.get(f"{cloud.url}/status.php", timeout=10).json()["maintenance"] is True
    cloud.clear_faults()
    assert ocs_code(client.create("user_1"))[0] == 100


def test_ordered_code_is_told_as_it_is(cloud: StandinCloud, client: Client) -> None:
    """A refusal with a code of its own, on both versions; nothing is done."""
    cloud.fault("status", status=200, ocs_code=101, message="no", times=1)
    cloud.fault("status", status=400, ocs_code=101, message="no", times=1)
    answers = client.create("user_1"), Client(cloud).create("user_1")
    assert [(answer.status_code, ocs_code(answer)) for answer in answers] == [(200, (101, "no")), (400, (101, "no"))]
    assert ocs_code(client.call("GET", "users/user_1"))[0] == 998


def test_permission_to_write_never_ends(cloud: StandinCloud, client: Client) -> None:
    """Nothing of Nextcloud's sessions is there: no cookies, no confirmation that could be too old."""
    cloud.fault("not_permitted")
    for number in range(3):
        answer = client.create(f"user_{number}")
        assert (ocs_code(answer)[0], answer.headers.get("Set-Cookie")) == (100, None)
        cloud.advance_clock(3600)


def test_group_admins_can_be_switched_off(cloud: StandinCloud, client: Client) -> None:
    """As in ownCloud 11: who was one has no rights left, and nobody becomes one."""
    cloud.make_accounts("reseller", subadmin=["customers"], groups=["customers"], password=PASSWORD)
    reseller = client.fresh()
    reseller.session.auth = ("reseller", PASSWORD)
    assert _data(reseller, "users") == {"users": ["reseller"]}
    cloud.set_app_config("system", allow_subadmins="false")
    assert ocs_code(reseller.call("GET", "users")) == (997, "Unauthorised")
    assert _data(client, "users/reseller/subadmins") == []
    assert _data(client, "groups/customers/subadmins") == []
    made = {"groupid": "customers"}
    assert ocs_code(client.call("POST", "users/reseller/subadmins", made))[0] == 103
    cloud.set_app_config("system", allow_subadmins="true")
    assert _data(client, "users/reseller/subadmins") == ["customers"]


def test_what_it_has_not_cannot_be_steered(cloud: StandinCloud) -> None:
    """It sends no mails; wrong log-ins are not counted, so that there are none to forget."""
    cloud.forget_login_attempts()
    with pytest.raises(ValueError, match="has no mails"):
        cloud.mails()
