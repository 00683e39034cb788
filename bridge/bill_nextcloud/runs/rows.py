# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbooks on many accounts have in common: a file takes what they find, and they know when to give up.

As results of one task, Ansible would hold all of it several times.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import IO, Any, Protocol, TypeVar

AT_ONCE = 500
"""So many accounts are worked on, and at most as many rows are handed back, at a time."""
# More of them that cannot be read for now are no trouble of single accounts.
_MOST_UNREAD = 10
_FINAL = "final"


class Fault(Protocol):
    """A ``CloudError`` of the collection."""

    @property
    def kind(self) -> str: ...

    cloud_wide: bool


AnyFault = TypeVar("AnyFault", bound=Fault)


class Rows:
    """Rows, as lines of JSON in ``file``: ``count`` of them, in ``parts`` (``begin`` and ``end``, in bytes)."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._begin = 0
        self.count = 0
        self.parts: list[dict[str, int]] = []

    def add(self, **row: Any) -> None:
        """One row more."""
        self._file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
        self.count += 1

    def end_part(self) -> None:
        """What was added since the last part is one, if there was anything."""
        end = self._file.tell()
        if end > self._begin:
            self.parts.append({"begin": self._begin, "end": end})
            self._begin = end


def passing(faults: Sequence[AnyFault]) -> list[AnyFault]:
    """Those of ``faults`` that may be gone later."""
    return [fault for fault in faults if fault.kind != _FINAL]


def trouble(faults: Sequence[AnyFault], accounts: int, *, answered: bool) -> AnyFault | None:
    """Which of ``faults``, of so many ``accounts`` that were to be read, is one of the cloud itself: further requests
    would be in vain, or do harm. ``None``: they are those of single accounts. ``answered``: whether the cloud has told
    of any account before, in the same run: then a few are not taken for all, as the last ones of many may be."""
    for fault in faults:
        if fault.cloud_wide:
            return fault
    found = passing(faults)
    if len(found) > _MOST_UNREAD or (found and len(found) == accounts and not answered):
        return found[0]
    return None
