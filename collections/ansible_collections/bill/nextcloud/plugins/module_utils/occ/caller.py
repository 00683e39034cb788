# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has started the module, at the other end of its standard output."""

from __future__ import annotations

import os
import select
import signal
import time

SECONDS = 1.0
"""How often the caller is given a sign of life."""


class Caller:
    """Looks whether the caller is still there.

    Ansible's connection hands on what the module prints, and drops lines before the JSON of its result: so a line feed
    now and then finds out that a connection is no more, which nothing else tells while a module runs.
    """

    def __init__(self, output: int = 1) -> None:
        """``output``: the descriptor of the standard output."""
        self.gone = False
        self._output = output
        self._poll = select.poll()
        self._poll.register(output, 0)  # errors and the other end's closing are reported always
        self._next = time.monotonic() + SECONDS
        # A connection with a terminal hangs up.
        for number in (signal.SIGHUP, signal.SIGTERM):
            signal.signal(number, self._ended)

    def _ended(self, *unused: object) -> None:
        self.gone = True

    def look(self) -> bool:
        """Return whether the caller is there; to be called at least each second."""
        if not self.gone and self._poll.poll(0):
            self.gone = True
        if not self.gone and time.monotonic() >= self._next:
            self._next = time.monotonic() + SECONDS
            try:
                os.write(self._output, b"\n")
            except OSError:
                self.gone = True
        return not self.gone
