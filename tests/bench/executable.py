# SPDX-License-Identifier: GPL-3.0-or-later
"""How long one run of ``pmnextcloud`` takes, from its start to the acknowledgement that it prints."""

from __future__ import annotations

import subprocess
import time

from bench.callers import Progress, run_modules
from bench.measures import Measure, at_most, percentile, seen
from bench.scene import scene

MILLISECONDS = 60
WARM = 5


def measure(engine: str, database: str | None, runs: int, progress: Progress) -> list[Measure]:
    """``runs`` processes, one after the other, to a held cloud: what is stored is acknowledged at once."""
    name = f"pmnextcloud, {engine}"
    with scene(database, wait_seconds=0) as here:
        here.hold(here.cloud)
        events = here.orders(here.cloud, WARM + runs)
        taken = [1000 * seconds for seconds in run_modules(here.panel, events, "runs", progress)][WARM:]
    bare = [1000 * _bare() for _ in range(WARM + runs)][WARM:]
    return [
        at_most(f"{name}: start to acknowledgement, median", percentile(taken, 0.5), "ms", MILLISECONDS),
        seen(f"{name}: start to acknowledgement, p90", percentile(taken, 0.9), "ms"),
        seen(f"{name}: start to acknowledgement, p99", percentile(taken, 0.99), "ms"),
        seen("python3 -ES alone, which pmnextcloud is run by, median", percentile(bare, 0.5), "ms"),
    ]


def _bare() -> float:
    started = time.monotonic()
    subprocess.run(["/usr/bin/python3", "-ES", "-c", ""], check=True)
    return time.monotonic() - started
