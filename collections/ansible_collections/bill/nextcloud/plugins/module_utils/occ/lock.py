# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One execution at a time: what an earlier one has started is over before the next one begins."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import stat
import time
import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.occ.caller import Caller
from ansible_collections.bill.nextcloud.plugins.module_utils.occ.launch import Launch
from ansible_collections.bill.nextcloud.plugins.module_utils.occ.refusals import Unusable

WAIT_SECONDS = 60
_PAUSE_SECONDS = 0.1


class Busy(Exception):
    """An earlier execution did not end in time."""


@contextlib.contextmanager
def locked(directory: str, launch: Launch, caller: Caller) -> t.Iterator[int]:
    """Hold the lock of this cloud, a file in ``directory``; the value is its descriptor.

    Processes that inherit the descriptor hold the lock as well, until they end. sudo closes it, as it does all others.

    :raises Busy: it was not to be had within :data:`WAIT_SECONDS`, or the caller went away meanwhile.
    :raises Unusable: the file cannot be opened.
    """
    name = hashlib.sha256("\0".join(launch.command).encode()).hexdigest()[:16]
    # The directory may be one for everybody.
    path = os.path.join(directory, f"bill-nextcloud-occ-{os.geteuid()}-{name}.lock")
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Unusable(f"the lock file {path} cannot be opened: {error.strerror}") from None
    try:
        seen = os.fstat(lock)
        if seen.st_uid != os.geteuid() or not stat.S_ISREG(seen.st_mode):
            raise Unusable(f"the lock file {path} is not one of this user")
        _take(lock, caller)
        yield lock
    finally:
        # Not unlocked: a process that has inherited it may go on.
        os.close(lock)


def _take(lock: int, caller: Caller) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EAGAIN):
                raise
        if time.monotonic() > deadline:
            raise Busy(f"occ commands of an earlier execution are still running after {WAIT_SECONDS} s")
        if not caller.look():
            raise Busy("the caller has gone away")
        time.sleep(_PAUSE_SECONDS)
