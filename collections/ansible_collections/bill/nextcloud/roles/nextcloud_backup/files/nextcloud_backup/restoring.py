# SPDX-License-Identifier: GPL-3.0-or-later
"""Restores: the whole server, or one account's files.

Everything is fetched beside its place first. Only when all of it is there, and the database answers, the living
installation is closed, the database replaced, and the directories exchanged by renaming. What was there is kept.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from .backup import KEPT_INSIDE, MARKER, cloud_of, private_directory
from .cloud import Cloud, Config
from .databases import Database, database_of
from .errors import BackupError, NotAsBackedUp, RestoreRefused, RestoreUnfinished
from .manifest import DUMP, Manifest, below, differences, dump_differences
from .rehearsal import database_differences, enough_space, manifest_of
from .repositories import Repository, Snapshot
from .settings import Settings

_STAGED = ".nextcloud-backup-restore-"


@dataclass(frozen=True)
class Place:
    """A directory of the installation, and where its restored copy waits, on the same file system."""

    directory: Path
    staging: Path

    @property
    def copy(self) -> Path:
        """The restored copy."""
        return below(self.staging, str(self.directory))

    @property
    def mounted(self) -> bool:
        """Whether the directory is a file system of its own, so that it cannot be renamed."""
        return self.directory.is_mount()

    def exchange(self, stamp: str) -> str:
        """Put the copy into its place; returns where is now what was there, or an empty text."""
        if self.mounted:
            kept = self.directory / KEPT_INSIDE.replace("*", stamp)
            old = [one for one in self.directory.iterdir() if one not in (self.staging, kept)]
            kept.mkdir(mode=0o700)
            for one in old:
                one.rename(kept / one.name)
            for one in self.copy.iterdir():
                one.rename(self.directory / one.name)
            shutil.copystat(self.copy, self.directory)
            owner = self.copy.stat()
            os.chown(self.directory, owner.st_uid, owner.st_gid)
            return str(kept) if old else ""
        kept = self.directory.with_name(f"{self.directory.name}.before-restore-{stamp}")
        there = self.directory.exists()
        if there:
            self.directory.rename(kept)
        self.copy.rename(self.directory)
        return str(kept) if there else ""


def restore(settings: Settings, repository: Repository, wanted: str, overwrite: bool) -> str:
    """Restore a whole server from a snapshot (its id, or `latest`); returns what was done. Raises
    :class:`RestoreRefused` if there is an installation, unless ``overwrite``."""
    repository.opened()
    snapshot = repository.find(wanted)
    manifest = manifest_of(settings, repository, snapshot)
    directories = [Path(one) for one in manifest.directories]
    if Path(os.path.realpath(settings.directory)) not in directories:
        raise RestoreRefused(f"the snapshot is of {', '.join(manifest.directories)}, not of {settings.directory}")
    alive = [str(one) for one in directories if one.exists() and any(one.iterdir())]
    if alive and not overwrite:
        raise RestoreRefused(
            f"{' and '.join(alive)} would be replaced. With --overwrite they are, and what is there is kept beside them"
        )
    with ExitStack() as stack:
        places = [_staged(repository, snapshot, manifest, one, stack) for one in directories]
        work = stack.enter_context(private_directory(settings.state / "restore"))
        repository.restore(snapshot, settings.work, work)
        return _replaced(settings, manifest, places, work, overwrite)


def _staged(repository: Repository, snapshot: Snapshot, manifest: Manifest, directory: Path, stack: ExitStack) -> Place:
    """Restore a directory beside its place."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    beside = directory if directory.is_mount() else directory.parent
    enough_space(beside, manifest.contents.bytes[str(directory)])
    staging = Path(tempfile.mkdtemp(prefix=_STAGED, dir=beside))
    stack.callback(shutil.rmtree, staging)
    repository.restore(snapshot, directory, staging)
    place = Place(directory, staging)
    # The cloud's user has to reach its config.php, which has modes of its own.
    for path in place.copy.parents:
        if staging in (path, *path.parents):
            path.chmod(0o711)
    return place


def _replaced(settings: Settings, manifest: Manifest, places: list[Place], work: Path, overwrite: bool) -> str:
    """See that what was restored is whole, and let it take the place of what is alive."""

    def staged(path: str) -> Path:
        (place,) = [one for one in places if one.directory in (Path(path), *Path(path).parents)]
        return below(place.staging, path)

    dump = below(work, str(settings.work)) / DUMP
    found = [*differences(manifest, staged), *dump_differences(manifest, dump)]
    if found:
        raise NotAsBackedUp(f"the snapshot is not what was backed up, and nothing was changed: {'; '.join(found)}")
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    copy = Cloud(staged(os.path.realpath(settings.directory)), settings.php)
    cloud, config = cloud_of(settings), copy.config()
    with private_directory(work / "private") as private:
        database = database_of(config, private, staged(manifest.data))
        _free(config, database, cloud, overwrite)
        kept = [_kept(settings, database, stamp)]
        copy.close()
        if cloud.installed:
            cloud.close()
        try:
            database.replace(dump)
            for place in places:
                kept.append(place.exchange(stamp))
            if wrong := database_differences(manifest, database_of(cloud.config(), private)):
                raise NotAsBackedUp("; ".join(wrong))
        except (BackupError, OSError) as error:
            there = ", ".join(one for one in kept if one) or "nothing, since nothing was there"
            raise RestoreUnfinished(f"left in maintenance mode, since {error}. Kept of before: {there}") from error
    _reopen(settings, cloud, manifest)
    told = f"{sum(manifest.contents.files.values())} files, {manifest.rows.get('users', 0)} accounts"
    lines = [f"restored as of {manifest.made}: {told}, release {manifest.version}; maintenance mode is off"]
    return "\n".join([*lines, *(f"kept: {one}" for one in kept if one)])


def _free(config: Config, database: Database, cloud: Cloud, overwrite: bool) -> None:
    """See that what is in the snapshot's database may be replaced: it is empty, or, with ``overwrite``, that of this
    server. The snapshot's config.php may name one that another server uses. SQLite's comes with its directory."""
    if database.kind == "sqlite3" or not (tables := database.tables()):
        return
    words = f"the database {config.text('dbname')} on {config.text('dbhost', 'localhost')} has {len(tables)} tables"
    if not overwrite:
        raise RestoreRefused(f"{words}. With --overwrite they are replaced, and a dump of them is kept")
    names = ("dbtype", "dbhost", "dbport", "dbname")
    if cloud.installed and (now := cloud.config()) and any(now.text(one) != config.text(one) for one in names):
        raise RestoreRefused(
            f"{words}, and this server's is {now.text('dbname')} on {now.text('dbhost', 'localhost')}. If they are of "
            "no use, empty it first"
        )


def _kept(settings: Settings, database: Database, stamp: str) -> str:
    """Keep what is in the database now; this also shows that it answers. SQLite's is kept with its directory."""
    if database.kind == "sqlite3" or not database.tables():
        return ""
    kept = settings.state / f"before-restore-{stamp}.sql"
    database.dump(kept)
    return str(kept)


def _reopen(settings: Settings, cloud: Cloud, manifest: Manifest) -> None:
    # Clients would delete what is newer on them than here, if they did not learn of the restore.
    cloud.occ("maintenance:data-fingerprint")
    cloud.open()
    (settings.state / MARKER).unlink(missing_ok=True)
    status = cloud.occ("status")
    if "installed: true" not in status or f"version: {manifest.version}" not in status:
        raise NotAsBackedUp(f"restored, but occ status says {' '.join(status.split())}")


def restore_account(settings: Settings, repository: Repository, wanted: str, account: str) -> str:
    """Put the files that one account had in a snapshot into a new folder among those that it has now; nothing else is
    touched. Returns what was done."""
    repository.opened()
    cloud = cloud_of(settings)
    config = cloud.checked()
    if cloud.occ("config:app:get", "--default-value=no", "--", "core", "encryption_enabled").strip() == "yes":
        raise RestoreRefused("files are encrypted on this server: those of one account cannot be read without its keys")
    snapshot = repository.find(wanted)
    manifest = manifest_of(settings, repository, snapshot)
    files = Path(os.path.realpath(config.data)) / account / "files"
    if (
        not account
        or "/" in account
        or account.startswith(".")
        or not files.is_dir()
        or os.path.realpath(files) != str(files)
    ):
        raise RestoreRefused(f"{account} has no files on this server; restore those of an account that is there")
    folder = files / f"Restored {snapshot.made.replace('T', ' ').replace(':', '.')}"
    if folder.exists():
        raise RestoreRefused(f"{folder} is there already")
    staging = Path(tempfile.mkdtemp(prefix=_STAGED, dir=files.parent.parent))
    try:
        source = Path(manifest.data) / account / "files"
        repository.restore(snapshot, source, staging)
        copy = below(staging, str(source))
        if not copy.is_dir():
            raise RestoreRefused(f"snapshot {snapshot.id} has no files of {account}")
        number = sum(1 for one in copy.rglob("*"))
        copy.rename(folder)
    finally:
        shutil.rmtree(staging)
    cloud.occ("files:scan", f"--path={account}/files/{folder.name}")
    return f"{number} files and folders of {account} are in the folder {folder.name}"
