# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations and attempts as they are on record."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from bill_nextcloud.errors import Failure
from bill_nextcloud.record.tables import ENDED, State


@dataclass(frozen=True)
class Operation:
    """One operation. ``key``, ``created`` and ``round`` name it; ``dispatch`` the newest hand-over to the engine."""

    id: int
    key: str
    created: str | None
    round: int
    installation: str
    billmanager_operation: int | None
    command: str
    service: int
    cloud: int | None
    account: str | None
    client: int | None
    asked_by: str
    state: State
    dispatch: int
    attempts: int
    accepted_at: float
    first_failed_at: float | None
    due_at: float | None
    ended_at: float | None
    failure: Failure | None
    approved_by: str | None

    @property
    def ended(self) -> bool:
        """Whether nothing more will be done by itself."""
        return self.state in ENDED


@dataclass(frozen=True)
class Attempt:
    """One attempt. ``wish``, ``result`` and ``outcome`` are as ``convergence.Outcome`` has them."""

    operation: int
    dispatch: int
    started_at: float
    ended_at: float | None
    run: str | None
    wish: dict[str, Any] | None
    result: dict[str, Any] | None
    failure: Failure | None
    outcome: dict[str, Any] | None


def _failure(value: str | None) -> Failure | None:
    return Failure.from_dict(json.loads(value)) if value else None


def operation_of(row: Any) -> Operation:
    """A row of the table ``operation``."""
    values = dict(row._mapping)
    return Operation(**{**values, "state": State(values["state"]), "failure": _failure(values["failure"])})


def row_of(operation: Operation) -> dict[str, Any]:
    """The columns of the table ``operation``, without its number."""
    values = {name: value for name, value in vars(operation).items() if name != "id"}
    failure = operation.failure
    return {**values, "failure": json.dumps(failure.as_dict(), ensure_ascii=False) if failure else None}


def attempt_of(row: Any) -> Attempt:
    """A row of the table ``attempt``."""
    values = dict(row._mapping)
    for name in ("wish", "result", "outcome"):
        values[name] = json.loads(values[name]) if values[name] else None
    return Attempt(**{**values, "failure": _failure(values["failure"])})
