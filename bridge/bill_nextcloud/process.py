# SPDX-License-Identifier: GPL-3.0-or-later
"""No process that writes outlives the one that started it."""

from __future__ import annotations

import os
from collections.abc import Sequence

# The comparison closes the gap between the start and the arming of the signal.
_WRAPPER = ("setpriv", "--pdeathsig", "KILL", "sh", "-c", 'test "$PPID" = "$0" && exec "$@"')


def dying_with_parent(command: Sequence[str]) -> list[str]:
    """``command``, killed when the calling thread ends. It is to be started, and waited for, by that thread.

    Uses ``setpriv`` of util-linux: Python's own ways to run code in the child are not safe with threads.
    """
    return [*_WRAPPER, str(os.getpid()), *command]
