# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in cloud with accounts in it, whose whole state and whose writes can be looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.cloud import Server

ADDRESS = "https://cloud.example.org"
"""The address in the documentation, which stands for the stand-in's. Beside it only its occ is replaced."""
OCC, PHP = "/var/www/nextcloud/occ", "/usr/bin/php8.3"
USERNAME = "provisioning"
_READS = ("GET", "HEAD", "OPTIONS", "PROPFIND")


class PreparedCloud:
    """A cloud that ``provisioning`` administers."""

    def __init__(self, directory: Path, password: str, groups: list[str], accounts: list[dict[str, Any]]) -> None:
        """Start it. An account has name and password, optionally any field of its creation, and ``enabled``."""
        self._directory = directory
        self._server = Server(directory, admin_user=USERNAME, admin_password=password, groups=groups)
        self._server.standin.set_app_config("groupquota", enabled="yes")  # an app that no Nextcloud comes with
        self.cloud = self._server.cloud
        for account in accounts:
            fields = dict(account)
            name, enabled = fields.pop("name"), fields.pop("enabled", True)
            lists = {f"{key}[]": fields.pop(key) for key in ("groups", "subadmin") if key in fields}
            self.cloud.create(name, fields.pop("password"), **fields, **lists)
            if not enabled:
                self.cloud.ocs("PUT", f"users/{name}/disable")

    def stop(self) -> None:
        """End the stand-in."""
        self._server.stop()

    def in_place(self, text: str) -> str:
        """Return a document's text with the stand-in's address in it, and with its occ."""
        text = text.replace(ADDRESS, self.cloud.url)
        if OCC in text:
            occ = self._server.standin.install_occ(self._directory / "occ")
            text = text.replace(OCC, str(occ)).replace(PHP, str(occ.with_name("php")))
        return text

    def writes(self) -> list[str]:
        """Every request so far that was no reading: method and path."""
        return [
            f"{request['method']} {request['path']}"
            for request in self._server.standin.requests()
            if request["method"] not in _READS
        ]

    def state(self) -> dict[str, Any]:
        """All groups, and all accounts as the administrator sees them, without what a mere log-in changes."""
        groups = self.cloud.ocs("GET", "groups")["data"]["groups"]
        names = self.cloud.ocs("GET", "users")["data"]["users"]
        accounts = {name: self.cloud.account(name) or {} for name in names}
        for account in accounts.values():
            account.pop("lastLogin", None)
            account.pop("lastLoginTimestamp", None)
        return {"groups": groups, "accounts": accounts}
