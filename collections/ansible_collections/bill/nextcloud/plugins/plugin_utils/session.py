# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One log-in to the OCS API of a cloud.

:class:`Session` sends a request and returns a :class:`Reply` when, and only when, a valid OCS envelope came back that
says neither "log in", "not allowed", "maintenance", "too many" nor "internal error": those and all transport faults
become :class:`CloudError`, whose ``outcome_unknown`` tells whether a change may have taken effect nevertheless.
"""

from __future__ import annotations

import threading
import time
import typing as t
from dataclasses import dataclass, field

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils import ocs
from ansible_collections.bill.nextcloud.plugins.plugin_utils.credentials import Credentials
from ansible_collections.bill.nextcloud.plugins.plugin_utils.endpoint import Endpoint
from ansible_collections.bill.nextcloud.plugins.plugin_utils.first_request import FirstRequest
from ansible_collections.bill.nextcloud.plugins.plugin_utils.places import Places
from ansible_collections.bill.nextcloud.plugins.plugin_utils.session_file import MAX_SESSION_SECONDS, SessionFile
from ansible_collections.bill.nextcloud.plugins.plugin_utils.transport import (
    CONNECT_SECONDS,
    READ_SECONDS,
    Cookie,
    Cookies,
    Transport,
)

COOKIE_PROBE = Cookie("cookie_test", "test")
"""The cookie by which Nextcloud and ownCloud test whether a client keeps cookies. They set it at the first log-in and
keep a session only from the second one on; a client that brings it has its session at once: one check of the password
less."""

_REFUSALS = ("wrong_credentials", "write_not_permitted")
"""Codes of what refuses the session, or whose it is."""


@dataclass
class _LogIn:
    """A log-in and what it has left: the session that the cloud keeps for us."""

    cookies: Cookies = field(default_factory=Cookies)
    since: float | None = None
    """When its first request was sent, by the clock; None: none was."""
    restored: t.Sequence[Cookie] = ()
    """The cookies of an earlier task's session."""
    acknowledged: bool = False
    """Whether the last answer shows that the cloud takes it."""
    first: FirstRequest = field(default_factory=FirstRequest)
    refused: bool = False
    """Whether its first request was."""

    def own_cookies(self) -> list[Cookie]:
        """Return the cookies that are the session."""
        cookies = [cookie for cookie in self.cookies.brought() if cookie.name != COOKIE_PROBE.name]
        return sorted(cookies, key=lambda cookie: (cookie.domain, cookie.path, cookie.name))


@dataclass(frozen=True)
class _Asked:
    """A request, as :meth:`Session.request` is given it."""

    method: str
    path: str
    query: t.Mapping[str, str] | None
    form: list[tuple[str, str]] | None
    read_seconds: float | None
    limited: bool


class _SessionEnded(Exception):
    """A request was refused because its session has ended; a new one is to be begun."""

    def __init__(self, refusal: CloudError) -> None:
        super().__init__(refusal)
        self.refusal = refusal


class Session:
    """Requests with the credentials of one account, from any thread.

    Cookies are kept (they save the server the password check) but never longer than 25 minutes. The credentials go
    along all the same, so a cloud that has forgotten the session just logs in. All threads share one session, which the
    first request begins while the others wait: Nextcloud closes its session before it begins to work, so requests with
    the same cookie do not wait for each other (measured on release 31, with PHP's sessions in files).

    :param endpoint: where the cloud is.
    :param credentials: of the account.
    :param clock: returns seconds, never going backwards.
    :param connect_seconds: how long a connection may take.
    :param read_seconds: how long an answer may take; single requests may say otherwise.
    :param own_codes: codes that are a reply of the call itself, see :func:`ocs.parse`.
    :param kept: whether more than one request is to come; otherwise the cloud is not made to keep a session, which
        would show among the account's devices.
    :param file: has the session of an earlier task, and gets this one.
    :param places: for the requests of the task; None: those of this session are the only ones, one at a time.
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
        places: Places | None = None,
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
        self._places = places or Places(1)
        self._lock = threading.Lock()
        self._log_in = self._restored_log_in() or self._new_log_in()

    def close(self) -> None:
        """Close the connections, and keep the session if the cloud has acknowledged it."""
        log_in = self._log_in
        if self._file is not None and log_in.since is not None and log_in.acknowledged:
            cookies = log_in.own_cookies()
            if cookies and cookies != log_in.restored:
                self._file.write(cookies, self._clock() - log_in.since)
        self._transport.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        query: t.Mapping[str, str] | None = None,
        form: list[tuple[str, str]] | None = None,
        read_seconds: float | None = None,
        limited: bool = False,
    ) -> ocs.Reply:
        """Send one request and return the cloud's reply, which may still be a refusal of this very call.

        A 403 on an aged session means that the cloud wants the password confirmed again; the call was refused before it
        ran, so the cookies are dropped and it is repeated once, after one new log-in for all threads. A 403 on a fresh
        log-in is final. A 401 is final, too, unless the session is an earlier task's: that may have ended, which says
        nothing of the credentials. After a final 401 nothing is sent any more.

        :param path: below the cloud's root, percent-encoded, for instance ``/ocs/v2.php/cloud/users/anna``.
        :param query: added to ``format=json``.
        :param form: fields of the body.
        :param read_seconds: how long the answer may take.
        :param limited: see :meth:`Places.taken`.
        :raises CloudError: see the module.
        """
        asked = _Asked(method, path, query, form, read_seconds, limited)
        try:
            return self._send(asked)
        except _SessionEnded as ended:
            refusal = ended.refusal
        return self._send(asked, refusal)

    def _send(self, asked: _Asked, refusal: CloudError | None = None) -> ocs.Reply:
        """Send a request with the newest log-in, once the cloud has taken that.

        :param refusal: the answer of a session that has ended; the request is being repeated.
        :raises _SessionEnded: unless it is.
        """
        while True:
            log_in = self._newest()
            with log_in.first.before() as first:
                if log_in is not self._log_in:  # it has ended meanwhile
                    continue
                if refusal is not None and log_in.refused:  # so would this one be
                    raise refusal
                with self._places.taken(limited=asked.limited):
                    return self._exchange(log_in, asked, first=first, repeated=refusal is not None)

    def _newest(self) -> _LogIn:
        with self._lock:
            since = self._log_in.since
            if since is not None and self._clock() - since > MAX_SESSION_SECONDS:
                self._log_out()
            return self._log_in

    def _restored_log_in(self) -> _LogIn | None:
        """Go on with the session of an earlier task, if there is one."""
        kept = self._file.read() if self._file is not None else None
        if kept is None:
            return None
        log_in = self._new_log_in()
        for cookie in kept.cookies:
            log_in.cookies.bring(cookie)
        log_in.since = self._clock() - kept.age
        log_in.restored = log_in.own_cookies()
        return log_in

    def _new_log_in(self) -> _LogIn:
        log_in = _LogIn()
        if self._kept:
            log_in.cookies.bring(COOKIE_PROBE)
        return log_in

    def _log_out(self) -> None:
        """Drop the session; what is under way with it goes on."""
        if self._file is not None and self._log_in.restored:
            self._file.discard()
        self._log_in = self._new_log_in()

    def _exchange(self, log_in: _LogIn, asked: _Asked, *, first: bool, repeated: bool) -> ocs.Reply:
        if log_in.since is None:
            log_in.since = self._clock()
        answer = self._transport.send(
            asked.method,
            asked.path,
            query={**(asked.query or {}), "format": "json"},
            form=asked.form,
            cookies=log_in.cookies,
            read_seconds=asked.read_seconds,
        )
        name = self._transport.name(asked.method, asked.path)
        is_write = asked.method != "GET"
        try:
            reply = ocs.parse(
                answer.status, answer.headers, answer.body, name, is_write=is_write, own_codes=self._own_codes
            )
        except CloudError as error:
            if error.code not in _REFUSALS:
                raise
            log_in.acknowledged = False
            credentials = error.code == "wrong_credentials"
            fresh = first or credentials
            if repeated or (fresh and not log_in.restored):
                log_in.refused = log_in.refused or first
                if credentials:
                    log_in.first.refused(error)
                raise
            with self._lock:
                if self._log_in is log_in:
                    self._log_out()
            raise _SessionEnded(error) from error
        log_in.acknowledged = reply.code != ocs.UNAUTHORISED
        if log_in.acknowledged:
            log_in.first.succeeded()
        return reply
