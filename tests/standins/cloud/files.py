# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of one account, as far as quota is concerned."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Skeleton:
    """The example files of a new account. size: bytes, as on the recorded server. size_if_too_big: bytes that a new
    account holds whose quota is smaller; None: the copying then fails when the quota is reached."""

    size: int
    size_if_too_big: int | None


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

    def copy_skeleton(self, skeleton: Skeleton, quota: int | float) -> bool:
        """Fill a new account. False when the quota ended it half-way: the account is then full."""
        if quota < 0 or quota >= skeleton.size:
            self.skeleton = skeleton.size
        elif skeleton.size_if_too_big is not None:
            self.skeleton = skeleton.size_if_too_big
        else:
            self.skeleton = int(quota)
            return False
        return True

    def free(self, quota: int | float) -> int:
        """Bytes left; -3 when unlimited, never below 0 otherwise."""
        return -3 if quota < 0 else max(0, int(quota) - self.used)

    def check_space(self, required: int, quota: int | float) -> None:
        """Raise NoSpace when so many bytes do not fit."""
        available = self.free(quota)
        if quota >= 0 and required > available:
            raise NoSpace(required, available)
