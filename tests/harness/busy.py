# SPDX-License-Identifier: GPL-3.0-or-later
"""A record with something of everything that monitoring tells."""

from __future__ import annotations

import time
from typing import Any

from bill_nextcloud.errors import Failure
from bill_nextcloud.record import CloudRow, State

from harness.command import Record

DAY = 86400
WRONG_CREDENTIALS = Failure("wrong_credentials", {"cloud": "Blue"})
FAILED = Failure("disk_addon_missing", {"tariff": "Small"})
# How an attempt ended, without a failure.
ENDED: dict[str, Any] = {"run": "aaa", "wish": {"name": "user_12"}}


def busy(record: Record) -> None:
    """Two clouds, one of them held; operations in several states, and attempts."""
    held_since = time.time() - 120
    record.clouds.save(CloudRow(3, 'Blue "old"\n', failure=WRONG_CREDENTIALS, held_since=held_since, held_by="anna"))
    record.clouds.save(CloudRow(4, "Green"))
    record.add(12, state=State.HELD, accepted_at=time.time() - 500)
    record.add(13, state=State.HELD)
    retrying = record.add(14, state=State.RETRYING, cloud=4)
    record.attempt(retrying, failure=timeout(30), **ENDED)
    record.add(15, "delete", due_at=time.time() + DAY, accepted_at=time.time() - 30 * DAY)
    done = record.add(16, state=State.DONE, cloud=4, ended_at=time.time() - 60)
    record.attempt(done, failure=timeout(10), **ENDED)
    record.attempt(done, 2, **ENDED)
    record.add(17, state=State.FAILED, ended_at=time.time() - 60, failure=FAILED)


def timeout(seconds: int) -> Failure:
    """The cloud did not answer within ``seconds``."""
    return Failure("timeout", {"cloud": "Green", "detail": f"{seconds} s"})
