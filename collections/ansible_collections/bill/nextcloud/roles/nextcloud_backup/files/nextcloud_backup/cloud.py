# SPDX-License-Identifier: GPL-3.0-or-later
"""An installation of Nextcloud or ownCloud: its config.php, its directories, its maintenance mode."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import processes
from .errors import CloudError

# As the cloud itself reads them (lib/private/Config.php): config.php, then the others beside it in their order.
_READ = """
$all = [];
ob_start();
foreach (array_merge([$argv[1] . "/config.php"], glob($argv[1] . "/*.config.php")) as $file) {
    $CONFIG = [];
    include $file;
    $all = array_merge($all, $CONFIG);
}
ob_end_clean();
echo json_encode($all, JSON_THROW_ON_ERROR);
"""
# Overrules config.php as long as it is there.
_CLOSED_BY = "nextcloud-backup-restore.config.php"
_CLOSED = "<?php\n// A restore is under way. It removes this file in the end.\n$CONFIG = ['maintenance' => true];\n"


@dataclass(frozen=True)
class Config:
    """What config.php says."""

    values: dict[str, Any]

    def text(self, key: str, default: str = "") -> str:
        """A value as text."""
        return str(self.values.get(key) or default)

    @property
    def prefix(self) -> str:
        """What the names of the database's tables begin with."""
        return str(self.values.get("dbtableprefix", "oc_"))

    @property
    def data(self) -> Path:
        """The data directory."""
        return Path(self.text("datadirectory"))

    @property
    def maintenance(self) -> bool:
        """Whether maintenance mode is on."""
        return bool(self.values.get("maintenance"))


class Cloud:
    """The installation in ``directory``, with ``php`` to run its occ as the owner of config.php."""

    def __init__(self, directory: Path, php: str) -> None:
        self.directory = directory
        self._php = php
        self._config_directory = directory / "config"

    @property
    def owner(self) -> processes.User:
        """The owner of config.php, who alone may run occ. Raises :class:`CloudError` if there is no such file, or if it
        is root's in a directory that is not: whoever has that directory could have put it there, by a link or by
        another name, to have code beside it run as root."""
        path = self._config_directory / "config.php"
        try:
            found = processes.User.of(path)
            around = [processes.User.of(one) for one in (self.directory, self._config_directory)]
        except OSError as error:
            raise CloudError(f"{path} is not there ({error.strerror})") from error
        if found.uid == os.geteuid() == 0 and any(one.uid != 0 for one in around):
            raise CloudError(f"{path} is root's, in a directory that is not: give it to the user of the cloud")
        return found

    @property
    def installed(self) -> bool:
        """Whether there is a config.php."""
        return (self._config_directory / "config.php").is_file()

    def config(self) -> Config:
        """Read config.php, and what else there is beside it, by PHP, since it is a program."""
        command = [self._php, "-d", "display_errors=stderr", "-r", _READ, "--", str(self._config_directory)]
        done = processes.run(command, user=self.owner)
        try:
            values = json.loads(done.output) if done.returncode == 0 else None
        except ValueError:
            values = None
        if not isinstance(values, dict) or not values:
            # What PHP printed may hold a part of the file, and so a secret.
            raise CloudError(f"PHP cannot read {self._config_directory}/config.php (status {done.returncode})")
        return Config(values)

    def occ(self, *arguments: str) -> str:
        """Run a command of occ; returns what it printed. Raises :class:`CloudError`."""
        command = [self._php, str(self.directory / "occ"), "--no-interaction", "--no-ansi", *arguments]
        # Ended while it writes config.php, it would leave a part of it.
        with processes.undisturbed():
            done = processes.run(command, user=self.owner, directory=self.directory)
        if done.returncode != 0:
            raise CloudError(f"occ {arguments[0]} failed: {done.said}")
        return done.output

    def checked(self) -> Config:
        """The config of an installation that can be backed up. Raises :class:`CloudError` for any other."""
        if os.path.lexists(self._config_directory / _CLOSED_BY):
            raise CloudError(
                f"a restore was begun and has not ended, so that files and database may be of different times: restore "
                f"again, or see to it and remove {self._config_directory / _CLOSED_BY}"
            )
        config = self.config()
        if not config.values.get("installed"):
            raise CloudError(f"{self.directory} is not installed yet: there is nothing to back up")
        if not (self.directory / "occ").is_file():
            raise CloudError(f"{self.directory / 'occ'} is not there")
        for store in ("objectstore", "objectstore_multibucket"):
            if store in config.values:
                raise CloudError(f"{store} is set: the files are not on this server, and would not be in the backup")
        if not config.data.is_absolute() or not config.data.is_dir():
            raise CloudError(f"the data directory {config.data} is not there; is its file system mounted?")
        return config

    def directories(self, config: Config) -> list[Path]:
        """All directories that make the installation, without links, and none of them in another."""
        apps = [Path(one["path"]) for one in config.values.get("apps_paths") or [] if Path(one["path"]).is_dir()]
        wanted = {Path(os.path.realpath(one)) for one in (self.directory, self._config_directory, config.data, *apps)}
        return sorted(one for one in wanted if not any(other in one.parents for other in wanted))

    def close(self) -> None:
        """Maintenance mode by a file of its own, which needs no occ, and holds whatever config.php says."""
        owner = self.owner
        # The directory is the cloud's user's, who may have put a link there.
        number, temporary = tempfile.mkstemp(prefix=f".{_CLOSED_BY}.", dir=self._config_directory)
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(_CLOSED)
            os.fchmod(number, 0o640)
            os.fchown(number, owner.uid, owner.gid)
        os.replace(temporary, self._config_directory / _CLOSED_BY)

    def open(self) -> None:
        """Remove that file, and switch maintenance mode off."""
        (self._config_directory / _CLOSED_BY).unlink()
        self.set_maintenance(False)

    def set_maintenance(self, on: bool) -> None:
        """Switch maintenance mode, and see that it is so. Raises :class:`CloudError`."""
        self.occ("maintenance:mode", "--on" if on else "--off")
        if self.config().maintenance != on:
            raise CloudError(f"occ maintenance:mode has not switched it {'on' if on else 'off'}")


class Maintenance:
    """Maintenance mode that this program switches on. ``marker``: the file that tells it from an administrator's."""

    def __init__(self, cloud: Cloud, marker: Path) -> None:
        self._cloud = cloud
        self._marker = marker

    def end_leftover(self) -> bool:
        """Switch off what a killed run has left on; returns whether there was any."""
        if not self._marker.exists():
            return False
        left = self._cloud.config().maintenance
        if left:
            self._cloud.set_maintenance(False)
        self._marker.unlink()
        return left

    @contextmanager
    def on(self) -> Iterator[None]:
        """Maintenance mode, off again whatever happens. An administrator's own is left as it is."""
        if self._cloud.config().maintenance:
            yield
            return
        # Before the mode, so that no moment is without a sign of whose it is.
        self._marker.touch(mode=0o600)
        try:
            self._cloud.set_maintenance(True)
            yield
        finally:
            self.end_leftover()
