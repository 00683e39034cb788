# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of one account, as far as quota is concerned."""

from __future__ import annotations

from dataclasses import dataclass, field

# What the example files of a new account weigh on the recorded server.
SKELETON_BYTES = 17544006


class NoSpace(Exception):
    """A file does not fit: bytes required and available."""

    def __init__(self, required: int, available: int) -> None:
        super().__init__(f"{required} required, {available} available")
        self.required = required
        self.available = available


@dataclass
class Files:
    """Contents by path ("a/b.txt"); folders end in "/". The skeleton counts by size only.

    Deleting frees space at once: a real server keeps deleted files in a bin, which shrinks on demand.
    """

    skeleton: int = 0
    contents: dict[str, bytes] = field(default_factory=dict)

    @property
    def used(self) -> int:
        """Bytes in use."""
        return self.skeleton + sum(map(len, self.contents.values()))

    def copy_skeleton(self, quota: int | float) -> bool:
        """Fill a new account. False when the quota ended it half-way: the account is then full."""
        fits = quota < 0 or quota >= SKELETON_BYTES
        self.skeleton = SKELETON_BYTES if fits else int(quota)
        return fits

    def free(self, quota: int | float) -> int:
        """Bytes left; -3 when unlimited, never below 0 otherwise."""
        return -3 if quota < 0 else max(0, int(quota) - self.used)

    def check_space(self, required: int, quota: int | float) -> None:
        """Raise NoSpace when so many bytes do not fit."""
        available = self.free(quota)
        if quota >= 0 and required > available:
            raise NoSpace(required, available)
