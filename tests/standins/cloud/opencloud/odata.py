# SPDX-License-Identifier: GPL-3.0-or-later
"""The query options of lists: $search, $filter, $expand, $orderby. $top is not looked at, as on the real server."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from standins.cloud.opencloud.errors import GraphError, invalid

# From source, vendor/github.com/CiscoM31/godata/search_parser.go: what is no word must stand in quotes.
_SEARCH = re.compile(r'\s*(?:"([^"]+)"|([()])|(\w+))')
_ANY_ID = re.compile(r"(memberOf|appRoleAssignments)/any\((\w+):\s*\2/(\w+) eq '?([0-9A-Za-z-]+)'?\)")
_EQUAL = re.compile(r"(\w+) eq '([^']*)'")
_FUNCTION = re.compile(r"(startswith|contains)\((\w+),\s*'([^']*)'\)")

Item = TypeVar("Item")


@dataclass(frozen=True)
class Filter:
    """A filter. kind: `memberOf`, `appRoleAssignments`, `eq`, `startswith` or `contains`; name: of the property."""

    kind: str
    name: str
    value: str


def search_term(query: Mapping[str, str]) -> str | None:
    """What is searched for; None when nothing is. Raises GraphError 400."""
    raw = query.get("$search")
    if raw is None:
        return None
    words, position = [], 0
    while position < len(raw.rstrip()):
        found = _SEARCH.match(raw, position)
        if found is None:
            raise invalid(f"Token '{raw[position:].strip()}' is invalid")
        words.append(found[1] or found[3] or "")
        position = found.end()
    if not words:
        raise invalid("Expected a search term")
    return words[0]


def has_long_search(query: Mapping[str, str]) -> bool:
    """True when the search is long enough for those who may not manage accounts: three characters."""
    raw = query.get("$search", "")
    return len(raw) >= (5 if raw.startswith('"') else 3)


def read_filter(query: Mapping[str, str]) -> Filter | None:
    """The filter, if any. Raises GraphError 501 for what the real server does not filter by.

    Recorded is 501 for accountEnabled and onPremisesSamAccountName; what works is from source,
    services/graph/pkg/service/v0/users_filter.go. `and` and `or`, which work there, are 501 here.
    """
    raw = query.get("$filter")
    if raw is None:
        return None
    if found := _ANY_ID.fullmatch(raw.strip()):
        wanted = {"memberOf": "id", "appRoleAssignments": "appRoleId"}[found[1]]
        if found[3] == wanted:
            return Filter(found[1], found[3], found[4])
    elif found := _EQUAL.fullmatch(raw.strip()):
        return Filter("eq", found[1], found[2])
    elif found := _FUNCTION.fullmatch(raw.strip()):
        return Filter(found[1], found[2], found[3])
    raise unsupported()


def unsupported() -> GraphError:
    """The answer to a filter that the real server does not have."""
    return GraphError(501, "unsupported filter")


def expanded(query: Mapping[str, str]) -> frozenset[str]:
    """What is to be shown inside."""
    return frozenset(name.strip() for name in query.get("$expand", "").split(",") if name.strip())


def ordered(items: Sequence[Item], query: Mapping[str, str], keys: Mapping[str, Callable[[Item], str]]) -> list[Item]:
    """The items in the order asked for. keys: what can be ordered by. Raises GraphError 400."""
    raw = query.get("$orderby")
    if raw is None:
        return list(items)
    name, _, direction = raw.strip().partition(" ")
    if name not in keys:
        raise invalid(f"we do not support <{name}> as a order parameter")
    return sorted(items, key=lambda item: keys[name](item).lower(), reverse=direction.strip() == "desc")
