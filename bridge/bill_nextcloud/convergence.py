# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes one cloud agree with what a batch of operations asks: read, claim, apply; the playbook plans and reads back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from bill_nextcloud import retention
from bill_nextcloud.account import new_password, wish
from bill_nextcloud.billmanager import password_change
from bill_nextcloud.billmanager.asked import modules_at
from bill_nextcloud.billmanager.claims import owners
from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.billmanager.service import Database, Tariff
from bill_nextcloud.claiming import Claiming, give_all_up
from bill_nextcloud.damage import Damage, Ledger, asked, done
from bill_nextcloud.errors import (
    AccountConflict,
    AccountNameMissing,
    ApprovalNeeded,
    EngineUnavailable,
    Failure,
    MappingInvalid,
    NewPasswordRefused,
    OperationError,
    RunUnknown,
    ServiceUnknown,
)
from bill_nextcloud.keeping import Keeping
from bill_nextcloud.lock import lock_path, locked
from bill_nextcloud.log import logger
from bill_nextcloud.mapping import Mapping
from bill_nextcloud.parallel import for_each
from bill_nextcloud.playbook import RunResult, Runs, failure_of
from bill_nextcloud.record import RunsOnRecord
from bill_nextcloud.request import (
    CHANGE_PASSWORD,
    Outcome,
    Request,
    means_as_sold,
    require_asked,
)
from bill_nextcloud.settings import Settings
from bill_nextcloud.work import Work

log = logger("convergence")

ATTEMPTS = 3
LOCK_SECONDS = 3600


@dataclass(frozen=True)
class Convergence:
    """Converges batches. All its reads and writes of one batch happen under the cloud's lock. ``held``: why the cloud
    of a processing module is held, or ``None``."""

    settings: Settings
    mgrctl: Mgrctl
    database: Database
    mapping: Mapping
    runs: Runs
    on_record: RunsOnRecord
    held: Callable[[int], Failure | None]

    def claim_ahead(self, module: int, request: Request) -> Work | None:
        """Claim the name of an order while another batch of its cloud is carried out, where that needs no look at the
        cloud: the work with its claim, for the batch of the order. ``None``, where that has to claim it."""
        work = Work(request)
        try:
            cloud = self.database.cloud(module, secret=False)
            modules = modules_at(self.database, cloud)
            self._read(cloud, modules, [work])
            self._hold(cloud, [work])
            if work.open and work.unclaimed and work.new_password:
                # The batch under way goes before, and so do calls that are taken meanwhile.
                Claiming(replace(self.mgrctl, last=True), self.database, cloud, modules).claim([work], lambda _: ())
        except OperationError as error:
            # The batch finds it again, and tells it.
            log.info("not claimed ahead", service=request.service, detail=error)
        return work if work.claimed_now and work.failure is None else None

    def __call__(self, module: int, requests: list[Request], ahead: Sequence[Work | None]) -> list[Outcome]:
        """An outcome for each of ``requests``, in order. A run without results is tried again from the first read.
        ``ahead``: what :meth:`claim_ahead` has returned for each, or ``None``."""
        claimed = [work for work in ahead if work is not None]
        try:
            cloud = self.database.cloud(module, secret=not self.runs.elsewhere)
            with locked(lock_path(self.settings.lock_directory, cloud.url), LOCK_SECONDS):
                claimed = []  # from now on by what becomes of each
                works = self._attempts(cloud, requests, ahead)
        except OperationError as error:
            if error.failure.kind != "temporary":
                # Nobody tries them again before a person has mended something.
                give_all_up(self.mgrctl, claimed)
            # What concerns the whole cloud concerns each request.
            return [Outcome(request, failure=error.failure) for request in requests]
        return [
            Outcome(
                work.request,
                failure=work.failure,
                item_type=work.service.item_type if work.service else "",
                url=cloud.url,
                confirmed=work.service is not None and work.service.confirmed,
                account=work.account.name if work.account else None,
                run=work.run,
                wish=work.wish,
                result=work.result,
                delete_after=work.delete_after,
                dropped=work.dropped,
                held=work.held,
            )
            for work in works
        ]

    def _attempts(self, cloud: Cloud, requests: list[Request], ahead: Sequence[Work | None]) -> list[Work]:
        works = [Work(request, ahead=claimed) for request, claimed in zip(requests, ahead, strict=True)]
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._converge(cloud, works)
                return works
            except RunUnknown as error:
                log.warning("run without results", cloud=cloud.name, attempt=attempt, detail=error.parameters["detail"])
                if attempt == ATTEMPTS:
                    raise
                works = [Work(replace(request, repeated=True)) for request in requests]
        raise AssertionError("unreachable")

    def _converge(self, cloud: Cloud, works: list[Work]) -> None:
        modules = modules_at(self.database, cloud)
        self._read(cloud, modules, works)
        self._hold(cloud, works)
        claiming = Claiming(self.mgrctl, self.database, cloud, modules)
        give_all_up(self.mgrctl, [work.ahead for work in works if work.ahead and work.claimed_in_vain])
        try:
            claiming.claim(
                [work for work in works if work.open and work.unclaimed],
                lambda unsure: self._run(cloud, unsure, check=True).accounts,
            )
            self._keep_owner(cloud, modules, [work for work in works if work.open and not work.claimed_now])
            self._limit(cloud, [work for work in works if work.open])
        except OperationError:
            give_all_up(self.mgrctl, works)
            raise
        self._apply(cloud, [work for work in works if work.open], claiming)

    def _hold(self, cloud: Cloud, works: list[Work]) -> None:
        """Let ``works`` wait if their cloud is held by now, since a batch before: each log-in there may do harm."""
        failure = self.held(cloud.id)
        for work in works:
            if failure is not None and work.open:
                work.failure, work.held = failure, True

    def _read(self, cloud: Cloud, modules: Sequence[int], works: list[Work]) -> None:
        """What BILLmanager has of ``works``, and what their accounts have to be; some have a failure then."""
        services = self.database.services(work.request.service for work in works)
        for work in works:
            try:
                work.service = services.get(work.request.service)
                if work.service is None:
                    raise ServiceUnknown(service=work.request.service)
                if work.request.command == "delete":
                    work.dropped, work.delete_after = retention.no_longer_due(work.service)
                require_asked(work.request, work.service, cloud, modules, self.database)
            except OperationError as error:
                work.failure = error.failure
        last = {work.service.last_tariff for work in works if work.service and work.service.last_tariff}
        tariffs = self.database.tariffs_of(modules, last)
        for work in works:
            if work.failure is None and work.dropped is None:
                try:
                    self._map(work, cloud, tariffs)
                except OperationError as error:
                    work.failure = error.failure

    def _map(self, work: Work, cloud: Cloud, tariffs: Sequence[Tariff]) -> None:
        assert work.service is not None
        service, command = work.service, work.request.command
        known = None
        if work.opening or not service.confirmed:
            known = self.database.passwords([service.id]).get(service.id)
        # A name alone was typed into the order: it may be anybody's.
        claimed = service.account is not None and (service.confirmed or known is not None or service.invited)
        if not work.opening and not claimed:
            if command in ("close", "delete"):
                return  # never opened: nothing is there to be deleted
            raise AccountNameMissing(service=service.id)
        if command == "close":
            self._keep_for_a_while(work, cloud)
        if means_as_sold(command):
            work.account = self.mapping.account(service, cloud, tariffs)
        else:
            # Suspension, deletion and a new password must not depend on what is sold.
            work.account = self.mapping.identity(service, cloud)
        work.password = password_change.wanted(self.database, service) if command == CHANGE_PASSWORD else known
        if command == CHANGE_PASSWORD:
            # A call after the operation's end asks for what is shown already.
            shown = self.database.passwords([service.id]).get(service.id)
            work.perhaps_set = work.request.repeated or shown == work.password
        if work.password is not None:
            # Nobody has to be invited to choose one.
            work.account = replace(work.account, invite=False)
        if work.opening and not claimed:
            work.unclaimed = True
            work.new_password = known is None and not work.account.invite
            work.password = new_password() if work.new_password else known
        work.take_over_claim()

    def _keep_for_a_while(self, work: Work, cloud: Cloud) -> None:
        assert work.service is not None
        try:
            if days := self.mapping.retention_days(work.service, cloud):
                work.delete_after = retention.deadline(work.service, days)
        except MappingInvalid as error:
            # Who has left must not go on; what is deleted cannot be brought back.
            work.undecided = error.failure

    def _keep_owner(self, cloud: Cloud, modules: Sequence[int], works: list[Work]) -> None:
        """Keep services away from accounts that are another's by now: of one that is opened or changed it is a
        conflict, and of one that is closed nothing is left to be done."""
        try:
            found = owners(self.database, [work.account.name for work in works if work.account], modules, cloud.url)
        except OperationError as error:
            for work in works:
                work.failure = error.failure
            return
        for work in works:
            assert work.account is not None
            owner = found.get(work.account.name.lower(), work.request.service)
            if owner == work.request.service:
                continue
            if work.request.command not in ("close", "delete"):
                detail = f"service {owner} has claimed this name"
                work.failure = AccountConflict(account=work.account.name, detail=detail).failure
                continue
            log.info("account is another's", service=work.request.service, account=work.account.name, owner=owner)
            work.delete_after = work.undecided = None
            if work.request.command == "delete":
                work.dropped = f"the account is that of service {owner} by now"
            Keeping(self.mgrctl, self.database, cloud).parameters(work)
            work.account = None

    def _ledger(self, cloud: Cloud) -> Ledger:
        return Ledger(lock_path(self.settings.lock_directory, cloud.url))

    def _limit(self, cloud: Cloud, works: list[Work]) -> None:
        """Hold back what goes beyond the deletions and suspensions of an hour. What was approved goes on, and
        counts."""
        counted = self._ledger(cloud).last_hour()
        limit = Damage(self.settings.clouds.deletions_per_hour, self.settings.clouds.suspensions_per_hour)
        for work in works:
            work.wish = self._wish(cloud, work)
        harmless = self._already_suspended(cloud, works, limit.suspensions - counted.suspensions)
        for work in sorted(works, key=lambda work: not work.request.approved):
            assert work.wish is not None
            if work.request.service in harmless:
                continue
            wanted = asked([work.wish])
            counted += wanted
            if work.request.approved:
                continue
            for what in ("deletions", "suspensions"):
                most = getattr(limit, what)
                if getattr(wanted, what) and getattr(counted, what) > most:
                    assert work.account is not None
                    failure = ApprovalNeeded(cloud=cloud.name, account=work.account.name, what=what, limit=most).failure
                    work.failure = failure
                    counted = Damage(counted.deletions - wanted.deletions, counted.suspensions - wanted.suspensions)

    def _already_suspended(self, cloud: Cloud, works: list[Work], most: int) -> set[int]:
        """Services of which only what was sold is asked, suspended, and whose accounts are disabled already. The cloud
        is looked at only where all together could be too many suspensions."""
        unsure = [work for work in works if work.means == "sold_suspended" and not work.request.approved]
        if not unsure or asked([work.wish for work in works if work.wish]).suspensions <= most:
            return set()
        results = self._run(cloud, unsure, check=True).accounts
        return {
            work.request.service
            for work, result in zip(unsure, results, strict=True)
            if not result["failure"] and "enabled" not in [change["field"] for change in result["changes"]]
        }

    def _wish(self, cloud: Cloud, work: Work, *, look: bool = False) -> dict[str, Any]:
        """What the playbook is asked for; ``look``: whether the name is free, which needs no proof."""
        assert work.account is not None
        assert work.service is not None
        proven = not look and not work.service.confirmed
        # What exists although its name and password were claimed just now is a stranger's.
        new = work.claimed_now and work.new_password
        return wish(
            work.means,
            work.account,
            proven=proven,
            new=new,
            email_owner=self.settings.accounts.email_owner,
            wipe_devices=cloud.wipe_devices,
            perhaps_set=work.perhaps_set,
        )

    def _apply(self, cloud: Cloud, works: list[Work], claiming: Claiming) -> None:
        if not works:
            return
        ledger = self._ledger(cloud)
        wishes = [work.wish for work in works if work.wish is not None]
        reserved = ledger.reserve(asked(wishes))
        try:
            run = self._run(cloud, works, check=False)
        except RunUnknown:
            raise  # it may have done all of it
        except OperationError:
            self._settle(ledger, reserved, Damage())
            give_all_up(self.mgrctl, works)
            raise
        self._settle(ledger, reserved, done(run.accounts, wishes))
        for work, result in zip(works, run.accounts, strict=True):
            work.run, work.result = run.ident, result
        for_each(works, partial(self._keep, cloud=cloud, claiming=claiming))

    def _keep(self, work: Work, cloud: Cloud, claiming: Claiming) -> None:
        """Save with the service what the run has made of its account; decide what a failure there means."""
        assert work.account is not None
        result, keeping = work.result, Keeping(self.mgrctl, self.database, cloud)
        if not result["failure"]:
            keeping.password(work)
            keeping.parameters(work)
            keeping.pending(work)
            work.failure = work.failure or work.undecided
            return
        work.failure = self._failure(work, result["failure"], cloud)
        if (work.delete_after or work.undecided) and work.failure.code == "account_missing":
            # Gone already: nothing to be kept.
            work.failure = work.delete_after = work.undecided = None
            keeping.parameters(work)
        elif work.request.command == "close" and not work.confirmed and work.failure.code == "account_conflict":
            # Not proven ours, so it stays; an order that could not be fulfilled can be closed all the same.
            detail = work.failure.parameters["detail"]
            log.warning("account left", service=work.request.service, account=work.account.name, detail=detail)
            work.failure = work.delete_after = work.undecided = None
            keeping.parameters(work)
        else:
            claiming.give_up(work)

    def _failure(self, work: Work, value: dict[str, Any], cloud: Cloud) -> Failure:
        assert work.account is not None
        failure = failure_of(value, cloud, work.account.name, work.request.service)
        if work.request.command == CHANGE_PASSWORD and failure.code == "password_refused":
            # In the collection's words it is the account that was refused, which exists here and keeps what it had.
            detail = failure.parameters["detail"]
            return NewPasswordRefused(account=work.account.name, cloud=cloud.name, detail=detail).failure
        return failure

    def _settle(self, ledger: Ledger, reserved: float, damage: Damage) -> None:
        try:
            ledger.settle(reserved, damage)
        except EngineUnavailable as error:
            # What became of the run is known all the same; too much is counted for an hour.
            log.error("count not corrected", detail=error)

    def _run(self, cloud: Cloud, works: list[Work], *, check: bool) -> RunResult:
        wishes = []
        passwords = {}
        for work in works:
            assert work.account is not None
            wishes.append(self._wish(cloud, work, look=True) if check or work.wish is None else work.wish)
            if work.password is not None:
                passwords[work.account.name] = work.password
        numbers = sorted({work.request.number for work in works if work.request.number is not None})
        begin = partial(self.on_record.begin, operations=numbers, looks=check)
        return self.runs.accounts(cloud, wishes, passwords, check=check, begin=begin)
