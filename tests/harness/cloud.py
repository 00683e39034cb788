# SPDX-License-Identifier: GPL-3.0-or-later
"""The cloud under test: the stand-in, started here, or a real server that the caller names."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import requests
from standins.cloud.process import StandinCloud


class CloudRefused(Exception):
    """The cloud refuses what the administrator asks for."""


@dataclass
class Cloud:
    """A Nextcloud with its administrator's credentials. Requests go by a session of their own, not by the product's."""

    ocs_root: ClassVar[str] = "/ocs/v2.php/cloud"
    success: ClassVar[int] = 200

    url: str
    username: str
    password: str = field(repr=False)
    ca_path: Path | None = None

    def __post_init__(self) -> None:
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.auth = (self.username, self.password)
        self.session.headers["OCS-APIRequest"] = "true"
        if self.ca_path:
            self.session.verify = str(self.ca_path)

    def ocs(self, method: str, path: str, **form: Any) -> dict[str, Any]:
        """One call below :attr:`ocs_root`; returns ``{"code", "message", "data"}``. Raises on an answer that is
        none, or on HTTP 401."""
        for fresh in (False, True):
            if fresh:
                self.session.cookies.clear()
            answer = self.session.request(
                method, f"{self.url}{self.ocs_root}/{path}", params={"format": "json"}, data=form or None, timeout=120
            )
            if answer.status_code == 401:
                raise CloudRefused(f"{self.url}: the log-in of {self.username} was refused")
            value = answer.json()["ocs"]
            if value["meta"]["message"] != "Password confirmation is required":
                break
        return {"code": value["meta"]["statuscode"], "message": value["meta"]["message"], "data": value["data"]}

    def account(self, name: str) -> dict[str, Any] | None:
        """The account as the administrator sees it, or ``None``."""
        answer = self.ocs("GET", f"users/{quote(name, safe='')}")
        if answer["code"] in (404, 998):
            return None
        self._require(answer, name)
        return dict(answer["data"])

    def create(self, name: str, password: str, **form: Any) -> None:
        """Make an account that the product knows nothing of."""
        self._require(self.ocs("POST", "users", userid=name, password=password, **form), name)

    def delete(self, name: str) -> None:
        """Delete an account; one that does not exist is fine."""
        self.ocs("DELETE", f"users/{quote(name, safe='')}")

    def change_by_hand(self, name: str, *, enabled: bool, quota: int) -> None:
        """Enable or disable an account, and give it another quota (bytes)."""
        path = f"users/{quote(name, safe='')}"
        self._require(self.ocs("PUT", path, key="quota", value=str(quota)), name)
        self._require(self.ocs("PUT", f"{path}/{'enable' if enabled else 'disable'}"), name)

    def change_own_password(self, password: str) -> None:
        """The administrator takes another password; BILLmanager does not hear of it."""
        answer = self.ocs("PUT", f"users/{quote(self.username, safe='')}", key="password", value=password)
        self._require(answer, self.username)
        self.password = password
        self.session.cookies.clear()
        self.session.auth = (self.username, password)

    def add_group(self, name: str) -> bool:
        """Make a group; whether it is new."""
        code = self.ocs("POST", "groups", groupid=name)["code"]
        if code not in (self.success, 102):
            raise CloudRefused(f"group {name} cannot be made (code {code}): is {self.username} an administrator?")
        return bool(code == self.success)

    def delete_group(self, name: str) -> None:
        """Delete a group."""
        self.ocs("DELETE", f"groups/{quote(name, safe='')}")

    def quota_shown_to(self, username: str, password: str) -> int | None:
        """The quota in bytes as the cloud tells it to the account itself, or ``None`` without a limit."""
        quota = int(self._own_record(username, password)["quota"]["quota"])
        return None if quota < 0 else quota

    def _own_record(self, username: str, password: str) -> dict[str, Any]:
        return dict(self.as_account(username, password, f"{self.ocs_root}/user").json()["ocs"]["data"])

    def as_account(self, username: str, password: str, path: str) -> requests.Response:
        """The answer to one reading request of an account, with nothing kept of its log-in."""
        with requests.Session() as session:
            session.trust_env = False
            return session.get(
                self.url + path,
                params={"format": "json"},
                auth=(username, password),
                headers={"OCS-APIRequest": "true"},
                verify=str(self.ca_path) if self.ca_path else True,
                timeout=60,
            )

    def _require(self, answer: dict[str, Any], name: str) -> None:
        if answer["code"] != self.success:
            raise CloudRefused(f"{name}: {answer['code']} {answer['message']}")


class Server:
    """The stand-in cloud as a process, with what tests ask of it."""

    def __init__(self, directory: Path, cloud_type: type[Cloud] = Cloud, **options: Any) -> None:
        """Start one on a free port of the loopback. ``cloud_type``: how its administrator speaks to it; ``options`` are
        keys of its configuration."""
        directory.mkdir(parents=True, exist_ok=True)
        options = {"groups": ["customers", "premium"], "admin_password": secrets.token_urlsafe(18), **options}
        self.standin = StandinCloud(directory, **options).__enter__()
        authority = options.get("tls_certificate")
        ca_path = Path(authority) if authority else None
        self.cloud = cloud_type(self.standin.url, self.standin.admin_user, options["admin_password"], ca_path)

    def stop(self) -> None:
        """End the process."""
        self.standin.__exit__(None, None, None)
