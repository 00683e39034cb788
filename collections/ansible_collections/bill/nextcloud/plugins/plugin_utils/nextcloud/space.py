# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much space a Nextcloud has left, as its bundled app serverinfo tells administrators.

Source: ``ApiController::info`` and ``SystemStatistics::getFreeSpace`` of that app, and recorded answers of Nextcloud
31: bytes, or null for a storage that does not know, object storage for instance. Releases that pass Nextcloud's special
values on have negative numbers (``FileInfo::SPACE_UNKNOWN``, ``SPACE_UNLIMITED``, ``SPACE_NOT_COMPUTED``).
"""

from __future__ import annotations

import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.settings import NOT_TOLD
from ansible_collections.bill.nextcloud.plugins.plugin_utils.session import Session

_INFO = "/ocs/v2.php/apps/serverinfo/api/v1/info"
# It counts files and reads tables of the database, which takes long on a big cloud. Nobody should wait for one figure.
_READ_SECONDS = 3.0
# The app is switched off, or broken, or slow: the cloud itself works.
_NO_FIGURE = (*NOT_TOLD, "server_error", "timeout", "rate_limited")


def free_space(session: Session) -> int | None:
    """Return the free bytes of a cloud's disk, or None where it does not tell.

    :param session: logged in as an administrator: of others the app counts the request as an attack.
    :raises CloudError: what concerns the cloud or the log-in, and not this very call.
    """
    try:
        reply = session.request("GET", _INFO, read_seconds=_READ_SECONDS)
    except CloudError as error:
        if error.code not in _NO_FIGURE:
            raise
        return None
    if not reply.ok:
        return None
    found: t.Any = reply.data
    for name in ("nextcloud", "system", "freespace"):
        found = found.get(name) if isinstance(found, dict) else None
    # PHP's functions give a float.
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not 0 <= found < 2**63:
        return None
    return int(found)
