# SPDX-License-Identifier: GPL-3.0-or-later
"""The cloud under test: the stand-in, started here, or a real server that the caller names."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
from standins.cloud.process import StandinCloud


class CloudRefused(Exception):
    """The cloud refuses what the administrator asks for."""


@dataclass
class Cloud:
    """A cloud with its administrator's credentials. Requests go by a session of their own, not by the product's."""

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
        """One call below ``/ocs/v2.php/cloud``; returns ``{"code", "message", "data"}``. Raises on an answer that is
        none, or on HTTP 401."""
        for fresh in (False, True):
            if fresh:
                self.session.cookies.clear()
            answer = self.session.request(
                method, f"{self.url}/ocs/v2.php/cloud/{path}", params={"format": "json"}, data=form or None, timeout=120
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
        if answer["code"] != 200:
            raise CloudRefused(f"{name}: {answer['code']} {answer['message']}")
        return dict(answer["data"])

    def create(self, name: str, password: str, **form: Any) -> None:
        """Make an account that the product knows nothing of."""
        answer = self.ocs("POST", "users", userid=name, password=password, **form)
        if answer["code"] != 200:
            raise CloudRefused(f"{name}: {answer['code']} {answer['message']}")

    def delete(self, name: str) -> None:
        """Delete an account; one that does not exist is fine."""
        self.ocs("DELETE", f"users/{quote(name, safe='')}")

    def change_own_password(self, password: str) -> None:
        """The administrator takes another password; BILLmanager does not hear of it."""
        answer = self.ocs("PUT", f"users/{quote(self.username, safe='')}", key="password", value=password)
        if answer["code"] != 200:
            raise CloudRefused(f"{self.username}: {answer['code']} {answer['message']}")
        self.password = password
        self.session.cookies.clear()
        self.session.auth = (self.username, password)

    def add_group(self, name: str) -> bool:
        """Make a group; whether it is new."""
        code = self.ocs("POST", "groups", groupid=name)["code"]
        if code not in (200, 102):
            raise CloudRefused(f"group {name} cannot be made (code {code}): is {self.username} an administrator?")
        return bool(code == 200)

    def delete_group(self, name: str) -> None:
        """Delete a group."""
        self.ocs("DELETE", f"groups/{quote(name, safe='')}")


class Server:
    """The stand-in cloud as a process, with what tests ask of it."""

    def __init__(self, directory: Path, **options: Any) -> None:
        """Start one on a free port of the loopback. ``options`` are keys of its configuration."""
        directory.mkdir(parents=True, exist_ok=True)
        options = {"groups": ["customers", "premium"], "admin_password": secrets.token_urlsafe(18), **options}
        self.standin = StandinCloud(directory, **options).__enter__()
        authority = options.get("tls_certificate")
        user = self.standin.admin_user
        self.cloud = Cloud(self.standin.url, user, options["admin_password"], Path(authority) if authority else None)

    def stop(self) -> None:
        """End the process."""
        self.standin.__exit__(None, None, None)
