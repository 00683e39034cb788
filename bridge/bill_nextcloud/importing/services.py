# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes services of accounts: one reading of the cloud, compared with BILLmanager; then each that fits, one by one.

On the cloud nothing is changed, no password is saved (the customer has his), and nothing has to be kept to be gone on
with: an import that was cut off is repeated, and finds what it has done. Nobody else can get an account's name
meanwhile, since it is taken on the cloud; so the cloud's lock is not needed, and its operations do not wait. That an
account was just being deleted shows by its name, which somebody had before the cloud was read.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from bill_nextcloud.billmanager.asked import modules_at
from bill_nextcloud.billmanager.claims import claims as claims_of
from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.imported import Claim, claims, clients_by_email, import_service
from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.billmanager.offers import offers
from bill_nextcloud.billmanager.service import URL, USERNAME, Database
from bill_nextcloud.errors import (
    AccountConflict,
    BillmanagerUnavailable,
    ClaimNotSaved,
    Failure,
    ImportIncomplete,
    NothingSold,
    OperationError,
)
from bill_nextcloud.holds import Holds
from bill_nextcloud.importing.matching import Given, given, match
from bill_nextcloud.importing.search import Search
from bill_nextcloud.lock import cloud_address
from bill_nextcloud.log import logger
from bill_nextcloud.mapping import Mapping
from bill_nextcloud.playbook import Existing, Runs

log = logger("import")

# So many in a row mean that BILLmanager takes none.
_MOST_REFUSALS = 10


@dataclass
class Candidate:
    """One account. ``sold``: the tariff that it has, if it can become a service; ``failure``: why it cannot, or did
    not; ``client``: whose address it has, as ``{"id", "name"}``; ``service``: the one it has become."""

    name: str
    account: Existing | None
    sold: Given | None = None
    failure: Failure | None = None
    client: dict[str, Any] | None = None
    service: int | None = None

    @property
    def claimed(self) -> bool:
        """Whether it is a service already: on a cloud that has been sold for years, most are."""
        return self.failure is not None and self.failure.code == "import_claimed"


@dataclass
class Imported:
    """What was found on a cloud, and what became of it: first those that can become services, last those that are.
    ``failure``: why it was not done, or not to the end."""

    cloud: str
    candidates: list[Candidate] = field(default_factory=list)
    failure: Failure | None = None

    @property
    def services(self) -> list[Candidate]:
        """Those that have become services."""
        return [one for one in self.candidates if one.service is not None]


class Import:
    """Carries out imports; those that write one at a time for each cloud."""

    def __init__(self, mgrctl: Mgrctl, database: Database, mapping: Mapping, runs: Runs, holds: Holds) -> None:
        self._mgrctl = mgrctl
        self._database = database
        self._mapping = mapping
        self._runs = runs
        self._holds = holds
        self._guard = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}

    def __call__(self, module: int, item_type: str, search: Search, *, adopt: bool) -> Imported:
        """The accounts of the cloud ``module`` (number of the processing module) that ``search`` finds, as services of
        ``item_type``. ``adopt``: those that can become services do; otherwise they are only shown.

        What the cloud or BILLmanager refuses is in the result. Raises an ``OperationError`` when nothing could be begun
        (:class:`NothingSold`, ``ModuleUnknown``, ``BillmanagerUnavailable``, ``RunUnknown``, …).
        """
        cloud = self._database.cloud(module, secret=not self._runs.elsewhere)
        held = self._holds.failure(module)
        if held is not None:
            # Its own probes find out when it works again; each further log-in may do harm.
            return Imported(cloud.name, failure=held)
        with self._lock(cloud) if adopt else nullcontext():
            found = self._look(cloud, item_type, search)
            if adopt and found.failure is None:
                self._adopt_all(cloud, item_type, found)
        return found

    def _lock(self, cloud: Cloud) -> threading.Lock:
        with self._guard:
            return self._locks.setdefault(cloud_address(cloud.url), threading.Lock())

    def _look(self, cloud: Cloud, item_type: str, search: Search) -> Imported:
        modules = modules_at(self._database, cloud)
        sold = given(
            self._mapping, cloud, offers(self._database, cloud.id, item_type), self._database.tariffs_of(modules)
        )
        if not sold:
            raise NothingSold(cloud=cloud.name, item_type=item_type)
        before = claims(self._database, modules)
        try:
            # What a person typed may be in other letters, and one name that the cloud refuses would fail the whole run.
            names = search.words if search.exact else ()
            accounts = self._runs.existing(cloud, names, sorted({one.quota for one in sold}))
        except OperationError as error:
            if error.failure.kind == "held":
                self._holds.observe(cloud.id, [error.failure])
            raise
        self._holds.observe(cloud.id, [accounts if isinstance(accounts, Failure) else None])
        if isinstance(accounts, Failure):
            log.error("accounts not read for an import", cloud=cloud.name, code=accounts.code)
            return Imported(cloud.name, failure=accounts)
        found = self._compare(
            cloud,
            [account for account in accounts if account.name in search],
            sold,
            {**claims(self._database, modules), **{name: one for name, one in before.items() if not one.unfinished}},
        )
        there = {account.name.lower() for account in accounts}
        for name in search.names:
            if name.lower() not in there:
                missing = Failure("import_account_missing", {"account": name, "cloud": cloud.name})
                found.candidates.append(Candidate(name, None, failure=missing))
        return found

    def _compare(
        self, cloud: Cloud, accounts: Sequence[Existing], sold: Sequence[Given], claimed: dict[str, Claim]
    ) -> Imported:
        clients = clients_by_email(self._database, (account.email for account in accounts if account.email))
        found: list[Candidate] = []
        for account in accounts:
            candidate = Candidate(account.name, account, client=clients.get((account.email or "").lower()))
            result = match(account, cloud, sold, claimed.get(account.name.lower()))
            if isinstance(result, Failure):
                candidate.failure = result
            else:
                candidate.sold = result
            found.append(candidate)
        return Imported(cloud.name, sorted(found, key=lambda one: (one.sold is None, one.claimed, one.name)))

    def _adopt_all(self, cloud: Cloud, item_type: str, found: Imported) -> None:
        modules = modules_at(self._database, cloud)
        begun = claims(self._database, modules)
        wanted = [one for one in found.candidates if one.sold is not None]
        failures: list[str] = []
        in_a_row = 0
        for candidate in wanted:
            try:
                candidate.service = self._adopt(cloud, modules, item_type, candidate, begun.get(candidate.name.lower()))
                in_a_row = 0
            except OperationError as error:
                candidate.failure = error.failure
                words = error.failure.parameters.get("detail", "").rstrip(".")
                failures.append(f"{candidate.name}: {error.code}{f' ({words})' if words else ''}.")
                in_a_row += 1
                log.error(
                    "account not imported", account=candidate.name, cloud=cloud.name, code=error.code, detail=error
                )
                # What it does not save, or does not answer to, concerns all others as well.
                if isinstance(error, BillmanagerUnavailable | ClaimNotSaved) or in_a_row == _MOST_REFUSALS:
                    break
        for candidate in found.candidates:
            if candidate.failure is not None and candidate.sold is None and not candidate.claimed:
                log.info("account left out", account=candidate.name, cloud=cloud.name, code=candidate.failure.code)
        done = len(found.services)
        log.info("import ended", cloud=cloud.name, module=cloud.id, imported=done, of=len(wanted))
        if failures:
            left = len(wanted) - done
            found.failure = ImportIncomplete(cloud=cloud.name, imported=done, failed=left, detail=failures[0]).failure

    def _adopt(
        self, cloud: Cloud, modules: Iterable[int], item_type: str, candidate: Candidate, claim: Claim | None
    ) -> int:
        """The service of an account: one at which an import was cut off, or a new one. The name is saved first, the
        address last: it says that the account was seen there and is ours, which an import is the administrator's word
        for."""
        account, sold = candidate.account, candidate.sold
        assert account is not None
        assert sold is not None
        begun = claim.service if claim is not None and claim.unfinished else None
        others = [claim.service] if claim is not None and begun is None else []
        others += [one for one in claims_of(self._database, account.name, modules) if one != begun]
        if others:
            raise AccountConflict(account=account.name, detail=f"service {others[0]} has claimed this name")
        service = begun
        if service is None:
            service = import_service(
                self._mgrctl, cloud.id, item_type, account.name, sold.offer.key, enabled=account.enabled
            )
        self._mgrctl.save_parameter(service, USERNAME, account.name)
        claimed = claims_of(self._database, account.name, modules)
        if service not in claimed:
            raise ClaimNotSaved(service=service, parameter=USERNAME)
        if claimed[0] != service:
            self._mgrctl.drop_parameter(service, USERNAME)
            raise AccountConflict(account=account.name, detail=f"service {claimed[0]} has claimed this name")
        self._mgrctl.save_parameter(service, URL, cloud.url)
        log.info(
            "account imported",
            account=account.name,
            cloud=cloud.name,
            service=service,
            tariff=sold.offer.tariff.id,
            suspended=not account.enabled,
        )
        return service
