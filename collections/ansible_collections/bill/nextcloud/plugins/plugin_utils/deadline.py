# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A total time for one HTTP request, and the knowledge whether it was sent.

The time-outs of requests count each single read: a server that drips one byte a minute, in the headers or in the body,
would hold a run for ever. So the connections tell a :class:`Watch` of their socket, and at the deadline the watch shuts
it down. They tell it, too, when the first byte goes out: a request that was never sent has certainly changed nothing.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import typing as t

try:
    import requests.adapters
    import urllib3.connection
    import urllib3.connectionpool
except ImportError as error:
    MISSING_LIBRARY: ImportError | None = error  # the action plugin tells the user
else:
    MISSING_LIBRARY = None


class Watch:
    """The clock of one request at a time: requests of the same time have one each."""

    def __init__(self) -> None:
        self.sent = False
        self.expired = False
        self._sockets: list[socket.socket] = []
        self._retired: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def start(self, seconds: float) -> None:
        """Begin a request that may take this long in all."""
        self.sent = False
        self.expired = False
        timer = threading.Timer(seconds, lambda: self._expire(timer))
        timer.daemon = True
        self._timer = timer
        timer.start()

    def stop(self) -> None:
        """End the request."""
        if self._timer is not None:
            self._timer.cancel()
        with self._lock:
            self._timer = None
            for handle in self._retired:
                self._sockets.remove(handle)
                handle.close()
            self._retired.clear()

    def opened(self, connection: socket.socket) -> socket.socket:
        """Note a new connection; return the handle to give back to :meth:`closed`.

        The handle is a duplicate, so that it stays valid whatever TLS does with the original.
        """
        handle = connection.dup()
        with self._lock:
            self._sockets.append(handle)
            if self.expired:  # looking up the name took all the time
                _shut_down(handle)
        return handle

    def closed(self, handle: socket.socket) -> None:
        """Note that a connection is closed.

        It is watched until the end of the request nevertheless: when the server says ``Connection: close``, http.client
        closes the connection at once and goes on reading the body from its socket.
        """
        with self._lock:
            self._retired.append(handle)
        if self._timer is None:
            self.stop()

    def _expire(self, timer: threading.Timer) -> None:
        with self._lock:
            if timer is not self._timer:  # its request ended in this moment
                return
            self.expired = True
            for handle in self._sockets:
                _shut_down(handle)


def _shut_down(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other side may have closed it already
        connection.shutdown(socket.SHUT_RDWR)


class _Watched:
    """Mixed into urllib3's connections; see the module."""

    watch: Watch
    _handle: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        connection: socket.socket = super()._new_conn()  # type: ignore[misc]
        self._handle = self.watch.opened(connection)
        return connection

    def send(self, data: t.Any) -> None:
        if getattr(self, "sock", None) is None:
            self.connect()  # type: ignore[attr-defined]
        self.watch.sent = True
        super().send(data)  # type: ignore[misc]

    def close(self) -> None:
        super().close()  # type: ignore[misc]
        if self._handle is not None:
            self.watch.closed(self._handle)
            self._handle = None


def watched_adapter(watch: Watch) -> requests.adapters.HTTPAdapter:
    """Return the transport of a session: one connection at a time, which reports to the watch. Nothing is repeated."""

    class Plain(_Watched, urllib3.connection.HTTPConnection):
        pass

    class Secure(_Watched, urllib3.connection.HTTPSConnection):
        pass

    class PlainPool(urllib3.connectionpool.HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(urllib3.connectionpool.HTTPSConnectionPool):
        ConnectionCls = Secure

    Plain.watch = Secure.watch = watch
    adapter = requests.adapters.HTTPAdapter(pool_connections=1, pool_maxsize=1, max_retries=0)
    adapter.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
    return adapter
