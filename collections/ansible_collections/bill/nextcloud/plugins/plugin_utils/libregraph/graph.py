# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading answers of LibreGraph, and what is wrong whatever was asked. The HTTP status is the truth.

Source: OpenCloud 0.1.0, ``services/graph/pkg/errorcode/errorcode.go``, and recorded answers.
"""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.transport import Answer

_MAX_MESSAGE = 300
_NO_CONTENT = 204
# Faults that are the cloud's, whatever was asked. It has no maintenance mode of its own: 503 is what stands before it.
_FAULTS = {401: "wrong_credentials", 429: "rate_limited", 503: "maintenance"}
_GONE = frozenset(
    {"not found", "user not found", "object does not exists", "drive not found", "no drive returned from storage"}
)
"""The words of a 404 that is one. A directory that cannot be searched is answered with 404 as well ("user search
failed", "user lookup failed", nothing at all), so any others are a fault. Source: ``services/graph/pkg/identity/
{backend,ldap,ldap_group}.go``, ``services/graph/pkg/service/v0/{users,drives}.go``; the first and the last two are
recorded."""
READ_ONLY = "The cloud's accounts are kept in another directory, which it may not change."


@dataclass(frozen=True)
class Reply:
    """A valid answer to one call: what was asked for, or a refusal."""

    request: str
    status: int
    data: t.Any
    """None: there is no body, as there should be none."""
    message: str = ""

    @property
    def ok(self) -> bool:
        """Whether the call was carried out."""
        return 200 <= self.status < 300

    @property
    def missing(self) -> bool:
        """Whether the cloud says that the thing addressed does not exist."""
        return self.status == 404

    def error(self, code: str, message: str | None = None) -> CloudError:
        """Return this reply as a definite refusal.

        :param message: what happened; the cloud's own words come after it.
        """
        said = f'The cloud says: "{self.message}".' if self.message else ""
        words = " ".join(part for part in (message, said) if part)
        return CloudError(code, words, request=self.request, http_status=self.status)


def parse(answer: Answer, request: str, *, is_write: bool) -> Reply:
    """Read an answer.

    :param is_write: a change was asked for, so a fault may leave its outcome unknown.
    :raises CloudError: for everything that concerns the cloud or the log-in and not this very call; and
        ``backend_refused`` for a directory of accounts that the cloud may only read.
    """
    status = answer.status
    if status in _FAULTS:
        raise CloudError(_FAULTS[status], "", request=request, http_status=status)
    if status == _NO_CONTENT and not answer.body:
        return Reply(request, status, None)
    value = _read_json(answer.body)
    if 200 <= status < 300 and isinstance(value, (dict, list)):
        return Reply(request, status, value)
    message = _message(value)
    if message is None or status < 400:
        code = "server_error" if status >= 500 else "not_an_answer"
        raise CloudError(
            code, f"HTTP status {status}, no LibreGraph.", request=request, http_status=status, outcome_unknown=is_write
        )
    reply = Reply(request, status, None, message)
    if status == 403:
        raise reply.error("write_not_permitted")
    if status == 405:
        raise reply.error("backend_refused", READ_ONLY)
    unclear = status == 404 and message.lower() not in _GONE
    if status == 423 or status >= 500 or unclear:
        fault = reply.error("server_error", "Its directory of accounts may be out of reach." if unclear else None)
        raise fault.recoded("server_error", fault.message, outcome_unknown=is_write and status != 423)
    return reply


def require(reply: Reply, codes: t.Mapping[int, str]) -> None:
    """Raise a definite refusal unless the call was carried out.

    :param codes: HTTP status -> code of ``errors.TABLE``; anything else is ``refused``.
    """
    if not reply.ok:
        raise reply.error(codes.get(reply.status, "refused"))


def read_object(reply: Reply) -> dict[str, t.Any]:
    """Return the object of an answer.

    :raises CloudError: ``not_an_answer``.
    """
    if not isinstance(reply.data, dict):
        raise reply.error("not_an_answer", "It holds no object.")
    return reply.data


def read_list(reply: Reply) -> list[dict[str, t.Any]]:
    """Return the objects of a list. Members come as a bare list, everything else as ``value``; null is an empty one.

    :raises CloudError: ``not_an_answer``.
    """
    found = reply.data
    if isinstance(found, dict) and "value" in found:
        found = [] if found["value"] is None else found["value"]
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise reply.error("not_an_answer", "It holds no list.")
    return found


def read_text(reply: Reply, record: t.Any, key: str) -> str:
    """Return a text that has to be there.

    :raises CloudError: ``not_an_answer``.
    """
    value = record.get(key) if isinstance(record, dict) else None
    if not isinstance(value, str) or not value:
        raise reply.error("not_an_answer", f"It holds no {key}.")
    return value


def _read_json(body: bytes) -> t.Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _message(value: t.Any) -> str | None:
    """Return the message of an error, or None when it is none of LibreGraph."""
    error = value.get("error") if isinstance(value, dict) else None
    if not isinstance(error, dict) or not isinstance(error.get("code"), str):
        return None
    message = error.get("message")
    return " ".join(message.split())[:_MAX_MESSAGE] if isinstance(message, str) else ""
