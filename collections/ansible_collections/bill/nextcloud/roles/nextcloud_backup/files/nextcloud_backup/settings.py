# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings file, which the role writes: JSON, for root only."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from .errors import SettingsError

DEFAULT = Path("/etc/nextcloud-backup/settings.json")


@dataclass(frozen=True)
class Settings:
    """name: of this server among the snapshots. directory: of the cloud. php: the program that runs occ.

    consistency: `maintenance` or `database`. repository_program: `restic` or `borg`. password_file: the repository's.
    environment: variables of the repository's program. encryption: Borg's mode for a new repository. keep_daily,
    keep_weekly, keep_monthly: snapshots that are kept. exclude: patterns below the data directory. state_directory: for
    dumps, caches, results and the lock. scratch_directory: where restores are tried. metrics_directory: of the
    textfile collector, or None. check_data: whether `check` reads all data.
    """

    name: str
    directory: str
    php: str
    consistency: str
    repository_program: str
    repository: str
    password_file: str
    environment: dict[str, str]
    encryption: str
    keep_daily: int
    keep_weekly: int
    keep_monthly: int
    exclude: list[str]
    state_directory: str
    scratch_directory: str
    metrics_directory: str | None
    check_data: bool

    @property
    def state(self) -> Path:
        """The directory of what this program keeps."""
        return Path(self.state_directory)

    @property
    def local_repository(self) -> Path | None:
        """Where a repository on this server is, without links; None for any other."""
        path = self.repository
        for prefix in ("local:", "file://"):
            path = path.removeprefix(prefix)
        return Path(os.path.realpath(path)) if path.startswith("/") else None

    @property
    def work(self) -> Path:
        """Where a dump and the manifest lie during a backup, and so where they are in a snapshot."""
        return self.state / "work"


def load(path: Path) -> Settings:
    """Read the settings. Raises :class:`SettingsError` if they, or the password, may be read by others."""
    _private(path)
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SettingsError(f"{path} is no JSON: {error}") from error
    names = {field.name for field in fields(Settings)}
    if not isinstance(content, dict) or set(content) != names:
        wrong = sorted(names ^ set(content)) if isinstance(content, dict) else "no object"
        raise SettingsError(f"{path} is not of this version of the program ({wrong}); play the role again")
    settings = Settings(**content)
    _private(Path(settings.password_file))
    return settings


def _private(path: Path) -> None:
    try:
        found = path.stat()
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise SettingsError(f"{path} has to be owned by the user that runs this, and closed to all others (mode 0600)")
