# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What occ cannot do, done by the HTTP API of the same cloud."""

from __future__ import annotations

import threading
import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import API, OCC
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Cloud, TransportUsed

_Result = t.TypeVar("_Result")


class ByApi:
    """Calls of the API, from any thread.

    :param cloud: the same cloud by its API.
    """

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self._lock = threading.Lock()
        self._reasons: list[str] = []

    def call(self, reason: str, send: t.Callable[[Cloud], _Result]) -> _Result:
        """Call the API.

        :param reason: why it is not occ that does it.
        """
        with self._lock:
            if reason not in self._reasons:
                self._reasons.append(reason)
        return send(self.cloud)

    def transport(self) -> TransportUsed:
        """Return which way was used so far."""
        return TransportUsed((OCC, API), tuple(self._reasons)) if self._reasons else TransportUsed((OCC,))
