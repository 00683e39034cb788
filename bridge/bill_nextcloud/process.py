# SPDX-License-Identifier: GPL-3.0-or-later
"""No process that writes outlives the one that started it."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Sequence

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
# The comparison closes the gap between the start and the arming of the signal.
_WRAPPER = ("setpriv", "--pdeathsig", "KILL", "sh", "-c", 'test "$PPID" = "$0" && exec "$@"')


def dying_with_parent(command: Sequence[str]) -> list[str]:
    """``command``, killed when the calling thread ends. It is to be started, and waited for, by that thread.

    Uses ``setpriv`` of util-linux: Python's own ways to run code in the child are not safe with threads.
    """
    return [*_WRAPPER, str(os.getpid()), *command]


def die_with(parent: int) -> None:
    """Have the kernel kill this process when ``parent``, which forked it, ends; end it now if that is past already.

    Raises ``OSError`` when the kernel refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl(PR_SET_PDEATHSIG): {os.strerror(number)}")
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
