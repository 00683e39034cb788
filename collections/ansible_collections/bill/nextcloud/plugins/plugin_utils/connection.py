# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a cloud is, and who acts on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from ansible_collections.bill.nextcloud.plugins.plugin_utils.credentials import Credentials
from ansible_collections.bill.nextcloud.plugins.plugin_utils.endpoint import Endpoint
from ansible_collections.bill.nextcloud.plugins.plugin_utils.places import Places
from ansible_collections.bill.nextcloud.plugins.plugin_utils.transport import CONNECT_SECONDS, READ_SECONDS


@dataclass(frozen=True)
class Connection:
    """What the connection options of a task say, and how long requests may take."""

    endpoint: Endpoint
    credentials: Credentials
    connect_seconds: float = CONNECT_SECONDS
    read_seconds: float = READ_SECONDS
    places: Places = field(default_factory=partial(Places, 1), repr=False, compare=False)
    """For all requests to the cloud, whoever logs in with them."""
    session_path: str | None = None
    """The file that keeps the log-in from task to task; None: it is not kept."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What should be known of the connection."""
        warning = self.endpoint.clear_text_warning
        return (warning,) if warning else ()
