# SPDX-License-Identifier: GPL-3.0-or-later
"""The customer of an account: signs in with the delivered password and uses the storage over WebDAV."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import requests

_PROPFIND = '<?xml version="1.0"?><d:propfind xmlns:d="DAV:"><d:prop><d:quota-used-bytes/></d:prop></d:propfind>'


@dataclass(frozen=True)
class Customer:
    """Who holds ``username`` and ``password`` of an account at ``url``."""

    url: str
    username: str
    password: str = field(repr=False)
    ca_path: Path | None = None

    def _request(
        self, method: str, name: str = "", data: bytes | str | None = None, depth: str = "0"
    ) -> requests.Response:
        url = f"{self.url}/remote.php/dav/files/{quote(self.username, safe='')}/{name}"
        with requests.Session() as session:
            session.trust_env = False
            return session.request(
                method,
                url,
                auth=(self.username, self.password),
                data=data,
                headers={"Depth": depth},
                verify=str(self.ca_path) if self.ca_path else True,
                timeout=60,
            )

    def status(self) -> int:
        """The HTTP status with which the storage answers a sign-in: 207 in use, 401 or 503 refused."""
        return self._request("PROPFIND", data=_PROPFIND).status_code

    def can_store(self) -> bool:
        """Whether a file can be uploaded, downloaded unchanged and removed."""
        content = secrets.token_bytes(4096)
        name = f"check-{secrets.token_hex(4)}.bin"
        uploaded = self._request("PUT", name, data=content)
        downloaded = self._request("GET", name)
        self._request("DELETE", name)
        return uploaded.status_code == 201 and downloaded.content == content
