# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One log-in for all threads of a task, so that credentials that are refused are tried once and not once for each."""

from __future__ import annotations

import contextlib
import threading
import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError


class FirstRequest:
    """Has the first request with some credentials sent alone; the others wait for its answer.

    It counts as first until :meth:`succeeded`: one whose answer tells nothing is followed by another one alone.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._alone = False
        self._succeeded = False
        self._refusal: CloudError | None = None

    @contextlib.contextmanager
    def before(self) -> t.Iterator[bool]:
        """Send a request within; yields whether it is the first one.

        :raises CloudError: after :meth:`refused`; the request is not to be sent.
        """
        with self._condition:
            self._condition.wait_for(lambda: not self._alone)
            if self._refusal is not None:
                raise self._refusal.for_others()
            first = self._alone = not self._succeeded
        try:
            yield first
        finally:
            if first:
                with self._condition:
                    self._alone = False
                    self._condition.notify_all()

    def succeeded(self) -> None:
        """Note that the cloud takes the credentials."""
        self._succeeded = True

    def refused(self, error: CloudError) -> None:
        """Note that it does not: no further request is sent with them."""
        self._refusal = error
