# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading answers of the OCS API: the envelope, and what is wrong whatever was asked.

Nextcloud is asked in version 2 of the API, ownCloud in version 1, where alone it tells its own codes.
"""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError

_OK = (100, 200)
UNAUTHORISED = 997
"""Not logged in, or not allowed, or, where it says nothing more, a refusal of this very call."""
_SERVER_ERRORS = (500, 996, 999)
_NO_ROUTE = "Invalid query"
_NOT_PERMITTED = ("Password confirmation ", "Logged in ")
_MAX_MESSAGE = 300
_EDIT = re.compile(r"PUT \S*/cloud/users/[^/\s]+")
"""The one call whose number Nextcloud limits (``UsersController::editUser``)."""


@dataclass(frozen=True)
class Reply:
    """A valid answer of the API to one call."""

    request: str
    http_status: int
    code: int
    message: str
    data: t.Any

    @property
    def ok(self) -> bool:
        """Whether the call was carried out."""
        return self.code in _OK and 200 <= self.http_status < 300

    @property
    def missing(self) -> bool:
        """Whether the cloud says that the thing addressed does not exist (code 404 or 998)."""
        return self.code in (404, 998)

    def error(self, code: str, message: str | None = None) -> CloudError:
        """Return this reply as a definite refusal."""
        words = message or (f'The cloud says: "{self.message}".' if self.message else "")
        return CloudError(code, words, request=self.request, http_status=self.http_status, ocs_code=self.code)


def parse(
    status: int,
    headers: t.Mapping[str, str],
    body: bytes,
    request: str,
    *,
    is_write: bool,
    own_codes: frozenset[int] = frozenset(),
) -> Reply:
    """Read an answer.

    :param is_write: a change was asked for, so a fault may leave its outcome unknown.
    :param own_codes: codes by which this product may mean the very call, and not the cloud or the log-in.
    :raises CloudError: for everything that concerns the cloud or the log-in and not this very call.
    """
    reply = _envelope(status, body, request)
    maintenance = any(name.lower() == "x-nextcloud-maintenance-mode" for name in headers)
    if status == 503 and (maintenance or (reply is not None and reply.code == 503)):
        raise CloudError("maintenance", "", request=request, http_status=status, ocs_code=reply.code if reply else None)
    if reply is not None and reply.code in own_codes:
        return reply
    if status == 401 or (reply is not None and reply.code == UNAUTHORISED):
        if reply is not None and reply.code == UNAUTHORISED and not reply.message:
            return reply
        raise _unauthorised(status, reply, request)
    if status == 429 or (reply is not None and reply.code == 429):
        if reply is None:  # Nextcloud's rate limit has an empty body, and no Retry-After
            words = "It limits how often accounts may be edited." if _EDIT.fullmatch(request) else ""
            raise CloudError("rate_limited", words, request=request, http_status=status)
        raise reply.error("login_blocked")
    if reply is None:
        if status == 405:
            raise CloudError("unsupported", "HTTP status 405: no such method.", request=request, http_status=status)
        if status >= 500:
            raise CloudError(
                "server_error",
                f"HTTP status {status}.",
                request=request,
                http_status=status,
                outcome_unknown=is_write,
            )
        raise CloudError(
            "not_an_answer",
            f"HTTP status {status}, {_described(headers, body)}.",
            request=request,
            http_status=status,
            outcome_unknown=is_write,
        )
    if reply.code in (404, 998, 999) and reply.message.startswith(_NO_ROUTE):
        raise _no_route(reply, is_write=is_write)
    if reply.code == 403:
        raise reply.error("write_not_permitted")
    if status >= 500 or reply.code in _SERVER_ERRORS:
        raise CloudError(
            "server_error",
            f'The cloud says: "{reply.message}".' if reply.message else "",
            request=request,
            http_status=status,
            ocs_code=reply.code,
            outcome_unknown=is_write,
        )
    return reply


def _unauthorised(status: int, reply: Reply | None, request: str) -> CloudError:
    """Return what a 401 means that says more than nothing.

    Old releases of Nextcloud (17) answer so, with code 997, to everything that the acting account may not do. Without
    any words they refuse a single call: its account does not exist, is out of reach, or has no such field.
    """
    if reply is None:
        return CloudError("wrong_credentials", "", request=request, http_status=status)
    return reply.error("write_not_permitted" if reply.message.startswith(_NOT_PERMITTED) else "wrong_credentials")


def _no_route(reply: Reply, *, is_write: bool) -> CloudError:
    """Return the fault of a call that the cloud does not know.

    Its code is that of an account that does not exist (Nextcloud), or of a fault (ownCloud), but nothing was looked at.
    Nextcloud 17 says the same (404) of what breaks it in the middle of a change, which may have taken effect.
    """
    broken = is_write and reply.code == 404
    words = "The cloud does not know this call, or failed in it" if broken else "The cloud does not know this call"
    return CloudError(
        "not_an_answer",
        f'{words}: "{reply.message}".',
        request=reply.request,
        http_status=reply.http_status,
        ocs_code=reply.code,
        outcome_unknown=broken,
    )


def read_object(body: bytes) -> dict[str, t.Any] | None:
    """Return the JSON object of a body, or None when it is none."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def require(reply: Reply, codes: t.Mapping[int, str]) -> None:
    """Raise a definite refusal unless the call was carried out.

    :param codes: own code of the call -> code of ``errors.TABLE``; anything else is ``refused``.
    """
    if not reply.ok:
        raise reply.error(codes.get(reply.code, "refused"))


def read_capabilities(reply: Reply) -> dict[str, t.Any]:
    """Return what is in the answer to ``GET capabilities``.

    :raises CloudError: ``not_an_answer``.
    """
    capabilities = reply.data.get("capabilities") if isinstance(reply.data, dict) else None
    if not isinstance(capabilities, dict):
        raise reply.error("not_an_answer", "It holds no capabilities.")
    return capabilities


def read_list(reply: Reply, key: str) -> list[t.Any]:
    """Return a list in an answer.

    :raises CloudError: ``not_an_answer``.
    """
    return _list(reply, reply.data.get(key) if isinstance(reply.data, dict) else None, key)


def read_names(reply: Reply, key: str) -> list[str]:
    """Return the list of names in an answer.

    :raises CloudError: ``not_an_answer``.
    """
    return _names(reply, read_list(reply, key), key)


def read_bare_names(reply: Reply, what: str) -> list[str]:
    """Return the names in an answer that is nothing but their list.

    :param what: what they name, for the message.
    :raises CloudError: ``not_an_answer``.
    """
    return _names(reply, _list(reply, reply.data, what), what)


def _list(reply: Reply, found: t.Any, what: str) -> list[t.Any]:
    """Return a list, of which PHP makes an object when it has holes or names."""
    if isinstance(found, dict):
        return list(found.values())
    if not isinstance(found, list):
        raise reply.error("not_an_answer", f"It holds no list of {what}.")
    return found


def _names(reply: Reply, names: list[t.Any], what: str) -> list[str]:
    """Return names as text: PHP makes numbers of those of digits."""
    if any(isinstance(n, bool) or not isinstance(n, (str, int)) for n in names):
        raise reply.error("not_an_answer", f"It holds no list of {what}.")
    return [str(name) for name in names]


def _envelope(status: int, body: bytes, request: str) -> Reply | None:
    """Return the envelope, or None when the body is none."""
    try:
        envelope = json.loads(body)["ocs"]
        meta, data = envelope["meta"], envelope["data"]
        code = meta["statuscode"]
        message = meta.get("message")
        word = meta["status"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if isinstance(code, bool) or not isinstance(code, int) or (word == "ok") is not (code in _OK):
        return None
    text = " ".join(message.split())[:_MAX_MESSAGE] if isinstance(message, str) else ""
    return Reply(request, status, code, text, data)


def _described(headers: t.Mapping[str, str], body: bytes) -> str:
    if not body:
        return "empty"
    kinds = [value for name, value in headers.items() if name.lower() == "content-type"]
    kind = kinds[0].split(";")[0] if kinds else "unknown type"
    return f"{len(body)} bytes of {kind}"
