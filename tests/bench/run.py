# SPDX-License-Identifier: GPL-3.0-or-later
"""``make bench``: measures the bridge on this machine, prints a table and writes build/bench.json.

Everything is real but BILLmanager and the clouds, which are the stand-ins; for the subject ``way`` the environment may
name a real cloud (CLOUD_URL, CLOUD_USER, CLOUD_PASSWORD, CLOUD_CA_FILE), and in PEER another module (see bench.peer). A
value depends on the machine and on what else runs on it: the load is printed with it. Ends with status 1 when a target
was missed.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import requests
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.cloud import CloudRefused
from harness.clouds import named_cloud
from harness.database_server import NotInstalled
from harness.interruption import end_in_order
from harness.postgresql import PostgreSQL
from harness.worker import REPOSITORY

from bench import backlog, executable, growth, intake, memory, mixed, occ, register, unchanged, way
from bench.callers import NotTaken, Progress
from bench.measures import Measure, left_out, noted, write
from bench.peer import Program

RESULT = REPOSITORY / "build" / "bench.json"
SUBJECTS = ("intake", "executable", "backlog", "memory", "occ", "way", "mixed", "unchanged", "growth", "register")
# No engine has a part in these.
WITHOUT_ENGINE = ("occ", "unchanged", "growth")
ENGINES = ("sqlite", "postgresql")
ACCOUNTS, ACCOUNTS_BY_OCC = 10_000, 1000
# A sample of its own each: enough for a p99 of events, and for a median of processes.
EVENTS, RUNS, WHOLE_RUNS, AT_ONCE = 2000, 200, 20, 200
# A Nextcloud takes 50 edits in ten minutes: one for each life in each of five ways.
LIVES = 8
# For each operation: 100,000 accounts, 2,000,000 services.
ACCOUNTS_OF_GROWTH, SERVICES_OF_REGISTER = 10, 200
console = Console(highlight=False, soft_wrap=True)


def main() -> int:
    """Run what the command line names; the exit status. What was measured before something failed is shown as well."""
    end_in_order()
    options = _options()
    machine = _machine()
    console.print(f"[bold]bill-nextcloud bench[/]: {machine}")
    notes, measures = [noted(f"machine: {machine}")], list[Measure]()
    try:
        for engine in options.engines:
            subjects = subjects_of(engine, options)
            try:
                with _databases(engine) as new_database:
                    for subject in subjects:
                        found, note = _measured(subject, engine, new_database(), options)
                        measures += found
                        notes.append(note)
                        write(RESULT, [*notes, *measures])
            except NotInstalled as error:
                measures += [left_out(f"{subject}, {engine}", str(error)) for subject in subjects]
    finally:
        if measures:
            write(RESULT, [*notes, *measures])
            console.print(table(measures))
            console.print(f"written to {RESULT.relative_to(REPOSITORY)}; load now {_load()}")
    return int(any(measure.met is False for measure in measures))


def subjects_of(engine: str, options: argparse.Namespace) -> list[str]:
    """Those to be measured with ``engine``: those in which no engine has a part only with the first."""
    return [name for name in options.subjects if name not in WITHOUT_ENGINE or engine == options.engines[0]]


def table(measures: list[Measure]) -> Table:
    """``measures`` for people."""
    shown = Table("measure", "value", "unit", "target", "", box=None, header_style="bold")
    shown.columns[1].justify = "right"
    for one in measures:
        mark = {True: "[green]met[/]", False: "[bold red]missed[/]", None: ""}[one.met]
        shown.add_row(one.measure, "" if one.value is None else f"{one.value:g}", one.unit, one.target or "", mark)
    return shown


def subject_of(name: str, options: argparse.Namespace) -> Callable[[str, str | None, Progress], list[Measure]]:
    """The measurement of that name: ``(engine, its database, progress)``, scaled to ``options.operations``."""
    operations: int = options.operations

    def measured(engine: str, database: str | None, progress: Progress) -> list[Measure]:
        if name == "intake":
            return intake.measure(engine, database, min(EVENTS, operations), progress)
        if name == "executable":
            return executable.measure(engine, database, min(RUNS, operations), progress)
        if name == "backlog":
            return backlog.measure(engine, database, operations, min(WHOLE_RUNS, operations), progress)
        if name == "occ":
            return occ.measure(min(ACCOUNTS_BY_OCC, operations), progress)
        if name == "way":
            return way.measure(engine, database, min(LIVES, operations), progress, options.cloud, options.peer)
        if name == "mixed":
            return mixed.measure(engine, database, min(AT_ONCE, operations), progress, options.peer)
        if name == "unchanged":
            return unchanged.measure(min(ACCOUNTS, operations), progress)
        if name == "growth":
            return growth.measure(ACCOUNTS_OF_GROWTH * operations, progress)
        if name == "register":
            return register.measure(engine, database, SERVICES_OF_REGISTER * operations, progress)
        return memory.measure(engine, database, operations, progress)

    return measured


def _measured(
    subject: str, engine: str, database: str | None, options: argparse.Namespace
) -> tuple[list[Measure], Measure]:
    """What was found, and how busy the machine was meanwhile."""
    started, load, used = time.monotonic(), _load(), _processor_seconds()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task(f"{subject}, {engine}", total=None)

        def progress(what: str, done: int, of: int) -> None:
            bar.update(task, description=f"{subject}, {engine}: {what}", completed=done, total=of)

        measures = subject_of(subject, options)(engine, database, progress)
    took = time.monotonic() - started
    own, all_ = (after - before for before, after in zip(used, _processor_seconds(), strict=True))
    busy = (
        f"{subject}, {engine}: {took:.0f} s, load before {load}, after {_load()};"
        f" {own / took:.1f} processors used here, {(all_ - own) / took:.1f} by others"
    )
    console.print(busy)
    return measures, noted(busy)


@contextmanager
def _databases(engine: str) -> Iterator[Callable[[], str | None]]:
    """Makes the engine's databases, one for each subject; ``None`` for SQLite. Raises :class:`NotInstalled`."""
    if engine == "sqlite":
        yield lambda: None
        return
    with PostgreSQL() as server:
        yield lambda: server.create_database(f"bench_{secrets.token_hex(4)}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", usage="make bench [OPERATIONS=…] [SUBJECTS=…] [ENGINES=…]")
    parser.add_argument("--operations", type=int, default=10_000)
    parser.add_argument("--subjects", nargs="+", choices=SUBJECTS, default=SUBJECTS)
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=ENGINES)
    options = parser.parse_args()
    options.cloud = named_cloud("bench", "nextcloud")
    options.peer = Program.of(os.environ.pop("PEER", ""))
    if options.operations < memory.SAMPLES:
        parser.error(f"OPERATIONS must be at least {memory.SAMPLES}")
    return options


def _processor_seconds() -> tuple[float, float]:
    """What this process and those that it started have used so far, and what the whole machine has."""
    own = sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    machine = psutil.cpu_times()
    return own, machine.user + machine.nice + machine.system


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    model = models[0] if models else platform.machine()
    return f"{os.cpu_count()} cores of {model}, Python {platform.python_version()}, load {_load()}"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (NotTaken, CloudRefused, requests.RequestException) as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        sys.exit("bench: interrupted; what was started has been ended")
