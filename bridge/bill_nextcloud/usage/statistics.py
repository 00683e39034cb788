# SPDX-License-Identifier: GPL-3.0-or-later
"""``stat``: reads once a day what the accounts of a cloud use, and gives it to BILLmanager.

Nothing is acknowledged before it is done: the call waits for the end, and whoever is killed in the middle (bridge or
caller) leaves a day that is not closed, which the next call reads again from its beginning. So nothing has to be kept
to be gone on with; each row is written in the place of the one that is there.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field

from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.billmanager.service import Database
from bill_nextcloud.billmanager.statistics import close_day
from bill_nextcloud.errors import Failure, OperationError
from bill_nextcloud.holds import Holds
from bill_nextcloud.log import logger
from bill_nextcloud.usage.notes import show
from bill_nextcloud.usage.reading import Found, Reading

log = logger("usage")


@dataclass(frozen=True)
class _Pass:
    """The reading of one day that is under way."""

    day: str
    found: Future[Found] = field(default_factory=Future)


def _today() -> str:
    return time.strftime("%Y-%m-%d")


class Statistics:
    """Carries out ``stat``; one at a time for each cloud."""

    def __init__(self, mgrctl: Mgrctl, database: Database, holds: Holds, reading: Reading) -> None:
        self._mgrctl = mgrctl
        self._database = database
        self._holds = holds
        self._reading = reading
        self._guard = threading.Lock()
        self._under_way: dict[int, _Pass] = {}

    def __call__(self, module: int) -> Found:
        """Read today's use on the cloud ``module`` (number of the processing module) and close the day in BILLmanager.

        Today is this host's, as BILLmanager's own dates are. The call returns when all is done, which takes some
        milliseconds for each account; one for a cloud that is being read already returns with that one's end. The
        ``failure`` of the result is why the day is not closed; it is ``None`` when it is.
        """
        while True:
            day = _today()
            with self._guard:
                other = self._under_way.get(module)
                if other is None:
                    mine = self._under_way[module] = _Pass(day)
                    break
            found = other.found.result()
            if other.day == day:
                return found
            # That was yesterday's, from before midnight.
        try:
            found = self._carry_out(module, day)
        except Exception as error:
            # Those who wait are told, too.
            mine.found.set_result(Found(failure=Failure("internal", {"detail": type(error).__name__})))
            raise
        finally:
            with self._guard:
                del self._under_way[module]
        mine.found.set_result(found)
        return found

    def _carry_out(self, module: int, day: str) -> Found:
        begun = time.monotonic()
        held = self._holds.failure(module)
        if held is not None:
            # Its own probes find out when it works again; each further log-in may do harm.
            log.warning("usage not read, the cloud is held", cloud=module, code=held.code)
            return Found(failure=held)
        found = Found()
        try:
            found = self._reading(module, day)
            if found.failure is not None:
                self._holds.observe(module, [found.failure])
            elif found.read:
                self._holds.observe(module, [None])
            if found.failure is None:
                close_day(self._mgrctl, module, day)
        except OperationError as error:
            log.error("usage not read", cloud=module, day=day, code=error.code, detail=error)
            if error.failure.kind == "held":
                self._holds.observe(module, [error.failure])
            found.failure = error.failure
            return found
        level = log.error if found.failure else log.info
        level(
            "usage read" if found.failure is None else "usage read in part, the day stays open",
            cloud=module,
            day=day,
            accounts=found.read,
            unread=found.unread,
            code=found.failure.code if found.failure else None,
            seconds=round(time.monotonic() - begun, 1),
        )
        if found.failure is None and found.notes:
            # Each is a call of mgrctl, and after the first reading there may be thousands: nobody waits for them.
            threading.Thread(target=show, args=(self._mgrctl, found.notes), name="notes", daemon=True).start()
        return found
