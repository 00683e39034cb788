# SPDX-License-Identifier: GPL-3.0-or-later
"""The repository of snapshots: restic's or Borg's."""

from __future__ import annotations

from ..settings import Settings
from .borg import Borg
from .repository import Repository, Snapshot, Stored
from .restic import Restic

__all__ = ["Repository", "Snapshot", "Stored", "open_repository"]


def open_repository(settings: Settings) -> Repository:
    """The repository of the settings; nothing is asked of it yet."""
    if settings.repository_program == "borg":
        return Borg(settings)
    return Restic(settings)
