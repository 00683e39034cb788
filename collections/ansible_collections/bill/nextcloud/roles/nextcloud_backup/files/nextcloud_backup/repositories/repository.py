# SPDX-License-Identifier: GPL-3.0-or-later
"""What every kind of repository can do here, and how one is known again."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

from .. import processes
from ..errors import RepositoryError
from ..manifest import Exclusions
from ..results import replace
from ..settings import Settings

KNOWN = "repository.json"
LOCK_SECONDS = 3600
"""How long another server's use of the same repository is waited for."""


@dataclass(frozen=True)
class Snapshot:
    """One backup. id: as its program names it. made: when, in UTC, as ISO 8601."""

    id: str
    made: str


@dataclass(frozen=True)
class Stored:
    """What a backup stored: bytes by which the repository grew; what happened on the way that does no harm."""

    added: int
    remarks: list[str]


class Repository(ABC):
    """A repository. Its methods raise :class:`RepositoryError`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._state = settings.state

    @abstractmethod
    def identity(self) -> str:
        """The repository's own id, which shows that it is there and that the password opens it."""

    @abstractmethod
    def make(self) -> None:
        """Make it. Fails where one is already."""

    @abstractmethod
    def snapshots(self) -> list[Snapshot]:
        """Those of this server, oldest first."""

    @abstractmethod
    def store(self, paths: list[Path], exclusions: Exclusions) -> Stored:
        """Make a snapshot of directories."""

    @abstractmethod
    def read(self, snapshot: Snapshot, path: Path) -> str:
        """The text of one file of a snapshot."""

    @abstractmethod
    def restore(self, snapshot: Snapshot, path: Path, target: Path) -> None:
        """Restore a directory, with its owners and modes, to that same path below ``target``."""

    @abstractmethod
    def forget(self) -> None:
        """Remove this server's snapshots that are not to be kept, and what only they need."""

    @abstractmethod
    def check(self, data: bool) -> None:
        """Look for damage; with ``data``, read everything."""

    def initialise(self) -> bool:
        """Make it unless it is there; returns whether it was made. One that was there once, and cannot be opened now,
        is never made again: its disk may be missing."""
        known = self._known()
        try:
            identity, made = self.identity(), False
        except RepositoryError as unopened:
            if self._settings.repository in known:
                raise RepositoryError(
                    f"{unopened}. It has been here before, so that no new one is made. If it is gone for good, remove "
                    f"{self._state / KNOWN}"
                ) from unopened
            try:
                self.make()
            except RepositoryError as unmade:
                raise RepositoryError(f"it can neither be opened ({unopened}) nor made ({unmade})") from unmade
            identity, made = self.identity(), True
        known[self._settings.repository] = identity
        replace(self._state / KNOWN, json.dumps(known) + "\n", 0o600)
        return made

    def opened(self) -> None:
        """See that it can be opened, and is the one that was initialised."""
        expected = self._known().get(self._settings.repository)
        if expected is None:
            raise RepositoryError("this repository was never initialised from here: nextcloud-backup initialise")
        if self.identity() != expected:
            raise RepositoryError("another repository is there now than the one that was initialised")

    def find(self, wanted: str) -> Snapshot:
        """A snapshot of this server by its id, or the beginning of it; `latest` is the newest."""
        snapshots = self.snapshots()
        found = snapshots[-1:] if wanted == "latest" else [one for one in snapshots if one.id.startswith(wanted)]
        if len(found) != 1:
            raise RepositoryError(
                f"there is no snapshot {wanted} of {self._settings.name}" if not found else f"{wanted} is not unique"
            )
        return found[0]

    def _known(self) -> dict[str, str]:
        try:
            known: dict[str, str] = json.loads((self._state / KNOWN).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return known

    def _program(self) -> str:
        program = processes.find(self._settings.repository_program)
        if program is None:
            raise RepositoryError(f"{self._settings.repository_program} is not installed")
        return program
