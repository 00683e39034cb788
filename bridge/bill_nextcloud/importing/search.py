# SPDX-License-Identifier: GPL-3.0-or-later
"""What an import is asked for: all accounts of a cloud, or those that are named."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bill_nextcloud.errors import BadRequest

_LONGEST = 100_000
# The vendor's page has commas, its own module spaces.
_BETWEEN = re.compile(r"[,;\s]+")


@dataclass(frozen=True)
class Search:
    """Account names, letter case ignored as the clouds do: ``*`` stands for any letters, ``?`` for one (of a name with
    a blank: ``Anna?Smith``), unless they are ``exact``. None: all accounts."""

    words: tuple[str, ...] = ()
    exact: bool = False

    @classmethod
    def read(cls, text: object) -> Search:
        """What a person typed: names with commas, semicolons or blanks between them; nothing at all means all accounts.
        Raises :class:`BadRequest`, also for separators without a name, which nobody means all accounts by."""
        if not isinstance(text, str | None) or len(text or "") > _LONGEST:
            raise BadRequest(detail=f"--searchstring must be a text of at most {_LONGEST} characters")
        words = tuple(word for word in _BETWEEN.split(text or "") if word)
        if text and text.strip() and not words:
            raise BadRequest(detail="--searchstring names no account")
        return cls(words)

    @property
    def names(self) -> tuple[str, ...]:
        """The words that are whole names, so that each account should be there."""
        return tuple(word for word in self.words if self.exact or not set("*?") & set(word))

    def __contains__(self, name: object) -> bool:
        folded = str(name).lower()
        return not self.words or any(_matches(word.lower(), folded, exact=self.exact) for word in self.words)


def _matches(word: str, name: str, *, exact: bool) -> bool:
    """Whether ``word`` is ``name``, with ``*`` and ``?`` unless ``exact``. In time that grows with the lengths only: a
    regular expression can take for ever over many stars."""
    if exact:
        return word == name
    place = at = 0
    star, resume = -1, 0
    while at < len(name):
        if place < len(word) and word[place] == "*":
            star, resume = place, at
            place += 1
        elif place < len(word) and word[place] in ("?", name[at]):
            place, at = place + 1, at + 1
        elif star >= 0:
            # The last star takes one letter more.
            resume += 1
            place, at = star + 1, resume
        else:
            return False
    return set(word[place:]) <= {"*"}
