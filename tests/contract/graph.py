# SPDX-License-Identifier: GPL-3.0-or-later
"""A plain client of LibreGraph, for tests that steer a stand-in."""

from __future__ import annotations

from typing import Any

import requests
from standins.cloud.process import StandinCloud

PASSWORD = "Rec-good-0-tablecloth-Wombat"


class GraphClient:
    """Acts as the administrator unless told otherwise."""

    def __init__(self, cloud: StandinCloud) -> None:
        self.cloud = cloud
        self.admin = (cloud.admin_user, cloud.admin_password)

    def call(
        self,
        method: str,
        path: str,
        content: Any = None,
        *,
        auth: tuple[str, str] | None = None,
        bearer: str | None = None,
        query: dict[str, str] | None = None,
    ) -> requests.Response:
        """One call; path is below the cloud. bearer: a token, in place of user name and password."""
        return requests.request(
            method,
            f"{self.cloud.url}/{path}",
            params=query,
            json=content,
            auth=None if bearer else auth or self.admin,
            headers={"Authorization": f"Bearer {bearer}"} if bearer else None,
            timeout=10,
            allow_redirects=False,
        )

    def graph(self, method: str, path: str, content: Any = None, **how: Any) -> requests.Response:
        """A call of LibreGraph; how: see `call`."""
        return self.call(method, f"graph/v1.0/{path}", content, **how)

    def create(self, name: str, **fields: Any) -> str:
        """Make an account; returns its id."""
        account = {"onPremisesSamAccountName": name, "displayName": name, "passwordProfile": {"password": PASSWORD}}
        answer = self.graph("POST", "users", account | fields)
        assert answer.status_code == 201, answer.text
        made: str = answer.json()["id"]
        return made

    def first_login(self, name: str) -> int:
        """Log in as the account; returns the HTTP status."""
        return self.graph("GET", "me", auth=(name, PASSWORD)).status_code

    def names(self, **query: str) -> list[str]:
        """The user names that `GET users` lists; query: search, filter, orderby, without the dollar."""
        answer = self.graph("GET", "users", query={f"${key}": value for key, value in query.items()})
        assert answer.status_code == 200, answer.text
        return [user["onPremisesSamAccountName"] for user in answer.json()["value"]]

    def quota(self, account: str) -> dict[str, Any]:
        """The quota of the account's personal drive, by the account's id."""
        found: dict[str, Any] = self.graph("GET", f"users/{account}/drive").json()["quota"]
        return found


def error(answer: requests.Response) -> tuple[int, str, str]:
    """HTTP status, code and message."""
    shown = answer.json()["error"]
    return answer.status_code, shown["code"], shown["message"]
