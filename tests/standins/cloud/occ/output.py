# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command writes: lines, tables, and data as text or JSON (core/Command/Base.php)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from standins.cloud.php import array_key

_PREFIX = "  - "


def _as_php(value: Any) -> Any:
    """Data as json_encode sees it: an array with the keys 0, 1, 2 … is a list, and an empty one as well."""
    if isinstance(value, Mapping):
        keys = [array_key(key) if isinstance(key, str) else key for key in value]
        items = [_as_php(item) for item in value.values()]
        return items if keys == list(range(len(keys))) else dict(zip(map(str, value), items, strict=True))
    if isinstance(value, (list, tuple)):
        return [_as_php(item) for item in value]
    return value


def _text(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


class Output:
    """stdout and stderr of one command. format: `plain`, `json` or `json_pretty`. quiet: nothing goes to stdout."""

    def __init__(self, output_format: str | None, *, quiet: bool) -> None:
        self._format = output_format
        self._quiet = quiet
        self.written: list[str] = []
        self.errors: list[str] = []

    def pretty(self) -> Output:
        """The same, as `json_pretty`."""
        out = Output("json_pretty", quiet=self._quiet)
        out.written, out.errors = self.written, self.errors
        return out

    def line(self, text: str = "") -> None:
        """Write a line to stdout."""
        if not self._quiet:
            self.written.append(f"{text}\n")

    def fail(self, text: str, status: int = 1) -> int:
        """Write a line to stdout, where occ tells what is wrong; returns the exit code."""
        self.line(text)
        return status

    def _json(self, data: Any) -> str | None:
        if self._format == "json":
            return json.dumps(_as_php(data), separators=(",", ":")).replace("/", "\\/")
        if self._format == "json_pretty":
            return json.dumps(_as_php(data), indent=4).replace("/", "\\/")
        return None

    def array(self, items: Mapping[str, Any] | Sequence[Any], *, prefix: str = _PREFIX, all_keys: bool = False) -> None:
        """Write an array. all_keys: those that look like whole numbers are told as well, not in arrays within."""
        coded = self._json(items)
        if coded is not None:
            self.line(coded)
            return
        pairs = items.items() if isinstance(items, Mapping) else enumerate(items)
        for key, item in pairs:
            if isinstance(item, (Mapping, list, tuple)):
                self.line(f"{prefix}{key}:")
                self.array(item, prefix=f"  {prefix}")
            elif not all_keys and isinstance(array_key(str(key)), int):
                self.line(f"{prefix}{'' if item is None else _text(item)}")
            else:
                self.line(f"{prefix}{key}" if item is None else f"{prefix}{key}: {_text(item)}")

    def value(self, value: Any) -> None:
        """Write one value, or an array without marks."""
        if isinstance(value, (Mapping, list, tuple)):
            self.array(value, prefix="")
            return
        coded = self._json(value)
        self.line(coded if coded is not None else "null" if value is None else _text(value))

    def records(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write records, as a table in plain."""
        coded = self._json(rows)
        if coded is not None:
            self.line(coded)
        elif rows:
            self.table(list(rows[0]), [[str(value) for value in row.values()] for row in rows])

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write a table of texts. A row of one text has empty ones behind it."""
        filled = [[*row, *("" for _ in heads[len(row) :])] for row in (heads, *rows)]
        widths = [max(len(row[column]) for row in filled) for column in range(len(heads))]
        rule = "+" + "+".join("-" * (width + 2) for width in widths) + "+"
        padded = [[f"{text:{width}}" for text, width in zip(row, widths, strict=True)] for row in filled]
        shown = [f"| {' | '.join(row)} |" for row in padded]
        for text in (rule, shown[0], rule, *shown[1:], rule):
            self.line(text)
