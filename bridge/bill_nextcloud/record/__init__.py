# SPDX-License-Identifier: GPL-3.0-or-later
"""The record: every operation, each of its attempts, what happened when, and which clouds are held. No secret in it."""

from bill_nextcloud.record.clouds import CloudRow, Clouds
from bill_nextcloud.record.operations import Operations
from bill_nextcloud.record.rows import Attempt, Operation
from bill_nextcloud.record.runs import RunsOnRecord
from bill_nextcloud.record.store import Store, open_record
from bill_nextcloud.record.tables import State
from bill_nextcloud.record.untold import Untold

__all__ = [
    "Attempt",
    "CloudRow",
    "Clouds",
    "Operation",
    "Operations",
    "RunsOnRecord",
    "State",
    "Store",
    "Untold",
    "open_record",
]
