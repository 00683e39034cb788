# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP requests to a cloud, each within a total time; what the answers mean is for others to say.

Nothing is repeated, and no redirect is followed. All faults of the transport become :class:`CloudError`, whose
``outcome_unknown`` tells whether a change may have taken effect nevertheless.
"""

from __future__ import annotations

import contextlib
import ssl
import typing as t
from dataclasses import dataclass, field
from http.cookiejar import Cookie as StoredCookie
from http.cookiejar import CookieJar

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.credentials import Credentials
from ansible_collections.bill.nextcloud.plugins.plugin_utils.deadline import Watch, watched_adapter
from ansible_collections.bill.nextcloud.plugins.plugin_utils.endpoint import Endpoint

with contextlib.suppress(ImportError):  # see deadline.MISSING_LIBRARY
    import requests

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
MAX_BODY_BYTES = 16 * 1024 * 1024

_PIECE_BYTES = 64 * 1024
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, read to its end."""

    status: int
    headers: t.Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Cookie:
    """What a cloud has us bring along."""

    name: str
    value: str = field(repr=False)
    domain: str = ""
    path: str = "/"
    secure: bool = False


class Cookies(CookieJar):
    """The cookies of one session, which several threads may send and be given at the same time."""

    _cookies_lock: t.Any

    def __iter__(self) -> t.Iterator[StoredCookie]:
        """Go through those of this moment; CookieJar itself would meet what other threads add meanwhile."""
        with self._cookies_lock:
            return iter(list(super().__iter__()))

    def bring(self, cookie: Cookie) -> None:
        """Bring a cookie along."""
        self.set_cookie(
            requests.cookies.create_cookie(  # type: ignore[no-untyped-call]
                cookie.name, cookie.value, domain=cookie.domain, path=cookie.path, secure=cookie.secure
            )
        )

    def brought(self) -> list[Cookie]:
        """Return the cookies that are brought along."""
        return [
            Cookie(one.name, one.value or "", one.domain, one.path, one.secure) for one in self if not one.is_expired()
        ]


class _Line:
    """What sends one request at a time, by a connection that is kept."""

    def __init__(self) -> None:
        self.watch = Watch()
        self.http = requests.Session()
        self.http.trust_env = False  # no proxies, no .netrc, no CA bundle of the caller's environment
        adapter = watched_adapter(self.watch)
        self.http.mount("https://", adapter)
        self.http.mount("http://", adapter)


class Transport:
    """The way to one cloud, for any number of threads: each request has a line of its own while it lasts.

    :param endpoint: where the cloud is.
    :param credentials: sent with every request; None: with none.
    :param headers: sent with every request, too.
    :param connect_seconds: how long a connection may take.
    :param read_seconds: how long an answer may take; single requests may say otherwise.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        credentials: Credentials | None,
        *,
        headers: t.Mapping[str, str],
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self.endpoint = endpoint
        self._connect_seconds = connect_seconds
        self._read_seconds = read_seconds
        self._credentials = credentials
        self._headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",  # so that the limit of the body is that of what is read
            "User-Agent": "bill.nextcloud",
            **headers,
        }
        self._cookies = Cookies()
        self._idle: list[_Line] = []

    def close(self) -> None:
        """Close the connections, when no request is under way any more."""
        for line in self._idle:
            line.http.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        query: t.Mapping[str, str] | None = None,
        form: list[tuple[str, str]] | None = None,
        json: t.Any = None,
        cookies: Cookies | None = None,
        read_seconds: float | None = None,
        max_bytes: int | None = None,
    ) -> Answer:
        """Send a request and read the answer within ``connect + read`` seconds in all.

        :param path: below the cloud's root, percent-encoded.
        :param form: fields of the body.
        :param json: the body; not together with ``form``.
        :param cookies: are brought along, and take those of the answer; None: those of all requests without any.
        :param read_seconds: how long the answer may take.
        :param max_bytes: how long its body may be.
        :raises CloudError: ``unreachable``, ``timeout``, ``certificate_not_verified``, ``redirected``, or
            ``not_an_answer`` for a body that is too large.
        """
        line = self._take_line()
        line.http.cookies = self._cookies if cookies is None else cookies  # type: ignore[assignment]
        try:
            return self._send(
                line,
                method,
                path,
                {"params": query, "data": form, "json": json},
                read_seconds or self._read_seconds,
                max_bytes or MAX_BODY_BYTES,
            )
        finally:
            self._idle.append(line)

    def name(self, method: str, path: str) -> str:
        """Return how messages call a request."""
        return f"{method} {self.endpoint.path(path)}"

    def _take_line(self) -> _Line:
        """Return a line that nobody uses; the last one that was used, whose connection is the youngest."""
        with contextlib.suppress(IndexError):
            return self._idle.pop()
        line = _Line()
        line.http.verify = self.endpoint.verify
        line.http.auth = self._credentials.auth() if self._credentials is not None else None
        line.http.headers.update(self._headers)
        return line

    def _send(
        self, line: _Line, method: str, path: str, content: dict[str, t.Any], read_seconds: float, max_bytes: int
    ) -> Answer:
        name = self.name(method, path)
        line.watch.start(self._connect_seconds + read_seconds)
        try:
            with line.http.request(
                method,
                self.endpoint.url(path),
                **content,
                timeout=(self._connect_seconds, read_seconds),
                allow_redirects=False,
                stream=True,
            ) as response:
                body = self._read_body(response, name, method, max_bytes)
                answer = Answer(response.status_code, dict(response.headers), body)
            if line.watch.expired:  # without Content-Length a connection cut by the watch looks like a complete body
                raise requests.exceptions.ReadTimeout()
        except (requests.exceptions.RequestException, OSError) as error:
            raise _fault(line.watch, error, method, name) from error
        except ValueError as error:  # not its own words: they may repeat a secret
            raise CloudError("invalid_url", "The request cannot be made of it.", request=name) from error
        finally:
            line.watch.stop()
        if answer.status in _REDIRECTS:
            target = self.endpoint.redirect_target(answer.headers.get("Location", ""))
            raise CloudError("redirected", f"It points to {target}.", request=name, http_status=answer.status)
        return answer

    def _read_body(self, response: requests.Response, name: str, method: str, max_bytes: int) -> bytes:
        pieces: list[bytes] = []
        size = 0
        for piece in response.iter_content(_PIECE_BYTES):
            size += len(piece)
            if size > max_bytes:
                raise CloudError(
                    "not_an_answer",
                    f"It is larger than {max_bytes} bytes.",
                    request=name,
                    http_status=response.status_code,
                    outcome_unknown=method != "GET",
                )
            pieces.append(piece)
        return b"".join(pieces)


def _fault(watch: Watch, error: Exception, method: str, name: str) -> CloudError:
    """Turn a fault of the transport into an error; only what was sent can have an unknown outcome."""
    sent = watch.sent
    unknown = sent and method != "GET"
    certificate = _certificate_fault(error)
    if certificate is not None and not sent:
        return CloudError("certificate_not_verified", certificate, request=name)
    if watch.expired or isinstance(error, requests.exceptions.Timeout):
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
