# SPDX-License-Identifier: GPL-3.0-or-later
"""Where clouds differ from what was sold: only looked at, page by page, and nothing kept of accounts that agree."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.service import Database
from bill_nextcloud.errors import Failure, OperationError
from bill_nextcloud.mapping import Mapping
from bill_nextcloud.playbook import Runs, failure_of
from bill_nextcloud.settings import Settings
from bill_nextcloud.sold import SoldAccount, sold_accounts

PAGE = 500
_PREFIX = "drift-"
# What the plan says of an account that should be there and is not: without a password it cannot be made.
_MISSING = ("account_missing", "invalid_value")
_MISSING_CHANGE = {"field": "state", "before": "absent", "after": "present"}


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
    """What was found on one cloud. ``compared``: how many accounts were read."""

    cloud: int
    name: str
    compared: int = 0
    differences: list[Difference] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)


@contextmanager
def drift_runs(settings: Settings) -> Iterator[Runs]:
    """Playbook runs whose secrets lie in a directory of this process: the worker clears its own when it starts.

    Raises ``SettingsInvalid`` when the runtime directory is not on a tmpfs.
    """
    runtime = settings.bridge.runtime_directory
    runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in runtime.glob(f"{_PREFIX}*"):
        # Of one that was killed.
        if not os.path.exists(f"/proc/{left.name.removeprefix(_PREFIX)}"):
            with suppress(FileNotFoundError):
                shutil.rmtree(left)
    own = runtime / f"{_PREFIX}{os.getpid()}"
    bridge = settings.bridge.model_copy(update={"runtime_directory": own})
    runs = Runs(settings.model_copy(update={"bridge": bridge}))
    runs.clear()
    try:
        yield runs
    finally:
        shutil.rmtree(own, ignore_errors=True)


def compare(
    settings: Settings,
    database: Database,
    mapping: Mapping,
    runs: Runs,
    cloud: Cloud,
    clouds: list[Cloud],
    progress: Callable[[int, int], None],
) -> CloudDrift:
    """What differs on ``cloud``, one of ``clouds``. ``progress`` is told how many accounts there are, and how many were
    read. Raises an ``OperationError`` when BILLmanager cannot be read; what a cloud refuses is in the result."""
    found = CloudDrift(cloud.id, cloud.name)
    accounts, left_out = sold_accounts(settings, database, mapping, cloud, clouds, check=True)
    found.unread += [Unread(service, None, error.failure) for service, error in left_out]
    progress(len(accounts), 0)
    if not accounts:
        return found
    try:
        full = database.cloud(cloud.id, secret=not runs.elsewhere)
        for start in range(0, len(accounts), PAGE):
            trouble = _page(runs, full, accounts[start : start + PAGE], found)
            progress(len(accounts), found.compared)
            if trouble is not None:
                # The cloud's: further requests would only do harm.
                found.unread.append(Unread(None, None, trouble))
                break
    except OperationError as error:
        found.unread.append(Unread(None, None, error.failure))
    return found


def _page(runs: Runs, cloud: Cloud, page: list[SoldAccount], found: CloudDrift) -> Failure | None:
    """Compare one page; the failure of the cloud itself, if there was one."""
    run = runs.accounts(cloud, [sold.wish for sold in page], {}, check=True)
    for sold, result in zip(page, run.accounts, strict=True):
        failure = result["failure"]
        if failure and result["account"] is None and failure["code"] in _MISSING:
            found.differences.append(Difference(sold.service, result["name"], [_MISSING_CHANGE]))
        elif result["changes"]:
            found.differences.append(Difference(sold.service, result["name"], result["changes"]))
        elif failure:
            why = failure_of(failure, cloud, result["name"], sold.service)
            if why.kind != "final":
                return why
            found.unread.append(Unread(sold.service, result["name"], why))
            continue
        found.compared += 1
    return None
