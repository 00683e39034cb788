# SPDX-License-Identifier: GPL-3.0-or-later
"""Log-ins of the stand-in OpenCloud that nobody recorded: app tokens, bearer tokens, Basic authentication off."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from contract.graph import PASSWORD, GraphClient
from standins.cloud.process import StandinCloud

_USER_LIGHT = "38071a68-456a-4553-846a-fa67bf5596cc"
_USER = "d7beeea8-8ff4-406b-8fb6-ab2dd81e6b11"
_GIB = 1024**3
_TOKENS = "auth-app/tokens"


@pytest.fixture(scope="module")
def _started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandinCloud]:
    settings = {
        "basic_auth": False,
        "app_tokens": True,
        "impersonation": True,
        "bearer_tokens": {"token-of-admin": "admin", "token-of-user": "kunde", "token-of-nobody": "ghost"},
        "role_quotas": {_USER: 5 * _GIB},
    }
    folder = tmp_path_factory.mktemp("cloud")
    with StandinCloud(folder, admin_password="secret-of-admin", product="opencloud", opencloud=settings) as started:
        yield started


@pytest.fixture
def client(_started: StandinCloud) -> GraphClient:
    """A client of a stand-in as new; its administrator's password is not taken, an app token is."""
    _started.reset()
    client = GraphClient(_started)
    made = client.call("POST", _TOKENS, bearer="token-of-admin", query={"expiry": "1000h"})
    client.admin = ("admin", made.json()["token"])
    return client


def _status(client: GraphClient, token: str, name: str = "admin") -> int:
    return client.graph("GET", "me", auth=(name, token)).status_code


def _make(client: GraphClient, **query: str) -> requests.Response:
    return client.call("POST", _TOKENS, query=query)


def test_password_is_refused_where_basic_authentication_is_off(client: GraphClient) -> None:
    """The answer names bearer tokens only, and has a body for WebDAV's own methods alone."""
    password = (client.cloud.admin_user, client.cloud.admin_password)
    answer = client.graph("GET", "users", auth=password)
    assert (answer.status_code, answer.content) == (401, b"")
    host = client.cloud.url.removeprefix("http://")
    assert answer.headers["WWW-Authenticate"] == f'Bearer realm="{host}", charset="UTF-8"'
    assert b"PermissionDenied" in client.call("PROPFIND", "remote.php/webdav/", auth=password).content


def test_bearer_token_logs_in(client: GraphClient) -> None:
    """As the account it belongs to; that makes the drive. A token that is not known, or of nobody, is refused."""
    account = client.create("kunde")
    assert client.graph("GET", f"users/{account}/drive").status_code == 404
    assert client.graph("GET", "me", bearer="token-of-user").json()["id"] == account
    assert client.quota(account)["total"] == 5 * _GIB
    assert client.graph("GET", "me", bearer="token-of-nobody").status_code == 401
    assert client.graph("GET", "me", bearer="another").status_code == 401


def test_app_token_ends(client: GraphClient) -> None:
    """At the end of its time by the stand-in's clock, not before."""
    made = _make(client, expiry="1h30m").json()
    assert made["label"] == "Generated via API"
    client.cloud.advance_clock(89 * 60)
    assert _status(client, made["token"]) == 200
    client.cloud.advance_clock(2 * 60)
    assert _status(client, made["token"]) == 401


@pytest.mark.parametrize("expiry", ["", "soon", "72", "1h later"])
def test_app_token_needs_a_duration(client: GraphClient, expiry: str) -> None:
    """In Go's form, with a unit."""
    answer = _make(client, expiry=expiry)
    assert (answer.status_code, answer.text) == (400, "error parsing expiry. Use e.g. 30m or 72h\n")


def test_app_token_is_shown_once_and_deleted_by_its_hash(client: GraphClient) -> None:
    """Lists have a hash in its place; the token itself deletes nothing."""
    token = _make(client, expiry="72h").json()["token"]
    listed = client.call("GET", _TOKENS).json()
    assert len(listed) == 2
    assert token not in [one["token"] for one in listed]
    assert client.call("DELETE", _TOKENS, query={"token": token}).status_code == 500
    assert _status(client, token) == 200
    assert client.call("DELETE", _TOKENS, query={"token": listed[1]["token"]}).status_code == 200
    assert _status(client, token) == 401
    assert client.call("DELETE", _TOKENS).status_code == 400


def test_app_token_of_another_account(client: GraphClient) -> None:
    """An administrator makes it, by name or id; its first use makes the drive, without the quota of the role."""
    account = client.create("kunde")
    token = _make(client, expiry="1h", userName="kunde").json()["token"]
    assert _status(client, token, "kunde") == 200
    assert client.quota(account)["total"] == 0
    asked = client.call("POST", _TOKENS, auth=("kunde", token), query={"expiry": "1h", "userName": "admin"})
    assert asked.status_code == 403
    assert _make(client, expiry="1h", userID=account).json()["label"] == "Generated via Impersonation API"
    assert _make(client, expiry="1h", userName="ghost").status_code == 500
    assert _make(client, expiry="1h", userID=account, userName="admin").status_code == 400


def test_app_token_of_a_disabled_account_is_refused(client: GraphClient) -> None:
    """With the challenge that a wrong password gets."""
    client.create("kunde")
    token = _make(client, expiry="1h", userName="kunde").json()["token"]
    client.graph("PATCH", "users/kunde", {"accountEnabled": False})
    answer = client.graph("GET", "me", auth=("kunde", token))
    assert (answer.status_code, "WWW-Authenticate" in answer.headers) == (401, True)


def test_light_account_gets_no_drive(client: GraphClient) -> None:
    """Its role does not permit one."""
    account = client.create("kunde")
    role = {"appRoleId": _USER_LIGHT, "principalId": account, "resourceId": "2d1d1070-d205-4d38-841e-b55fba69cfa7"}
    assert client.graph("POST", f"users/{account}/appRoleAssignments", role).status_code == 201
    assert client.graph("GET", "me", bearer="token-of-user").status_code == 200
    assert client.graph("GET", f"users/{account}/drive").status_code == 404


def test_app_tokens_are_refused_where_they_are_off(tmp_path_factory: pytest.TempPathFactory) -> None:
    """There is nobody to make one; impersonation needs a switch of its own."""
    with StandinCloud(tmp_path_factory.mktemp("plain"), admin_password=PASSWORD, product="opencloud") as plain:
        assert GraphClient(plain).call("POST", _TOKENS, query={"expiry": "1h"}).status_code == 502
    settings = {"app_tokens": True}
    folder = tmp_path_factory.mktemp("own")
    with StandinCloud(folder, admin_password=PASSWORD, product="opencloud", opencloud=settings) as own:
        client = GraphClient(own)
        assert _make(client, expiry="1h").status_code == 200
        assert _make(client, expiry="1h", userName="admin").text == "impersonation is not allowed\n"
