# SPDX-License-Identifier: GPL-3.0-or-later
"""Log-ins to clouds that are kept from run to run: the files of the modules' option ``session_path``, on a tmpfs.

They are as secret as a password while they last. The collection decides which is used; here they are taken away.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import time
from pathlib import Path

# The collection uses none that is older.
_SECONDS = 25 * 60


class Sessions:
    """The files, in a directory of their own; what is above it is on a tmpfs, and may be another user's as well."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def file(self, cloud: str) -> Path:
        """Where the session of ``cloud`` is kept. Raises ``OSError`` when there is no place for the directory."""
        # Where somebody else has put something of this name, the collection leaves it alone.
        with contextlib.suppress(FileExistsError):
            self._directory.mkdir(mode=0o700)
        return self._directory / f"{cloud}.json"

    def remove_old(self) -> None:
        """Take away those that have ended. Raises ``OSError``."""
        try:
            status = self._directory.lstat()
        except FileNotFoundError:
            return
        # A link of somebody else's would lead to other files of ours.
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
            return
        before = time.time() - _SECONDS
        for file in self._directory.iterdir():
            # Runs replace them meanwhile.
            with contextlib.suppress(FileNotFoundError):
                if file.lstat().st_mtime < before:
                    file.unlink()

    def clear(self) -> None:
        """Take all away. Raises ``OSError``."""
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self._directory)
