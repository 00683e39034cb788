# SPDX-License-Identifier: GPL-3.0-or-later
"""Each fault of the stand-in does what it says, to the requests it is meant for, as often as ordered."""

from __future__ import annotations

import time

import pytest
import requests
from contract.client import Client, ocs_code
from standins.cloud.process import StandinCloud


@pytest.fixture
def client(standin: StandinCloud) -> Client:
    """A client of the test's own stand-in."""
    return Client(standin)


def test_cut_before_does_nothing(standin: StandinCloud, client: Client) -> None:
    """The connection ends without an answer, and the account does not exist."""
    standin.fault("cut_before", method="POST", path="/cloud/users", times=1)
    with pytest.raises(requests.ConnectionError):
        client.create("user_1")
    assert client.record("user_1") is None
    assert client.create("user_1").status_code == 200


def test_cut_after_did_the_work(standin: StandinCloud, client: Client) -> None:
    """The connection ends without an answer, yet the account exists: an unknown outcome."""
    standin.fault("cut_after", method="POST", path="/cloud/users", times=1)
    with pytest.raises(requests.ConnectionError):
        client.create("user_1", quota="5 GB")
    record = client.record("user_1")
    assert record is not None
    assert record["quota"]["quota"] == 5 * 1024**3
    assert ocs_code(client.create("user_1")) == (102, "User already exists")


def test_html_and_empty_answer_200_without_work(standin: StandinCloud, client: Client) -> None:
    """A log-in page and an empty body, both with HTTP 200."""
    standin.fault("html", method="POST", times=1)
    standin.fault("empty", method="POST", times=1)
    page, empty = client.create("user_1"), client.create("user_1")
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=UTF-8")
    assert "<html>" in page.text
    assert (empty.status_code, empty.content) == (200, b"")
    assert client.record("user_1") is None


def test_status_is_any_status(standin: StandinCloud, client: Client) -> None:
    """A page with that status, or an OCS answer with an own code."""
    standin.fault("status", status=502, times=1)
    standin.fault("status", status=400, ocs_code=112, message="no", headers={"Retry-After": "7"}, times=1)
    gateway, refused = client.create("user_1"), client.create("user_1")
    assert (gateway.status_code, gateway.text[:6]) == (502, "<html>")
    assert (refused.status_code, ocs_code(refused), refused.headers["Retry-After"]) == (400, (112, "no"), "7")
    assert client.record("user_1") is None


def test_rate_limit_is_429_with_nothing_in_it(standin: StandinCloud, client: Client) -> None:
    """As from a real server: no body, no Retry-After."""
    standin.fault("rate_limit", method="PUT", times=1)
    answer = client.call("PUT", "users/admin", {"key": "quota", "value": "none"})
    assert (answer.status_code, answer.content) == (429, b"")
    assert "Retry-After" not in answer.headers


def test_not_permitted_refuses_a_fresh_login(standin: StandinCloud, client: Client) -> None:
    """As with an app password on newer servers."""
    standin.fault("not_permitted", method="POST", times=1)
    answer = client.create("user_1")
    assert (answer.status_code, ocs_code(answer)) == (403, (403, "Password confirmation is required"))


def test_maintenance_lasts_until_cleared(standin: StandinCloud, client: Client) -> None:
    """503 with the header, status.php tells, and reads as well as writes are refused."""
    standin.fault("maintenance")
    for _ in range(3):
        answer = client.create("user_1")
        assert answer.status_code == 503
        assert answer.headers["X-Nextcloud-Maintenance-Mode"] == "1"
        assert ocs_code(answer) == (503, "Service unavailable")
    assert requests.get(f"{standin.url}/status.php", timeout=5).json()["maintenance"] is True
    standin.clear_faults()
    assert requests.get(f"{standin.url}/status.php", timeout=5).json()["maintenance"] is False
    assert client.record("user_1") is None


def test_redirect_leads_elsewhere(standin: StandinCloud, client: Client) -> None:
    """A redirect to another host, which is not to be followed with credentials."""
    standin.fault("redirect", times=1)
    answer = client.call("GET", "users")
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://other.invalid/")


def test_delay_works_late(standin: StandinCloud, client: Client) -> None:
    """A client that gives up early does not keep the server from doing the work."""
    standin.fault("delay", method="POST", seconds=0.4, times=1)
    with pytest.raises(requests.ReadTimeout):
        client.call("POST", "users", {"userid": "user_1", "password": "long-enough-123"}, timeout=0.1)
    assert client.record("user_1") is None
    time.sleep(0.6)
    assert client.record("user_1") is not None


def test_delay_after_works_first(standin: StandinCloud, client: Client) -> None:
    """The work is done at once; only the answer is late."""
    standin.fault("delay_after", method="POST", seconds=0.4, times=1)
    with pytest.raises(requests.ReadTimeout):
        client.call("POST", "users", {"userid": "user_1", "password": "long-enough-123"}, timeout=0.2)
    assert client.record("user_1") is not None


@pytest.mark.parametrize(("kind", "done"), [("hold", False), ("hold_after", True)])
def test_held_requests_wait_until_the_faults_are_cleared(
    standin: StandinCloud, client: Client, kind: str, done: bool
) -> None:
    """Before or after the work, however long it takes; also when the client has gone."""
    standin.fault(kind, method="POST", times=1)
    with pytest.raises(requests.ReadTimeout):
        client.call("POST", "users", {"userid": "user_1", "password": "long-enough-123"}, timeout=0.4)
    assert (client.record("user_1") is not None) is done
    answered = len(standin.requests())
    standin.clear_faults()
    while len(standin.requests()) == answered:
        time.sleep(0.02)
    assert standin.requests()[-1]["status"] == 200
    assert client.record("user_1") is not None


def test_a_fault_lets_the_first_requests_pass(standin: StandinCloud, client: Client) -> None:
    """The third creation is the one that is meant."""
    standin.fault("status", method="POST", skip=2, times=1)
    assert [client.create(f"user_{number}").status_code for number in range(1, 5)] == [200, 200, 500, 200]


def test_drip_answers_byte_by_byte(standin: StandinCloud, client: Client) -> None:
    """The whole answer arrives, slowly."""
    quick = client.call("GET", "users").content
    standin.fault("drip", seconds=0.005, times=1)
    before = time.monotonic()
    assert client.call("GET", "users").content == quick
    assert time.monotonic() - before >= 0.005 * len(quick)


def test_huge_is_a_body_of_100_mb(standin: StandinCloud, client: Client) -> None:
    """More than any client should read."""
    standin.fault("huge", times=1)
    with client.session.get(f"{standin.url}/ocs/v2.php/cloud/users", stream=True, timeout=30) as answer:
        assert answer.status_code == 200
        assert sum(len(chunk) for chunk in answer.iter_content(1024**2)) == 100 * 1024**2


def test_fault_hits_only_its_method_path_and_times(standin: StandinCloud, client: Client) -> None:
    """Others are untouched; a used-up fault is gone."""
    standin.fault("status", method="DELETE", path="user_1", status=500, times=2)
    client.create("user_1")
    client.create("user_2")
    assert client.record("user_1") is not None
    assert client.call("DELETE", "users/user_2").status_code == 200
    statuses = [client.call("DELETE", "users/user_1").status_code for _ in range(3)]
    assert statuses == [500, 500, 200]


def test_nonsense_is_refused(standin: StandinCloud) -> None:
    """A misspelt fault must not pass for one that never hit."""
    with pytest.raises(ValueError, match="fault is one of"):
        standin.fault("explode")
    with pytest.raises(ValueError, match="unknown keys: tmies"):
        standin.fault("empty", tmies=1)
    with pytest.raises(ValueError, match="times must be"):
        standin.fault("empty", times=0)


def test_requests_are_logged_without_secrets(standin: StandinCloud, client: Client) -> None:
    """A line for every request, with the fault that hit it; no password anywhere."""
    earlier = len(standin.request_log.read_text(encoding="utf-8"))
    standin.fault("cut_after", method="DELETE", times=1)
    client.create("user_1")
    with pytest.raises(requests.ConnectionError):
        client.call("DELETE", "users/user_1")
    client.dav("PROPFIND", "user_1", password="wrong-password")
    client.call("GET", "users?search=u&password=assword-in-the-query")
    expected = [
        ("POST", "/cloud/ocs/v2.php/cloud/users", "admin", 200, None),
        ("DELETE", "/cloud/ocs/v2.php/cloud/users/user_1", "admin", None, "cut_after"),
        ("PROPFIND", "/cloud/remote.php/dav/files/user_1/", "user_1", 401, None),
        ("GET", "/cloud/ocs/v2.php/cloud/users", "admin", 200, None),
    ]
    names = ("method", "path", "auth", "status", "fault")
    assert [tuple(entry[name] for name in names) for entry in standin.requests()] == expected
    written = standin.request_log.read_text(encoding="utf-8")[earlier:]
    assert len(written.splitlines()) == len(expected)
    assert "search=u&password=(not logged)&format=json" in written
    assert "assword-" not in written
    assert standin.admin_password not in written
