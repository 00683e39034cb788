# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong, in words for the administrator. No text holds a secret."""

from __future__ import annotations


class BackupError(Exception):
    """Any failure that is told in one line. ``status``: the program's exit status."""

    status = 1


class SettingsError(BackupError):
    """The settings file is missing, open to others, or wrong."""


class CloudError(BackupError):
    """The cloud is not what this program can back up, or its occ failed."""


class DatabaseError(BackupError):
    """A program of the database failed, or its dump is not whole."""


class RepositoryError(BackupError):
    """The repository cannot be reached, opened or trusted, or its program failed."""


class RestoreRefused(BackupError):
    """A restore would overwrite what is alive, or does not fit; nothing was changed."""


class RestoreUnfinished(BackupError):
    """A restore failed after it had begun to replace what was there; the text says where that is kept."""


class NotAsBackedUp(BackupError):
    """What was restored is not what the manifest says."""


class Busy(BackupError):
    """Another run has the lock."""

    status = 75


class Interrupted(BackupError):
    """A signal asked this program to end."""

    status = 130
