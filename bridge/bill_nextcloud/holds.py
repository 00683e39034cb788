# SPDX-License-Identifier: GPL-3.0-or-later
"""Clouds in trouble are held: their operations wait together behind one probe, with one problem and one task."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from bill_nextcloud.billmanager.alarms import cloud_trouble
from bill_nextcloud.billmanager.asked import credentials_digest
from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.billmanager.service import Database
from bill_nextcloud.errors import BillmanagerUnavailable, CloudUnknown, Failure, OperationError
from bill_nextcloud.log import logger
from bill_nextcloud.playbook import Runs
from bill_nextcloud.record import CloudRow, Clouds
from bill_nextcloud.settings import RetrySettings
from bill_nextcloud.treatment import (
    APPROVAL,
    HELD_BY_ADMINISTRATOR,
    LOGIN_BLOCKED,
    UNREACHABLE,
    WORKER_CREDENTIALS_REFUSED,
    WRONG_CREDENTIALS,
    probe_pause,
)

log = logger("holds")

UNREACHABLE_TIMES = 3
APPROVAL_ALARM_SECONDS = 3600.0
# How often new credentials are looked for, and an alarm that BILLmanager did not take is raised again.
WATCH_SECONDS = 10.0
_PROBES_AT_ONCE = 8


class Holds:
    """Which clouds are held. ``released(module, by)`` is called when the operations of a cloud may go on; it returns
    how many there were."""

    def __init__(
        self,
        settings: RetrySettings,
        clouds: Clouds,
        mgrctl: Mgrctl,
        database: Database,
        runs: Runs,
        released: Callable[[int, str], int],
    ) -> None:
        self._settings = settings
        self._clouds = clouds
        self._mgrctl = mgrctl
        self._database = database
        self._runs = runs
        self._released = released
        self._guard = threading.RLock()
        self._rows: dict[int, CloudRow] = {}
        self._probing: set[int] = set()
        self._watched: dict[int, float] = {}
        self._over = threading.Event()
        self._probes = ThreadPoolExecutor(_PROBES_AT_ONCE, thread_name_prefix="probe")

    def start(self) -> None:
        """Read which clouds are held and go on with their probes. Raises ``EngineUnavailable``."""
        with self._guard:
            self._rows = {row.id: row for row in self._clouds.all()}
        self._list()
        threading.Thread(target=self._watch, name="holds", daemon=True).start()

    def stop(self) -> None:
        """Begin no probe any more."""
        self._over.set()

    def failure(self, module: int | None) -> Failure | None:
        """Why a cloud is held, or ``None``: it is not."""
        with self._guard:
            row = self._rows.get(module) if module is not None else None
            return row.failure if row else None

    def probe_at(self, module: int) -> float | None:
        """When a held cloud is looked at again (seconds since 1970), if it is."""
        with self._guard:
            row = self._rows.get(module)
            return row.probe_at if row else None

    def observe(self, module: int, failures: Sequence[Failure | None]) -> None:
        """Learn from a batch: its failures, ``None`` for each account that went well."""
        held = next((one for one in failures if one and one.kind == "held" and one.code != APPROVAL), None)
        if held is not None:
            self.hold(module, held, "bridge")
            return
        with self._guard:
            row = self._row(module)
            unreachable = [one for one in failures if one and one.code == UNREACHABLE]
            if unreachable and len(unreachable) == len([one for one in failures if one]) and None not in failures:
                row = replace(row, unreachable=row.unreachable + 1)
                self._save(row)
                if row.unreachable >= UNREACHABLE_TIMES:
                    self.hold(module, unreachable[0], "bridge")
            elif None in failures and row.unreachable:
                self._save(replace(row, unreachable=0))

    def hold(self, module: int, failure: Failure, by: str) -> None:
        """Let the operations of a cloud wait. One that is held for another reason is now held for this one; what an
        administrator holds only an administrator holds for another."""
        digest = self._digest(module)
        with self._guard:
            row = self._row(module, failure.parameters.get("cloud"))
            stronger = (failure.code, HELD_BY_ADMINISTRATOR) if failure.code != HELD_BY_ADMINISTRATOR else ()
            if row.failure and row.failure.code in stronger:
                return
            pause = self._pause(failure.code, 1)
            self._save(
                replace(
                    row,
                    failure=failure,
                    held_since=row.held_since or time.time(),
                    held_by=by,
                    probes=0,
                    probe_at=None if pause is None else time.time() + pause,
                    credentials=digest,
                    # What an administrator does himself needs no alarm.
                    announced_at=time.time() if failure.code == HELD_BY_ADMINISTRATOR else row.announced_at,
                )
            )
        log.error("cloud held", cloud=module, code=failure.code, by=by, next_probe=pause)

    def release(self, module: int, by: str, *, force: bool = False, administrators: bool = True) -> int | None:
        """Let the operations of a cloud go on; how many there were. ``force``: credentials of worker hosts that it has
        refused may be tried once more. Without ``administrators`` what one of them holds stays held: ``None``.
        Raises :class:`CloudUnknown`, ``EngineUnavailable``."""
        if force:
            self._runs.try_again(module)
        return self._released(module, by) if self._release(module, by, administrators=administrators) else None

    def _release(self, module: int, by: str, *, administrators: bool) -> bool:
        """Whether nothing holds the cloud now; ``administrators``: not even one of them."""
        with self._guard:
            row = self._rows.get(module)
            if row is None:
                raise CloudUnknown(cloud=module)
            if row.failure is not None and row.failure.code == HELD_BY_ADMINISTRATOR and not administrators:
                return False
            if row.held:
                kept = CloudRow(row.id, row.name, approval_announced_at=row.approval_announced_at)
                self._save(kept)
                log.info("cloud released", cloud=module, by=by)
            return True

    def probe(self, module: int) -> Failure | None:
        """Look at a cloud now: why it cannot be used, or ``None``. Credentials that were refused are not tried again:
        each time brings the cloud nearer to locking this address."""
        with self._guard:
            row = self._rows.get(module)
        refused = row is not None and row.failure is not None and row.failure.code == WRONG_CREDENTIALS
        # Worker hosts have others, and know themselves which of them were refused.
        if row and refused and not self._runs.elsewhere and row.credentials == self._digest(module):
            return row.failure
        try:
            return self._runs.probe(self._database.cloud(module, secret=not self._runs.elsewhere))
        except OperationError as error:
            return error.failure

    def found(self, module: int, failure: Failure) -> None:
        """A probe that somebody asked for has found that a held cloud still cannot be used: another reason than before
        is now the one. Its own probes go on at their pace."""
        digest = self._digest(module)
        with self._guard:
            row = self._rows.get(module)
            if row is None or row.failure is None or row.failure.code == HELD_BY_ADMINISTRATOR:
                return
            reason = _reason(row.failure, failure)
            if reason.code == row.failure.code:
                self._save(replace(row, failure=reason))
                return
            pause = self._pause(reason.code, 1)
            at = None if pause is None else time.time() + pause
            self._save(replace(row, failure=reason, probes=0, probe_at=at, credentials=digest))
        log.info("cloud held for another reason", cloud=module, code=reason.code, next_probe=pause)

    def passed(self, module: int) -> None:
        """The saved credentials of a cloud have passed a check: it is released, unless an administrator holds it."""
        if self.failure(module) is not None and self._release(module, "check_connection", administrators=False):
            self._released(module, "check_connection")

    def announce_approval(self, module: int, failure: Failure) -> None:
        """Tell people that operations of a cloud wait for their word: at most once an hour."""
        with self._guard:
            row = self._row(module, failure.parameters.get("cloud"))
            if row.approval_announced_at and time.time() - row.approval_announced_at < APPROVAL_ALARM_SECONDS:
                return
            self._save(replace(row, approval_announced_at=time.time()))
        try:
            cloud_trouble(self._mgrctl, self._database, module, row.name, failure)
        except OperationError as error:
            log.warning("alarm not raised", cloud=module, code=failure.code, detail=error)
            with self._guard:
                self._save(replace(self._row(module), approval_announced_at=None))

    def _pause(self, code: str, probe: int) -> float | None:
        if code == WRONG_CREDENTIALS and self._runs.elsewhere:
            # Whether a worker host has others by now costs no log-in.
            code = WORKER_CREDENTIALS_REFUSED
        return probe_pause(code, probe, self._settings.probe_seconds, self._settings.longest_seconds)

    def _row(self, module: int, name: str | None = None) -> CloudRow:
        row = self._rows.get(module) or CloudRow(module, name or f"module {module}")
        return replace(row, name=name) if name else row

    def _save(self, row: CloudRow) -> None:
        if self._rows.get(row.id) != row:
            self._clouds.save(row)
            self._rows[row.id] = row

    def _digest(self, module: int) -> str | None:
        try:
            return credentials_digest(self._database, module)
        except OperationError:
            return None  # compared again later

    def _list(self) -> None:
        """Note clouds that are new in BILLmanager, or have another name, so that people can name them."""
        try:
            clouds = self._database.clouds()
        except BillmanagerUnavailable as error:
            log.warning("clouds not listed", detail=error)
            return
        with self._guard:
            for module, name in clouds:
                self._save(self._row(module, name))

    def _watch(self) -> None:
        listed = time.monotonic()
        while not self._over.wait(0.2):
            if time.monotonic() - listed > WATCH_SECONDS:
                listed = time.monotonic()
                try:
                    self._list()
                except Exception as error:  # the edge of the thread: held clouds are looked after all the same
                    log.warning("clouds not listed", detail=error)
            with self._guard:
                held = [row for row in self._rows.values() if row.held]
            for row in held:
                try:
                    self._look_after(row)
                except OperationError as error:
                    log.warning("held cloud not looked after", cloud=row.id, detail=error)
                except Exception:  # the edge of the thread: others are looked after all the same
                    log.exception("held cloud not looked after", cloud=row.id)

    def _look_after(self, row: CloudRow) -> None:
        now = time.time()
        if now - self._watched.get(row.id, 0) >= min(WATCH_SECONDS, self._settings.probe_seconds):
            self._watched[row.id] = now
            self._announce(row)
            self._notice_new_credentials(row.id)
        with self._guard:
            row = self._rows[row.id]
            if row.probe_at is None or row.probe_at > now or row.id in self._probing or not row.held:
                return
            self._probing.add(row.id)
        self._probes.submit(self._probe, row.id)

    def _announce(self, row: CloudRow) -> None:
        if row.announced_at is not None or row.failure is None:
            return
        cloud_trouble(self._mgrctl, self._database, row.id, row.name, row.failure)
        with self._guard:
            now = self._rows[row.id]
            # Not that of a hold which has begun meanwhile.
            if now.held_since == row.held_since:
                self._save(replace(now, announced_at=time.time()))

    def _notice_new_credentials(self, module: int) -> None:
        with self._guard:
            row = self._rows[module]
            if row.failure is None or row.failure.code == HELD_BY_ADMINISTRATOR or module in self._probing:
                return
        digest = self._digest(module)
        if digest is None or digest == row.credentials:
            return
        with self._guard:
            log.info("credentials changed", cloud=module)
            self._save(replace(self._rows[module], probe_at=time.time()))

    def _probe(self, module: int) -> None:
        try:
            digest = self._digest(module)
            failure = self.probe(module)
            with self._guard:
                row = self._rows[module]
                if not row.held or (row.failure and row.failure.code == HELD_BY_ADMINISTRATOR):
                    return
                if failure is not None:
                    probes = row.probes + 1
                    reason = _reason(row.failure or failure, failure)
                    pause = self._pause(reason.code, probes + 1)
                    at = None if pause is None else time.time() + pause
                    self._save(replace(row, failure=reason, probes=probes, probe_at=at, credentials=digest))
                    log.info("cloud still held", cloud=module, code=failure.code, probes=probes, next_probe=pause)
            # Not what an administrator has held since.
            if failure is None and self._release(module, "probe", administrators=False):
                self._released(module, "probe")
        except OperationError as error:
            log.warning("probe failed", cloud=module, detail=error)
        except Exception:  # the edge of the thread
            log.exception("probe failed", cloud=module)
        finally:
            self._probing.discard(module)


def _reason(before: Failure, found: Failure) -> Failure:
    """Why a cloud is held after a probe has ``found`` it unusable. What else is temporary at a probe does not end the
    hold: it goes on for what it was, at that pace."""
    # A cloud that blocks log-ins keeps doing so while it cannot be reached: it is not asked sooner for that.
    unreachable = found.code == UNREACHABLE and before.code != LOGIN_BLOCKED
    return found if found.kind == "held" or unreachable else before
