# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One log-in to the OCS API of a cloud.

:class:`Session` sends a request and returns a :class:`Reply` when, and only when, a valid OCS envelope came back that
says neither "log in", "not allowed", "maintenance", "too many" nor "internal error": those and all transport faults
become :class:`CloudError`, whose ``outcome_unknown`` tells whether a change may have taken effect nevertheless.
"""

from __future__ import annotations

import contextlib
import ssl
import time
import typing as t
from dataclasses import dataclass

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils import ocs
from ansible_collections.bill.nextcloud.plugins.plugin_utils.deadline import Watch, watched_adapter
from ansible_collections.bill.nextcloud.plugins.plugin_utils.endpoint import Endpoint

with contextlib.suppress(ImportError):  # see deadline.MISSING_LIBRARY
    import requests
    from requests.auth import HTTPBasicAuth

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
MAX_BODY_BYTES = 16 * 1024 * 1024
MAX_COOKIE_SECONDS = 25 * 60.0
"""A session's log-in confirms writes for 30 minutes (seen on Nextcloud 31: minute 30 yes, minute 31 no)."""

COOKIE_PROBE = "cookie_test"
"""The cookie by which Nextcloud tests whether a client keeps cookies. It sets it at the first log-in and keeps a
session only from the second one on; a client that brings it has its session at once: one check of the password less."""

_PIECE_BYTES = 64 * 1024


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: t.Mapping[str, str]
    body: bytes


class Session:
    """Requests with the credentials of one account.

    Cookies are kept (they save the server the password check) but never longer than 25 minutes.

    :param endpoint: where the cloud is.
    :param username: the log-in name.
    :param password: its password.
    :param clock: returns seconds, never going backwards.
    :param read_seconds: how long an answer may take; single requests may say otherwise.
    :param kept: whether more than one request is to come; otherwise the cloud is not made to keep a session, which
        would show among the account's devices.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        username: str,
        password: str,
        *,
        clock: t.Callable[[], float] = time.monotonic,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
        kept: bool = True,
    ) -> None:
        self._endpoint = endpoint
        self._kept = kept
        self._clock = clock
        self._connect_seconds = connect_seconds
        self._read_seconds = read_seconds
        self._watch = Watch()
        self._logged_in_at: float | None = None
        self._http = requests.Session()
        self._http.trust_env = False  # no proxies, no .netrc, no CA bundle of the caller's environment
        self._http.verify = endpoint.verify
        self._http.auth = HTTPBasicAuth(username.encode(), password.encode())  # text would be sent as Latin-1
        self._http.headers.update(
            {
                "OCS-APIRequest": "true",
                "Accept": "application/json",
                "Accept-Encoding": "identity",  # so that the limit of the body is that of what is read
                "User-Agent": "bill.nextcloud",
            }
        )
        adapter = watched_adapter(self._watch)
        self._http.mount("https://", adapter)
        self._http.mount("http://", adapter)
        self._log_out()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

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
        ran, so the cookies are dropped and it is repeated once. A 403 on a fresh log-in is final.

        :param path: below the cloud's root, percent-encoded, for instance ``/ocs/v2.php/cloud/users/anna``.
        :param query: added to ``format=json``.
        :param form: fields of the body.
        :param read_seconds: how long the answer may take.
        :raises CloudError: see the module.
        """
        if self._logged_in_at is not None and self._clock() - self._logged_in_at > MAX_COOKIE_SECONDS:
            self._log_out()
        fresh = self._logged_in_at is None
        try:
            return self._exchange(method, path, query, form, read_seconds)
        except CloudError as error:
            if error.code != "write_not_permitted" or fresh:
                raise
        self._log_out()
        return self._exchange(method, path, query, form, read_seconds)

    def read_status(self) -> t.Any:
        """Return the object of ``GET status.php``, which a cloud tells anybody, in maintenance as well.

        :raises CloudError: ``not_an_answer`` when it is no JSON object, and the faults of the transport.
        """
        path = "/status.php"
        name = f"GET {self._endpoint.path(path)}"
        answer = self._send("GET", path, {}, None, self._read_seconds, name)
        status = ocs.read_object(answer.body)
        if status is None or "installed" not in status:
            raise CloudError("not_an_answer", f"HTTP status {answer.status}.", request=name, http_status=answer.status)
        return status

    def _log_out(self) -> None:
        self._http.cookies.clear()
        if self._kept:
            self._http.cookies.set(COOKIE_PROBE, "test")
        self._logged_in_at = None

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
        name = f"{method} {self._endpoint.path(path)}"
        parameters = {**(query or {}), "format": "json"}
        answer = self._send(method, path, parameters, form, read_seconds or self._read_seconds, name)
        return ocs.parse(answer.status, answer.headers, answer.body, name, is_write=method != "GET")

    def _send(
        self,
        method: str,
        path: str,
        parameters: t.Mapping[str, str],
        form: list[tuple[str, str]] | None,
        read_seconds: float,
        name: str,
    ) -> _Answer:
        """Send the request and read the answer, which is no redirect, within ``connect + read`` seconds in all."""
        self._watch.start(self._connect_seconds + read_seconds)
        try:
            with self._http.request(
                method,
                self._endpoint.url(path),
                params=parameters,
                data=form,
                timeout=(self._connect_seconds, read_seconds),
                allow_redirects=False,
                stream=True,
            ) as response:
                answer = _Answer(response.status_code, dict(response.headers), self._read_body(response, name, method))
            if self._watch.expired:  # without Content-Length a connection cut by the watch looks like a complete body
                raise requests.exceptions.ReadTimeout()
        except (requests.exceptions.RequestException, OSError) as error:
            raise self._transport_fault(error, method, name) from error
        finally:
            self._watch.stop()
        if answer.status in (301, 302, 303, 307, 308):
            target = self._endpoint.redirect_target(answer.headers.get("Location", ""))
            raise CloudError("redirected", f"It points to {target}.", request=name, http_status=answer.status)
        return answer

    def _read_body(self, response: requests.Response, name: str, method: str) -> bytes:
        pieces: list[bytes] = []
        size = 0
        for piece in response.iter_content(_PIECE_BYTES):
            size += len(piece)
            if size > MAX_BODY_BYTES:
                raise CloudError(
                    "not_an_answer",
                    f"It is larger than {MAX_BODY_BYTES} bytes.",
                    request=name,
                    http_status=response.status_code,
                    outcome_unknown=method != "GET",
                )
            pieces.append(piece)
        return b"".join(pieces)

    def _transport_fault(self, error: Exception, method: str, name: str) -> CloudError:
        """Turn a fault of the transport into an error; only what was sent can have an unknown outcome."""
        sent = self._watch.sent
        unknown = sent and method != "GET"
        certificate = _certificate_fault(error)
        if certificate is not None and not sent:
            return CloudError("certificate_not_verified", certificate, request=name)
        if self._watch.expired or isinstance(error, requests.exceptions.Timeout):
            message = "No complete answer in time." if sent else "No connection in time."
            return CloudError("timeout", message, request=name, outcome_unknown=unknown, cloud_wide=not sent)
        if sent:
            return CloudError("unreachable", "The connection was cut.", request=name, outcome_unknown=unknown)
        return CloudError("unreachable", f"{_innermost(error)}.", request=name, cloud_wide=True)


def _chain(error: BaseException) -> t.Iterator[BaseException]:
    """Yield an exception and what lies below it, in any of the places where urllib3 and requests keep that."""
    seen: set[int] = set()
    waiting: list[t.Any] = [error]
    while waiting:
        current = waiting.pop(0)
        if isinstance(current, BaseException) and id(current) not in seen:
            seen.add(id(current))
            yield current
            waiting += [getattr(current, "reason", None), *current.args, current.__cause__, current.__context__]


def _certificate_fault(error: BaseException) -> str | None:
    for fault in _chain(error):
        if isinstance(fault, ssl.SSLCertVerificationError):
            return f"{fault.verify_message}."
    return None


def _innermost(error: BaseException) -> str:
    """Return the operating system's words for a fault, which are short and hold no address book of Python objects."""
    for fault in _chain(error):
        if isinstance(fault, ssl.SSLError):
            return "TLS: %s" % (fault.reason or "handshake failed")
        if isinstance(fault, requests.exceptions.RequestException):
            continue  # it is an OSError as well, with the text of everything below it
        if isinstance(fault, OSError) and fault.strerror:
            return fault.strerror
    return type(error).__name__
