# SPDX-License-Identifier: GPL-3.0-or-later
"""``sync_server``: looks after every service of a processing module, as ``sync_item`` does after one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bill_nextcloud.billmanager.form import OK
from bill_nextcloud.billmanager.service import ACTIVE, SUSPENDED, Database
from bill_nextcloud.call import number
from bill_nextcloud.log import logger
from bill_nextcloud.operation import BILLMANAGER, Operations
from bill_nextcloud.request import SYNC, Request

log = logger("sync_server")

_PAGE = 500


def sync_server(operations: Operations, database: Database, call: Mapping[str, Any]) -> str:
    """Store a ``sync_item`` for each service of ``call["module"]`` (a number) that is active or suspended; they are
    carried out in batches, and what comes of each is on record. One that is in processing belongs to its operation.

    A call that is repeated, or was killed in the middle, attaches to those that are unfinished. Raises ``BadRequest``,
    ``ModuleUnknown``, ``CloudParameterMissing``, ``BillmanagerUnavailable``, ``EngineUnavailable``.
    """
    module = number(call, "module", required=True) or 0
    database.cloud(module, secret=False)
    count = last = 0
    while services := database.services_after(module, (ACTIVE, SUSPENDED), last, _PAGE):
        for service in services:
            operations.submit(Request(service.id, SYNC), BILLMANAGER)
        count += len(services)
        last = services[-1].id
    log.info("services to be looked after", module=module, services=count)
    return OK
