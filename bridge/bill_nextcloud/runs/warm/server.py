# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that has ansible-playbook loaded: a child of it is a run.

``python -m bill_nextcloud.runs.warm.server FD``: ``FD`` is one end of a socket pair. The other is the bridge's
worker's, and has no name, so nobody else can ask for anything. A request is a message with the run's arguments and
environment, and four descriptors: a socket for this run, its standard output and standard error, and its sign of life,
which the run and each process that it forks hold open as long as they live (other programs that those start do not). On
the run's socket the server says :data:`BEGUN`, then ``{"status": …}``; when its other end is closed, the run is killed.
There is one thread, and this process never sees a secret: those are in files that the child reads.

Instead of :data:`READY` it may say why it will not serve.
"""

from __future__ import annotations

import gc
import json
import os
import selectors
import signal
import socket
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from bill_nextcloud.process import die_with
from bill_nextcloud.runs.warm import preloaded

READY, BEGUN, REFUSED = b"ready", b"begun", b"refused"
# The exit status of a child that went wrong in code of ours; Ansible has others.
BROKEN = 255
LONGEST_MESSAGE = 128 * 1024
_DESCRIPTORS = 4
# What the kernel shows as the program's name, where people look for runs: it has room for 15 characters.
NAME = "ansible-playboo"


class _Server:
    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._pid = os.getpid()
        self._runs: dict[int, socket.socket] = {}
        # Without a descriptor of its own, which children would share.
        self._selector = selectors.PollSelector()
        self._ended, wake = os.pipe()
        for descriptor in (self._ended, wake):
            os.set_blocking(descriptor, False)
        # A child that ends is noticed where everything else is.
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)

    def serve(self) -> None:
        """Until the worker closes its end, and all runs have ended."""
        self._selector.register(self._ended, selectors.EVENT_READ, self._reap)
        self._selector.register(self._control, selectors.EVENT_READ, self._take)
        self._control.send(READY)
        while self._control.fileno() >= 0 or self._runs:
            for key, _ in self._selector.select():
                key.data()

    def _take(self) -> None:
        message, descriptors, _, _ = socket.recv_fds(
            self._control, LONGEST_MESSAGE, _DESCRIPTORS, socket.MSG_CMSG_CLOEXEC
        )
        if not message:
            self._selector.unregister(self._control)
            self._control.close()
            return
        request = json.loads(message)
        channel = socket.socket(fileno=descriptors[0])
        try:
            process = os.fork()
        except OSError:
            self._tell(channel, REFUSED)
            channel.close()
        else:
            if process == 0:
                self._be_a_run(request, channel, *descriptors[1:])
            self._runs[process] = channel
            self._selector.register(channel, selectors.EVENT_READ, lambda: self._give_up(process))
            self._tell(channel, BEGUN)
        for descriptor in descriptors[1:]:
            os.close(descriptor)

    def _give_up(self, process: int) -> None:
        """Nobody waits for this run any more. It is told of when it has ended, in vain."""
        channel = self._runs.get(process)
        # It may have ended in the same moment.
        if channel is not None:
            self._selector.unregister(channel)
            os.kill(process, signal.SIGKILL)

    def _reap(self) -> None:
        os.read(self._ended, 512)
        while self._runs:
            process, status = os.waitpid(-1, os.WNOHANG)
            if process == 0:
                return
            channel = self._runs.pop(process)
            with suppress(KeyError):  # it was given up
                self._selector.unregister(channel)
            self._tell(channel, json.dumps({"status": os.waitstatus_to_exitcode(status)}).encode())
            channel.close()

    def _tell(self, channel: socket.socket, message: bytes) -> None:
        with suppress(ConnectionError):  # nobody waits for it
            channel.send(message)

    def _be_a_run(self, request: dict[str, Any], channel: socket.socket, *descriptors: int) -> NoReturn:
        """In the child; it never returns into the server's code."""
        status = BROKEN
        try:
            die_with(self._pid)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            for mine in (self._control, channel, *self._runs.values()):
                mine.close()
            output, errors, life = descriptors
            os.dup2(output, 1)
            os.dup2(errors, 2)
            for name in os.listdir("/proc/self/fd"):
                if int(name) > 2 and int(name) != life:
                    with suppress(OSError):  # the one that listed them
                        os.close(int(name))
            _have_children_die_with_it()
            Path("/proc/self/comm").write_text(NAME)
            os.environ.update(request["environment"])
            status = preloaded.run(request["arguments"])
        except BaseException:  # the edge of the process: as Python ends one
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            # Nothing of the server's is to be ended here.
            os._exit(status)


def _have_children_die_with_it() -> None:
    """From now on, the kernel kills each process that this one or a child of it forks when the thread that forked it
    ends; Ansible forks in its main thread. It does not concern other programs that are started."""
    parent = 0

    def before() -> None:
        nonlocal parent
        parent = os.getpid()

    os.register_at_fork(before=before, after_in_child=lambda: die_with(parent))


def _obstacle(control: socket.socket) -> str | None:
    """Why no run may be forked from this process, in words."""
    if len(os.listdir("/proc/self/task")) > 1:
        return "Ansible has started threads, which a fork loses"
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) != control.fileno():
            with suppress(FileNotFoundError):  # the one that listed them
                # Its number would be another file's in a run, for who has it here.
                return f"Ansible has opened {os.readlink(f'/proc/self/fd/{name}')}, which runs would share"
    return None


def main() -> None:
    """The program."""
    # They are for the worker, with which this process ends.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    preloaded.load()
    obstacle = _obstacle(control)
    if obstacle is not None:
        control.send(obstacle.encode())
        sys.exit(1)
    server = _Server(control)
    # Children share this memory until they write to it.
    gc.collect()
    gc.freeze()
    server.serve()


if __name__ == "__main__":
    main()
