# SPDX-License-Identifier: GPL-3.0-or-later
"""What Symfony's Console says of a command that it does not have, with the names that are like it (`find` and
`findAlternatives` of its Application). Abbreviated names, which a real occ knows as well, are unknown here."""

from __future__ import annotations

import re
from collections.abc import Collection

from standins.cloud.occ.console import ConsoleError

_FAR = 1000


def unknown_command(name: str, commands: Collection[str]) -> ConsoleError:
    """The error for a name that is none of the commands."""
    namespace = name.rpartition(":")[0]
    if namespace:
        known = _namespaces(commands)
        pattern = "[^:]*:".join(re.escape(part) for part in namespace.split(":"))
        if not any(re.match(pattern, one) for one in known):
            message = f'There are no commands defined in the "{namespace}" namespace.'
            return ConsoleError(_with_alternatives(message, namespace, known), usage=False)
    return ConsoleError(_with_alternatives(f'Command "{name}" is not defined.', name, commands), usage=False)


def _namespaces(commands: Collection[str]) -> list[str]:
    found: dict[str, None] = {}
    for command in commands:
        parts = command.split(":")[:-1]
        found |= dict.fromkeys(":".join(parts[:length]) for length in range(1, len(parts) + 1))
    return list(found)


def _with_alternatives(message: str, name: str, known: Collection[str]) -> str:
    found = _alternatives(name, known)
    if not found:
        return message
    question = "Did you mean this?" if len(found) == 1 else "Did you mean one of these?"
    return f"{message}\n\n{question}\n    " + "\n    ".join(found)


def _alternatives(name: str, known: Collection[str]) -> list[str]:
    distances: dict[str, float] = {}
    for index, part in enumerate(name.split(":")):
        for item in known:
            parts = item.split(":")
            if index >= len(parts):
                if item in distances:
                    distances[item] += _FAR
                continue
            distance = _distance(part, parts[index])
            if distance <= len(part) / 3 or (part and part in parts[index]):
                distances[item] = distances.get(item, 0) + distance
            elif item in distances:
                distances[item] += _FAR
    for item in known:
        distance = _distance(name, item)
        if distance <= len(name) / 3 or name in item:
            distances[item] = distances[item] - distance if item in distances else distance
    return sorted(item for item, distance in distances.items() if distance < 2 * _FAR)


def _distance(one: str, other: str) -> int:
    """Edits between two texts (Levenshtein)."""
    row = list(range(len(other) + 1))
    for number, character in enumerate(one, 1):
        above, row[0] = row[0], number
        for column, wanted in enumerate(other, 1):
            above, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, above + (character != wanted))
    return row[-1]
