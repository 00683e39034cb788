# SPDX-License-Identifier: GPL-3.0-or-later
"""systemd's socket: calls are taken while the bridge is not running yet, and none is lost."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from harness.processes import until
from harness.stack import Stack
from harness.worker import COMMAND

# What systemd does: the socket is file 3, and the variables name the process that shall take it.
ACTIVATE = 'export LISTEN_FDS=1 LISTEN_PID=$$; exec "$0" "$@"'


def test_a_call_that_comes_before_the_bridge(stack: Stack) -> None:
    """It is told within two seconds that nobody is there yet; what it asked for is done all the same."""
    stack.worker.stop()
    service = stack.order()
    with socket.socket(socket.AF_UNIX) as listening:
        stack.worker.socket.unlink(missing_ok=True)
        listening.bind(str(stack.worker.socket))
        listening.listen(64)
        run = stack.panel.run(service)
        assert run.error is not None
        assert run.error.type == "nextcloud_bridge_not_running"
        assert run.exit_code == 1
        with stack.worker.log.open("ab") as log, file_3(listening) as given:
            stack.worker.process = subprocess.Popen(
                ["/bin/sh", "-c", ACTIVATE, COMMAND, "worker", "--settings", stack.worker.settings_file],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": os.defpath, "HOME": str(stack.worker.directory), "LC_ALL": "C.UTF-8"},
                pass_fds=[given],
                start_new_session=True,
            )
        until(lambda: stack.panel.service(service)["status_name"] == "active")
        stack.worker.stop()
    assert stack.worker.socket.exists(), "systemd's socket is not the bridge's to remove"


@contextmanager
def file_3(listening: socket.socket) -> Iterator[int]:
    """The listening socket as file 3 of this process, while a child is started; what was there comes back."""
    try:
        before: int | None = os.dup(3)
    except OSError:
        before = None
    os.dup2(listening.fileno(), 3, inheritable=True)
    try:
        yield 3
    finally:
        if before is None:
            os.close(3)
        else:
            os.dup2(before, 3)
            os.close(before)
