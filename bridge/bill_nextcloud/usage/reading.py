# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what all services of one cloud use, page by page, and writes each page: BILLmanager's statistics and our own
history. What could not be read gets no row, never a zero."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.parties import resellers
from bill_nextcloud.billmanager.service import ACTIVE, PROCESSING, QUOTA_PENDING, SUSPENDED, Database, Service
from bill_nextcloud.billmanager.statistics import Amount, amount, write_day
from bill_nextcloud.errors import AccountNameMissing, AccountUnproven, Failure, OperationError, RunUnknown
from bill_nextcloud.log import logger
from bill_nextcloud.mapping import Mapping
from bill_nextcloud.playbook import DETAIL_LENGTH, Runs
from bill_nextcloud.record import DayOfUse, UsageHistory
from bill_nextcloud.usage.notes import NOTE, crossed

log = logger("usage")

PAGE = 500
# Those that have an account. A closed one, kept or not, is not counted any more.
READ = (ACTIVE, SUSPENDED, PROCESSING)


@dataclass
class Found:
    """What one pass has read. ``read``: how many accounts; ``unread``: why each of the others was not; ``failure``: why
    the cloud as a whole could not be read (to its end). ``notes``: what the note of a service is to be now, where that
    is another than before."""

    read: int = 0
    unread: list[tuple[int, Failure]] = field(default_factory=list)
    failure: Failure | None = None
    notes: list[tuple[int, int | None]] = field(default_factory=list)


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
        known: str | None = None
        after = 0
        while found.failure is None:
            services = self.database.services_after(module, READ, after, PAGE)
            if not services:
                break
            after = services[-1].id
            known = self._page(cloud, day, self._to_be_read(cloud, services, found), known, found)
        return found

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

    def _page(self, cloud: Cloud, day: str, services: list[Service], known: str | None, found: Found) -> str | None:
        """Read ``services`` and write what was read. ``known``: an account that could be read before; such a one is
        returned, too."""
        if not services:
            return known
        result = self.runs.usage(cloud, [str(service.account) for service in services])
        accounts, missing = dict(result.accounts), result.missing
        known = next(iter(accounts), known)
        left = [service for service in services if service.account not in accounts and service.account not in missing]
        if left and result.failure is None:
            raise RunUnknown(cloud=cloud.name, detail=f"it says nothing of {len(left)} accounts")
        if left and (result.failed is None or known is None):
            found.failure = result.failure
        elif left and known is not None:
            # Whether it is these accounts or the cloud shows with one that is known to be readable.
            found.failure = self.runs.usage(cloud, [known]).failure
            if found.failure is None:
                result = self.runs.usage(cloud, [str(service.account) for service in left])
                accounts |= result.accounts
                missing |= result.missing
                found.failure = result.failure if result.failed is None else None
        self._write(cloud, day, [service for service in services if service.account in accounts], accounts, found)
        if found.failure is None:
            for service in services:
                if service.account in missing:
                    gone = Failure("account_missing", {"account": str(service.account), "cloud": cloud.name})
                    _leave_out(found, service, gone)
                elif service.account not in accounts:
                    _leave_out(found, service, _unread(cloud, service, result.failure))
        return known

    def _write(
        self, cloud: Cloud, day: str, services: list[Service], accounts: dict[str, int | None], found: Found
    ) -> None:
        amounts: list[Amount] = []
        days: list[DayOfUse] = []
        parents = resellers(self.database, [service.client["id"] for service in services])
        for service in services:
            used = accounts[str(service.account)]
            if used is None:
                # Its storage is made at the first log-in.
                untold = Failure("usage_not_told", {"account": str(service.account), "cloud": cloud.name})
                _leave_out(found, service, untold)
                continue
            if QUOTA_PENDING in service.params:
                self.mend(service.id)
            try:
                sold = self.mapping.sold(service, cloud)
                days.append(
                    DayOfUse(
                        service=service.id,
                        day=day,
                        cloud=cloud.id,
                        client=service.client["id"],
                        reseller=parents.get(service.client["id"]),
                        tariff=service.tariff.id,
                        status=service.status,
                        used=used,
                        sold=sold,
                    )
                )
                self._note(service, used, sold, found)
                amounts.append(amount(service.id, used, self.mapping.disk_addon(service)))
            except OperationError as error:
                _leave_out(found, service, error.failure)
                continue
            found.read += 1
        write_day(self.database, day, amounts)
        self.history.write(days)

    def _note(self, service: Service, used: int, sold: int | None, found: Found) -> None:
        level = crossed(used, sold, self.notes)
        if service.params.get(NOTE, "") != ("" if level is None else str(level)):
            found.notes.append((service.id, level))


def _unread(cloud: Cloud, service: Service, first: Failure | None) -> Failure:
    """The module tells the first failure only."""
    detail = f"{first.code}: {first.parameters['detail']}" if first else "the run says nothing of it"
    return Failure(
        "usage_unread", {"account": str(service.account), "cloud": cloud.name, "detail": detail[:DETAIL_LENGTH]}
    )


def _leave_out(found: Found, service: Service, failure: Failure) -> None:
    found.unread.append((service.id, failure))
    log.warning(
        "usage of a service not read",
        service=service.id,
        account=service.account,
        cloud=service.module,
        code=failure.code,
        detail=failure.parameters.get("detail"),
    )
