# SPDX-License-Identifier: GPL-3.0-or-later
"""What many accounts cost: the drift of a cloud, and what its accounts use, for three sizes, each ten times the last.

A hundredth of the accounts is not as sold. The stand-in answers at once, so seconds are those of the bridge, of Ansible
and of the stand-ins on this machine; requests say what a real cloud would take.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.cloud import Server
from harness.stack import Stack
from harness.worker import COMMAND
from standins.billmanager.database import transaction
from standins.billmanager.many import sell

from bench.callers import NotTaken, Progress, ask
from bench.chart import write_bars
from bench.measures import Measure, at_least, at_most, seen
from bench.sampling import Sampled, sampled
from bench.scene import BUILD, GIB, GROUP

PICTURES = BUILD
MOST_MIB, MOST_RATIO, SERVICES_A_SECOND = 500, 1.3, 2083
SIZES = 3


@dataclass(frozen=True)
class _Run:
    """What one size took, and with how many requests."""

    accounts: int
    sampled: Sampled
    requests: int

    @property
    def milliseconds(self) -> float:
        """Processors' time for each account."""
        return 1000 * self.sampled.processor / self.accounts


def measure(accounts: int, progress: Progress) -> list[Measure]:
    """For ``accounts``, a tenth and a hundredth of them."""
    sizes = [max(1, accounts // 10**power) for power in reversed(range(SIZES))]
    drifts, readings = [], []
    for number, size in enumerate(sizes):
        progress(f"{size} accounts", number, len(sizes))
        with _sold(size) as stack:
            drifts.append(_drift(stack, size))
            readings.append(_read(stack, size))
    measures = [*_measures("drift", drifts), *_measures("what accounts use", readings)]
    last = readings[-1]
    name = f"what accounts use, {last.accounts} services"
    measures.append(at_least(f"{name}: services", last.accounts / last.sampled.seconds, "1/s", SERVICES_A_SECOND))
    write_bars(
        PICTURES / "bench-growth.svg",
        "Seconds for each account, in thousandths",
        {
            what: {f"{run.accounts} accounts": 1000 * run.sampled.seconds / run.accounts for run in runs}
            for what, runs in (("drift", drifts), ("what accounts use", readings))
        },
        "ms",
    )
    return measures


def _measures(what: str, runs: list[_Run]) -> list[Measure]:
    found = []
    for run in runs:
        name = f"{what}, {run.accounts} accounts"
        found += [
            seen(f"{name}: time", run.sampled.seconds, "s"),
            seen(f"{name}: processors", run.sampled.processor, "s"),
            seen(f"{name}: requests", run.requests, ""),
            at_most(f"{name}: memory", run.sampled.peak, "MiB", MOST_MIB),
        ]
    ratio = runs[-1].milliseconds / runs[-2].milliseconds
    name = f"{what}: processors for an account among {runs[-1].accounts} over one among {runs[-2].accounts}"
    return [*found, at_most(name, ratio, "×", MOST_RATIO)]


@contextmanager
def _sold(count: int) -> Iterator[Stack]:
    """A bridge, and a cloud with so many accounts of as many services."""
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=BUILD) as name:
        server = Server(Path(name) / "cloud")
        stack: Stack | None = None
        try:
            # All accounts pass the threshold of a note, or none.
            stack = Stack.set_up(Path(name), server.cloud, {"usage": {"notes": []}}, server.standin)
            tariff = stack.tariff(groups=GROUP)
            with transaction(stack.panel.layout.database) as connection:
                services = sell(connection, tariff, stack.module, count, server.cloud.url)
            for number, gib in ((count, 1), (max(1, count // 100), 2)):
                server.standin.make_accounts(
                    "user_{number}",
                    first=services[0],
                    count=number,
                    email="client@example.org",
                    groups=[GROUP],
                    quota=str(gib * GIB),
                    used=GIB // 2,
                )
            yield stack
        finally:
            if stack is not None:
                stack.worker.cleanup()
            server.stop()


def _drift(stack: Stack, size: int) -> _Run:
    stack.standin.clear_requests()
    file = stack.worker.directory / "drift.jsonl"
    command = [str(COMMAND), "drift", "--settings", str(stack.worker.settings_file), "--output", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process, sampled(process.pid) as found:
        printed, _ = process.communicate()
    differ = max(1, size // 100)
    if process.returncode != 1 or f"{size} account" not in printed or f"{differ} differ" not in printed:
        raise NotTaken(f"drift ended with {process.returncode}: {printed}")
    return _Run(size, found, len(stack.standin.requests()))


def _read(stack: Stack, size: int) -> _Run:
    stack.standin.clear_requests()
    worker = stack.worker.process
    assert worker is not None
    with sampled(worker.pid) as found:
        answer = ask(stack.worker.socket, {"command": "stat", "module": str(stack.module)}, patience=None)
    if answer["result"]["read"] != size:
        raise NotTaken(f"stat has read {answer['result']}")
    return _Run(size, found, len(stack.standin.requests()))
