# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One log-in to the OCS API of a cloud.

:class:`Session` sends a request and returns a :class:`Reply` when, and only when, a valid OCS envelope came back that
says neither "log in", "not allowed", "maintenance", "too many" nor "internal error": those and all transport faults
become :class:`CloudError`, whose ``outcome_unknown`` tells whether a change may have taken effect nevertheless.
"""

from __future__ import annotations

import time
import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils import ocs
from ansible_collections.bill.nextcloud.plugins.plugin_utils.credentials import Credentials
from ansible_collections.bill.nextcloud.plugins.plugin_utils.endpoint import Endpoint
from ansible_collections.bill.nextcloud.plugins.plugin_utils.session_file import MAX_SESSION_SECONDS, SessionFile
from ansible_collections.bill.nextcloud.plugins.plugin_utils.transport import (
    CONNECT_SECONDS,
    READ_SECONDS,
    Cookie,
    Transport,
)

COOKIE_PROBE = Cookie("cookie_test", "test")
"""The cookie by which Nextcloud and ownCloud test whether a client keeps cookies. They set it at the first log-in and
keep a session only from the second one on; a client that brings it has its session at once: one check of the password
less."""

_REFUSALS = ("wrong_credentials", "write_not_permitted")
"""Codes of what refuses the session, or whose it is."""


class Session:
    """Requests with the credentials of one account.

    Cookies are kept (they save the server the password check) but never longer than 25 minutes. The credentials go
    along all the same, so a cloud that has forgotten the session just logs in.

    :param endpoint: where the cloud is.
    :param credentials: of the account.
    :param clock: returns seconds, never going backwards.
    :param connect_seconds: how long a connection may take.
    :param read_seconds: how long an answer may take; single requests may say otherwise.
    :param own_codes: codes that are a reply of the call itself, see :func:`ocs.parse`.
    :param kept: whether more than one request is to come; otherwise the cloud is not made to keep a session, which
        would show among the account's devices.
    :param file: has the session of an earlier task, and gets this one.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        credentials: Credentials,
        *,
        clock: t.Callable[[], float] = time.monotonic,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
        own_codes: frozenset[int] = frozenset(),
        kept: bool = True,
        file: SessionFile | None = None,
    ) -> None:
        self._transport = Transport(
            endpoint,
            credentials,
            headers={"OCS-APIRequest": "true"},
            connect_seconds=connect_seconds,
            read_seconds=read_seconds,
        )
        self._own_codes = own_codes
        self._kept = kept
        self._clock = clock
        self._file = file
        self._logged_in_at: float | None
        self._acknowledged: bool
        self._forget()
        self._restored = self._restore()

    def close(self) -> None:
        """Close the connections, and keep the session if the cloud has acknowledged it."""
        if self._file is not None and self._logged_in_at is not None and self._acknowledged:
            cookies = self._own_cookies()
            if cookies and cookies != self._restored:
                self._file.write(cookies, self._clock() - self._logged_in_at)
        self._transport.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        query: t.Mapping[str, str] | None = None,
        form: list[tuple[str, str]] | None = None,
        read_seconds: float | None = None,
    ) -> ocs.Reply:
        """Send one request and return the cloud's reply, which may still be a refusal of this very call.

        A 403 on an aged session means that the cloud wants the password confirmed again; the call was refused before it
        ran, so the cookies are dropped and it is repeated once. A 403 on a fresh log-in is final. A 401 is final, too,
        unless the session is an earlier task's: that may have ended, which says nothing of the credentials.

        :param path: below the cloud's root, percent-encoded, for instance ``/ocs/v2.php/cloud/users/anna``.
        :param query: added to ``format=json``.
        :param form: fields of the body.
        :param read_seconds: how long the answer may take.
        :raises CloudError: see the module.
        """
        if self._logged_in_at is not None and self._clock() - self._logged_in_at > MAX_SESSION_SECONDS:
            self._log_out()
        fresh = self._logged_in_at is None
        try:
            return self._exchange(method, path, query, form, read_seconds)
        except CloudError as error:
            if error.code not in _REFUSALS:
                raise
            self._acknowledged = False
            if fresh or (error.code == "wrong_credentials" and not self._restored):
                raise
        self._log_out()
        return self._exchange(method, path, query, form, read_seconds)

    def _restore(self) -> list[Cookie]:
        """Go on with the session of an earlier task, if there is one; return its cookies."""
        kept = self._file.read() if self._file is not None else None
        if kept is None:
            return []
        for cookie in kept.cookies:
            self._transport.set_cookie(cookie)
        self._logged_in_at = self._clock() - kept.age
        return self._own_cookies()

    def _own_cookies(self) -> list[Cookie]:
        """Return the cookies that are the session."""
        cookies = [cookie for cookie in self._transport.cookies() if cookie.name != COOKIE_PROBE.name]
        return sorted(cookies, key=lambda cookie: (cookie.domain, cookie.path, cookie.name))

    def _log_out(self) -> None:
        self._forget()
        if self._file is not None and self._restored:
            self._file.discard()
        self._restored = []

    def _forget(self) -> None:
        self._transport.forget_cookies()
        if self._kept:
            self._transport.set_cookie(COOKIE_PROBE)
        self._logged_in_at = None
        self._acknowledged = False

    def _exchange(
        self,
        method: str,
        path: str,
        query: t.Mapping[str, str] | None,
        form: list[tuple[str, str]] | None,
        read_seconds: float | None,
    ) -> ocs.Reply:
        if self._logged_in_at is None:
            self._logged_in_at = self._clock()
        parameters = {**(query or {}), "format": "json"}
        answer = self._transport.send(method, path, query=parameters, form=form, read_seconds=read_seconds)
        name = self._transport.name(method, path)
        reply = ocs.parse(
            answer.status, answer.headers, answer.body, name, is_write=method != "GET", own_codes=self._own_codes
        )
        self._acknowledged = reply.code != ocs.UNAUTHORISED
        return reply
