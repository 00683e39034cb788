# SPDX-License-Identifier: GPL-3.0-or-later
"""One writer per cloud: a lock file that whoever writes holds from the first read to the read-back.

The bridge holds it in its own process. A hand run of a playbook cannot (its tasks run in processes that end), so a
small process holds it as long as ``ansible-playbook`` lives: ``python -m bill_nextcloud.lock FILE PID SECONDS``.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import select
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from bill_nextcloud.errors import LockUnavailable

_POLL = 0.05
_DEFAULT_PORTS = {"http": 80, "https": 443}


def cloud_address(url: str) -> str:
    """What tells one cloud from another: host, port and path, the same for each way of writing one address, and for
    http and https on their usual ports."""
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").lower().rstrip("."), parts.port
        if port == _DEFAULT_PORTS.get(parts.scheme.lower()):
            port = None
        return f"{host}:{port}{parts.path.rstrip('/')}" if port else f"{host}{parts.path.rstrip('/')}"
    except ValueError:
        # Not an address (a port or brackets that are none): the cloud's module refuses it, in words.
        return url.strip()


def lock_path(directory: Path, url: str) -> Path:
    """The lock file of the cloud at ``url`` (see :func:`cloud_address`)."""
    address = cloud_address(url)
    readable = re.sub(r"[^A-Za-z0-9.-]+", "_", address)[:80]
    return directory / f"{readable}-{hashlib.sha256(address.encode()).hexdigest()[:12]}.lock"


def _take(path: Path, seconds: float) -> int:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(descriptor)
                raise LockUnavailable(path=path, seconds=f"{seconds:g}") from None
            time.sleep(_POLL)


@contextmanager
def locked(path: Path, seconds: float) -> Iterator[None]:
    """Hold the lock at ``path``; wait ``seconds`` for it at most. Raises :class:`LockUnavailable`."""
    descriptor = _take(path, seconds)
    try:
        yield
    finally:
        os.close(descriptor)


def hold_while(path: Path, process: int, seconds: float) -> None:
    """Take the lock, say ``locked`` on standard output, and keep it until the process number ``process`` has ended.

    Raises :class:`LockUnavailable`, or ``ProcessLookupError`` when that process does not exist.
    """
    watched = os.pidfd_open(process)
    descriptor = _take(path, seconds)
    print("locked", flush=True)
    select.select([watched], [], [])
    os.close(descriptor)


if __name__ == "__main__":
    try:
        hold_while(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
    except LockUnavailable as unavailable:
        sys.exit(f"another run holds the lock of this cloud: {unavailable.parameters['path']}")
