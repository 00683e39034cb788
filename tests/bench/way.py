# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole way of an event, from exec of ``pmnextcloud`` to the report to BILLmanager, side by side with other ways
of doing the same: the raw client, ansible-runner alone, another module."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from itertools import pairwise
from typing import ParamSpec

from bill_nextcloud.record import RunsOnRecord
from harness.cloud import Cloud

from bench.callers import Progress
from bench.chart import write_bars
from bench.cold import run
from bench.lives import COMMANDS, Lived, Place, learn, real_place, standin_place
from bench.measures import Measure, at_most, percentile, seen
from bench.peer import Peer, Program
from bench.raw import RawClient
from bench.real_delays import REAL
from bench.scene import BUILD, scene

FIXED = 0.35
OVER_PEER_OPEN, OVER_PEER_OTHERS = 0.7, 0.6
OUTCOME_SECONDS = 60
PICTURES = BUILD
BRIDGE, EACH, KEPT, COLD, PEER = (
    "the whole way",
    "raw, a log-in per event",
    "raw, the session kept",
    "ansible_runner.run",
    "PEER",
)

P = ParamSpec("P")
Times = dict[str, dict[str, list[float]]]
"""Seconds of each life, by way and command; or by command and step."""


def measure(
    engine: str,
    database: str | None,
    lives: int,
    progress: Progress,
    real: Cloud | None = None,
    peer: Program | None = None,
) -> list[Measure]:
    """``lives`` services from their order to their end, in each way in turn. The cloud is the stand-in, as slow as a
    real server, or ``real``; ``peer`` is another module. Draws ``build/bench-way-<engine>.svg``."""
    times: Times = defaultdict(lambda: defaultdict(list))
    steps: Times = defaultdict(lambda: defaultdict(list))
    with ExitStack() as stack:
        here = stack.enter_context(scene(database, OUTCOME_SECONDS, real.ca_path if real else None))
        known = standin_place(here, here.cloud)
        asked = learn(known)
        here.servers[here.cloud].standin.set_delays(**REAL)
        where = stack.enter_context(real_place(here, real)) if real else known
        kept = stack.enter_context(RawClient(where.cloud))
        kept.log_in()
        other = Peer(peer, where) if peer is not None else None
        for number in range(lives):
            progress("lives", number, lives)
            _bridge(where, times, steps)
            names = [where.other(f"{way}{number}") for way in ("fresh", "kept", "cold")]
            for command in COMMANDS:
                for_each, for_kept, for_cold = (asked[command].of(name, where.group) for name in names)
                with RawClient(where.cloud) as fresh:
                    _timed(times[EACH][command], fresh.carry_out, for_each)
                _timed(times[KEPT][command], kept.carry_out, for_kept)
                _timed(times[COLD][command], run, where.cloud, for_cold.wish)
            if other is not None:
                for command, seconds in other.live().items():
                    times[PEER][command].append(seconds)
    _draw(engine, times)
    return _measures(engine, times, steps)


def _bridge(where: Place, times: Times, steps: Times) -> None:
    for lived in where.live():
        times[BRIDGE][lived.event.command].append(lived.seconds)
        moments = _moments(where, lived)
        for (earlier, before), (later, after) in pairwise(moments):
            steps[lived.event.command][f"{earlier} to {later}"].append(after - before)


def _moments(where: Place, lived: Lived) -> list[tuple[str, float]]:
    """When what happened (seconds since 1970), in order. The requests are those of the last playbook run."""
    record, number = where.here.record, lived.operation.id
    attempt, last_run = record.attempts(number)[-1], RunsOnRecord(where.here.store).of(number)[-1]
    requests: list[tuple[str, float]] = []
    if where.standin is not None:
        seen = [one for one in where.standin.requests() if one["time"] >= last_run.at]
        requests = [
            ("first request", min(one["time"] for one in seen)),
            ("last answer", max(one["time"] + one["seconds"] for one in seen)),
        ]
    assert attempt.ended_at is not None
    assert lived.operation.ended_at is not None
    return [
        ("exec", lived.began),
        ("stored", lived.operation.accepted_at),
        ("batch", attempt.started_at),
        ("playbook", last_run.at),
        *requests,
        ("results", attempt.ended_at),
        ("reported", lived.operation.ended_at),
        ("exit", lived.began + lived.seconds),
    ]


def _timed(times: list[float], act: Callable[P, None], *arguments: P.args, **keywords: P.kwargs) -> None:
    started = time.perf_counter()
    act(*arguments, **keywords)
    times.append(time.perf_counter() - started)


def _measures(engine: str, times: Times, steps: Times) -> list[Measure]:
    found = []
    for command in COMMANDS:
        name = f"way, {engine}, {command}"
        median = {way: percentile(by_command[command], 0.5) for way, by_command in times.items()}
        whole = median[BRIDGE]
        found += [seen(f"{name}: {way}, median", value, "s") for way, value in median.items()]
        found += [
            at_most(f"{name}: fixed cost, beyond the raw requests of a kept session", whole - median[KEPT], "s", FIXED),
            seen(f"{name}: beyond the raw requests with a log-in of their own", whole - median[EACH], "s"),
            seen(f"{name}: over ansible_runner.run", whole / median[COLD], "×"),
        ]
        if PEER in median:
            limit = OVER_PEER_OPEN if command == "open" else OVER_PEER_OTHERS
            found.append(at_most(f"{name}: over PEER", whole / median[PEER], "×", limit))
        found += [
            seen(f"{name}: {step}, median", 1000 * percentile(values, 0.5), "ms")
            for step, values in steps[command].items()
        ]
    return found


def _draw(engine: str, times: Times) -> None:
    groups = {
        command: {way: percentile(by_command[command], 0.5) for way, by_command in times.items()}
        for command in COMMANDS
    }
    write_bars(
        PICTURES / f"bench-way-{engine}.svg", f"One event, from its call to its report ({engine}), median", groups, "s"
    )
