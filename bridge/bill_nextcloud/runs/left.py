# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes away what killed processes have left."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

_SECONDS = 5.0


def remove_of_killed(directory: Path) -> None:
    """Remove ``directory``, where what was killed a moment ago may still be writing. Raises ``OSError`` when it is
    there after some seconds."""
    deadline = time.monotonic() + _SECONDS
    while directory.exists():
        try:
            shutil.rmtree(directory)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def remove_of_dead(place: Path, prefix: str) -> None:
    """Remove what dead processes of this user have left in ``place``, in directories whose names are ``prefix``, the
    number of the process, and nothing or ``-`` with more. Raises ``OSError``.

    One whose number another process has by now stays until that has ended, too.
    """
    for left in place.glob(f"{prefix}*"):
        process = left.name.removeprefix(prefix).partition("-")[0]
        # Others, which start at the same time, clear as well.
        with suppress(FileNotFoundError):
            # The place may be everybody's, and a link lead elsewhere.
            if process.isdecimal() and left.lstat().st_uid == os.geteuid() and not _lives(int(process)):
                remove_of_killed(left)


def _lives(process: int) -> bool:
    # Not /proc: it may show no more than one's own processes.
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another user's
    return True
