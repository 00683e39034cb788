# SPDX-License-Identifier: GPL-3.0-or-later
"""The timeline of an operation: its events in words for people, and in plain values for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bill_nextcloud.cli.output import iso, local, plain

# Details that are moments: on record as seconds since 1970.
_MOMENTS = frozenset({"next"})
# What ``Operations.forget`` leaves on the timeline of each operation.
FORGOTTEN = "personal data removed"


def timeline_json(events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """``events`` (``at``, ``what``, ``detail``, as ``Operations.events`` gives them) with each moment in ISO 8601."""
    return [
        {
            **event,
            "at": iso(event["at"]),
            "detail": {
                name: iso(value) if name in _MOMENTS and _is_number(value) else value
                for name, value in event["detail"].items()
            },
        }
        for event in events
    ]


def timeline_line(event: Mapping[str, Any]) -> str:
    """One event as a line: local time, what happened, and ``name=value`` of what is known about it."""
    told = (f"{name}={_readable(name, value)}" for name, value in event["detail"].items() if value is not None)
    return plain("  ".join(filter(None, (local(event["at"]), event["what"], " ".join(told)))))


def _readable(name: str, value: Any) -> str:
    if name in _MOMENTS and _is_number(value):
        return local(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ",".join(_readable("", one) for one in value)
    if isinstance(value, Mapping):
        return ",".join(f"{key}:{_readable(key, one)}" for key, one in value.items() if one is not None)
    text = str(value)
    return f'"{text}"' if not text or any(c.isspace() for c in text) else text


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
