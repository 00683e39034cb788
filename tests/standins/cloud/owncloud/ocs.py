# SPDX-License-Identifier: GPL-3.0-or-later
"""ownCloud's OCS envelope. Version 2 folds most codes into 400; version 1 keeps them."""

from __future__ import annotations

from typing import Any

from standins.cloud import ocs
from standins.cloud.ocs import NOT_FOUND, SERVER_ERROR, UNAUTHORISED, UNKNOWN_ERROR, Answer
from standins.cloud.product import HttpRequest

SUCCESS = 100
UNKNOWN_ROUTE = ocs.UNKNOWN_ROUTE.rstrip("\n") + " DEBUG OUTPUT:\n"
_FOLDED = {SUCCESS: 200, NOT_FOUND: 404, SERVER_ERROR: 500, UNKNOWN_ERROR: 500, 104: 403}
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="Authorisation Required"'}


class EmptyAnswer(Exception):
    """The real server fails half-way: HTTP 200 without a body, and nothing is done."""


def unauthorised(message: str = "") -> ocs.OcsError:
    """997: for a wrong log-in, and as well for everything that the acting account must not do."""
    return ocs.OcsError(UNAUTHORISED, message, headers=_CHALLENGE)


def envelope(
    request: HttpRequest,
    code: int,
    message: str | None,
    *,
    data: Any = None,
    headers: dict[str, str] | None = None,
    status: int | None = None,
    framework: bool = False,
) -> Answer:
    """Wrap `data`. code: that of version 1; status: HTTP status of an answer whose code is told as it is.

    framework: answered by an app's controller, as `cloud/user` is; these have more in their meta.
    """
    if status is None:
        code = code if request.ocs_version == 1 else _folded(code)
        status = ocs.http_status(code, request.ocs_version)
    success = code in (SUCCESS, 200)
    meta: dict[str, Any] = {"status": "ok" if success else "failure", "statuscode": code, "message": message or None}
    if framework:
        meta |= {"totalitems": "", "itemsperpage": ""}
    return ocs.written(
        status,
        meta,
        [] if data is None else data,
        headers or {},
        wants_json=request.wants_json,
        xml_type="text/xml; charset=UTF-8",
    )


def _folded(code: int) -> int:
    if code == UNAUTHORISED or 200 <= code < 600:
        return code
    return _FOLDED.get(code, 400)
