# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in must not outlive the test that started it."""

from __future__ import annotations

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def end_with_parent(parent: int) -> None:
    """Ask the kernel for SIGTERM when the process (strictly: the thread) that started this one ends.

    parent: the parent's id as read first thing at the start. The parent may have died before the request was made;
    then nothing would be sent, so the id is compared afterwards. Raises OSError when the kernel refuses, SystemExit
    when the parent is gone.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    if os.getppid() != parent:
        raise SystemExit("the parent process is gone")
