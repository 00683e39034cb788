# SPDX-License-Identifier: GPL-3.0-or-later
"""Which part of an API answers a path: a table from path to methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

RouteT = TypeVar("RouteT")


class UnknownPath(Exception):
    """Nothing answers at this path."""


class MethodNotAllowed(Exception):
    """The path exists, for another method."""


def find(routes: Mapping[tuple[str, ...], Mapping[str, RouteT]], method: str, path: tuple[str, ...]) -> RouteT:
    """What answers this method at this path: of the first pattern that has both. "*" in a pattern stands for one
    segment. Raises MethodNotAllowed or UnknownPath."""
    found = False
    for pattern, methods in routes.items():
        if len(pattern) == len(path) and all(want in ("*", have) for want, have in zip(pattern, path, strict=True)):
            if method in methods:
                return methods[method]
            found = True
    raise MethodNotAllowed if found else UnknownPath
