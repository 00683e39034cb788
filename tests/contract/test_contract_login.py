# SPDX-License-Identifier: GPL-3.0-or-later
"""How sessions begin and whom they belong to: not in the recordings, but tried against the server under test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from contract import nextcloud_31
from contract.nextcloud_31 import NextcloudServer
from contract.real import skip_other_releases
from contract.server import PASSWORDS, Credentials

SUITE = nextcloud_31.SUITE
skip_other_releases(SUITE)


class Browser:
    """A client that keeps cookies."""

    def __init__(self, server: NextcloudServer) -> None:
        self._server = server
        self.cookies = requests.Session()

    def whoami(self, auth: Credentials | None) -> str | None:
        """Id of the account that the server takes the caller for; None when it says 401."""
        answer = self.cookies.get(
            f"{self._server.url}/ocs/v2.php/cloud/user",
            params={"format": "json"},
            headers={"OCS-APIRequest": "true"},
            auth=auth,
            timeout=60,
        )
        if answer.status_code == 401:
            return None
        found: str = answer.json()["ocs"]["data"]["id"]
        return found


@pytest.fixture
def account(server: NextcloudServer) -> Iterator[Credentials]:
    """An account that exists for one test."""
    server.create_user("rec-login")
    yield "rec-login", PASSWORDS["good"]
    server.setup("DELETE", "/cloud/users/rec-login")


def test_session_begins_with_the_second_login(server: NextcloudServer, account: Credentials) -> None:
    """The first log-in leaves cookies that log nobody in; with the second the server sees that they are kept."""
    browser = Browser(server)
    assert browser.whoami(account) == "rec-login"
    assert browser.whoami(None) is None
    assert browser.whoami(account) == "rec-login"
    assert browser.whoami(None) == "rec-login"


def test_session_wins_over_credentials_of_another_account(server: NextcloudServer, account: Credentials) -> None:
    """Cookies decide, not user name and password: a jar must never be shared between accounts."""
    browser = Browser(server)
    assert browser.whoami(account) == "rec-login"
    assert browser.whoami(account) == "rec-login"
    assert browser.whoami(server.admin()) == "rec-login"


def test_session_of_a_disabled_account_ends(server: NextcloudServer, account: Credentials) -> None:
    """Neither its cookies nor its password log in any more."""
    browser = Browser(server)
    assert [browser.whoami(account) for _ in range(2)] == ["rec-login"] * 2
    server.setup("PUT", "/cloud/users/rec-login/disable")
    assert browser.whoami(None) is None
    assert browser.whoami(account) is None
