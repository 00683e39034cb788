# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions: log-ins, cookies, TLS, and everything that is not a proper answer."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils import transport
from ansible_collections.bill.nextcloud.plugins.plugin_utils.credentials import Password
from ansible_collections.bill.nextcloud.plugins.plugin_utils.endpoint import Endpoint
from ansible_collections.bill.nextcloud.plugins.plugin_utils.session import Session
from ansible_collections.bill.nextcloud.tests.unit.running import code, run, run_impatiently, run_one
from ansible_collections.bill.nextcloud.tests.unit.scripted import (
    ADMIN,
    ADMIN_PASSWORD,
    Answer,
    ScriptedCloud,
    fault,
    html,
    missing,
    no,
    ok,
    record,
    whole_path,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PATH = "/users/user_12"


class Clock:
    """A clock that a test sets."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def open_session(cloud: ScriptedCloud, **options: t.Any) -> Session:
    """Log in as the administrator."""
    return Session(Endpoint.parse(cloud.url, None), Password(ADMIN, ADMIN_PASSWORD), **options)


def test_cookies_are_kept_for_25_minutes(cloud: ScriptedCloud) -> None:
    """After that the session logs in anew: at 30 minutes Nextcloud would refuse writes."""
    clock = Clock()
    session = open_session(cloud, clock=clock)
    for minutes, with_cookie in ((0, False), (1, True), (25, True), (25.1, False), (50, True), (50.2, False)):
        clock.now = 1000 + minutes * 60
        cloud.expect("GET", PATH, ok(), with_cookie=with_cookie)
        session.request("GET", whole_path(PATH))
    session.close()


def test_403_on_an_aged_session_is_repeated_once(cloud: ScriptedCloud) -> None:
    """The call was refused before it ran."""
    session = open_session(cloud)
    refusal = no(403, 403, "Password confirmation is required")
    cloud.expect("GET", PATH, ok(), with_cookie=False)
    cloud.expect("PUT", PATH, refusal, [("key", "a")], with_cookie=True)
    cloud.expect("PUT", PATH, ok(), [("key", "a")], with_cookie=False)
    assert session.request("GET", whole_path(PATH)).ok
    assert session.request("PUT", whole_path(PATH), form=[("key", "a")]).ok
    session.close()


def test_403_on_a_fresh_log_in_is_final(cloud: ScriptedCloud) -> None:
    """Repeated once, and no more; it ends the task."""
    cloud.expect("GET", PATH, ok(record("user_12")), with_cookie=False)
    cloud.expect("GET", "/users/b", ok(record("b")), with_cookie=True)
    cloud.expect("PUT", PATH + "/disable", no(403, 403, "Password confirmation is required"), with_cookie=True)
    cloud.expect("PUT", PATH + "/disable", no(403, 403, "Password confirmation is required"), with_cookie=False)
    result = run(cloud, {"state": "disabled"}, {"name": "b", "state": "disabled"})
    assert [code(account) for account in result["accounts"]] == ["write_not_permitted"] * 2
    assert result["changed"] is False


CLOUD_WIDE = [
    (no(401, 997, "Current user is not logged in"), "wrong_credentials"),
    (html(401), "wrong_credentials"),
    (no(403, 403, "Logged in account must be at least a sub admin"), "write_not_permitted"),
    (no(429, 429, "Reached maximum delay"), "login_blocked"),
    (no(503, 503, "Service unavailable"), "maintenance"),
    (Answer(503, b"<html>", {"X-Nextcloud-Maintenance-Mode": "1"}), "maintenance"),
    (Answer(302, b"", {"Location": "https://other.example/login?token=geheim"}), "redirected"),
    (Answer(308, b"", {"Location": "/elsewhere"}), "redirected"),
    (fault("cut"), "unreachable"),
]


@pytest.mark.parametrize(("answer", "expected"), CLOUD_WIDE)
def test_the_clouds_trouble_ends_the_task(cloud: ScriptedCloud, answer: Answer, expected: str) -> None:
    """One request, one failure for all; failures of before stay what they are."""
    cloud.expect("GET", PATH, answer)
    result = run(cloud, {"name": "bad/name"}, {"state": "absent"}, {"name": "b"}, {"name": "c"})
    assert [code(account) for account in result["accounts"]] == ["invalid_name", expected, expected, expected]
    assert "geheim" not in str(result)


@pytest.mark.parametrize(("answer", "expected"), CLOUD_WIDE[:6])
def test_trouble_while_reading_stops_what_was_planned(cloud: ScriptedCloud, answer: Answer, expected: str) -> None:
    """What was planned is not done and not called done; what is right stays right."""
    cloud.expect("GET", "/users/right", ok(record("right")))
    cloud.expect("GET", "/users/wrong", ok(record("wrong", enabled=False)))
    cloud.expect("GET", PATH, answer)
    if expected == "write_not_permitted":
        cloud.expect("GET", PATH, answer)
    result = run(cloud, {"name": "right"}, {"name": "wrong"}, {})
    assert [code(account) for account in result["accounts"]] == [None, expected, expected]
    assert result["changed"] is False


def test_trouble_while_writing_stops_the_rest(cloud: ScriptedCloud) -> None:
    """Stop at the first 401: failed log-ins lock the address."""
    for name in "abc":
        cloud.expect("GET", "/users/" + name, ok(record(name)))
    cloud.expect("PUT", "/users/a/disable", ok())
    cloud.expect("GET", "/users/a", ok(record("a", enabled=False)))
    cloud.expect("PUT", "/users/b/disable", no(401, 997, "Unauthorised"))
    result = run(cloud, *[{"name": name, "state": "disabled"} for name in "abc"])
    assert [code(account) for account in result["accounts"]] == [None, "wrong_credentials", "wrong_credentials"]
    told, others = (account["failure"] for account in result["accounts"][1:])
    assert told["request"] == "PUT /ocs/v2.php/cloud/users/b/disable"
    assert (others["request"], others["http_status"]) == (None, None)  # that request was not for this account
    assert result["summary"] == {"total": 3, "changed": 1, "failed": 2, "unchanged": 0}


ONE_ACCOUNT = [
    (html(), "not_an_answer"),
    (html(404), "not_an_answer"),
    (html(403), "not_an_answer"),
    (Answer(), "not_an_answer"),
    (Answer(200, b'{"ocs":{"meta":{"status":"ok","statuscode":"200"},"data":[]}}'), "not_an_answer"),
    (Answer(200, b'{"ocs":{"meta":{"status":"failure","statuscode":200},"data":[]}}'), "not_an_answer"),
    (Answer(200, b'{"ocs":[]}'), "not_an_answer"),
    (Answer(200, b"[" * 100000), "not_an_answer"),
    (ok([]), "not_an_answer"),
    (ok({"id": "user_12", "enabled": True}), "not_an_answer"),
    (html(500), "server_error"),
    (html(503), "server_error"),
    (no(500, 996), "server_error"),
    (no(200, 999), "server_error"),
    (Answer(429), "rate_limited"),
    (no(400, 101), "refused"),
]


@pytest.mark.parametrize(("answer", "expected"), ONE_ACCOUNT)
def test_other_trouble_is_one_accounts(cloud: ScriptedCloud, answer: Answer, expected: str) -> None:
    """The next account is still looked at; and a page instead of an answer is never 'does not exist'."""
    cloud.expect("GET", PATH, answer)
    cloud.expect("GET", "/users/b", missing())
    result = run(cloud, {"state": "absent"}, {"name": "b", "state": "absent"})
    assert [code(account) for account in result["accounts"]] == [expected, None]


def test_a_huge_body_is_not_read(cloud: ScriptedCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bodies are limited."""
    monkeypatch.setattr(transport, "MAX_BODY_BYTES", 100_000)
    cloud.expect("GET", PATH, Answer(200, b'{"ocs":' + b" " * 200_000 + b"}"))
    result = run_one(cloud, state="exists")
    assert code(result) == "not_an_answer"
    assert "larger" in result["failure"]["message"]


@pytest.mark.parametrize("name", ["hang", "drip_head", "drip_body"])
def test_a_slow_answer_ends(cloud: ScriptedCloud, name: str) -> None:
    """Neither silence nor a drip, in the headers or in the body, holds a task longer than its time."""
    cloud.expect("GET", PATH, fault(name))
    begin = time.monotonic()
    (result,) = run_impatiently(cloud, {"state": "exists"}, seconds=0.25)
    assert code(result) == "timeout"
    assert time.monotonic() - begin < 1.5


def test_three_silent_accounts_are_a_silent_cloud(cloud: ScriptedCloud) -> None:
    """Five hundred time-outs would take hours."""
    for name in "abc":
        cloud.expect("GET", "/users/" + name, fault("hang"))
    results = run_impatiently(cloud, *[{"name": name, "state": "exists"} for name in "abcde"], seconds=0.1)
    assert [code(result) for result in results] == ["timeout"] * 5


def test_nobody_listens() -> None:
    """Refused at once, and nothing has an unknown outcome."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    session = Session(Endpoint.parse(url, None), Password(ADMIN, ADMIN_PASSWORD))
    with pytest.raises(CloudError) as caught:
        session.request("POST", whole_path("/users"), form=[])
    assert (caught.value.code, caught.value.outcome_unknown, caught.value.cloud_wide) == ("unreachable", False, True)
    assert "Connection refused" in caught.value.message


def test_the_environment_does_not_count(cloud: ScriptedCloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No proxy and no .netrc: credentials go to the cloud and nowhere else."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login other password wrong\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    cloud.expect("GET", PATH, missing())
    assert code(run_one(cloud, state="absent")) is None


@pytest.mark.parametrize(("word", "number"), [("failure", 200), ("ok", 101)])
def test_an_envelope_that_contradicts_itself_is_no_answer(cloud: ScriptedCloud, word: str, number: int) -> None:
    """Neither a success nor a refusal may be read out of it."""
    body = f'{{"ocs":{{"meta":{{"status":"{word}","statuscode":{number},"message":""}},"data":[]}}}}'
    cloud.expect("PUT", PATH, Answer(200, body.encode()))
    session = open_session(cloud)
    with pytest.raises(CloudError) as caught:
        session.request("PUT", whole_path(PATH))
    assert (caught.value.code, caught.value.outcome_unknown) == ("not_an_answer", True)
    session.close()


# addresses


@pytest.mark.parametrize(
    "url",
    [
        "",
        "cloud.example.org",
        "ftp://cloud.example.org",
        "https://",
        "https://u:p@cloud.example.org",
        "https://cloud.example.org/?a=b",
        "https://cloud.example.org/?",
        "https://cloud.example.org/#x",
        "https://cloud.example.org:port",
        "https://cloud example.org",
        "https://[::1",
    ],
)
def test_bad_addresses(cloud: ScriptedCloud, url: str) -> None:
    """They fail every account without a request; the task does not fail."""
    cloud.url = url
    result = run(cloud, {}, {"name": "b"})
    assert [code(account) for account in result["accounts"]] == ["invalid_url"] * 2


@pytest.mark.parametrize(
    ("url", "warns"),
    [
        ("http://cloud.example.org", True),
        ("http://10.0.0.1/x", True),
        ("http://localhost.example.org", True),
        ("https://cloud.example.org", False),
        ("http://localhost:8080", False),
        ("http://127.0.0.5", False),
        ("http://[::1]:80/cloud", False),
    ],
)
def test_clear_text_is_warned_about(url: str, warns: bool) -> None:
    """Except within the machine."""
    assert (Endpoint.parse(url, None).clear_text_warning is not None) is warns


def test_warning_of_the_task() -> None:
    """The task shows it (the name has no address, so nothing is sent)."""
    with ScriptedCloud() as cloud:
        cloud.url = "http://cloud.invalid"
        result = run(cloud, {})
    assert "unencrypted" in result["warnings"][0]
    assert code(result["accounts"][0]) == "unreachable"


# TLS


def make_certificate(folder: Path) -> tuple[str, str]:
    """Make a self-signed certificate for 127.0.0.1; return the files of certificate and key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "cert.pem", folder / "key.pem"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return str(certificate_file), str(key_file)


@pytest.fixture
def secure_cloud(tmp_path: Path) -> t.Iterator[ScriptedCloud]:
    """A cloud with a self-signed certificate."""
    with ScriptedCloud(tls=make_certificate(tmp_path)) as cloud:
        yield cloud
    cloud.check()


def test_an_unknown_certificate_is_refused(secure_cloud: ScriptedCloud) -> None:
    """Nothing is sent, for no account."""
    result = run(secure_cloud, {}, {"name": "b"})
    assert [code(account) for account in result["accounts"]] == ["certificate_not_verified"] * 2
    assert secure_cloud.seen == []


def test_the_right_ca_is_accepted(secure_cloud: ScriptedCloud, tmp_path: Path) -> None:
    """With ca_path, and without a warning."""
    secure_cloud.expect("GET", PATH, missing())
    result = run(secure_cloud, {"state": "absent"}, ca_path=str(tmp_path / "cert.pem"))
    assert code(result["accounts"][0]) is None
    assert "warnings" not in result


def test_another_name_is_refused(secure_cloud: ScriptedCloud, tmp_path: Path) -> None:
    """The certificate is good, and not for this host."""
    secure_cloud.url = secure_cloud.url.replace("127.0.0.1", "localhost")
    result = run(secure_cloud, {}, ca_path=str(tmp_path / "cert.pem"))
    assert code(result["accounts"][0]) == "certificate_not_verified"


def test_a_ca_that_cannot_be_read(cloud: ScriptedCloud) -> None:
    """A held failure, not a traceback."""
    assert code(run(cloud, {}, ca_path="/nonexistent/ca.pem")["accounts"][0]) == "certificate_not_verified"


def test_tls_to_a_plain_server(cloud: ScriptedCloud) -> None:
    """A wrong scheme is not a wrong certificate."""
    cloud.url = cloud.url.replace("http://", "https://")
    assert code(run(cloud, {})["accounts"][0]) == "unreachable"
