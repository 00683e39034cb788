# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many requests to one cloud are under way at the same time, whatever number of threads there is."""

from __future__ import annotations

import contextlib
import threading
import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError

_TOO_MUCH = (429, 503)


class Places:
    """The places for the requests of one task to its cloud.

    A cloud that answers with 429 or 503 gets half as many at the same time from then on, to the end of the task; what
    was under way before that does not halve them once more.

    :param places: how many requests may be under way at the same time.
    """

    def __init__(self, places: int) -> None:
        self._condition = threading.Condition()
        self._places = places
        self._taken = 0
        self._halvings = 0
        self._fault: CloudError | None = None

    @property
    def at_once(self) -> int:
        """How many requests may be under way at the same time now."""
        return self._places

    def close(self, fault: CloudError) -> None:
        """Let no further request through: the fault ends the task. What is under way goes on."""
        with self._condition:
            self._fault = self._fault or fault
            self._condition.notify_all()

    @contextlib.contextmanager
    def taken(self, *, limited: bool = False) -> t.Iterator[None]:
        """Hold a place for one request, whose CloudError is raised within; wait for it.

        :param limited: the cloud limits this call for itself, so that a 429 says nothing of all others.
        :raises CloudError: the fault that ended the task; the request is not to be sent.
        """
        with self._condition:
            self._condition.wait_for(lambda: self._fault is not None or self._taken < self._places)
            if self._fault is not None:
                raise self._fault.for_others()
            self._taken += 1
            halvings = self._halvings
        try:
            yield
        except CloudError as error:
            if error.http_status in _TOO_MUCH and not (limited and error.http_status == 429):
                self._halve(halvings)
            raise
        finally:
            with self._condition:
                self._taken -= 1
                self._condition.notify_all()

    def _halve(self, halvings: int) -> None:
        with self._condition:
            if halvings == self._halvings:  # otherwise it was sent when there were more at the same time
                self._halvings += 1
                self._places = max(1, self._places // 2)
