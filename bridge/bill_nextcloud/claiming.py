# SPDX-License-Identifier: GPL-3.0-or-later
"""Account names of the orders in a batch: claimed before anything is made, given up where nothing was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from bill_nextcloud.billmanager.claim import claim, take_back
from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.billmanager.service import Database
from bill_nextcloud.errors import AccountConflict, OperationError
from bill_nextcloud.lock import cloud_address
from bill_nextcloud.log import logger
from bill_nextcloud.parallel import InUse, for_each
from bill_nextcloud.playbook import failure_of
from bill_nextcloud.work import Work

log = logger("claiming")

# What has the name is not ours, for sure.
_ANOTHERS = ("account_conflict", "protected_account")
# Orders are claimed ahead of their batches, too: of several that want one name, one after the other.
_names = InUse()
# Looks at the accounts of orders: the module's result for each, in order.
Look = Callable[[list[Work]], Sequence[dict[str, Any]]]


@dataclass(frozen=True)
class Claiming:
    """Claims names on one cloud, for which the processing modules ``modules`` stand."""

    mgrctl: Mgrctl
    database: Database
    cloud: Cloud
    modules: Sequence[int]

    def claim(self, works: list[Work], look: Look) -> None:
        """Claim the names of ``works``; those that cannot be have a failure then.

        With a password that was made a moment ago nobody else's account can ever be proven ours, so whether the name is
        free shows when the account is made. What proves an invited one, its address, a stranger's may have as well:
        there the cloud is looked at first. Raises what ``look`` raises.
        """
        free: dict[str, Work] = {}
        for work in sorted(works, key=lambda work: work.request.service):
            assert work.account is not None
            first = free.setdefault(work.account.name.lower(), work)
            if first is not work:
                detail = f"service {first.request.service} has claimed this name"
                work.failure = AccountConflict(account=work.account.name, detail=detail).failure
        unsure = [work for work in free.values() if not work.new_password]
        for work, result in zip(unsure, look(unsure) if unsure else (), strict=True):
            assert work.account is not None
            if result["failure"]:
                work.failure = failure_of(result["failure"], self.cloud, work.account.name, work.request.service)
            elif result["account"] is not None:
                detail = "it exists on the cloud already"
                work.failure = AccountConflict(account=work.account.name, detail=detail).failure
        for_each([work for work in free.values() if work.failure is None], self._claim)

    def _claim(self, work: Work) -> None:
        assert work.account is not None
        try:
            with _names.in_use((cloud_address(self.cloud.url), work.account.name.lower())):
                claim(
                    self.mgrctl,
                    self.database,
                    work.request.service,
                    self.modules,
                    work.account.name,
                    work.password,
                    work.account.email if work.account.invite else None,
                    url=self.cloud.url,
                    typed=work.typed,
                )
            work.claimed_now = True
        except OperationError as error:
            work.failure = error.failure

    def give_up(self, work: Work) -> None:
        """Take the claim of an order back whose account was certainly not made, so that another name, or what else is
        mended, can be tried, and no later event touches what has this name. An account that may be there stays
        claimed."""
        if _unmade(work.result):
            give_all_up(self.mgrctl, [work])


def give_all_up(mgrctl: Mgrctl, works: Iterable[Work]) -> None:
    """Take the claims of orders back with whose accounts nothing was begun (see :meth:`Claiming.give_up`)."""
    for_each([work for work in works if work.claimed_now], partial(_take_back, mgrctl))


def _take_back(mgrctl: Mgrctl, work: Work) -> None:
    assert work.account is not None
    try:
        take_back(mgrctl, work.request.service, invited=work.account.invite, typed=work.typed)
    except OperationError as error:
        log.error("claim not taken back", service=work.request.service, detail=error)


def _unmade(result: Mapping[str, Any]) -> bool:
    """Whether an account was certainly not made, by the result of the run that was to make it."""
    failure = result["failure"]
    if failure["outcome_unknown"] or result["changed"]:
        return False
    if result["account"] is not None and failure["code"] not in _ANOTHERS:
        return False
    # A refusal that may pass was given to a request that makes nothing, if it was given to any.
    return failure["kind"] == "final" or (failure["request"] or "GET ").startswith("GET ")
