# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories on a tmpfs, as a panel host's /run is one, for what the bridge keeps there; none is left behind."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from pathlib import Path

TMPFS = Path("/dev/shm")
_OURS = re.compile(r"bill-nextcloud-(\d+)-\w+")


def make() -> Path:
    """A new directory, for this user only. Its name has the number of this process, and is short, since a socket's path
    is limited to 107 bytes."""
    return Path(tempfile.mkdtemp(prefix=f"bill-nextcloud-{os.getpid()}-", dir=TMPFS))


def remove(directory: Path, seconds: float = 10) -> None:
    """Take ``directory`` away, also while processes that are about to end still write there. ``OSError`` after so many
    seconds."""
    deadline = time.monotonic() + seconds
    while directory.exists():
        try:
            shutil.rmtree(directory)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def remove_abandoned() -> None:
    """Take away what processes have left that were killed before they could do so themselves."""
    for directory in TMPFS.iterdir():
        process = _OURS.fullmatch(directory.name)
        if process and not Path(f"/proc/{process[1]}").exists():
            shutil.rmtree(directory, ignore_errors=True)
