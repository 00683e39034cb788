# SPDX-License-Identifier: GPL-3.0-or-later
"""``get_server_config``: what a cloud says of itself is kept with its processing module, for the forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bill_nextcloud.billmanager.form import OK
from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.billmanager.server_config import save
from bill_nextcloud.call import number
from bill_nextcloud.errors import Failure
from bill_nextcloud.forms.groups import CloudGroups


def get_server_config(groups: CloudGroups, mgrctl: Mgrctl, call: Mapping[str, Any]) -> str | Failure:
    """Read groups, version and free space of the cloud ``call["module"]`` and keep them. A cloud that does not answer
    is the failure, and what was kept stays. Raises ``BadRequest``, ``ModuleUnknown``, ``BillmanagerUnavailable``,
    ``BillmanagerRefused``."""
    module = number(call, "module", required=True) or 0
    found = groups.ask(module, space=True)
    if isinstance(found, Failure):
        return found
    save(mgrctl, module, found)
    return OK
