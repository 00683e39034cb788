# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that take time or many requests: sessions, rate limit, brute force. The stand-in's clock is advanced."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from contract.client import PASSWORD, Client, ocs_code
from standins.cloud.process import StandinCloud

_REFUSED = (403, "Password confirmation is required")


@pytest.fixture
def client(standin: StandinCloud) -> Client:
    """A client of the test's own stand-in."""
    return Client(standin)


def _log_in(client: Client) -> None:
    """Begin a session: with the second request, when the client has shown that it keeps cookies."""
    for _ in range(2):
        assert client.call("GET", "user").status_code == 200


def test_session_may_write_for_30_minutes(standin: StandinCloud, client: Client) -> None:
    """Minute 30: yes. Minute 31: no, although Basic auth is sent; reads go on; a new log-in may write at once."""
    _log_in(client)
    assert client.create("user_1").status_code == 200
    standin.advance_clock(30 * 60)
    assert client.create("user_2").status_code == 200
    standin.advance_clock(60)
    refused = client.create("user_3")
    assert (refused.status_code, ocs_code(refused)) == (403, _REFUSED)
    assert client.call("DELETE", "users/user_1").status_code == 403
    assert client.call("PUT", "users/user_1/disable").status_code == 403
    setting = f"{standin.url}/ocs/v2.php/apps/provisioning_api/api/v1/config/apps/files/default_quota"
    assert client.session.get(setting, timeout=10).status_code == 200
    assert client.session.post(setting, data={"value": "5 GB"}, timeout=10).status_code == 403
    assert client.session.delete(setting, timeout=10).status_code == 403
    assert client.record("user_3") is None
    assert client.record("user_1") is not None
    assert client.fresh().create("user_3").status_code == 200


def test_requests_without_cookies_may_always_write(standin: StandinCloud, client: Client) -> None:
    """The rule is about sessions, not about time since the first log-in."""
    _log_in(client)
    standin.advance_clock(31 * 60)
    assert client.create("user_1").status_code == 403
    client.session.cookies.clear()
    assert client.create("user_2").status_code == 200


def test_51st_edit_in_ten_minutes_is_refused(standin: StandinCloud, client: Client) -> None:
    """Other calls are not counted, and after ten minutes the account may edit again."""
    client.create("user_1")
    edit = {"key": "quota", "value": "1 GB"}
    assert {client.call("PUT", "users/user_1", edit).status_code for _ in range(50)} == {200}
    answer = client.call("PUT", "users/user_1", edit)
    assert (answer.status_code, answer.content) == (429, b"")
    assert client.call("PUT", "users/user_1/disable").status_code == 200
    assert client.create("user_2", quota="3 GB").status_code == 200
    standin.advance_clock(601)
    assert client.call("PUT", "users/user_1", edit).status_code == 200


def test_brute_force_blocks_the_address_for_30_minutes(standin: StandinCloud, client: Client) -> None:
    """After more than ten wrong log-ins even the right password gets 429; WebDAV is blocked as well."""
    wrong = client.fresh()
    wrong.session.auth = ("admin", "not-the-password")
    statuses = [wrong.call("GET", "users").status_code for _ in range(13)]
    assert statuses == [401] * 11 + [429] * 2
    answer = client.call("GET", "users")
    assert (answer.status_code, ocs_code(answer)) == (429, (429, "Reached maximum delay"))
    assert client.dav("PROPFIND", "admin", password=standin.admin_password).status_code == 429
    standin.advance_clock(31 * 60)
    assert client.call("GET", "users").status_code == 200


def test_files_fill_the_quota(client: Client) -> None:
    """PUT, GET, DELETE; 507 over the quota; nothing is deleted by a smaller quota."""
    client.create("user_1", quota="20 MB")
    assert client.dav("PUT", "user_1", "a.bin", bytes(3 * 1024**2)).status_code == 201
    assert client.dav("PUT", "user_1", "b.bin", bytes(3 * 1024**2)).status_code == 507
    client.call("PUT", "users/user_1", {"key": "quota", "value": "1 MB"})
    assert client.dav("GET", "user_1", "a.bin").content == bytes(3 * 1024**2)
    assert client.dav("PUT", "user_1", "c.bin", b"x").status_code == 507
    record = client.record("user_1")
    assert record is not None
    assert record["quota"]["used"] > record["quota"]["quota"] == 1024**2
    assert client.dav("DELETE", "user_1", "a.bin").status_code == 204
    assert client.dav("GET", "user_1", "a.bin").status_code == 404


def test_another_account_sees_no_files(client: Client) -> None:
    """Files belong to their account only."""
    client.create("user_1")
    client.create("user_2")
    address = f"{client.cloud.url}/remote.php/dav/files/user_1/"
    assert requests.request("PROPFIND", address, auth=("user_2", PASSWORD), timeout=5).status_code == 404


def test_hundred_requests_at_once(client: Client) -> None:
    """None is lost, and each makes its own account."""

    def create(number: int) -> int:
        return client.fresh().create(f"user_{number}").status_code

    with ThreadPoolExecutor(100) as pool:
        assert list(pool.map(create, range(100))) == [200] * 100
    users = client.call("GET", "users").json()["ocs"]["data"]["users"]
    assert len(users) == 101
