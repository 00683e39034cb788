# SPDX-License-Identifier: GPL-3.0-or-later
"""An OpenCloud that a test sets up, with what only such tests ask of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import requests
from standins.cloud.process import StandinCloud

from dialects.cloud import CloudUnderTest

ADMIN, ADMIN_PASSWORD = "admin", "Admin-of-the-stand-in-1"


class OpenCloud(CloudUnderTest):
    """A stand-in of its own. Names of accounts and groups are as the test says, without a prefix."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        """Start it; `settings` are those of `standins.cloud.opencloud.settings`."""
        folder.mkdir()
        options: dict[str, Any] = {"product": "opencloud", "opencloud": settings}
        self.server = StandinCloud(folder, admin_user=ADMIN, admin_password=ADMIN_PASSWORD, **options).__enter__()
        super().__init__(self.server.url, ADMIN, ADMIN_PASSWORD, self.server)
        self.prefix = ""
        self.server.clear_requests()

    def stop(self) -> None:
        """End it."""
        self.server.__exit__(None, None, None)

    def act_by(self, **log_in: str) -> None:
        """From here on tasks log in by these options."""
        self._connection = {"api_url": self.url, **log_in}

    def quota_of(self, name: str) -> int | None:
        """The bytes that an account's drive may hold, 0 for unlimited; None: it has no drive."""
        url = f"{self.url}/graph/v1.0/users/{name}?$expand=drive"
        drive = requests.get(url, auth=(ADMIN, ADMIN_PASSWORD), timeout=60).json()["drive"]
        return int(drive["quota"]["total"]) if "id" in drive else None

    def sent(self) -> list[str]:
        """Method and path of the requests since the last call of this, status.php left out."""
        sent = self.server.requests()
        self.server.clear_requests()
        return [f"{one['method']} {one['path']}" for one in sent if one["path"] != "/status.php"]
