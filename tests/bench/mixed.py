# SPDX-License-Identifier: GPL-3.0-or-later
"""Many events of all kinds at once, as at the turn of a month, against the raw client with as many requests at once."""

from __future__ import annotations

import contextlib
import queue
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from bill_nextcloud.record import State

from bench.callers import Event, NotTaken, Progress, burst
from bench.chart import write_bars
from bench.lives import COMMANDS, Asked, Place, learn, standin_place
from bench.measures import Measure, at_least, seen
from bench.peer import Peer, Program
from bench.raw import RawClient
from bench.real_delays import REAL
from bench.scene import BUILD, scene

OVER_RAW, OVER_PEER = 0.8, 5.0
# The bridge's, see the collection's option.
AT_ONCE = 4
OUTCOME_SECONDS, DONE_SECONDS = 60, 900
PICTURES = BUILD
BRIDGE, RAW, PEER = "the whole way", f"raw, {AT_ONCE} requests at once", "PEER"
# Fewer changes of tariff: Nextcloud takes 50 edits in ten minutes.
EDITS, EDIT_SECONDS = 0.1, 601


def measure(
    engine: str, database: str | None, events: int, progress: Progress, peer: Program | None = None
) -> list[Measure]:
    """``events`` at once on a cloud that is as slow as a real server, and before that a tenth and a third of them; each
    time the same requests on another such cloud by the raw client: accounts a second. ``events`` by another module,
    too, one process after the other and ``AT_ONCE`` of them. Draws ``build/bench-mixed-<engine>.svg``."""
    # Of each kind at least one.
    sizes = sorted({max(len(COMMANDS), count) for count in (events // 10, events // 3, events)})
    throughput: dict[int, tuple[float, float]] = {}
    with scene(database, OUTCOME_SECONDS) as here:
        place, beside = standin_place(here, here.cloud), standin_place(here, here.other)
        asked = learn(place)
        for server in here.servers.values():
            server.standin.set_delays(**REAL)
        for number, count in enumerate(sizes):
            progress("sizes", number, len(sizes))
            throughput[count] = count / _bridge(place, count), count / _raw(beside, asked, count)
        by_peer: dict[int, float] = {}
        if peer is not None:
            other = Peer(peer, beside)
            for at_once in (1, AT_ONCE):
                progress(f"{PEER}, {at_once} at once", 0, 1)
                # Of another ten minutes: the changes of tariff so far are no longer counted.
                here.servers[here.other].standin.advance_clock(EDIT_SECONDS)
                by_peer[at_once] = events / _by_processes(other, _events(beside, events), at_once)
    pictured = {f"{count} events at once": {BRIDGE: whole, RAW: raw} for count, (whole, raw) in throughput.items()}
    pictured[f"{count} events at once"] |= {f"{PEER}, {at_once} at once": rate for at_once, rate in by_peer.items()}
    write_bars(PICTURES / f"bench-mixed-{engine}.svg", f"Accounts a second ({engine})", pictured, "1/s")
    found = []
    for count, (whole, raw) in throughput.items():
        name = f"{count} mixed events at once, {engine}"
        found += [seen(f"{name}: {BRIDGE}", whole, "1/s"), seen(f"{name}: {RAW}", raw, "1/s")]
    for at_once, rate in by_peer.items():
        other_name = f"{name}: {PEER}, {at_once} at once"
        found += [seen(other_name, rate, "1/s"), at_least(f"{other_name}: over it", whole / rate, "×", OVER_PEER)]
    return [at_least(f"{name}: over the raw client", whole / raw, "×", OVER_RAW), *found]


def _by_processes(peer: Peer, events: list[Event], at_once: int) -> float:
    """The seconds that another module takes for ``events``, so many processes at once."""
    started = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(peer.carry_out, events))
    return time.perf_counter() - started


def _bridge(place: Place, count: int) -> float:
    """The seconds from the first of so many calls until the last operation is reported. Raises :class:`NotTaken`."""
    here, wanted = place.here, _events(place, count)
    began = time.time()
    burst(here.socket, wanted, count)
    while here.waiting(place.module, State.QUEUED, State.RUNNING, State.RETRYING):
        if time.time() - began > DONE_SECONDS:
            raise NotTaken(f"{count} events are not done after {DONE_SECONDS} seconds")
        # When each ended is on record.
        time.sleep(1)
    numbers = {event.operation for event in wanted}
    rows = here.record.search(since=began, limit=count)
    ended = [row.ended_at for row in rows if row.state == State.DONE and row.billmanager_operation in numbers]
    if len(ended) < count:
        raise NotTaken(f"{count - len(ended)} of {count} events were not carried out")
    return max(moment for moment in ended if moment is not None) - began


def _events(place: Place, count: int) -> list[Event]:
    """So many events of each kind in turn, each of a service of its own that is ready for it."""
    here, edits = place.here, max(1, round(EDITS * count))
    others = (count - edits) // (len(COMMANDS) - 1)
    counts = {command: edits if command == "setparam" else others for command in COMMANDS}
    counts["open"] += count - sum(counts.values())
    suspended = here.suspended(place.module, counts["resume"])
    found = here.orders(place.module, counts["open"]) + here.resumptions(suspended)
    for command in ("setparam", "suspend", "close"):
        found += [place.begin(command, service) for service in here.active(place.module, counts[command])]
    # In turn: an event of each kind comes among the others.
    return [found[index] for start in range(7) for index in range(start, count, 7)]


def _raw(place: Place, asked: Mapping[str, Asked], count: int) -> float:
    """The seconds that the raw client takes for the same, with ``AT_ONCE`` sessions."""
    waiting: queue.SimpleQueue[Asked] = queue.SimpleQueue()
    for event in _events(place, count):
        waiting.put(asked[event.command].of(place.account(event.service), place.group))

    def work(_: int) -> None:
        with RawClient(place.cloud) as client, contextlib.suppress(queue.Empty):
            while True:
                client.carry_out(waiting.get_nowait())

    started = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(work, range(AT_ONCE)))
    return time.perf_counter() - started
