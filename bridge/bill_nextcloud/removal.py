# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes away what a run has left."""

from __future__ import annotations

import shutil
from pathlib import Path

from bill_nextcloud.log import logger

log = logger("removal")


def remove(directory: Path) -> None:
    """Remove ``directory`` with all in it. When that fails, the log says so: what a run did is known all the same, and
    must not be lost by it."""
    try:
        shutil.rmtree(directory)
    except FileNotFoundError:
        pass  # somebody else was faster
    except OSError as error:
        log.error("not removed", directory=str(directory), detail=error)
