# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on worker hosts: choose one, send it the run over SSH, take back events and results.

A host that fails before its run began is passed over, and chosen late for a while: for all clouds, or for the one whose
credentials it does not have. One that is lost in the middle makes the run unknown: the bridge waits until such a run
cannot write any more (see ``lease``); what comes next, elsewhere, begins with reading.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.errors import (
    EngineUnavailable,
    OperationError,
    RunUnknown,
    WorkerCredentialsMissing,
    WorkerCredentialsRefused,
    WorkerCredentialsUnusable,
    WorkersUnavailable,
)
from bill_nextcloud.lock import cloud_address
from bill_nextcloud.log import logger
from bill_nextcloud.removal import remove
from bill_nextcloud.runs.connection import Connection
from bill_nextcloud.runs.lease import MARGIN
from bill_nextcloud.runs.refused import Refused
from bill_nextcloud.runs.release import release
from bill_nextcloud.runs.returned import Returned
from bill_nextcloud.runs.run import Results, Run
from bill_nextcloud.runs.transmission import Transmission
from bill_nextcloud.settings import Settings
from bill_nextcloud.treatment import WRONG_CREDENTIALS

log = logger("workers")

# So long a host that failed is chosen last.
AVOIDED_SECONDS = 60
# What a run is given beyond its own limit, for its start and its end.
_AROUND_A_RUN = 60
# Refusals for one cloud: the host may do well with the others.
_OF_ONE_CLOUD = (WorkerCredentialsMissing, WorkerCredentialsRefused, WorkerCredentialsUnusable)


class _NotBegun(Exception):
    """Nothing was done on this host, and why; ``refusal``: what it said itself."""

    def __init__(self, reason: str, refusal: OperationError | None) -> None:
        self.refusal = refusal
        super().__init__(reason)


class Workers:
    """The worker hosts of the settings; false when there are none. Used by the clouds' threads at the same time.

    ``refused``: which of their credentials are not tried again.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._release = release(settings.bridge.project_directory) if settings.runs.workers else ""
        self._guard = threading.Lock()
        self._turn = 0
        # When a host failed last: for the cloud at an address, or for all (``None``).
        self._failed: dict[tuple[str, str | None], float] = {}
        self.refused = Refused(settings.bridge.state_directory)
        # An empty file IDENT.LEASE for each run that may write on a worker host: a bridge that was killed left them.
        self._begun = settings.bridge.state_directory / "leases"
        self._left = list(self._begun.glob("*.*"))
        longest = max((int(path.suffix[1:]) for path in self._left), default=0)
        if settings.runs.workers and settings.engine.database:
            # On its own disk the other panel host may have left some.
            longest = max(longest, settings.runs.lease)
        self._settled = time.monotonic() + longest + MARGIN if longest else 0.0

    def __bool__(self) -> bool:
        return bool(self._settings.runs.workers)

    def settle(self) -> None:
        """Wait until nothing writes any more that an earlier process of the bridge has begun on a worker host.

        For the bridge's own process, before a run that may write: what is under way is another's to wait for.
        """
        time.sleep(max(0.0, self._settled - time.monotonic()))
        for path in self._left:
            path.unlink(missing_ok=True)
        self._left = []

    def results(
        self, run: Run, cloud: Cloud, private: Path, *, results: Results | None = None, anew: bool = False
    ) -> Any:
        """Let a worker host carry ``run`` out; what its playbook handed back (see :meth:`Results.of`).

        ``private``: a directory on a tmpfs. ``results`` takes its events. ``anew``: also with credentials that the
        cloud has refused before. Raises :class:`RunUnknown` when the host was lost, no results came back, or this
        machine could not keep what did. Any other ``OperationError`` means that no run was begun on any host:
        :class:`WorkersUnavailable` when none could be reached, what one that was reached refuses
        (``returned.REFUSALS``), or :class:`EngineUnavailable` when this machine could not send anything.
        """
        results = results or Results()
        refusal: OperationError | None = None
        unreached = []
        for worker in self._candidates(cloud):
            try:
                return self._on(worker, run, cloud, private, results, anew)
            except _NotBegun as error:
                if error.refusal is None:
                    unreached.append(f"{worker}: {error}")
                    log.warning("worker host not reached", host=worker, cloud=cloud.name, detail=error)
                else:
                    refusal = refusal or error.refusal
                    log.warning("worker host refuses", host=worker, cloud=cloud.name, detail=error.refusal)
                concerned = cloud_address(cloud.url) if isinstance(error.refusal, _OF_ONE_CLOUD) else None
                self._failed[worker, concerned] = time.monotonic()
            except RunUnknown:
                self._failed[worker, None] = time.monotonic()
                raise
        raise refusal or WorkersUnavailable(cloud=cloud.name, detail="; ".join(unreached))

    def _candidates(self, cloud: Cloud) -> list[str]:
        """All hosts: the next in turn first; those that failed a moment ago last, the earliest failure before the
        others."""
        workers = self._settings.runs.workers
        with self._guard:
            first = self._turn % len(workers)
            self._turn += 1
        since = time.monotonic() - AVOIDED_SECONDS

        def failed(worker: str) -> float:
            times = (self._failed.get((worker, concerned), since) for concerned in (None, cloud_address(cloud.url)))
            return max(since, *times)

        return sorted([*workers[first:], *workers[:first]], key=failed)

    def _on(self, worker: str, run: Run, cloud: Cloud, private: Path, results: Results, anew: bool) -> Any:
        settings = self._settings.runs
        transmission = Transmission(
            release=self._release,
            lease=settings.lease,
            url=cloud.url,
            username=cloud.username,
            refused=[] if anew else self.refused.of(cloud.id),
            run=run,
        )
        artifacts = self._settings.bridge.runs_directory / run.ident
        returned = Returned(artifacts, results)
        connection: Connection | None = None
        words = ""
        trouble: OSError | None = None
        with self._leased(run):
            try:
                connection = Connection(worker, settings, private, run.timeout + _AROUND_A_RUN)
                try:
                    connection.send(transmission)
                    returned.take(connection.stream)
                finally:
                    words = connection.close(at_once=not returned.whole)
            except OSError as error:
                # This machine's own: its disk is full, say, and takes no artifacts.
                trouble = error
            finally:
                if connection is not None and run.writes and not returned.whole:
                    # Whatever became of the host: only time says that its run has ended.
                    time.sleep(max(0.0, connection.stream.over(settings.lease) - time.monotonic()))
        reason = returned.status if returned.whole else words or returned.reason
        if connection is None or connection.stream.answered is None:
            remove(artifacts)
            if trouble is not None:
                raise EngineUnavailable(detail=trouble)
            if returned.refusal is not None:
                # A hold takes the cloud's name from it.
                returned.refusal.parameters["cloud"] = cloud.name
            raise _NotBegun(reason, returned.refusal)
        log.info(
            "run ended",
            run=run.ident,
            cloud=cloud.name,
            check=run.check,
            accounts=run.asked,
            host=worker,
            status=returned.status,
            detail=None if returned.whole else trouble or reason,
        )
        if trouble is not None:
            raise RunUnknown(cloud=cloud.name, detail=f"run {run.ident}: {trouble}")
        found = results.of(run, cloud.name, f"{worker}: {reason}")
        # A cloud that is not saved has no number.
        if cloud.id and returned.mark and WRONG_CREDENTIALS in _codes(run, found):
            try:
                self.refused.add(cloud.id, returned.mark)
            except EngineUnavailable as error:
                # What the run did is known all the same.
                log.error("refused credentials not remembered", cloud=cloud.name, detail=error)
        return found

    @contextmanager
    def _leased(self, run: Run) -> Iterator[None]:
        """Keep on disk that ``run`` may be on a worker host, if it may write there."""
        if not run.writes:
            yield
            return
        file = self._begun / f"{run.ident}.{self._settings.runs.lease}"
        try:
            self._begun.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.touch(mode=0o600)
        except OSError as error:
            raise EngineUnavailable(detail=error) from error
        yield
        # Not when something unexpected has ended this: then the next bridge waits.
        try:
            file.unlink()
        except OSError as error:
            log.error("lease not removed", run=run.ident, detail=error)


def _codes(run: Run, found: Any) -> set[str]:
    """The codes of all failures that a playbook has handed back."""
    failures = [one["failure"] for one in (found if run.playbook == "accounts" else [found])]
    return {failure["code"] for failure in failures if failure}
