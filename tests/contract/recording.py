# SPDX-License-Identifier: GPL-3.0-or-later
"""The exchanges recorded from a real Nextcloud 31.0.6."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "recordings"
_FILES = (
    "nextcloud-31.0.6.jsonl",
    "nextcloud-31.0.6-app-config.jsonl",
    "nextcloud-31.0.6-groups-and-lists.jsonl",
    "nextcloud-31.0.6-space.jsonl",
)
# Bytes that the example files of a new account took on the recorded server.
RECORDED_SKELETON = 17544006


@dataclass(frozen=True)
class Recording:
    """One exchange. body: a text, a size ("1024 bytes"), or None.

    part: recordings of one part build on each other; before each part the server was empty.
    """

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
    part: str


def _lines() -> Iterator[tuple[str, str]]:
    for file in _FILES:
        for line in (_FOLDER / file).read_text(encoding="utf-8").splitlines():
            yield file, line


def load() -> list[Recording]:
    """All recordings in the order in which they were made."""
    recordings = []
    for file, line in _lines():
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
                part=f"{file} {data.get('instance', '')}",
            )
        )
    return recordings
