# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When an app token ends.

Source: OpenCloud 0.1.0, ``services/auth-app/pkg/service/service.go``. A list shows a hash of each token, by which the
one in use cannot be told from others without the server's own means.
"""

from __future__ import annotations

from datetime import datetime, timezone

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph.graph import read_list
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph.records import read_time
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph.session import GraphSession

_TOKENS = "/auth-app/tokens"
_NOT_TOLD = ("not_an_answer", "refused", "server_error", "timeout", "write_not_permitted")


def read_end(session: GraphSession) -> datetime | None:
    """Return when the app token of this log-in ends: the only one of the account that has not ended yet.

    :param session: logged in with what must be an app token, because the cloud takes no passwords.
    :returns: None when the cloud does not tell, or when there are several.
    :raises CloudError: what concerns the cloud or the log-in.
    """
    try:
        records = read_list(session.request("GET", _TOKENS))
    except CloudError as error:
        if error.code not in _NOT_TOLD:
            raise
        return None
    now = datetime.now(timezone.utc)  # noqa: UP017 - Python 3.10
    ends = [read_time(record.get("expiration_date")) for record in records]
    valid = [end for end in ends if end is None or end > now]
    return valid[0] if len(valid) == 1 else None
