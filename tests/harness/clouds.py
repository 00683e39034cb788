# SPDX-License-Identifier: GPL-3.0-or-later
"""Clouds of each dialect as their administrators see them, for whoever drives or checks a whole chain."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, ClassVar, NamedTuple
from urllib.parse import quote

import requests

from harness.cloud import Cloud, CloudRefused

UNLIMITED = -3


class OwnCloud(Cloud):
    """An ownCloud 10 or 11."""

    ocs_root: ClassVar[str] = "/ocs/v1.php/cloud"
    success: ClassVar[int] = 100

    def account(self, name: str) -> dict[str, Any] | None:
        """See :class:`Cloud`; with the fields that a Nextcloud has."""
        record = super().account(name)
        if record is None:
            return None
        groups = self.ocs("GET", f"users/{quote(name, safe='')}/groups")["data"]["groups"]
        # Before the first log-in there is only what was set.
        quota = record["quota"].get("total", record["quota"]["definition"])
        return {**record, "groups": groups, "enabled": record["enabled"] == "true", "quota": {"quota": quota}}

    def quota_shown_to(self, username: str, password: str) -> int | None:
        """See :class:`Cloud`."""
        path = f"{self.ocs_root}/users/{quote(username, safe='')}"
        quota = self.as_account(username, password, path).json()["ocs"]["data"]["quota"]
        return None if quota["definition"] == "none" else int(quota["total"])


class LibreGraph(Cloud):
    """An oCIS or OpenCloud with Basic authentication."""

    def graph(self, method: str, path: str, body: Any = None, **query: str) -> requests.Response:
        """One call below ``/graph/v1.0``. Raises when the log-in is refused."""
        answer = self.session.request(
            method, f"{self.url}/graph/v1.0/{path}", json=body, params=query or None, timeout=120
        )
        if answer.status_code == 401:
            raise CloudRefused(f"{self.url}: the log-in of {self.username} was refused")
        return answer

    def account(self, name: str) -> dict[str, Any] | None:
        """See :class:`Cloud`; with the fields that a Nextcloud has."""
        answer = self.graph("GET", f"users/{quote(name, safe='')}", **{"$expand": "memberOf"})
        if answer.status_code == 404:
            return None
        record = _required(answer, name)
        drive = self.graph("GET", f"users/{record['id']}/drive")
        quota = drive.json()["quota"]["total"] if drive.status_code == 200 else None
        return {
            "enabled": record["accountEnabled"],
            "displayname": record["displayName"],
            "groups": sorted(group["displayName"] for group in record.get("memberOf", [])),
            "quota": {"quota": UNLIMITED if quota == 0 else quota},
        }

    def create(self, name: str, password: str, **form: Any) -> None:
        """See :class:`Cloud`."""
        made = {"onPremisesSamAccountName": name, "displayName": name, "passwordProfile": {"password": password}}
        _required(self.graph("POST", "users", {**made, **form}), name)

    def change_by_hand(self, name: str, *, enabled: bool, quota: int) -> None:
        """See :class:`Cloud`."""
        path = f"users/{quote(name, safe='')}"
        record = _required(self.graph("PATCH", path, {"accountEnabled": enabled}), name)
        drive = _required(self.graph("GET", f"users/{record['id']}/drive"), name)
        _required(self.graph("PATCH", f"drives/{drive['id']}", {"quota": {"total": quota}}), name)

    def delete(self, name: str) -> None:
        """See :class:`Cloud`."""
        self.graph("DELETE", f"users/{quote(name, safe='')}")

    def add_group(self, name: str) -> bool:
        """See :class:`Cloud`."""
        if name in self._groups():
            return False
        _required(self.graph("POST", "groups", {"displayName": name}), f"group {name}")
        return True

    def delete_group(self, name: str) -> None:
        """See :class:`Cloud`."""
        if name in self._groups():
            self.graph("DELETE", f"groups/{self._groups()[name]}")

    def quota_shown_to(self, username: str, password: str) -> int | None:
        """See :class:`Cloud`."""
        drives = self.as_account(username, password, "/graph/v1.0/me/drives").json()["value"]
        (own,) = [drive for drive in drives if drive["driveType"] == "personal"]
        return own["quota"]["total"] or None

    def _groups(self) -> dict[str, str]:
        answer = _required(self.graph("GET", "groups"), "the groups")
        return {group["displayName"]: group["id"] for group in answer["value"]}


class Dialect(NamedTuple):
    """``cloud_type``: how an administrator speaks to it; ``product``: of the stand-in; ``name``: for people."""

    cloud_type: type[Cloud]
    product: str
    name: str


DIALECTS = {
    "nextcloud": Dialect(Cloud, "nextcloud", "Nextcloud 31"),
    "nextcloud-17": Dialect(Cloud, "nextcloud-17", "Nextcloud 17"),
    "owncloud": Dialect(OwnCloud, "owncloud", "ownCloud 10"),
    "libregraph": Dialect(LibreGraph, "opencloud", "OpenCloud"),
}
"""By the names that DIALECT has for ``make demo``."""


def dialect_of(url: str, ca_path: Path | None) -> str:
    """The name of the dialect that a server's ``status.php`` tells."""
    answer = requests.get(f"{url}/status.php", verify=str(ca_path) if ca_path else True, timeout=60)
    told = answer.json()
    if told.get("productversion"):
        return "libregraph"
    return "owncloud" if told.get("product") == "ownCloud" else "nextcloud"


def named_cloud(program: str, dialect: str | None = None) -> Cloud | None:
    """The cloud that the environment names (CLOUD_URL, CLOUD_USER, CLOUD_PASSWORD, CLOUD_CA_FILE), if it names one.
    Ends the program, which is called ``program``, when the variables make no sense or no such cloud answers.

    ``dialect``: a key of ``DIALECTS``; ``None``: it is asked.
    """
    names = ("CLOUD_URL", "CLOUD_USER", "CLOUD_PASSWORD")
    values = [os.environ.pop(name, "") for name in names]
    authority = os.environ.pop("CLOUD_CA_FILE", "")
    if not any(values) and not authority:
        return None
    missing = [name for name, value in zip(names, values, strict=True) if not value]
    if missing:
        sys.exit(f"{program}: {', '.join(missing)} is missing; a real cloud needs {', '.join(names)}")
    url, username, password = values
    if not url.startswith(("http://", "https://")):
        sys.exit(f"{program}: CLOUD_URL must begin with https:// or http://")
    if authority and not Path(authority).is_file():
        sys.exit(f"{program}: CLOUD_CA_FILE is not there: {authority}")
    url, ca_path = url.rstrip("/"), Path(authority).resolve() if authority else None
    try:
        told = dialect_of(url, ca_path)
    except requests.RequestException as error:
        sys.exit(f"{program}: {trouble(error)}")
    if dialect is not None and dialect.partition("-")[0] != told:
        sys.exit(f"{program}: DIALECT is {dialect}, but CLOUD_URL says that it is {told}")
    return DIALECTS[told].cloud_type(url, username, password, ca_path)


def trouble(error: requests.RequestException | CloudRefused) -> str:
    """What is wrong with the cloud that the environment names, for people."""
    match error:
        case requests.exceptions.SSLError():
            return "the cloud's certificate does not verify; CLOUD_CA_FILE names a private authority's file"
        case requests.exceptions.JSONDecodeError():
            return "what answers at CLOUD_URL is not Nextcloud's API; is the path right?"
        case requests.RequestException():
            return f"the cloud does not answer: {type(error).__name__}; is CLOUD_URL right?"
    return str(error)


def _required(answer: requests.Response, name: str) -> dict[str, Any]:
    if not answer.ok:
        raise CloudRefused(f"{name}: HTTP status {answer.status_code} {answer.text[:200]}")
    return dict(answer.json())
