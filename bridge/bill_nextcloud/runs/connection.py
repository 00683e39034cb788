# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection to a worker host: ssh, which dies with the bridge, and its ends."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import threading
from pathlib import Path

from bill_nextcloud.process import dying_with_parent
from bill_nextcloud.runs.lease import Answering
from bill_nextcloud.runs.ssh import command, parse
from bill_nextcloud.runs.transmission import Transmission
from bill_nextcloud.settings import RunSettings

_CLOSING_SECONDS = 5
_WORDS_LENGTH = 300


class Connection:
    """Opened at once, by the thread that reads from ``stream`` and closes it.

    ``worker``: its address; ``private``: a directory on a tmpfs; ``limit``: seconds for everything.
    """

    def __init__(self, worker: str, settings: RunSettings, private: Path, limit: float) -> None:
        ssh = command(
            parse(worker),
            settings.remote_command,
            identity_file=settings.identity_file,
            known_hosts=settings.known_hosts,
            connect_timeout=settings.connect_timeout,
        )
        self._errors = tempfile.TemporaryFile(dir=private)  # noqa: SIM115 (closed with the connection)
        self._process = subprocess.Popen(
            dying_with_parent(ssh),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input = self._process.stdin
        self._patience = settings.connect_timeout + settings.lease
        self.stream = Answering(self._process.stdout, self._input, patience=self._patience, limit=limit)

    def send(self, transmission: Transmission) -> None:
        """Send it, as long as ssh lives: when it does not, the stream says so. One that takes nothing for as long as it
        may be silent is ended."""
        limit = threading.Timer(self._patience, self._process.kill)
        limit.daemon = True
        limit.start()
        try:
            with contextlib.suppress(BrokenPipeError):
                transmission.send(self._input)
        finally:
            limit.cancel()

    def close(self, *, at_once: bool) -> str:
        """End the connection, and with it what was started there. What ssh or the other side said last, in one line."""
        if at_once:
            self._process.kill()
        with contextlib.suppress(BrokenPipeError):
            self._input.close()
        try:
            self._process.wait(_CLOSING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").split("\n")
        self._errors.close()
        words = [" ".join(line.split()) for line in lines if line.strip()]
        return words[-1][:_WORDS_LENGTH] if words else ""
