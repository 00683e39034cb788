# SPDX-License-Identifier: GPL-3.0-or-later
"""The deadline after which a closed service's account is deleted: kept in BILLmanager, as a parameter of the service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bill_nextcloud.billmanager.service import DELETE_AFTER, DELETED, Service


def deadline(service: Service, days: int) -> str:
    """When the account of a service that is closed now is to be deleted (ISO 8601, UTC). Asking again for one that is
    closed does not prolong. Any other deadline is left over from an earlier closing and does not count: data must not be
    deleted before its time."""
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
