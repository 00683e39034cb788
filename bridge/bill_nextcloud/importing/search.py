# SPDX-License-Identifier: GPL-3.0-or-later
"""What an import is asked for: all accounts of a cloud, or those that are named."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

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
        return not self.words or self._pattern.fullmatch(str(name)) is not None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        words: Iterable[str] = map(re.escape, self.words)
        if not self.exact:
            words = (word.replace(r"\*", ".*").replace(r"\?", ".") for word in words)
        return re.compile("|".join(words), re.IGNORECASE | re.DOTALL)
