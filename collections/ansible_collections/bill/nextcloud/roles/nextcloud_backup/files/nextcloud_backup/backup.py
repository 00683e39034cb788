# SPDX-License-Identifier: GPL-3.0-or-later
"""One backup: from the cloud into the repository."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from .cloud import Cloud, Config, Maintenance
from .databases import database_of
from .errors import CloudError
from .manifest import COUNTED, DUMP, FILE, Exclusions, Manifest, look, sha256
from .repositories import Repository, Stored
from .results import Values
from .settings import Settings

MARKER = "maintenance-mode"
UPGRADE = "-backups/begun.json"
"""After the installation's directory: what the role nextcloud_server has there, by its defaults, while it upgrades."""
KEPT_INSIDE = "before-restore-*"
"""Where a restore keeps what was in a data directory that is a file system of its own."""


def maintenance_of(settings: Settings) -> Maintenance:
    """Maintenance mode of the cloud, as this program uses it."""
    return Maintenance(cloud_of(settings), settings.state / MARKER)


def cloud_of(settings: Settings) -> Cloud:
    """The cloud of the settings."""
    return Cloud(Path(settings.directory), settings.php)


@contextmanager
def private_directory(path: Path) -> Iterator[Path]:
    """A new directory for this user only, which is removed in the end; what a killed run left in it is, too."""
    if path.exists():
        shutil.rmtree(path)
    path.mkdir(mode=0o700)
    try:
        yield path
    finally:
        shutil.rmtree(path)


def back_up(settings: Settings, repository: Repository, values: Values) -> list[str]:
    """Make a snapshot and remove those that are not to be kept; returns what happened on the way that does no harm.

    Whether all is there that is needed is seen before maintenance mode begins. ``values``: gets files, size_bytes and
    added_bytes.
    """
    cloud = cloud_of(settings)
    config = cloud.checked()
    upgrade = Path(f"{settings.directory}{UPGRADE}")
    if upgrade.exists():
        raise CloudError(f"an upgrade was begun and has not ended ({upgrade}): play nextcloud_server again first")
    directories = cloud.directories(config)
    if any(settings.state == one or one in settings.state.parents for one in directories):
        raise CloudError(f"{settings.state} is in a directory that is backed up")
    place = settings.local_repository
    if place and any(place == one or one in place.parents for one in directories):
        raise CloudError(f"the repository {place} is in a directory that is backed up")
    repository.opened()
    exact = settings.consistency == "maintenance"
    with private_directory(settings.work) as work:
        with maintenance_of(settings).on() if exact else nullcontext():
            manifest, stored = _store(settings, repository, config, directories, work)
        repository.forget()
    values["files"] = sum(manifest.contents.files.values())
    values["size_bytes"] = sum(manifest.contents.bytes.values()) + manifest.dump_bytes
    values["added_bytes"] = stored.added
    return stored.remarks


def _store(
    settings: Settings, repository: Repository, config: Config, directories: list[Path], work: Path
) -> tuple[Manifest, Stored]:
    made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    exact = settings.consistency == "maintenance"
    with private_directory(work / "private") as private:
        database = database_of(config, private)
        dump = work / DUMP
        database.dump(dump)
        tables, rows = database.tables(), database.rows(COUNTED)
    data = Path(os.path.realpath(config.data))
    # The copy is in the dump; the file itself may be written to at any moment.
    live = [f"{config.text('dbname', 'owncloud')}.db*"] if database.kind == "sqlite3" else []
    exclusions = Exclusions(data, (*settings.exclude, *live, KEPT_INSIDE))
    manifest = Manifest(
        name=settings.name,
        made=made,
        exact=exact,
        version=config.text("version"),
        data=str(data),
        database_type=database.kind,
        dump_sha256=sha256(dump),
        dump_bytes=dump.stat().st_size,
        prefix=config.prefix,
        tables=tables,
        rows=rows,
        contents=look(directories, exclusions),
        exclude=list(exclusions.patterns),
    )
    manifest.write(work / FILE)
    return manifest, repository.store([*directories, work], exclusions)
