# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tariff an account is as if sold by: exactly one, or none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bill_nextcloud.account import size
from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.imported import Claim
from bill_nextcloud.billmanager.offers import Offer
from bill_nextcloud.billmanager.service import Tariff
from bill_nextcloud.errors import Failure, OperationError
from bill_nextcloud.log import logger
from bill_nextcloud.mapping import Mapping
from bill_nextcloud.playbook import DETAIL_LENGTH, Existing

log = logger("import")

_UNKNOWN = "unknown"
_OWN_BACKEND = "Database"


@dataclass(frozen=True)
class Given:
    """What a tariff gives. ``quota``: bytes in digits, or ``none``; ``groups`` are its own, ``groups_absent`` those
    that only other tariffs of the cloud give."""

    offer: Offer
    quota: str
    groups: frozenset[str]
    groups_absent: frozenset[str]

    def fits(self, account: Existing) -> bool:
        """Whether ``account`` is as if sold by this tariff. Groups that no tariff gives make no difference."""
        return (
            self.quota in account.quotas_like_it
            and self.groups <= account.groups
            and not self.groups_absent & account.groups
        )


def given(mapping: Mapping, cloud: Cloud, offers: Iterable[Offer], tariffs: Sequence[Tariff]) -> list[Given]:
    """What each of ``offers`` gives; one that cannot be understood is left out, with a warning in the log; when none
    can, the reason for the first is raised (an ``OperationError``). ``tariffs``: all that are sold on the cloud (see
    ``Mapping.account``)."""
    found: list[Given] = []
    errors: list[OperationError] = []
    for offer in offers:
        try:
            account = mapping.account(offer.service, cloud, tariffs)
        except OperationError as error:
            log.warning("tariff left out", cloud=cloud.name, tariff=offer.tariff.id, code=error.code, detail=error)
            errors.append(error)
            continue
        quota = "none" if account.quota is None else str(account.quota)
        found.append(Given(offer, quota, frozenset(account.groups), frozenset(account.groups_absent)))
    if errors and not found:
        raise errors[0]
    return found


def match(account: Existing, cloud: Cloud, sold: Sequence[Given], claim: Claim | None) -> Given | Failure:
    """The tariff of ``sold`` that ``account`` has, or why it cannot become a service. ``claim``: who has its name."""
    name, at = account.name, cloud.name
    if account.administrator:
        return Failure("import_administrator", {"account": name, "cloud": at})
    if claim is not None and not claim.unfinished:
        if claim.deleted:
            return Failure("import_kept", {"account": name, "service": str(claim.service)})
        return Failure("import_claimed", {"account": name, "service": str(claim.service)})
    if account.backend is not None and account.backend != _OWN_BACKEND:
        return Failure("import_elsewhere", {"account": name, "cloud": at, "detail": account.backend[:DETAIL_LENGTH]})
    if account.quota == _UNKNOWN:
        return Failure("import_quota_unknown", {"account": name, "cloud": at})
    fitting = [one for one in sold if one.fits(account)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        tariffs = ", ".join(f"{one.offer.tariff.name} ({one.offer.tariff.id})" for one in fitting)
        return Failure("import_several_tariffs", {"account": name, "detail": tariffs[:DETAIL_LENGTH]})
    managed = {group for one in sold for group in one.groups | one.groups_absent}
    groups = ", ".join(sorted(account.groups & managed)) or "no group that a tariff gives"
    has = f"{size(account.quota)}, {groups}"
    return Failure("import_no_tariff", {"account": name, "detail": has[:DETAIL_LENGTH]})
