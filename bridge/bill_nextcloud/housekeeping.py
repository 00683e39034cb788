# SPDX-License-Identifier: GPL-3.0-or-later
"""What the bridge does by itself from time to time: make up for what crashes left out, and take away what is old."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from bill_nextcloud.errors import OperationError
from bill_nextcloud.log import logger
from bill_nextcloud.operation import Operations
from bill_nextcloud.playbook import Runs
from bill_nextcloud.record import UsageHistory
from bill_nextcloud.telling import Teller

log = logger("housekeeping")

MINUTE, HOUR = 60.0, 3600.0
# After a failure of the bridge's own storage its operations are not left waiting for the next full minute.
SOON, LATELY = 5.0, 180.0
MOMENT = 10.0
Chore = tuple[str, float, Callable[[], object]]
RECOVER = "operations are handed over again"


class Housekeeping:
    """Chores with their pauses (seconds). One that fails is tried again after its pause. Those that ask BILLmanager,
    which may take minutes to say nothing, keep no others waiting."""

    def __init__(
        self, operations: Operations, runs: Runs, teller: Teller, history: UsageHistory, keep_record_days: float
    ) -> None:
        self._engine = operations.engine
        self._operations = operations
        self._history = history
        self._keep_record_days = keep_record_days
        self._own: list[Chore] = [
            (RECOVER, MINUTE, operations.recover),
            ("operations without an end are taken away", MOMENT, self._take_stranded),
            ("old operations are removed", HOUR, operations.remove_old),
            ("old artifacts are removed", HOUR, runs.remove_old),
            ("log-ins that have ended are removed", MINUTE, runs.remove_ended_sessions),
            ("old usage is removed", HOUR, self._remove_old_usage),
        ]
        self._billmanagers: list[Chore] = [
            ("failures are told again", MINUTE, teller.again),
            ("deletions are expected", HOUR, operations.expect_deletions),
        ]

    def start(self) -> None:
        """Begin, in threads that end with the process."""
        for chores in (self._own, self._billmanagers):
            threading.Thread(target=self._keep, args=(chores,), name="housekeeping", daemon=True).start()

    def _keep(self, chores: list[Chore]) -> None:
        last = {name: 0.0 for name, _, _ in chores}
        # The first minute belongs to the operations; deadlines are looked at right away.
        last[RECOVER] = time.monotonic()
        while True:
            for name, seconds, chore in chores:
                pause = SOON if name == RECOVER and self._engine.failed_within(LATELY) else seconds
                if last[name] and time.monotonic() - last[name] < pause:
                    continue
                try:
                    chore()
                except OperationError as error:
                    log.warning("chore failed", chore=name, detail=error)
                except Exception:  # the edge of the thread: the next time may go well
                    log.exception("chore failed", chore=name)
                last[name] = time.monotonic()
            time.sleep(1)

    def _remove_old_usage(self) -> None:
        before = time.localtime(time.time() - self._keep_record_days * 24 * HOUR)
        self._history.remove_before(time.strftime("%Y-%m-%d", before))

    def _take_stranded(self) -> None:
        if self._engine.take_stranded():
            self._operations.recover()
