# SPDX-License-Identifier: GPL-3.0-or-later
"""Exchanges recorded from a real server: files of JSON lines in `recordings`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "recordings"


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


def _lines(files: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for file in files:
        for line in (_FOLDER / file).read_text(encoding="utf-8").splitlines():
            yield file, line


def load(*files: str) -> tuple[Recording, ...]:
    """All recordings of these files, in the order in which they were made."""
    recordings = []
    for file, line in _lines(files):
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
    return tuple(recordings)
