# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of JSON lines, written without the package `json`: to import it would take mgrctl half as long as a call."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from _typeshed import StrPath

_ESCAPES = {code: f"\\u{code:04x}" for code in range(0x20)} | str.maketrans(
    {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
)
_CONSTANTS = {None: "null", True: "true", False: "false"}


def to_json(value: Any) -> str:
    """`value` (dictionary with texts as keys, list, text, number, truth value or None) as JSON, letters as they are.

    The text is that of `json.dumps`.
    """
    if isinstance(value, dict):
        return "{" + ", ".join(f"{to_json(key)}: {to_json(member)}" for key, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(to_json, value)) + "]"
    if isinstance(value, str):
        return f'"{value.translate(_ESCAPES)}"'
    return _CONSTANTS[value] if value is None or isinstance(value, bool) else repr(value)


def append_line(path: StrPath, record: dict[str, Any]) -> None:
    """Adds one JSON line with the time; a single short write, so lines of several processes do not mix."""
    line = to_json({"time": time.strftime("%Y-%m-%dT%H:%M:%S%z"), **record}) + "\n"
    with open(path, "ab", buffering=0) as file:
        file.write(line.encode())


def read_lines(path: Path) -> list[dict[str, Any]]:
    """All records of a JSON lines file; none when the file is absent."""
    import json

    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="\n") as file:
        return [json.loads(line) for line in file]
