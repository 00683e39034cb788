# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers in the form of LibreGraph: JSON, and errors with a code, a message and a request id."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

from standins.cloud.ocs import Answer

VERSION = "0.1.0"
PRODUCT_VERSION = "0.1.0+ebba86148"
GRAPH_HEADERS = {"X-Graph-Version": PRODUCT_VERSION}
JSON_HEADERS = {"Content-Type": "application/json"}
NO_PAGE = b"404 page not found\n"
TEXT_HEADERS = {"Content-Type": "text/plain; charset=utf-8"}
# services/graph/pkg/errorcode/errorcode.go
_CODE_OF_STATUS = {
    400: "invalidRequest",
    403: "accessDenied",
    404: "itemNotFound",
    405: "notAllowed",
    409: "nameAlreadyExists",
    412: "preconditionFailed",
    423: "itemIsLocked",
    429: "activityLimitReached",
    503: "serviceNotAvailable",
}


class GraphError(Exception):
    """An answer that is not a success. code: what LibreGraph calls it; None takes the one that the status has."""

    def __init__(self, status: int, message: str, code: str | None = None) -> None:
        super().__init__(f"{status} {message}")
        self.status = status
        self.message = message
        self.code = code or _CODE_OF_STATUS.get(status, "generalException")

    def answer(self, headers: Mapping[str, str] = GRAPH_HEADERS) -> Answer:
        """The error as JSON."""
        inner = {"date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "request-id": str(uuid.uuid4())}
        content = {"error": {"code": self.code, "innererror": inner, "message": self.message}}
        return Answer(self.status, encoded(content), JSON_HEADERS | dict(headers))


def not_found() -> GraphError:
    """The answer for an account or a group that does not exist."""
    return GraphError(404, "not found")


def invalid(message: str) -> GraphError:
    """The answer to a request that cannot be understood or is not permitted in this form."""
    return GraphError(400, message)


def encoded(content: Any) -> bytes:
    """JSON as the server writes it: keys in order of the alphabet, a line end behind."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def graph_answer(content: Any, status: int = 200) -> Answer:
    """A success with a body."""
    return Answer(status, encoded(content), JSON_HEADERS | GRAPH_HEADERS)


def no_content() -> Answer:
    """A success without a body."""
    return Answer(204, b"", dict(GRAPH_HEADERS))


def sabre_error(exception: str, message: str) -> bytes:
    """The body of an error of WebDAV."""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<d:error xmlns:d="DAV" xmlns:s="http://sabredav.org/ns">'
        f"<s:exception>Sabre\\DAV\\Exception\\{exception}</s:exception><s:message>{message}</s:message>"
        "<s:errorcode></s:errorcode></d:error>"
    )
    return text.encode()
