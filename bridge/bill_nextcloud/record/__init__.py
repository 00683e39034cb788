# SPDX-License-Identifier: GPL-3.0-or-later
"""The record: every operation, each of its attempts, what happened when, and which clouds are held. No secret in it."""

from bill_nextcloud.record.clouds import CloudRow, Clouds
from bill_nextcloud.record.operations import Attempt, Operation, Operations
from bill_nextcloud.record.store import Store, open_record
from bill_nextcloud.record.tables import State

__all__ = ["Attempt", "CloudRow", "Clouds", "Operation", "Operations", "State", "Store", "open_record"]
