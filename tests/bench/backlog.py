# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether operations that wait slow down a new one on another cloud."""

from __future__ import annotations

import time

from bill_nextcloud.record import State
from harness.processes import until

from bench.callers import NotTaken, Progress, burst, run_modules
from bench.measures import Measure, at_most, percentile, seen
from bench.scene import Scene, scene

RATIO = 1.5
CALLERS = 16
OUTCOME_SECONDS = 60
UNFINISHED = (State.QUEUED, State.RUNNING, State.HELD)


def measure(engine: str, database: str | None, waiting: int, runs: int, progress: Progress) -> list[Measure]:
    """``runs`` operations (resumptions) on a cloud that works, alone and beside ``waiting`` held ones of another;
    and as many acknowledgements of the held cloud, which come at once."""
    name = f"{waiting} operations waiting, {engine}"
    with scene(database, wait_seconds=OUTCOME_SECONDS) as here:
        here.hold(here.cloud)
        services = here.suspended(here.other, 2 * (runs + 1))
        alone, stored_alone = _times(here, services[: runs + 1], progress)
        burst(here.socket, here.orders(here.cloud, waiting), CALLERS, progress)
        settled = waiting + runs
        started = time.monotonic()
        while (held := here.waiting(here.cloud, State.HELD)) < settled:
            progress("held", held, settled)
            time.sleep(1)
            if time.monotonic() - started > waiting:
                raise NotTaken(f"{held} of {settled} operations are held")
        beside, stored_beside = _times(here, services[runs + 1 :], progress)
        if here.waiting(here.cloud, *UNFINISHED) < settled:
            raise NotTaken("operations of the held cloud were carried out")
        here.stack.worker.stop()
        started = time.monotonic()
        here.stack.worker.start()
        restarted = time.monotonic() - started
    return [
        at_most(f"{name}: a new one, start to end, ratio", beside / alone, "×", RATIO),
        seen(f"{name}: a new one, start to end, median beside them", beside, "s"),
        seen(f"{name}: a new one, start to end, median alone", alone, "s"),
        at_most(f"{name}: an acknowledgement, ratio", stored_beside / stored_alone, "×", RATIO),
        seen(f"{name}: an acknowledgement, median beside them", 1000 * stored_beside, "ms"),
        seen(f"{name}: the worker's start beside them", restarted, "s"),
    ]


def _times(here: Scene, services: list[int], progress: Progress) -> tuple[float, float]:
    """The medians: a whole operation on the cloud that works, and an acknowledgement of the held one (seconds). The
    first of ``services`` is not counted."""
    done: list[float] = []
    for service in services:
        done += run_modules(here.panel, here.resumptions([service]), "whole", progress)
    stored = list(run_modules(here.panel, here.orders(here.cloud, len(services) - 1), "stored", progress))
    until(lambda: here.waiting(here.other, *UNFINISHED) == 0, OUTCOME_SECONDS, "for the cloud that works")
    return percentile(done[1:], 0.5), percentile(stored, 0.5)
