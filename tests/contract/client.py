# SPDX-License-Identifier: GPL-3.0-or-later
"""A plain client of the provisioning API, for tests that steer a stand-in."""

from __future__ import annotations

from typing import Any

import requests
from standins.cloud.process import StandinCloud

PASSWORD = "Rec-good-0-tablecloth-Wombat"


class Client:
    """Keeps cookies, as the collection does; `fresh()` forgets them. version: of the OCS API."""

    def __init__(self, cloud: StandinCloud, version: int = 2) -> None:
        self.cloud = cloud
        self._version = version
        self.session = requests.Session()
        self.session.auth = (cloud.admin_user, cloud.admin_password)
        self.session.headers["OCS-APIRequest"] = "true"

    def fresh(self) -> Client:
        """A client that has not logged in yet."""
        return Client(self.cloud, self._version)

    def call(
        self, method: str, path: str, form: dict[str, str] | None = None, timeout: float = 10
    ) -> requests.Response:
        """One call; path is below /cloud."""
        return self.session.request(
            method,
            f"{self.cloud.url}/ocs/v{self._version}.php/cloud/{path}",
            params={"format": "json"},
            data=form,
            timeout=timeout,
            allow_redirects=False,
        )

    def create(self, name: str, **form: str) -> requests.Response:
        """Make an account."""
        return self.call("POST", "users", {"userid": name, "password": PASSWORD, **form})

    def record(self, name: str) -> dict[str, Any] | None:
        """The account's record; None when it does not exist."""
        answer = self.call("GET", f"users/{name}")
        data: dict[str, Any] = answer.json()["ocs"]["data"]
        return data if answer.status_code == 200 else None

    def dav(
        self, method: str, name: str, path: str = "", body: bytes = b"", password: str = PASSWORD
    ) -> requests.Response:
        """A WebDAV request of the account itself, without cookies."""
        address = f"{self.cloud.url}/remote.php/dav/files/{name}/{path}"
        return requests.request(method, address, auth=(name, password), data=body, timeout=10)


def ocs_code(answer: requests.Response) -> tuple[int, str]:
    """OCS status code and message."""
    meta = answer.json()["ocs"]["meta"]
    return meta["statuscode"], meta["message"]
