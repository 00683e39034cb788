# SPDX-License-Identifier: GPL-3.0-or-later
"""The exchanges recorded from a real Nextcloud 31.0.6."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FILE = Path(__file__).parent / "recordings" / "nextcloud-31.0.6.jsonl"
# Bytes that the example files of a new account took on the recorded server.
RECORDED_SKELETON = 17544006


@dataclass(frozen=True)
class Recording:
    """One exchange. body: a text, a size ("1024 bytes"), or None; second: made on a second, empty installation."""

    name: str
    method: str
    path: str
    query: dict[str, str]
    form: dict[str, Any] | None
    json: dict[str, Any] | None
    body: str | None
    headers: dict[str, str]
    auth: str
    status: int
    response_headers: dict[str, str]
    response_body: str
    second: bool


def load() -> list[Recording]:
    """All recordings in the order in which they were made."""
    recordings = []
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        data = json.loads(line)
        request, response = data["request"], data["response"]
        recordings.append(
            Recording(
                name=data["name"],
                method=request["method"],
                path=request["path"],
                query=request["query"],
                form=request["form"],
                json=request.get("json"),
                body=request.get("body"),
                headers=request["headers"],
                auth=request["auth"],
                status=response["status"],
                response_headers=response["headers"],
                response_body=response["body"],
                second="instance" in data,
            )
        )
    return recordings
