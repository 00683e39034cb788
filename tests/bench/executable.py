# SPDX-License-Identifier: GPL-3.0-or-later
"""How long one run of ``pmnextcloud`` takes, from its start to the acknowledgement that it prints."""

from __future__ import annotations

import subprocess
import time
from functools import partial

from bill_nextcloud.record import State
from harness.processes import until

from bench.callers import Progress, run_module, run_modules
from bench.measures import Measure, at_most, percentile, seen
from bench.scene import Scene, scene

MILLISECONDS = 60
WARM = 5
SETTLED_SECONDS = 60


def measure(engine: str, database: str | None, runs: int, progress: Progress) -> list[Measure]:
    """``runs`` processes to a held cloud, where what is stored is acknowledged at once: each while the bridge has
    nothing else to do; and then as many, one right after the other."""
    name = f"pmnextcloud, {engine}"
    with scene(database, wait_seconds=0) as here:
        here.hold(here.cloud)
        events = here.orders(here.cloud, WARM + 2 * runs)
        taken = []
        for number, event in enumerate(events[: WARM + runs], 1):
            taken.append(1000 * run_module(here.panel, event).seconds)
            until(partial(_held, here, number), SETTLED_SECONDS, "for a hold")
            progress("one at a time", number, WARM + runs)
        taken = taken[WARM:]
        following = [1000 * seconds for seconds in run_modules(here.panel, events[WARM + runs :], "at once", progress)]
    bare = [1000 * _bare() for _ in range(WARM + runs)][WARM:]
    return [
        at_most(f"{name}: start to acknowledgement, median", percentile(taken, 0.5), "ms", MILLISECONDS),
        seen(f"{name}: start to acknowledgement, p90", percentile(taken, 0.9), "ms"),
        seen(f"{name}: start to acknowledgement, p99", percentile(taken, 0.99), "ms"),
        seen(f"{name}: the same right after another, median", percentile(following, 0.5), "ms"),
        seen("python3 -ES alone, which pmnextcloud is run by, median", percentile(bare, 0.5), "ms"),
    ]


def _held(here: Scene, number: int) -> bool:
    return here.waiting(here.cloud, State.HELD) == number


def _bare() -> float:
    started = time.monotonic()
    subprocess.run(["/usr/bin/python3", "-ES", "-c", ""], check=True)
    return time.monotonic() - started
