# SPDX-License-Identifier: GPL-3.0-or-later
"""``bill-nextcloud metrics``: how the bridge is, for Prometheus, by node_exporter's textfile collector."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bill_nextcloud.cli.health import DAY, ping
from bill_nextcloud.cli.options import SettingsFile
from bill_nextcloud.cli.output import plain, replaced, require_file
from bill_nextcloud.cli.reading import record_of
from bill_nextcloud.errors import WorkerNotRunning
from bill_nextcloud.record import CloudRow, Clouds, Store
from bill_nextcloud.record.overview import attempts_since, backlog, ended_since, failed_since, oldest_waiting
from bill_nextcloud.record.tables import ENDED, UNFINISHED
from bill_nextcloud.settings import DEFAULT_PATH, Settings, read_settings

if TYPE_CHECKING:
    from prometheus_client.core import GaugeMetricFamily

_PREFIX = "bill_nextcloud_"
_OUTCOMES = ("succeeded", "failed")
# node_exporter runs as a user of its own; no name of an account, service or client is in the file.
_MODE = 0o644
Values = Iterable[tuple[tuple[str, ...], float]]


def metrics(
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", metavar="FILE", help="Write there, in place of standard output; node_exporter reads *.prom."
        ),
    ] = None,
    settings: SettingsFile = DEFAULT_PATH,
) -> None:
    """Print how the bridge is, in Prometheus's text format.

    FILE takes the place of an older one when it is complete, and everybody may read it. When the record cannot be read
    FILE stays as it was, and the exit status is 1. It works while the worker is down.
    """
    from prometheus_client import CollectorRegistry, generate_latest

    require_file(output)
    read = read_settings(settings)
    store = record_of(read)
    registry = CollectorRegistry()
    registry.register(_Collected([*_of_worker(read), *_of_record(store, time.time())]))
    content = generate_latest(registry)
    if output is None:
        sys.stdout.buffer.write(content)
        return
    with replaced(output, _MODE) as file:
        file.write(content)


class _Collected:
    """What ``prometheus_client`` calls a collector: here, what was read before."""

    def __init__(self, families: list[GaugeMetricFamily]) -> None:
        self._families = families

    def collect(self) -> list[GaugeMetricFamily]:
        return self._families


def _gauge(name: str, words: str, labels: tuple[str, ...], values: Values) -> GaugeMetricFamily:
    from prometheus_client.core import GaugeMetricFamily

    family = GaugeMetricFamily(_PREFIX + name, words, labels=labels)
    for of, value in values:
        family.add_metric(of, value)
    return family


def _of_worker(settings: Settings) -> Iterator[GaugeMetricFamily]:
    started: list[float] = []
    with suppress(WorkerNotRunning):
        started.append(ping(settings)["started_at"])
    yield _gauge("build_info", "Version of the bridge; always 1.", ("version",), [((version("bill-nextcloud"),), 1)])
    yield _gauge("worker_up", "Whether the worker answers at its socket.", (), [((), len(started))])
    yield _gauge(
        "worker_start_timestamp_seconds",
        "When the worker started; only while it answers.",
        (),
        [((), moment) for moment in started],
    )


def _of_record(store: Store, now: float) -> Iterator[GaugeMetricFamily]:
    """Raises ``EngineUnavailable``.

    Counts of what ended are those of a day, not totals: operations go off the record in time, and a total that goes
    down is a restart for Prometheus.
    """
    rows, waiting, oldest = Clouds(store).all(), backlog(store), oldest_waiting(store)
    ended, failed = ended_since(store, now - DAY), failed_since(store, now - DAY)
    attempts = attempts_since(store, now - DAY)
    names = {_label(row.id): plain(row.name) for row in rows}
    seen = {row["cloud"] for row in waiting} | {cloud for cloud, _ in ended} | {one.cloud for one in attempts}
    clouds = sorted(names.keys() | {_label(cloud) for cloud in seen})
    yield _gauge("collection_timestamp_seconds", "When this was read.", (), [((), now)])
    yield _gauge(
        "cloud_info",
        "Name of a cloud, the processing module's (its number while the name is not on record); always 1.",
        ("cloud", "name"),
        (((cloud, names.get(cloud, cloud)), 1) for cloud in clouds),
    )
    yield from _of_holds(rows)
    yield _gauge(
        "operations",
        "Unfinished operations.",
        ("cloud", "state"),
        _all(clouds, UNFINISHED, {(_label(row["cloud"]), row["state"]): row["count"] for row in waiting}),
    )
    ages = dict.fromkeys(clouds, 0.0) | {_label(one.cloud): max(now - one.since, 0.0) for one in oldest}
    yield _gauge(
        "oldest_operation_age_seconds",
        "How long the oldest unfinished operation has waited, without deletions in their retention; 0: there is none.",
        ("cloud",),
        (((cloud,), age) for cloud, age in ages.items()),
    )
    yield _gauge(
        "operations_ended_last_day",
        "Operations that ended within 24 hours.",
        ("cloud", "state"),
        _all(clouds, ENDED, {(_label(cloud), state): count for (cloud, state), count in ended.items()}),
    )
    yield _gauge(
        "unresolved_failures_last_day",
        "Operations that failed for good within 24 hours, with none after them for their services.",
        ("cloud", "code"),
        (((_label(cloud), _label(code)), count) for (cloud, code), count in failed.items()),
    )
    results: Counter[tuple[str, str]] = Counter()
    last: dict[tuple[str, str], float] = {}
    for one in attempts:
        key = (_label(one.cloud), _OUTCOMES[one.code is not None])
        results[key] += one.count
        last[key] = max(last.get(key, 0), one.last)
    yield _gauge(
        "attempts_last_day",
        "Attempts that ended within 24 hours.",
        ("cloud", "outcome"),
        _all(clouds, _OUTCOMES, results),
    )
    yield _gauge(
        "attempt_failures_last_day",
        "Attempts that failed within 24 hours.",
        ("cloud", "code"),
        (((_label(one.cloud), one.code), one.count) for one in attempts if one.code is not None),
    )
    yield _gauge(
        "last_attempt_timestamp_seconds",
        "When the last attempt of that outcome ended; only when that was within 24 hours.",
        ("cloud", "outcome"),
        last.items(),
    )


def _of_holds(rows: list[CloudRow]) -> Iterator[GaugeMetricFamily]:
    yield _gauge(
        "cloud_held", "Whether a cloud is held.", ("cloud",), (((_label(row.id),), float(row.held)) for row in rows)
    )
    yield _gauge(
        "cloud_held_timestamp_seconds",
        "Since when a cloud is held, and why; only while it is.",
        ("cloud", "code"),
        (
            ((_label(row.id), row.failure.code), row.held_since)
            for row in rows
            if row.failure is not None and row.held_since is not None
        ),
    )


def _all(clouds: list[str], others: Iterable[str], known: dict[tuple[str, str], int]) -> Values:
    """A value for each cloud with each of ``others``, 0 where none is ``known``: a series that is not there cannot be
    told from one that was not collected."""
    return (((cloud, str(other)), known.get((cloud, str(other)), 0)) for other in others for cloud in clouds)


def _label(value: int | str | None) -> str:
    return "unknown" if value is None else str(value)
