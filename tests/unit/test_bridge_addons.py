# SPDX-License-Identifier: GPL-3.0-or-later
"""What a service's addons come to, and what a unit is in bytes."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from bill_nextcloud.billmanager.addons import Addon, Measure, addons, bytes_per_unit
from hypothesis import given, settings
from hypothesis import strategies as st

GIB = 1024**3
KNOWN = {"byte": 1, "kib": 1024, "mib": 1024**2, "gib": GIB, "tib": 1024**4}
MEASURES = {
    1: Measure(1, "byte", Decimal(1), None),
    2: Measure(2, "kib", Decimal(1024), 1),
    3: Measure(3, "mib", Decimal(1024), 2),
    4: Measure(4, "gib", Decimal(1024), 3),
    5: Measure(5, "tib", Decimal(1024), 4),
    9: Measure(9, "piece", Decimal(1), None),
}


def row(**changes: Any) -> dict[str, Any]:
    """An integer addon of 10 GiB of which nothing was ordered."""
    values: dict[str, Any] = {
        "intname": "disk",
        "active": "on",
        "addontype": 2,
        "billtype": 2,
        "compound": None,
        "measure": 4,
        "tariff_limit": 10,
        "tariff_max": None,
        "tariff_max_trial": None,
        "tariff_enumeration": None,
        "ordered_id": None,
        "ordered_value": None,
        "ordered_limit": None,
        "ordered_max": None,
        "ordered_enumeration": None,
        "itemtype_name": "disc",
    }
    assert set(changes) <= set(values)
    return {**values, **changes}


def ordered(**changes: Any) -> dict[str, Any]:
    """The same with an ordered row."""
    return row(**{"ordered_id": 99, **changes})


def sold(*rows: dict[str, Any], trial: bool = False) -> dict[str, Addon]:
    """The addons of ``rows``."""
    return addons(rows, MEASURES, trial=trial)


@pytest.mark.parametrize(
    ("given_row", "value"),
    [
        pytest.param(row(), 10, id="included only"),
        pytest.param(ordered(ordered_value=5), 15, id="included and ordered"),
        pytest.param(ordered(ordered_value=5, ordered_limit=20), 25, id="the ordered limit wins"),
        pytest.param(ordered(ordered_value=5, ordered_limit=0), 5, id="an ordered limit of nothing wins too"),
        pytest.param(ordered(ordered_value=5, ordered_limit=""), 15, id="an empty text is no limit"),
        pytest.param(ordered(ordered_value=None), 10, id="an ordered row without an amount"),
        pytest.param(row(tariff_limit=None), 0, id="nothing included, nothing ordered"),
        pytest.param(ordered(tariff_limit=None, ordered_value=7), 7, id="ordered only"),
        pytest.param(ordered(ordered_value=Decimal("5.0000"), tariff_limit="10"), 15, id="other forms of numbers"),
        pytest.param(row(tariff_max=99), 10, id="the most that can be ordered does not count"),
        pytest.param(row(billtype=1), 10, id="billed for nothing"),
        pytest.param(row(billtype=5), 10, id="calculated"),
        pytest.param(row(billtype=3, tariff_max=30), 30, id="statistics: the tariff's maximum"),
        pytest.param(ordered(billtype=3, tariff_max=30, ordered_max=40), 40, id="statistics: the ordered maximum wins"),
        pytest.param(ordered(billtype=3, tariff_max=30, ordered_max=0), 0, id="statistics: also one of nothing"),
        pytest.param(ordered(billtype=3, tariff_max=30, ordered_value=5), 30, id="statistics: no sum"),
        pytest.param(row(active="off", ordered_id=99), 10, id="no longer sold, but ordered"),
        pytest.param(row(compound=0), 10, id="part of nothing"),
        pytest.param(row(compound=3, ordered_id=99), 10, id="part of another, but ordered"),
    ],
)
def test_the_total_of_an_integer_addon(given_row: dict[str, Any], value: int) -> None:
    """Included plus ordered, as the vendor's modules count."""
    assert sold(given_row) == {"disk": Addon("disk", value, "gib", value * GIB)}


@pytest.mark.parametrize(
    ("given_row", "value"),
    [
        pytest.param(ordered(ordered_value=5, tariff_max_trial=12), 12, id="capped"),
        pytest.param(ordered(ordered_value=5, tariff_max_trial=20), 15, id="below the cap"),
        pytest.param(row(tariff_max_trial=0), 0, id="a cap of nothing"),
        pytest.param(row(), 10, id="no cap"),
        pytest.param(row(billtype=3, tariff_max=30, tariff_max_trial=8), 8, id="statistics"),
    ],
)
def test_a_trial_is_capped(given_row: dict[str, Any], value: int) -> None:
    """A trial never gets more than the addon's maximum for trials."""
    assert sold(given_row, trial=True)["disk"].value == value


def test_only_a_trial_is_capped() -> None:
    """A paid service gets what was paid for."""
    assert sold(ordered(ordered_value=5, tariff_max_trial=1))["disk"].value == 15


@pytest.mark.parametrize(
    "given_row",
    [
        pytest.param(row(active="off"), id="no longer sold"),
        pytest.param(row(active=None), id="never sold"),
        pytest.param(row(compound=3), id="part of another"),
        pytest.param(row(billtype=4), id="compound"),
        pytest.param(ordered(billtype=4), id="compound, ordered"),
        pytest.param(row(billtype=10), id="manual"),
        pytest.param(ordered(billtype=10), id="manual, ordered"),
        pytest.param(row(intname="", itemtype_name=None), id="without any name"),
    ],
)
def test_what_does_not_count(given_row: dict[str, Any]) -> None:
    """Rows that the vendor's modules leave out."""
    assert sold(given_row) == {}


def test_an_addon_without_a_name_has_that_of_its_type() -> None:
    """The item type names it, as in the vendor's base class."""
    assert set(sold(row(intname=None), row(intname="traffic"))) == {"disc", "traffic"}


def test_statistics_without_any_maximum_sell_nothing_known() -> None:
    """No number is made up."""
    assert sold(row(billtype=3)) == {"disk": Addon("disk", None, "gib", None)}


@pytest.mark.parametrize(
    ("choices", "value", "size"),
    [
        ({"tariff_enumeration": "50"}, 50, 50 * GIB),
        ({"tariff_enumeration": "50", "ordered_enumeration": "100", "ordered_id": 99}, 100, 100 * GIB),
        ({"tariff_enumeration": "50", "ordered_id": 99}, 50, 50 * GIB),
        ({"tariff_enumeration": "large"}, "large", None),
        ({"tariff_enumeration": None}, None, None),
        ({"tariff_enumeration": "1.5"}, "1.5", None),
        ({"tariff_enumeration": "inf"}, "inf", None),
        ({"tariff_enumeration": "NaN"}, "NaN", None),
        ({"tariff_enumeration": "1e30"}, "1e30", None),
        ({"tariff_enumeration": "-5"}, "-5", None),
    ],
)
def test_an_enumeration(choices: dict[str, Any], value: int | str | None, size: int | None) -> None:
    """The ordered choice, else the tariff's; a size only where it is a whole number, so that no part is lost."""
    assert sold(row(addontype=3, tariff_limit=7, **choices)) == {"disk": Addon("disk", value, "gib", size)}


def test_a_switch_has_no_amount() -> None:
    """Addons of yes and no are of no use for a quota."""
    assert sold(row(addontype=1)) == {"disk": Addon("disk", None, "gib", None)}


@pytest.mark.parametrize(
    ("measure", "unit", "size"),
    [(1, "byte", 10), (3, "mib", 10 * 1024**2), (5, "tib", 10 * 1024**4), (9, "piece", None), (None, None, None)],
)
def test_an_addon_in_its_unit(measure: int | None, unit: str | None, size: int | None) -> None:
    """Bytes come from the addon's unit; no unit is never taken for bytes."""
    assert sold(row(measure=measure)) == {"disk": Addon("disk", 10, unit, size)}


def test_a_unit_that_is_gone() -> None:
    """An addon whose unit has no row any more has no size."""
    assert sold(row(measure=77)) == {"disk": Addon("disk", 10, None, None)}


def chain(*links: tuple[str, str, int | None]) -> dict[int, Measure]:
    """Units numbered from 1: name, relation, number of the smaller one."""
    return {number: Measure(number, *_link(*link)) for number, link in enumerate(links, 1)}


def _link(name: str, relation: str, less: int | None) -> tuple[str, Decimal, int | None]:
    return name, Decimal(relation), less


@pytest.mark.parametrize(
    ("measures", "size"),
    [
        pytest.param(chain(("GiB", "1", None)), GIB, id="letter case"),
        pytest.param(chain(("pack", "5", 2), ("gib", "1024", 3), ("mib", "1", None)), 5 * GIB, id="own unit"),
        pytest.param(chain(("gb", "1000", 2), ("mb", "1000", 3), ("byte", "1", None)), 10**6, id="of thousands"),
        pytest.param(chain(("half", "0.5", 2), ("kib", "1", None)), 512, id="decimal relation"),
        pytest.param(chain(("gib", "1024", 7)), GIB, id="known unit whose smaller one is gone"),
        pytest.param(chain(("pack", "5", 7)), None, id="own unit whose smaller one is gone"),
        pytest.param(chain(("pack", "5", 2), ("piece", "1", None)), None, id="ends in an unknown unit"),
        pytest.param(chain(("a", "2", 2), ("b", "2", 1)), None, id="loop"),
        pytest.param(chain(("gib", "2", 1)), None, id="loop of one"),
    ],
)
def test_a_chain_of_units(measures: dict[int, Measure], size: int | None) -> None:
    """Relations multiply down to a known unit; a chain that does not get there has no size."""
    assert bytes_per_unit(1, measures) == size


def test_the_chain_of_an_unknown_unit_is_empty() -> None:
    """A number without a row has no size."""
    assert bytes_per_unit(7, MEASURES) is None


@st.composite
def relations_of_a_chain(draw: st.DrawFn) -> list[Decimal]:
    """Up to two whole relations, with or without a decimal one in any place (more would be beyond zettabytes)."""
    relations = [Decimal(relation) for relation in draw(st.lists(st.integers(1, 1024), max_size=2))]
    decimals = st.decimals("0.001", "1000", places=3, allow_nan=False, allow_infinity=False)
    for relation in draw(st.lists(decimals, max_size=1)):
        relations.insert(draw(st.integers(0, len(relations))), relation)
    return relations


@given(relations_of_a_chain(), st.sampled_from(sorted(KNOWN)), st.integers(0, 1000), st.randoms())
@settings(deadline=None, max_examples=200)
def test_a_chain_is_the_product_of_its_relations(relations: list[Decimal], end: str, amount: int, random: Any) -> None:
    """Whatever the numbers of the rows are, and in an addon: whole bytes of the exact product."""
    numbers = random.sample(range(1, 1000), len(relations) + 1)
    measures = {numbers[-1]: Measure(numbers[-1], end, Decimal(1), None)}
    for position, relation in enumerate(relations):
        measures[numbers[position]] = Measure(numbers[position], "own", relation, numbers[position + 1])
    exact = Fraction(KNOWN[end])
    for relation in relations:
        exact *= Fraction(relation)
    found = bytes_per_unit(numbers[0], measures)
    assert found is not None
    assert Fraction(found) == exact
    addon = addons([row(measure=numbers[0], tariff_limit=amount)], measures, trial=False)["disk"]
    assert addon.bytes == amount * exact // 1
