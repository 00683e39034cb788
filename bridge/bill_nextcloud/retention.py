# SPDX-License-Identifier: GPL-3.0-or-later
"""The deadline after which a closed service's account is deleted: kept in BILLmanager, as a parameter of the
service."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from bill_nextcloud.billmanager.service import DELETE_AFTER, DELETED, Service


def deadline(service: Service, days: int) -> str:
    """When the account of a service that is closed now is to be deleted (ISO 8601, UTC). Asking again for one that is
    closed does not prolong. Any other deadline is left over from an earlier closing and does not count: data must not
    be deleted before its time."""
    if service.status == DELETED and due(service.params.get(DELETE_AFTER)) is not None:
        return service.params[DELETE_AFTER]
    return (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def due(text: str | None) -> float | None:
    """The moment of a deadline (seconds since 1970), or ``None`` for a text that is none: then nothing is deleted."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo else None


def no_longer_due(service: Service) -> tuple[str | None, str | None]:
    """Why the account of ``service`` is not to be deleted now (``None``: it is); the deadline, if that is to come."""
    if service.status != DELETED:
        return "the service was taken back", None
    text = service.params.get(DELETE_AFTER)
    deadline = due(text)
    if deadline is None:
        return "the service has no deadline any more", None
    if deadline > time.time():
        return f"the deadline is {text}", text
    if service.account is None:
        return "the service has no account", None
    return None, None
