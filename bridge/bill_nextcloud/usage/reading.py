# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what all services of one cloud use, and writes it part by part: BILLmanager's statistics and our own history.
What could not be read gets no row, never a zero."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from bill_nextcloud.billmanager.addons import Addon
from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.parties import resellers
from bill_nextcloud.billmanager.service import ACTIVE, PROCESSING, QUOTA_PENDING, SUSPENDED, Database, Service
from bill_nextcloud.billmanager.statistics import Amount, amount, write_day
from bill_nextcloud.errors import AccountNameMissing, AccountUnproven, Failure, OperationError, RunUnknown
from bill_nextcloud.log import logger
from bill_nextcloud.mapping import Mapping
from bill_nextcloud.playbook import DETAIL_LENGTH, Part, Runs, failure_of
from bill_nextcloud.record import DayOfUse, UsageHistory
from bill_nextcloud.usage.notes import NOTE, crossed

log = logger("usage")
Result = TypeVar("Result")

PAGE = 500
# Of one run: a cloud tells of its accounts in an order of its own, so each run reads it from the beginning. It bounds
# the memory.
MOST = 100_000
# So many that could not be read are told by name, and so many of them have a line of their own in the log: a cloud may
# have thousands that nobody has logged in to yet, every day.
MOST_NAMED = 100
MOST_LOGGED = 10
# Those that have an account. A closed one, kept or not, is not counted any more.
READ = (ACTIVE, SUSPENDED, PROCESSING)


@dataclass
class Found:
    """What one pass has read. ``read``: how many accounts; ``unread``: how many others were not, and ``first_unread``
    why, of the first of them; ``failure``: why the cloud as a whole could not be read (to its end). ``notes``: what the
    note of a service is to be now, where that is another than before."""

    read: int = 0
    unread: int = 0
    first_unread: list[tuple[int, Failure]] = field(default_factory=list)
    failure: Failure | None = None
    notes: list[tuple[int, int | None]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What is kept of a service until its account is read. ``sold`` and ``addon`` are failures where they cannot be
    told."""

    id: int
    account: str
    module: int | None
    client: int | None
    tariff: int
    status: int
    pending: bool
    note: str
    sold: int | Failure | None
    addon: Addon | Failure


@dataclass(frozen=True)
class Reading:
    """Reads one cloud. ``notes``: the thresholds, in percent of what was sold. ``mend`` is told of a service whose
    quota had to wait for the account's storage, when that is there."""

    database: Database
    mapping: Mapping
    runs: Runs
    history: UsageHistory
    notes: tuple[int, ...]
    mend: Callable[[int], object]

    def __call__(self, module: int, day: str) -> Found:
        """Read every service of the processing module ``module`` and write the rows of ``day`` (YYYY-MM-DD).

        What the cloud refuses is in the result, with all that was written before. Raises an ``OperationError`` when
        BILLmanager or the record fails, or no run can be made.
        """
        cloud = self.database.cloud(module, secret=not self.runs.elsewhere)
        found = Found()
        try:
            self._read(cloud, day, found)
        finally:
            if found.unread > MOST_LOGGED:
                log.warning("usage of more services not read", cloud=module, count=found.unread - MOST_LOGGED)
        return found

    def _read(self, cloud: Cloud, day: str, found: Found) -> None:
        chosen: dict[int, _Chosen] = {}
        after = 0
        while found.failure is None and (services := self.database.services_after(cloud.id, READ, after, PAGE)):
            after = services[-1].id
            chosen |= {service.id: self._keep(service, cloud) for service in self._to_be_read(cloud, services, found)}
            if len(chosen) > MOST - PAGE:
                self._run(cloud, day, chosen, found)
                chosen = {}
        if chosen and found.failure is None:
            self._run(cloud, day, chosen, found)

    def _to_be_read(self, cloud: Cloud, services: Iterable[Service], found: Found) -> list[Service]:
        chosen = []
        for service in services:
            if service.status == PROCESSING and not service.confirmed:
                continue  # it is only being opened
            try:
                if service.account is None:
                    raise AccountNameMissing(service=service.id)
                if not service.confirmed:
                    # The name may be a stranger's, whose use nobody is to pay for.
                    raise AccountUnproven(service=service.id, account=service.account, cloud=cloud.name)
                service.require_at(cloud)
            except OperationError as error:
                _leave_out(found, service, error.failure)
            else:
                chosen.append(service)
        return chosen

    def _keep(self, service: Service, cloud: Cloud) -> _Chosen:
        return _Chosen(
            id=service.id,
            account=str(service.account),
            module=service.module,
            client=service.client["id"],
            tariff=service.tariff.id,
            status=service.status,
            pending=QUOTA_PENDING in service.params,
            note=service.params.get(NOTE, ""),
            sold=_told(partial(self.mapping.sold, service, cloud)),
            addon=_told(partial(self.mapping.disk_addon, service)),
        )

    def _run(self, cloud: Cloud, day: str, chosen: dict[int, _Chosen], found: Found) -> None:
        """Read the accounts of ``chosen`` in one run, and write each part of what it hands back."""
        lines = "".join(f"{json.dumps([service.id, service.account])}\n" for service in chosen.values())
        answered = 0

        def rows(part: Part) -> None:
            nonlocal answered
            answered += len(part)
            self._write(cloud, day, [(chosen[row["service"]], row) for row in part], found)

        found.failure = self.runs.statistics(cloud, lines, rows)
        if found.failure is None and answered != len(chosen):
            raise RunUnknown(cloud=cloud.name, detail=f"it says nothing of {len(chosen) - answered} accounts")

    def _write(self, cloud: Cloud, day: str, part: Sequence[tuple[_Chosen, dict[str, Any]]], found: Found) -> None:
        amounts: list[Amount] = []
        days: list[DayOfUse] = []
        parents = resellers(self.database, [service.client for service, _ in part])
        for service, row in part:
            used = row["used"]
            if used is None:
                _leave_out(found, service, _unread(cloud, service.account, row))
                continue
            if service.pending:
                self.mend(service.id)
            if isinstance(service.sold, Failure):
                _leave_out(found, service, service.sold)
                continue
            days.append(
                DayOfUse(
                    service=service.id,
                    day=day,
                    cloud=cloud.id,
                    client=service.client,
                    reseller=parents.get(service.client) if service.client else None,
                    tariff=service.tariff,
                    status=service.status,
                    used=used,
                    sold=service.sold,
                )
            )
            self._note(service, used, service.sold, found)
            if isinstance(service.addon, Failure):
                _leave_out(found, service, service.addon)
                continue
            amounts.append(amount(service.id, used, service.addon))
            found.read += 1
        write_day(self.database, day, amounts)
        self.history.write(days)

    def _note(self, service: _Chosen, used: int, sold: int | None, found: Found) -> None:
        level = crossed(used, sold, self.notes)
        if service.note != ("" if level is None else str(level)):
            found.notes.append((service.id, level))


def _unread(cloud: Cloud, account: str, row: dict[str, Any]) -> Failure:
    """Why a run does not tell what ``account`` uses."""
    if row["failure"] is not None:
        why = failure_of(row["failure"], cloud, account)
        detail = f"{why.code}: {why.parameters['detail']}"[:DETAIL_LENGTH]
        return Failure("usage_unread", {"account": account, "cloud": cloud.name, "detail": detail})
    if row["missing"]:
        return Failure("account_missing", {"account": account, "cloud": cloud.name})
    # Its storage is made at the first log-in.
    return Failure("usage_not_told", {"account": account, "cloud": cloud.name})


def _told(ask: Callable[[], Result]) -> Result | Failure:
    try:
        return ask()
    except OperationError as error:
        return error.failure


def _leave_out(found: Found, service: Service | _Chosen, failure: Failure) -> None:
    found.unread += 1
    if len(found.first_unread) < MOST_NAMED:
        found.first_unread.append((service.id, failure))
    if found.unread <= MOST_LOGGED:
        log.warning(
            "usage of a service not read",
            service=service.id,
            account=service.account,
            cloud=service.module,
            code=failure.code,
            detail=failure.parameters.get("detail"),
        )
