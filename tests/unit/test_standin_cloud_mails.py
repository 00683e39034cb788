# SPDX-License-Identifier: GPL-3.0-or-later
"""Which mails the stand-in cloud sends to new accounts, and accounts without a given id."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from contract.client import Client, ocs_code
from standins.cloud.process import StandinCloud


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


def _sent(cloud: StandinCloud) -> list[tuple[Any, ...]]:
    return [(mail["account"], mail["to"], mail["with_link"]) for mail in cloud.mails()]


def test_a_new_account_with_an_address_gets_a_mail(cloud: StandinCloud, client: Client) -> None:
    """With a link to set the password when none was given; welcome repeats it."""
    client.create("user_1", email="one@example.org")
    client.create("user_2", email="two@example.org", password="")
    client.create("user_3")
    assert client.call("POST", "users/user_2/welcome").status_code == 200
    assert client.call("POST", "users/user_1/welcome").status_code == 200
    two, one = ("user_2", "two@example.org", True), ("user_1", "one@example.org", False)
    assert _sent(cloud) == [one, two, two, one]


def test_no_mail_where_none_is_wanted(cloud: StandinCloud, client: Client) -> None:
    """newUser.sendEmail=no: nobody ever gets the link, welcome has none either."""
    cloud.set_app_config("core", **{"newUser.sendEmail": "no"})
    assert client.create("user_1", email="one@example.org", password="").status_code == 200
    assert _sent(cloud) == []
    assert client.call("POST", "users/user_1/welcome").status_code == 200
    assert _sent(cloud) == [("user_1", "one@example.org", False)]


def test_a_mail_that_fails_is_not_told_at_creation(cloud: StandinCloud, client: Client) -> None:
    """The account is made all the same; only welcome says so (102)."""
    cloud.break_mails()
    assert client.create("user_1", email="one@example.org", password="").status_code == 200
    assert ocs_code(client.call("POST", "users/user_1/welcome")) == (102, "Sending email failed")
    cloud.break_mails(works=True)
    assert client.call("POST", "users/user_1/welcome").status_code == 200


def test_an_id_can_be_left_to_the_cloud(cloud: StandinCloud, client: Client) -> None:
    """newUser.generateUserID=yes and no id: ten characters, told in the answer."""
    assert ocs_code(client.create("")) == (101, "A valid Login must be provided")
    cloud.set_app_config("core", **{"newUser.generateUserID": "yes"})
    name = client.create("").json()["ocs"]["data"]["id"]
    assert len(name) == 10
    assert client.record(name) is not None


def test_generated_passwords_satisfy_the_policy(cloud: StandinCloud, client: Client) -> None:
    """Also the strictest."""
    rules = dict.fromkeys(("enforceNumericCharacters", "enforceSpecialCharacters", "enforceUpperLowerCase"), "1")
    cloud.set_app_config("password_policy", minLength="40", **rules)
    api = f"{cloud.url}/ocs/v2.php/apps/password_policy/api/v1"
    made = client.session.get(f"{api}/generate", params={"format": "json"}, timeout=10).json()["ocs"]["data"]
    answer = client.session.post(f"{api}/validate", params={"format": "json"}, data=made, timeout=10)
    assert answer.json()["ocs"]["data"] == {"passed": True}
    assert len(made["password"]) >= 40
