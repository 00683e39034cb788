# SPDX-License-Identifier: GPL-3.0-or-later
"""The OCS envelope: meta and data, as JSON or XML, for version 1 and 2 of the API."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any
from xml.sax.saxutils import escape

UNAUTHORISED = 997
NOT_FOUND = 998
UNKNOWN_ROUTE = (
    "Invalid query, please check the syntax. API specifications are here:"
    " http://www.freedesktop.org/wiki/Specifications/open-collaboration-services.\n"
)
SERVER_ERROR = 996
UNKNOWN_ERROR = 999


class OcsError(Exception):
    """An answer that is not a success: OCS status code and message.

    early: raised before the request reached a controller. Such answers look at `format` only, never at `Accept`.
    data: what the answer holds besides, usually nothing.
    """

    def __init__(
        self,
        code: int,
        message: str = "",
        *,
        early: bool = False,
        headers: dict[str, str] | None = None,
        data: Any = None,
    ) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
        self.early = early
        self.headers = headers or {}
        self.data: Any = [] if data is None else data


@dataclass(frozen=True)
class Answer:
    """One HTTP answer, independent of the web framework."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def http_status(code: int, version: int) -> int:
    """The HTTP status of an OCS status code. Version 1 answers 200 to nearly everything."""
    if code == UNAUTHORISED:
        return 401
    if version == 1:
        return 200
    special = {NOT_FOUND: 404, SERVER_ERROR: 500, UNKNOWN_ERROR: 500}
    if code in special:
        return special[code]
    return code if 200 <= code < 600 else 400


def _plain(value: Any) -> Any:
    """PHP has one kind of array: an empty mapping is written as an empty list."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()} or []
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _xml(name: str, value: Any, depth: int) -> str:
    pad = " " * depth
    if isinstance(value, (dict, list)):
        items = value.items() if isinstance(value, dict) else (("element", item) for item in value)
        inner = "".join(_xml(key, item, depth + 1) for key, item in items)
        return f"{pad}<{name}>\n{inner}{pad}</{name}>\n" if inner else f"{pad}<{name}/>\n"
    if value is None:
        return f"{pad}<{name}/>\n"
    text = ("1" if value else "") if isinstance(value, bool) else escape(str(value))
    return f"{pad}<{name}>{text}</{name}>\n"


def envelope(version: int, wants_json: bool, code: int, message: str, data: Any, headers: dict[str, str]) -> Answer:
    """Wrap `data`. `code` is the code of version 2; success becomes 100 in version 1."""
    success = code == 200
    meta: dict[str, Any] = {
        "status": "ok" if success else "failure",
        "statuscode": 100 if success and version == 1 else code,
        "message": message,
    }
    if version == 1:
        meta |= {"totalitems": "", "itemsperpage": ""}
    return written(http_status(code, version), meta, data, headers, wants_json=wants_json)


def written(
    status: int,
    meta: dict[str, Any],
    data: Any,
    headers: dict[str, str],
    *,
    wants_json: bool,
    xml_type: str = "application/xml; charset=utf-8",
) -> Answer:
    """The answer of HTTP status `status` with this meta and data. xml_type: Content-Type of an answer in XML."""
    content = {"ocs": {"meta": meta, "data": _plain(data)}}
    if wants_json:
        body, kind = json.dumps(content, separators=(",", ":")), "application/json; charset=utf-8"
    else:
        body, kind = '<?xml version="1.0"?>\n' + _xml("ocs", content["ocs"], 0), xml_type
    return Answer(status, body.encode(), {"Content-Type": kind, **headers})


def legacy_router_answer(version: int, wants_json: bool, error: OcsError) -> Answer:
    """An answer that no controller gives, of a release with `release.Release.legacy_router`: without the numbers of a
    page in version 1; with the HTTP status for the code in version 2, except where nobody is logged in, which is XML
    whatever was asked for."""
    unauthorised = error.code == UNAUTHORISED
    status = http_status(error.code, version)
    code = error.code if unauthorised or version == 1 else status
    answer = envelope(2, wants_json and not unauthorised, code, error.message, error.data, error.headers)
    if not wants_json or unauthorised:
        answer.headers["Content-Type"] = "text/xml; charset=UTF-8"
    return replace(answer, status=status)
