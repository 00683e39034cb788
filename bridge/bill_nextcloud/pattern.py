# SPDX-License-Identifier: GPL-3.0-or-later
"""``fill``: a JMESPath function for texts with places to be filled in, which providers write into a tariff's form."""

from __future__ import annotations

import re
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions, signature

# What an expression may raise when it is read or evaluated: the library lets some of Python's own through, for instance
# of a step of nothing, or of brackets without end.
EVALUATION = (JMESPathError, ValueError, TypeError, ArithmeticError, RecursionError)

_PLACE = re.compile(r"\{([^{}]*)\}")


class PatternInvalid(JMESPathError):
    """A pattern that cannot be filled in; its text says why."""


class _Fill(Functions):
    @signature({"types": ["string", "null"]}, {"types": ["object"]})
    def _func_fill(self, pattern: str | None, service: dict[str, Any]) -> str | None:
        """``pattern`` with each ``{expression}`` (JMESPath over the service) filled in; ``null`` when there is no
        pattern, or when one of them gives nothing. Raises :class:`PatternInvalid`."""
        if pattern is None or not pattern.strip():
            return None
        if re.search(r"[{}]", _PLACE.sub("", pattern)):
            raise PatternInvalid(f"a brace without its other half: {pattern}")
        found = {place: _value(place, service) for place in _PLACE.findall(pattern)}
        if None in found.values():
            return None
        return _PLACE.sub(lambda match: found[match[1]] or "", pattern).strip()


def _value(place: str, service: dict[str, Any]) -> str | None:
    try:
        value = jmespath.search(place, service)
    except EVALUATION as error:
        raise PatternInvalid(f"{{{place}}} is no expression: {' '.join(str(error).split())}") from error
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise PatternInvalid(f"{{{place}}} is neither text nor a whole number")
    return str(value)


OPTIONS = jmespath.Options(custom_functions=_Fill())
