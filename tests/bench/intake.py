# SPDX-License-Identifier: GPL-3.0-or-later
"""How many events the bridge takes in a second, and how soon it acknowledges them: each is stored before."""

from __future__ import annotations

from bench.callers import Burst, NotTaken, Progress, burst
from bench.measures import Measure, at_least, at_most, percentile
from bench.scene import scene

CALLERS = 16
PER_SECOND, P99_MILLISECONDS = 100, 200


def measure(engine: str, database: str | None, events: int, progress: Progress) -> list[Measure]:
    """A burst of ``events`` to a held cloud, then one to a cloud whose operations are carried out meanwhile."""
    found = []
    with scene(database, wait_seconds=0) as here:
        here.hold(here.cloud)
        for cloud, what in ((here.cloud, "cloud held"), (here.other, "at work")):
            wanted = here.orders(cloud, events)
            taken = burst(here.socket, wanted, CALLERS, progress)
            # What was acknowledged must be on the disk: the worker gets no chance to write anything more.
            here.stack.worker.kill()
            stored = {row.billmanager_operation for row in here.record.search(limit=4 * events)}
            lost = {event.operation for event in wanted} - stored
            if lost:
                raise NotTaken(f"{len(lost)} of {events} events were acknowledged but not stored")
            found += _measures(f"intake, {what}, {engine}", taken)
            here.stack.worker.start()
    return found


def _measures(name: str, taken: Burst) -> list[Measure]:
    milliseconds = [seconds * 1000 for seconds in taken.answered]
    return [
        at_least(f"{name}: events", len(milliseconds) / taken.seconds, "1/s", PER_SECOND),
        at_most(f"{name}: acknowledgement, median", percentile(milliseconds, 0.5), "ms", P99_MILLISECONDS),
        at_most(f"{name}: acknowledgement, p99", percentile(milliseconds, 0.99), "ms", P99_MILLISECONDS),
    ]
