# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes one cloud agree with what a batch of operations asks: read, claim, apply; the playbook plans and reads back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bill_nextcloud.account import Account, new_password, wish
from bill_nextcloud.billmanager.claim import claim
from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.billmanager.service import DELETED, USERNAME, Cloud, Database, Service, Tariff
from bill_nextcloud.errors import (
    AccountConflict,
    AccountNameMissing,
    CloudChanged,
    Failure,
    OperationEnded,
    OperationError,
    RunUnknown,
    ServiceDeleted,
)
from bill_nextcloud.lock import lock_path, locked
from bill_nextcloud.log import logger
from bill_nextcloud.mapping import Mapping
from bill_nextcloud.playbook import RunResult, Runs
from bill_nextcloud.settings import Settings

log = logger("convergence")

ATTEMPTS = 3
LOCK_SECONDS = 3600
DETAIL_LENGTH = 300


@dataclass(frozen=True)
class Request:
    """What an event names: a service, a wish (``command``) and BILLmanager's operation, if it gave one."""

    service: int
    command: str
    operation: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of a request. ``failure`` is ``None`` on success; ``result`` is the module's (without a password);
    ``run`` names the playbook run that wrote."""

    request: Request
    failure: Failure | None = None
    item_type: str = ""
    url: str = ""
    account: str | None = None
    run: str | None = None
    result: dict[str, Any] = field(default_factory=dict)


@dataclass
class _Work:
    """One request on its way through a batch."""

    request: Request
    service: Service | None = None
    account: Account | None = None
    password: str | None = None
    unclaimed: bool = False
    claimed_now: bool = False
    failure: Failure | None = None
    run: str | None = None
    result: dict[str, Any] = field(default_factory=dict)

    @property
    def open(self) -> bool:
        return self.failure is None and self.account is not None


@dataclass(frozen=True)
class Convergence:
    """Converges batches. All its reads and writes of one batch happen under the cloud's lock."""

    settings: Settings
    mgrctl: Mgrctl
    database: Database
    mapping: Mapping
    runs: Runs

    def __call__(self, module: int, requests: list[Request]) -> list[Outcome]:
        """An outcome for each of ``requests``, in order. A run without results is tried again from the first read."""
        works = [_Work(request) for request in requests]
        try:
            cloud = self.database.cloud(module)
            with locked(lock_path(self.settings.lock_directory, cloud.url), LOCK_SECONDS):
                works = self._attempts(cloud, requests)
        except OperationError as error:
            # What concerns the whole cloud concerns each request.
            return [Outcome(request, failure=error.failure) for request in requests]
        return [
            Outcome(
                work.request,
                failure=work.failure,
                item_type=work.service.item_type if work.service else "",
                url=cloud.url,
                account=work.account.name if work.account else None,
                run=work.run,
                result=work.result,
            )
            for work in works
        ]

    def _attempts(self, cloud: Cloud, requests: list[Request]) -> list[_Work]:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._converge(cloud, [_Work(request) for request in requests])
            except RunUnknown as error:
                log.warning("run without results", cloud=cloud.name, attempt=attempt, detail=error.parameters["detail"])
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    def _converge(self, cloud: Cloud, works: list[_Work]) -> list[_Work]:
        tariffs = self.database.tariffs_of(cloud.id)
        for work in works:
            try:
                self._read(work, cloud, tariffs)
            except OperationError as error:
                work.failure = error.failure
        self._claim(cloud, [work for work in works if work.open and work.unclaimed])
        self._apply(cloud, [work for work in works if work.open])
        return works

    def _read(self, work: _Work, cloud: Cloud, tariffs: Sequence[Tariff]) -> None:
        work.service = service = self.database.service(work.request.service)
        if service.module != cloud.id:
            raise CloudChanged(service=service.id)
        self._refuse_late(work.request, service)
        opening = work.request.command == "open"
        if not opening and service.account is None:
            if work.request.command == "close":
                return  # never opened: nothing is there to be deleted
            raise AccountNameMissing(service=service.id)
        if opening or work.request.command == "setparam":
            work.account = self.mapping.account(service, cloud, tariffs)
        else:
            # Suspension and deletion must not depend on what is sold.
            work.account = self.mapping.identity(service, cloud)
        if opening or not service.confirmed:
            work.password = self.database.passwords([service.id]).get(service.id)
        if opening and not service.confirmed and (service.account is None or work.password is None):
            work.unclaimed = True
            work.password = work.password or new_password()

    def _refuse_late(self, request: Request, service: Service) -> None:
        # An event that comes late or twice must not open what was closed meanwhile.
        if service.status == DELETED and request.command != "close":
            raise ServiceDeleted(service=service.id, command=request.command)
        if request.operation is not None and not self.database.operation_exists(request.operation):
            raise OperationEnded(operation=request.operation, service=service.id)

    def _claim(self, cloud: Cloud, works: list[_Work]) -> None:
        free: dict[str, _Work] = {}
        for work in sorted(works, key=lambda work: work.request.service):
            assert work.account is not None
            first = free.setdefault(work.account.name.lower(), work)
            if first is not work:
                detail = f"service {first.request.service} has claimed this name"
                work.failure = AccountConflict(account=work.account.name, detail=detail).failure
        if not free:
            return
        results = self._run(cloud, list(free.values()), check=True).accounts
        modules = self._modules_at(cloud)
        for work, result in zip(free.values(), results, strict=True):
            assert work.account is not None
            assert work.password is not None
            try:
                if result["failure"]:
                    work.failure = _failure(result["failure"], work, cloud)
                elif result["account"] is not None:
                    raise AccountConflict(account=work.account.name, detail="it exists on the cloud already")
                else:
                    claim(self.mgrctl, self.database, work.request.service, modules, work.account.name, work.password)
                    work.claimed_now = True
            except OperationError as error:
                work.failure = error.failure

    def _modules_at(self, cloud: Cloud) -> list[int]:
        """All processing modules that stand for the same cloud: an account name is unique among them."""
        path = lock_path(self.settings.lock_directory, cloud.url)
        same = [cloud.id]
        for module, _ in self.database.clouds():
            if module != cloud.id:
                try:
                    other = self.database.cloud(module, secret=False)
                except OperationError:
                    continue  # one that is not filled in yet sells nothing
                if lock_path(self.settings.lock_directory, other.url) == path:
                    same.append(module)
        return same

    def _apply(self, cloud: Cloud, works: list[_Work]) -> None:
        if not works:
            return
        run = self._run(cloud, works, check=False)
        for work, result in zip(works, run.accounts, strict=True):
            work.run, work.result = run.ident, result
            if not result["failure"]:
                continue
            work.failure = _failure(result["failure"], work, cloud)
            if work.claimed_now and work.failure.code == "account_conflict":
                # The name was taken between our look and our request: without the claim, no later event touches it.
                try:
                    self.mgrctl.drop_parameter(work.request.service, USERNAME)
                except OperationError as error:
                    log.error("claim not taken back", service=work.request.service, detail=error)

    def _run(self, cloud: Cloud, works: list[_Work], *, check: bool) -> RunResult:
        wishes = []
        passwords = {}
        for work in works:
            assert work.service is not None
            assert work.account is not None
            proven = not check and not work.service.confirmed
            wishes.append(
                wish(
                    work.request.command,
                    work.account,
                    proven=proven,
                    email_owner=self.settings.accounts.email_owner,
                )
            )
            if work.password is not None:
                passwords[work.account.name] = work.password
        return self.runs.accounts(cloud, wishes, passwords, check=check)


def _failure(value: dict[str, Any], work: _Work, cloud: Cloud) -> Failure:
    assert work.account is not None
    parameters = {
        "account": work.account.name,
        "cloud": cloud.name,
        "service": str(work.request.service),
        "detail": " ".join(str(value["message"]).split())[:DETAIL_LENGTH],
    }
    return Failure(value["code"], value["kind"], parameters)
