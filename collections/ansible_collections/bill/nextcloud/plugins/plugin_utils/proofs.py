# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Log-ins as the accounts themselves, which prove their passwords. Failed ones are limited."""

from __future__ import annotations

import threading
import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph.session import GraphSession
from ansible_collections.bill.nextcloud.plugins.plugin_utils.session import Session

MAX_FAILED_PROOFS = 5
"""After 10 failed log-ins Nextcloud blocks our address, for everybody. Other products do so where an app is on."""


class Proofs:
    """The proofs of one task.

    :param log_in: tries one log-in with a name and a password and says whether it succeeded. Raises CloudError for a
        fault that says nothing about the password.
    :param request: how messages call the request of a log-in.
    """

    def __init__(self, log_in: t.Callable[[str, str], bool], request: str) -> None:
        self._log_in = log_in
        self._request = request
        self._failed: dict[str, int] = {}
        self._under_way = 0
        self._condition = threading.Condition()

    @property
    def may_try(self) -> bool:
        """Whether another failed log-in would be harmless. A log-in that is under way may change that."""
        with self._condition:
            return self._failures < MAX_FAILED_PROOFS

    @property
    def _failures(self) -> int:
        return sum(self._failed.values())

    def proves(self, name: str, password: str) -> bool:
        """Whether one log-in with this name and password succeeds; after an internal error of the cloud, a second one.

        A success makes the cloud forget the failed ones of the same account (``Throttler::resetDelay``). Only so many
        are under way at the same time as may fail; the others wait.

        :raises CloudError: ``rate_limited``, without a log-in, after too many failed ones in this task; or a fault that
            says nothing about the password.
        """
        with self._condition:
            self._condition.wait_for(lambda: not 0 < MAX_FAILED_PROOFS - self._failures <= self._under_way)
            refused = self._failures >= MAX_FAILED_PROOFS
            if not refused:
                self._under_way += 1
        if refused:
            raise CloudError(
                "rate_limited",
                f"{MAX_FAILED_PROOFS} log-ins as the accounts asked for failed in this task. No more are tried, so that"
                " this address is not blocked.",
                request=self._request,
            )
        proven: bool | None = None
        try:
            proven = self._tried(name, password)
        finally:
            with self._condition:
                self._under_way -= 1
                if proven:
                    self._failed.pop(name, None)
                elif proven is not None:
                    self._failed[name] = self._failed.get(name, 0) + 1
                self._condition.notify_all()
        return proven

    def _tried(self, name: str, password: str) -> bool:
        try:
            return self._log_in(name, password)
        except CloudError as error:
            if error.code != "server_error":
                raise
            # The first log-in of an account makes its home, and fails when its quota is smaller than the first files.
            return self._log_in(name, password)


def logs_in_as(session: Session | GraphSession, path: str, name: str, key: str = "id") -> bool:
    """Whether the log-in of a session succeeds and is that of this account; closes the session.

    :param path: what tells who is logged in.
    :param key: under which it tells the name.
    :raises CloudError: for a fault that says nothing about the password.
    """
    try:
        reply = session.request("GET", path)
        return reply.ok and isinstance(reply.data, dict) and reply.data.get(key) == name
    except CloudError as error:
        if error.of_another or error.code not in ("wrong_credentials", "write_not_permitted"):
            raise
        return False
    finally:
        session.close()
