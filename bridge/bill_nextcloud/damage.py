# SPDX-License-Identifier: GPL-3.0-or-later
"""How many accounts were deleted and suspended on a cloud within the last hour, by the bridge and by hand.

One small file for each cloud, beside its lock, and only touched by whoever holds that lock. What a run may do is written
before it starts and corrected when it has ended: a run that was killed counts as if it had done all of it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bill_nextcloud.errors import EngineUnavailable

HOUR = 3600.0


@dataclass(frozen=True)
class Damage:
    """A number of deletions and of suspensions."""

    deletions: int = 0
    suspensions: int = 0

    def __add__(self, other: Damage) -> Damage:
        return Damage(self.deletions + other.deletions, self.suspensions + other.suspensions)


def asked(wishes: Iterable[Mapping[str, Any]]) -> Damage:
    """What ``wishes`` (see ``account.wish``) could do at most."""
    states = [wish.get("state") for wish in wishes]
    return Damage(states.count("absent"), states.count("disabled"))


def done(results: Iterable[Mapping[str, Any]], wishes: Iterable[Mapping[str, Any]]) -> Damage:
    """What a run did, by the module's results for ``wishes``: everything that it changed, or may have changed."""
    touched = [
        wish
        for wish, result in zip(wishes, results, strict=True)
        if result.get("changed") or (result.get("failure") or {}).get("outcome_unknown")
    ]
    return asked(touched)


@dataclass(frozen=True)
class _Entry:
    at: float
    deletions: int
    suspensions: int


class Ledger:
    """The count of one cloud. ``lock``: the cloud's lock file, which the caller holds.

    Each method raises :class:`EngineUnavailable` when the file cannot be read or written.
    """

    def __init__(self, lock: Path) -> None:
        self._path = lock.with_suffix(".damage.json")

    def last_hour(self) -> Damage:
        """What was done within the last hour, and what runs that were killed may have done."""
        total = Damage()
        for entry in self._read():
            total += Damage(entry.deletions, entry.suspensions)
        return total

    def reserve(self, damage: Damage) -> float:
        """Count ``damage`` before a run; the returned moment names the entry for :meth:`settle`."""
        entries = self._read()
        at = max([time.time(), *(entry.at + 1e-6 for entry in entries)])
        self._write([*entries, _Entry(at, damage.deletions, damage.suspensions)])
        return at

    def settle(self, at: float, damage: Damage) -> None:
        """Correct the entry to what was really done."""
        entries = [
            replace(entry, deletions=damage.deletions, suspensions=damage.suspensions) if entry.at == at else entry
            for entry in self._read()
        ]
        self._write([entry for entry in entries if entry.deletions or entry.suspensions])

    def _read(self) -> list[_Entry]:
        try:
            entries = [_Entry(**entry) for entry in json.loads(self._path.read_text("utf-8"))]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError) as error:
            raise EngineUnavailable(detail=f"{self._path}: {error}") from error
        # Entries of the future (the clock was set back) count.
        return [entry for entry in entries if entry.at > time.time() - HOUR]

    def _write(self, entries: list[_Entry]) -> None:
        # In one piece: a kill in the middle leaves the old count.
        new = self._path.with_suffix(".new")
        try:
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                json.dump([asdict(entry) for entry in entries], file)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
        except OSError as error:
            raise EngineUnavailable(detail=f"{self._path}: {error.strerror}") from error
