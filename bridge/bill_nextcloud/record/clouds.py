# SPDX-License-Identifier: GPL-3.0-or-later
"""Clouds as they are on record: whether they are held, why, and when they are looked at again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, update

from bill_nextcloud.errors import Failure
from bill_nextcloud.record.store import Store
from bill_nextcloud.record.tables import cloud as clouds


@dataclass(frozen=True)
class CloudRow:
    """One cloud (a processing module). It is held while ``failure`` says why."""

    id: int
    name: str
    unreachable: int = 0
    failure: Failure | None = None
    held_since: float | None = None
    held_by: str | None = None
    probes: int = 0
    probe_at: float | None = None
    credentials: str | None = None
    announced_at: float | None = None
    approval_announced_at: float | None = None

    @property
    def held(self) -> bool:
        """Whether its operations wait."""
        return self.failure is not None


class Clouds:
    """Writes and reads clouds. Each method raises ``EngineUnavailable`` when the record's database fails."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self) -> list[CloudRow]:
        """Every cloud that the bridge has worked with, by number."""
        with self._store.reading() as connection:
            return [_cloud(row) for row in connection.execute(select(clouds).order_by(clouds.c.id))]

    def save(self, row: CloudRow) -> None:
        """Write ``row``, new or known."""
        values: dict[str, Any] = {**row.__dict__}
        values["failure"] = json.dumps(row.failure.as_dict(), ensure_ascii=False) if row.failure else None
        number = values.pop("id")
        with self._store.writing() as connection:
            if not connection.execute(update(clouds).where(clouds.c.id == number).values(**values)).rowcount:
                connection.execute(insert(clouds).values(id=number, **values))


def _cloud(row: Any) -> CloudRow:
    values = dict(row._mapping)
    failure = Failure.from_dict(json.loads(values["failure"])) if values["failure"] else None
    return CloudRow(**{**values, "failure": failure})
