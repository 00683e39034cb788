# SPDX-License-Identifier: GPL-3.0-or-later
"""What a service's addons come to: included plus ordered, in bytes where the unit is one of size.

The rule is that of the vendor's C++ base class and Python library: an ordered row wins over the tariff's, integers are
the total of included and ordered, a trial is capped, units are converted down the chain of ``measure.lessmeasure``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

INTEGER, ENUMERATION = 2, 3
STATISTICS, COMPOUND, MANUAL = 3, 4, 10
TRIAL = -100

_BYTES = {"byte": 1, "kib": 1024, "mib": 1024**2, "gib": 1024**3, "tib": 1024**4}


@dataclass(frozen=True)
class Measure:
    """A unit: ``relation`` of the unit ``less`` (its number, or ``None`` at the end of the chain) make one of it."""

    id: int
    name: str
    relation: Decimal
    less: int | None


@dataclass(frozen=True)
class Addon:
    """What was sold of one addon. ``value`` is in ``unit``; ``bytes`` is ``None`` where the unit is not one of size.
    ``measure`` is the number of the unit, ``unit_bytes`` how many bytes it has (``None``: it is not one of size)."""

    name: str
    value: int | str | None
    unit: str | None
    bytes: int | None
    measure: int | None = field(default=None, compare=False)
    unit_bytes: Decimal | None = field(default=None, compare=False)


def bytes_per_unit(measure: int, measures: Mapping[int, Measure]) -> Decimal | None:
    """How many bytes one unit has, or ``None`` when its chain of smaller units does not end in a known one."""
    factor = Decimal(1)
    seen: set[int] = set()
    number: int | None = measure
    while number is not None and number in measures and number not in seen:
        seen.add(number)
        unit = measures[number]
        if unit.less is None or unit.less not in measures:
            known = _BYTES.get(unit.name.lower())
            return None if known is None else factor * known
        factor *= unit.relation
        number = unit.less
    return None


def _number(value: Any) -> int | None:
    if value is None or value == "":
        return None
    try:
        return int(Decimal(str(value)))
    except InvalidOperation:
        return None


def _value(row: Mapping[str, Any], *, trial: bool) -> int | str | None:
    kind = _number(row["addontype"])
    if kind == ENUMERATION:
        text: str | None = row["ordered_enumeration"] or row["tariff_enumeration"]
        # A choice is any text: only a whole number is one ("1.5" cut to 1 would sell less than was paid for).
        return int(text) if text and text.isascii() and text.isdigit() else text
    if kind != INTEGER:
        return None
    if _number(row["billtype"]) == STATISTICS:
        most = _number(row["ordered_max"])
        value = most if most is not None else _number(row["tariff_max"])
        if value is None:
            return None
    else:
        included = _number(row["ordered_limit"])
        if included is None:
            included = _number(row["tariff_limit"]) or 0
        value = included + (_number(row["ordered_value"]) or 0)
    cap = _number(row["tariff_max_trial"])
    return min(value, cap) if trial and cap is not None else value


def addons(rows: Iterable[Mapping[str, Any]], measures: Mapping[int, Measure], *, trial: bool) -> dict[str, Addon]:
    """The addons of one service by name. ``rows`` as ``addon_rows`` selects them: the tariff's addon
    (``tariff_…``) joined with the ordered row (``ordered_…``, null where nothing was ordered)."""
    found: dict[str, Addon] = {}
    for row in rows:
        ordered = row["ordered_id"] is not None
        if not ordered and (row["active"] != "on" or row["compound"]):
            continue
        if _number(row["billtype"]) in (COMPOUND, MANUAL):
            continue
        name = row["intname"] or row["itemtype_name"]
        if not name:
            continue
        value = _value(row, trial=trial)
        number = _number(row["measure"])
        unit = measures.get(number) if number is not None else None
        factor = bytes_per_unit(unit.id, measures) if unit else None
        size = int(value * factor) if isinstance(value, int) and factor is not None else None
        found[name] = Addon(
            name=name,
            value=value,
            unit=unit.name if unit else None,
            bytes=size,
            measure=unit.id if unit else None,
            unit_bytes=factor,
        )
    return found
