# SPDX-License-Identifier: GPL-3.0-or-later
"""The record: every operation, each of its attempts, what happened when, and which clouds are held. No secret in it."""

from bill_nextcloud.record.clouds import CloudRow, Clouds
from bill_nextcloud.record.operations import Operations
from bill_nextcloud.record.rows import Attempt, Operation
from bill_nextcloud.record.runs import RunsOnRecord
from bill_nextcloud.record.store import Store, open_record
from bill_nextcloud.record.tables import State
from bill_nextcloud.record.untold import Untold
from bill_nextcloud.record.usage import DayOfUse, ServiceUse, UsageHistory

__all__ = [
    "Attempt",
    "CloudRow",
    "Clouds",
    "DayOfUse",
    "Operation",
    "Operations",
    "RunsOnRecord",
    "ServiceUse",
    "State",
    "Store",
    "Untold",
    "UsageHistory",
    "open_record",
]
