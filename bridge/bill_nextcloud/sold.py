# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that is sold on each cloud, for the inventory: the accounts as they should be, without a password."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bill_nextcloud.account import wish
from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.connection import database_of
from bill_nextcloud.billmanager.messages import text
from bill_nextcloud.billmanager.service import ACTIVE, PASSWORD, SUSPENDED, Database, Service, Tariff
from bill_nextcloud.damage import Ledger
from bill_nextcloud.errors import AccountNameMissing, CloudParameterUnusable, OperationError, SettingsInvalid
from bill_nextcloud.lock import cloud_address, lock_path
from bill_nextcloud.mapping import Mapping
from bill_nextcloud.runs.private import keep
from bill_nextcloud.settings import Settings

# A service in processing belongs to its operation.
SOLD = {ACTIVE: "sold", SUSPENDED: "sold_suspended"}
_PAGE = 500


@dataclass(frozen=True)
class SoldCloud:
    """One host of the inventory: its name and its variables."""

    host: str
    variables: dict[str, Any]


@dataclass(frozen=True)
class SoldAccount:
    """One account as it should be: the number of its service, and the wish (see ``account.wish``)."""

    service: int
    wish: dict[str, Any]


def usable_clouds(database: Database) -> tuple[list[Cloud], list[OperationError]]:
    """Every cloud, without its password, and why others are left out: those whose connection is not
    filled in, or wrongly."""
    found: list[Cloud] = []
    unusable: list[OperationError] = []
    for module, _ in database.clouds():
        try:
            found.append(database.cloud(module, secret=False))
        except CloudParameterUnusable as error:
            unusable.append(error)
    return found, unusable


def sold_clouds(settings: Settings) -> tuple[list[SoldCloud], list[OperationError]]:
    """Every cloud with what was sold on it, and why others are left out (see :func:`usable_clouds`).

    A service that cannot be understood is listed in its cloud as left out, with the reason. Raises an
    ``OperationError`` when the settings or BILLmanager cannot be read.
    """
    database = database_of(settings.billmanager)
    mapping = Mapping(settings.accounts.mapping)
    found, unusable = usable_clouds(database)
    return [_sold(settings, database, mapping, cloud, found) for cloud in found], unusable


def sold_accounts(
    settings: Settings, database: Database, mapping: Mapping, cloud: Cloud, clouds: Sequence[Cloud], *, check: bool
) -> Iterator[tuple[list[SoldAccount], list[tuple[int, OperationError]]]]:
    """The accounts sold on ``cloud``, one of ``clouds``, and the services that cannot be understood, with the reason: a
    page after the other, however many there are.

    ``check``: they will only be looked at, so no account has to be proven ours. Raises an ``OperationError`` when
    BILLmanager cannot be read.
    """
    # Modules with one address share a cloud, and with it the groups that are managed there.
    modules = [other.id for other in clouds if cloud_address(other.url) == cloud_address(cloud.url)]
    tariffs = database.tariffs_of(modules)
    last = 0
    while services := database.services_after(cloud.id, SOLD, last, _PAGE):
        last = services[-1].id
        yield _page(settings, database, mapping, cloud, tariffs, services, check=check)


def _page(
    settings: Settings,
    database: Database,
    mapping: Mapping,
    cloud: Cloud,
    tariffs: Sequence[Tariff],
    services: Sequence[Service],
    *,
    check: bool,
) -> tuple[list[SoldAccount], list[tuple[int, OperationError]]]:
    accounts: list[SoldAccount] = []
    left_out: list[tuple[int, OperationError]] = []
    for service in services:
        try:
            if service.account is None:
                raise AccountNameMissing(service=service.id)
            service.require_at(cloud)
            account = mapping.account(service, cloud, tariffs)
        except OperationError as error:
            left_out.append((service.id, error))
            continue
        asked = wish(
            SOLD[service.status],
            account,
            proven=not check and not service.confirmed,
            email_owner=settings.accounts.email_owner,
            wipe_devices=cloud.wipe_devices,
        )
        accounts.append(SoldAccount(service.id, asked))
    # Who has a password needs no invitation.
    invited = [sold for sold in accounts if sold.wish.get("invite")]
    known = database.with_encrypted([sold.service for sold in invited], PASSWORD)
    for sold in invited:
        if sold.service in known:
            del sold.wish["invite"]
    return accounts, left_out


def _sold(settings: Settings, database: Database, mapping: Mapping, cloud: Cloud, clouds: Sequence[Cloud]) -> SoldCloud:
    accounts: list[SoldAccount] = []
    left_out: list[tuple[int, OperationError]] = []
    for page, not_understood in sold_accounts(settings, database, mapping, cloud, clouds, check=False):
        accounts += page
        left_out += not_understood
    lock = lock_path(settings.lock_directory, cloud.url)
    counted = Ledger(lock).last_hour()
    ca_file = cloud.ca_file or settings.clouds.ca_file
    variables = {
        **_server(settings, cloud),
        "billmanager_module": cloud.id,
        "cloud_name": cloud.name,
        "cloud_url": cloud.url,
        "cloud_username": cloud.username,
        "cloud_ca_path": str(ca_file) if ca_file else None,
        "cloud_api_requests": settings.clouds.requests_at_once,
        "cloud_dialect": cloud.dialect,
        "cloud_bearer_token": cloud.bearer_token,
        "cloud_disabled_shares": cloud.disabled_shares or None,
        "cloud_transport": cloud.transport,
        "cloud_lock": str(lock),
        "accounts": [account.wish for account in accounts],
        "accounts_left_out": [
            {"service": service, "reason": f"service {service}: {text(error.failure, 'en')}"}
            for service, error in left_out
        ],
        # What is left of this hour's; read again when the run has the lock.
        "max_deletions": max(0, settings.clouds.deletions_per_hour - counted.deletions),
        "max_suspensions": max(0, settings.clouds.suspensions_per_hour - counted.suspensions),
    }
    return SoldCloud(f"cloud_{cloud.id}", variables)


def _server(settings: Settings, cloud: Cloud) -> dict[str, Any]:
    """How a hand run reaches the cloud's server. What ssh needs for that lies in the state directory: a file of known
    keys, which is written when they have changed. Raises :class:`SettingsInvalid` when it cannot be."""
    if cloud.server is None:
        return {"ansible_connection": "local"}
    directory = settings.bridge.state_directory / "ssh"
    known_hosts = directory / f"known_hosts_{cloud.id}" if cloud.server.host_keys else None
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if known_hosts is not None:
            keep(known_hosts, cloud.server.known_hosts)
    except OSError as error:
        raise SettingsInvalid(file="bridge.state_directory", detail=f"{directory}: {error.strerror}") from error
    project = settings.bridge.project_directory
    return cloud.server.variables(project=project, known_hosts=known_hosts, socket=directory / "%C")


def account_passwords(database: Database, module: int) -> dict[str, str]:
    """The passwords of all accounts sold on ``module``, by account name."""
    services: list[Service] = database.services_of(module, SOLD)
    passwords = database.passwords(service.id for service in services)
    return {
        service.account: passwords[service.id] for service in services if service.account and service.id in passwords
    }
