# SPDX-License-Identifier: GPL-3.0-or-later
"""Where clouds differ from what was sold: only looked at, and nothing is kept, neither of what is sold nor of what is
found: both pass through, page by page, however many accounts there are.

One run compares what is sold on a cloud, as the cloud shows its accounts in an order of its own: with runs for parts of
them, each would have to read the cloud from its beginning.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.service import Database
from bill_nextcloud.errors import Failure, OperationError
from bill_nextcloud.mapping import Mapping
from bill_nextcloud.playbook import OF_DRIFT, Part, Runs, failure_of
from bill_nextcloud.runs.left import remove_of_dead, remove_of_killed
from bill_nextcloud.settings import Settings
from bill_nextcloud.sold import SOLD, SoldAccount, sold_accounts

# Of the wishes of one run, a hundred thousand of them and more. It bounds the memory, and a worker host takes no more
# than twice as many.
MOST_CHARACTERS = 32 * 1024 * 1024


@dataclass(frozen=True)
class Difference:
    """An account that is not as it was sold. ``changes``: ``field``, ``before`` (is) and ``after`` (sold) of each."""

    service: int
    account: str
    changes: list[dict[str, Any]]


@dataclass(frozen=True)
class Unread:
    """What could not be compared, and why: one account, a service that has none, or (both ``None``) the whole cloud."""

    service: int | None
    account: str | None
    failure: Failure


@dataclass
class CloudDrift:
    """How many accounts of one cloud were compared and differ, and how often something could not be compared."""

    cloud: int
    name: str
    compared: int = 0
    differences: int = 0
    unread: int = 0


@contextmanager
def drift_runs(settings: Settings) -> Iterator[Runs]:
    """Playbook runs whose secrets lie in a directory of this process: the worker clears its own when it starts.

    Raises ``SettingsInvalid`` when the runtime directory is not on a tmpfs, and ``OSError`` when something cannot be
    taken away.
    """
    runtime = settings.bridge.runtime_directory
    runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
    remove_of_dead(runtime, OF_DRIFT)
    own = runtime / f"{OF_DRIFT}{os.getpid()}"
    bridge = settings.bridge.model_copy(update={"runtime_directory": own})
    runs = Runs(settings.model_copy(update={"bridge": bridge}))
    try:
        runs.clear()
        yield runs
    finally:
        remove_of_killed(own)


def compare(
    settings: Settings,
    database: Database,
    mapping: Mapping,
    runs: Runs,
    cloud: Cloud,
    clouds: list[Cloud],
    tell: Callable[[Difference | Unread], None],
    progress: Callable[[int, int], None],
) -> CloudDrift:
    """What differs on ``cloud``, one of ``clouds``: ``tell`` is told of each account that does or could not be
    compared, the result only counts them. ``progress`` is told how many accounts there are, and how many were compared.
    Raises an ``OperationError`` when BILLmanager cannot be read; what a cloud refuses is told."""
    found = CloudDrift(cloud.id, cloud.name)
    total = database.count_of(cloud.id, SOLD)
    progress(total, 0)

    def told(one: Difference | Unread) -> None:
        if isinstance(one, Difference):
            found.differences += 1
        else:
            found.unread += 1
        tell(one)

    def compared(count: int, before: int) -> None:
        found.compared = before + count
        progress(total, found.compared)

    def rows(part: Part) -> None:
        for row in part:
            if row["failure"] is None:
                told(Difference(row["service"], row["name"], row["changes"]))
            else:
                why = failure_of(row["failure"], cloud, row["name"], row["service"])
                told(Unread(row["service"], row["name"], why))

    full: Cloud | None = None
    for wishes in _wishes(sold_accounts(settings, database, mapping, cloud, clouds, check=True), told):
        before = found.compared
        try:
            full = full or database.cloud(cloud.id, secret=not runs.elsewhere)
            count, trouble = runs.drift(full, wishes, rows, partial(compared, before=before))
        except OperationError as error:
            trouble = error.failure
        else:
            compared(count, before)
        if trouble is not None:
            # The cloud's: further requests would only do harm.
            told(Unread(None, None, trouble))
            break
    return found


def _wishes(
    pages: Iterable[tuple[list[SoldAccount], list[tuple[int, OperationError]]]], tell: Callable[[Unread], None]
) -> Iterator[str]:
    """What is sold, as :meth:`Runs.drift` takes it: all that fits into one run. ``tell`` is told of the rest."""
    text = io.StringIO()
    for accounts, left_out in pages:
        for service, error in left_out:
            tell(Unread(service, None, error.failure))
        for sold in accounts:
            text.write(json.dumps([sold.service, sold.wish]) + "\n")
        if text.tell() >= MOST_CHARACTERS:
            yield text.getvalue()
            text = io.StringIO()
    if text.tell():
        yield text.getvalue()
