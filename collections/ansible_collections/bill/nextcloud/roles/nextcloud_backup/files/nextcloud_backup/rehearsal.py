# SPDX-License-Identifier: GPL-3.0-or-later
"""The restore test: the latest snapshot is restored beside everything that is alive, and compared with its manifest."""

from __future__ import annotations

import shutil
import tempfile
from functools import partial
from pathlib import Path

from .backup import private_directory
from .databases import Database
from .databases import scratch as scratch_database
from .errors import NotAsBackedUp, RepositoryError
from .manifest import COUNTED, DUMP, FILE, Manifest, below, differences, dump_differences, parse
from .repositories import Repository, Snapshot
from .results import Values
from .settings import Settings


def manifest_of(settings: Settings, repository: Repository, snapshot: Snapshot) -> Manifest:
    """The manifest of a snapshot."""
    return parse(repository.read(snapshot, settings.work / FILE))


def enough_space(directory: Path, needed: int) -> None:
    """Raises :class:`RepositoryError` if a directory's file system has no room for so many bytes."""
    free = shutil.disk_usage(directory).free
    if free < needed:
        raise RepositoryError(f"{directory} has room for {free} bytes, and the snapshot needs {needed}")


def rehearse(settings: Settings, repository: Repository, values: Values) -> str:
    """Restore the latest snapshot into a private directory and a database of its own, and compare; everything is
    removed afterwards. Returns what was seen. Raises :class:`NotAsBackedUp` with every difference."""
    repository.opened()
    snapshot = repository.find("latest")
    manifest = manifest_of(settings, repository, snapshot)
    scratch = Path(settings.scratch_directory)
    enough_space(scratch, manifest.size)
    with private_directory(scratch / f"nextcloud-backup-test-{settings.name}") as where:
        for directory in [*manifest.directories, str(settings.work)]:
            repository.restore(snapshot, Path(directory), where)
        found = differences(manifest, partial(below, where))
        dump = below(where, str(settings.work)) / DUMP
        found += dump_differences(manifest, dump)
        if not found:
            # Other users are let through to the files of the database's server, which are closed by themselves.
            for path in where.iterdir():
                path.chmod(0o700)
            where.chmod(0o711)
            place = Path(tempfile.mkdtemp(prefix="database-", dir=where))
            place.chmod(0o711)
            with scratch_database(manifest.database_type, place, manifest.prefix) as database:
                database.replace(dump)
                found += database_differences(manifest, database)
    if found:
        raise NotAsBackedUp(f"the restore of snapshot {snapshot.id} is not what was backed up: {'; '.join(found)}")
    values["files"] = sum(manifest.contents.files.values())
    values["size_bytes"] = sum(manifest.contents.bytes.values()) + manifest.dump_bytes
    return (
        f"snapshot {snapshot.id} of {snapshot.made} can be restored: {values['files']:.0f} files, "
        f"{len(manifest.contents.sample)} of them read, {len(manifest.tables)} tables, "
        f"{manifest.rows.get('users', 0)} accounts, release {manifest.version}"
    )


def database_differences(manifest: Manifest, database: Database) -> list[str]:
    """How a database that was loaded differs from the one that was dumped. Numbers of rows are judged only where nobody
    could write between the dump and the counting."""
    found = []
    tables = database.tables()
    if tables != manifest.tables:
        found.append(f"tables differ: {', '.join(sorted(set(tables) ^ set(manifest.tables)))}")
    rows = database.rows(COUNTED)
    if manifest.exact and rows != manifest.rows:
        found.append(f"rows differ: {rows} instead of {manifest.rows}")
    return found
