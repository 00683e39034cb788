# SPDX-License-Identifier: GPL-3.0-or-later
"""A change to a tariff that another cloud has: no account is moved from one cloud to another by it."""

from __future__ import annotations

from collections.abc import Sequence

from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.service import Database, Service
from bill_nextcloud.errors import CloudParameterUnusable, TariffElsewhere
from bill_nextcloud.lock import cloud_address


def require_tariff_here(database: Database, service: Service, cloud: Cloud, modules: Sequence[int]) -> None:
    """Raise :class:`TariffElsewhere` when ``service`` was put on a tariff that is not one of its account's cloud.

    ``cloud``: what BILLmanager has as the service's processing module now; ``modules``: all that stand for it. Two
    things are looked at, since it is not documented which of them BILLmanager changes: whether the module stands for
    another address than the account's, and whether the new tariff is sold on other modules only. A tariff that is
    sold on none says nothing: it was taken off sale. Raises ``BillmanagerUnavailable``, too.
    """
    if not service.last_tariff:
        return  # other amounts of the same tariff
    address = service.address or cloud.url
    if cloud_address(address) != cloud_address(cloud.url):
        at = _name_at(database, address)
        if at is None:
            return  # no module stands for it any more: the cloud may only have another address now (ServiceMoved)
        here, there = at, cloud.name
    else:
        selling = database.modules_selling(service.tariff.id)
        if not selling or set(modules) & set(selling):
            return
        here, there = cloud.name, ", ".join(selling.values())
    raise TariffElsewhere(
        service=service.id, account=service.account or "-", tariff=service.tariff.name, cloud=here, other=there
    )


def _name_at(database: Database, address: str) -> str | None:
    """The name of the cloud at ``address``; ``None`` where no processing module stands for it any more."""
    for module, name in database.clouds():
        try:
            if cloud_address(database.cloud(module, secret=False).url) == cloud_address(address):
                return name or address
        except CloudParameterUnusable:
            continue  # no account can be reached where one is not filled in rightly
    return None
