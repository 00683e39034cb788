# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked for a service, what became of it, and when it may be asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.service import ACTIVE, DELETED, PROCESSING, STATUS_NAMES, SUSPENDED, Database, Service
from bill_nextcloud.elsewhere import require_tariff_here
from bill_nextcloud.errors import CloudChanged, Failure, OperationEnded, ServiceDeleted, StatusContradicts

CHANGE_PASSWORD = "changepassword"  # noqa: S105 - a command
SYNC = "sync_item"
COMMANDS = ("open", "setparam", "suspend", "resume", "close", "reopen", "prolong", SYNC, CHANGE_PASSWORD)
# Commands by which only what was sold counts, and what the service's status says.
_AS_SOLD = ("prolong", SYNC)
# What a call without an operation may ask for, by the service's status; of one that is only ordered, nothing.
AGREEING: dict[int, tuple[str, ...]] = {
    PROCESSING: COMMANDS,
    ACTIVE: ("open", "setparam", "resume", *_AS_SOLD, CHANGE_PASSWORD),
    SUSPENDED: ("setparam", "suspend", *_AS_SOLD, CHANGE_PASSWORD),
    DELETED: ("close",),
}


@dataclass(frozen=True)
class Request:
    """What an event names: a service, a wish (``command``) and BILLmanager's operation, if it gave one. ``command`` is
    one of :data:`COMMANDS`, or ``delete`` at the end of a retention. ``number``: the operation's on our record, once it
    is there; ``approved``: the limits per hour were lifted for it; ``repeated``: an earlier attempt may have done
    it, or a part."""

    service: int
    command: str
    operation: int | None = None
    number: int | None = None
    approved: bool = False
    repeated: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a request. ``failure`` is ``None`` on success; ``result`` is the module's (without a password) for
    ``wish``; ``run`` names the playbook run that wrote; ``url`` is the cloud's address, ``confirmed`` whether the
    service has it saved already. ``delete_after``: the deadline of a deletion that is now to come. ``dropped``: why a
    deletion is not wanted any more. ``held``: the cloud was not looked at, and ``failure`` is why it was held."""

    request: Request
    failure: Failure | None = None
    item_type: str = ""
    url: str = ""
    confirmed: bool = False
    account: str | None = None
    run: str | None = None
    wish: dict[str, Any] | None = None
    result: dict[str, Any] = field(default_factory=dict)
    delete_after: str | None = None
    dropped: str | None = None
    held: bool = False


def require_asked(request: Request, service: Service, cloud: Cloud, modules: Sequence[int], database: Database) -> None:
    """Raise an ``OperationError`` when ``request`` is not, or no longer, what BILLmanager wants of ``service``.

    ``modules``: the processing modules that stand for ``cloud``. ``CloudChanged``, ``TariffElsewhere``,
    ``ServiceMoved``, ``ServiceDeleted``, ``OperationEnded`` or ``StatusContradicts``; and
    ``BillmanagerUnavailable`` while it cannot be told.
    """
    if service.module != cloud.id:
        raise CloudChanged(service=service.id)
    if request.command == "setparam":
        require_tariff_here(database, service, cloud, modules)
    service.require_at(cloud)
    if request.command == "delete":
        return  # ours; retention.no_longer_due decides
    # An event that comes late, twice or by hand must not open what was closed, or close what was paid.
    if service.status == DELETED and request.command != "close":
        raise ServiceDeleted(service=service.id, command=request.command)
    if request.operation is not None:
        if not database.operation_runs(request.operation, service.id, request.command):
            raise OperationEnded(operation=request.operation, service=service.id)
    elif request.command not in AGREEING.get(service.status, ()):
        status = STATUS_NAMES.get(service.status, f"number {service.status}")
        raise StatusContradicts(service=service.id, command=request.command, status=status)


def means_as_sold(command: str) -> bool:
    """Whether ``command`` asks for quota and groups, so that what was sold has to be understood."""
    return command in ("open", "setparam", "reopen", *_AS_SOLD)


def meaning(command: str, service: Service) -> str:
    """The wish (see ``account.wish``) that ``command`` stands for, by what BILLmanager shows of ``service``.

    ``prolong`` and ``sync_item`` have no wish of their own: as sold, and enabled as the service's status says. While it
    is being processed that is 5, whatever it was before. Then a service is taken for suspended when it has a reason to
    be (``item``'s three flags, which vendor code reads). Where it is not sure, whether the account is enabled is left
    alone: in a ``sync_item`` amid another operation, and for a service that was closed and whose account is only kept.
    """
    if command not in _AS_SOLD:
        return command
    if service.status == SUSPENDED:
        return "sold_suspended"
    if service.status == ACTIVE:
        return "sold_existing"
    if command == SYNC or service.status != PROCESSING or service.kept:
        return "setparam"
    return "sold_suspended" if service.suspended else "sold_existing"
