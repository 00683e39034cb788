# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the worker's memory stays flat while it carries out operations, one after the other to their end."""

from __future__ import annotations

import time

import psutil
from bill_nextcloud.record import State
from bill_nextcloud.record.overview import backlog, failed_since

from bench.callers import NotTaken, Progress, burst
from bench.measures import Measure, at_most, left_out, seen, slope
from bench.sampling import memory
from bench.scene import Scene, scene

GROWTH_PERCENT = 10
SAMPLES = 10
# The share of the operations after which the worker has what it needs.
SETTLED = 0.2
CALLERS = 8
CHUNK = 250
# So many wait at most: the backlog is another measurement's.
UNDER_WAY = 1000
STALLED_SECONDS = 300


def measure(engine: str, database: str | None, operations: int, progress: Progress) -> list[Measure]:
    """``operations`` resumptions on one cloud, in the batches that form by themselves. The worker's memory
    (proportional set size) is taken each time a tenth of them is done; those of its runs beside it."""
    name = f"{operations} operations carried out, {engine}"
    with scene(database, wait_seconds=0) as here:
        services = here.suspended(here.cloud, operations)
        started = time.monotonic()
        samples, runs = _carry_out(here, services, progress)
        seconds = time.monotonic() - started
    last = samples[-1]
    return [
        *growth_of(name, [sample for sample in samples if sample[0] >= operations * SETTLED]),
        seen(f"{name}: the worker after {last[0]}", last[1], "MiB"),
        seen(f"{name}: the most of playbook runs and mgrctl beside it", runs, "MiB"),
        seen(f"{name}: operations", operations / seconds, "1/s"),
    ]


def growth_of(name: str, samples: list[tuple[int, float]]) -> list[Measure]:
    """How much more the worker takes; ``samples``: (operations done, MiB), since it has settled."""
    if len(samples) < 2:
        return [left_out(f"{name}: growth of the worker", "they were done too soon to see any")]
    (first, settled), (_, last) = samples[0], samples[-1]
    per_thousand = 1000 * slope([(float(done), value) for done, value in samples])
    growth = f"{name}: growth of the worker from {first} on"
    return [
        at_most(growth, 100 * (last / settled - 1), "%", GROWTH_PERCENT),
        seen(f"{name}: the worker after {first}", settled, "MiB"),
        seen(f"{name}: slope of the worker from {first} on", per_thousand, "MiB per 1000"),
    ]


def _carry_out(here: Scene, services: list[int], progress: Progress) -> tuple[list[tuple[int, float]], float]:
    """(operations done, MiB of the worker) at each tenth; the most that its children had at once (MiB)."""
    process = here.stack.worker.process
    assert process is not None
    worker = psutil.Process(process.pid)
    store = here.store
    total, asked, done, tenths = len(services), 0, 0, 1
    samples: list[tuple[int, float]] = []
    most = 0.0
    moved = time.monotonic()
    while done < total:
        if asked < total and asked - done <= UNDER_WAY - CHUNK:
            chunk = services[asked : asked + CHUNK]
            burst(here.socket, here.resumptions(chunk), CALLERS)
            asked += len(chunk)
        before, done = done, asked - sum(row["count"] for row in backlog(store))
        moved = time.monotonic() if done != before else moved
        failed = failed_since(store, 0).total()
        if time.monotonic() - moved > STALLED_SECONDS or failed:
            raise NotTaken(f"{done} of {total} operations are done and no more, failed: {failed}")
        if done >= tenths * total / SAMPLES:
            samples.append((done, memory(worker)))
            tenths = done * SAMPLES // total + 1
        most = max(most, sum(memory(child) for child in worker.children(recursive=True)))
        progress("done", done, total)
        time.sleep(0.5)
    if len(here.record.search(states=[State.DONE], limit=total + 1)) != total:
        raise NotTaken("not every operation was carried out once")
    return samples, most
