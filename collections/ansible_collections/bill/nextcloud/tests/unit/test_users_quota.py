# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quotas: reading, and Nextcloud's rounding."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils import quota
from ansible_collections.bill.nextcloud.plugins.module_utils.quota import Quota
from hypothesis import given
from hypothesis import strategies as st

KB, MB, GB, TB, PB = (1024**power for power in range(1, 6))

# set -> text stored -> bytes read back: what PHP 8.2 makes of it with the functions of Nextcloud 31
RECORDED = [
    (0, "0 B", 0),
    (1023, "1023 B", 1023),
    (1024, "1 KB", 1024),
    (1536, "2 KB", 2048),
    (1048575, "1 MB", MB),
    (1234567890, "1.1 GB", 1181116006),  # seen on a live server
    (1073741824, "1 GB", GB),  # seen on a live server
    (1610612736, "1.5 GB", 1610612736),  # seen on a live server
    (1048576000, "1000 MB", 1048576000),  # seen on a live server ("1e3 MB")
    (5000 * GB, "4.9 TB", 5387606976102),  # seen on a live server
    (1100 * GB, "1.1 TB", 1209462790554),
    (1500 * GB, "1.5 TB", 1536 * GB),
    (2500 * GB, "2.4 TB", 2638827906662),
    (int(12.34 * GB), "12.3 GB", 13207024435),
    (1500 * MB, "1.5 GB", 1536 * MB),
    (GB // 4, "256 MB", GB // 4),
    (999999 * TB, "976.6 PB", 1099553849022499968),  # seen on a live server; the text of the number has 14 digits
]


@pytest.mark.parametrize(("size", "text", "read_back"), RECORDED)
def test_rounding_is_that_of_nextcloud(size: int, text: str, read_back: int) -> None:
    """What the cloud reads back after a quota was set is predicted to the byte."""
    assert quota.stored_text(size) == text
    assert quota.rounded(size)[0] == read_back
    assert quota.same(Quota(size), Quota(read_back))


def test_a_tie_is_rounded_away_from_zero() -> None:
    """PHP rounds 0.25 to 0.3; Python alone would make 0.2 of it."""
    assert quota.stored_text(1024 * MB + 256 * MB) == "1.3 GB"


@given(st.integers(min_value=0, max_value=10**18 - 1))
def test_rounding_is_stable(size: int) -> None:
    """What was read back is right for ever: setting it again, or wishing it, changes nothing."""
    for read_back in quota.rounded(size):
        assert read_back in quota.rounded(read_back)
        assert quota.same(Quota(size), Quota(read_back))


@given(st.integers(min_value=MB, max_value=10**18 - 1))
def test_rounding_is_close(size: int) -> None:
    """Rounding to one decimal of a unit moves a quota by less than 5.1 %, the worst case being 1.05 units."""
    assert all(abs(read_back - size) <= 0.051 * size for read_back in quota.rounded(size))


@given(st.integers(min_value=1, max_value=1023))
def test_whole_units_are_exact(number: int) -> None:
    """Whole numbers of a unit stay what they are."""
    for unit in (KB, MB, GB, TB):
        assert number * unit in quota.rounded(number * unit)


@given(st.integers(min_value=1, max_value=10**15), st.integers(min_value=1, max_value=10**15))
def test_a_clearly_different_quota_is_not_the_same(one: int, other: int) -> None:
    """Quotas that differ by more than a tenth are told apart."""
    if abs(one - other) > 0.1 * max(one, other) + 1:
        assert not quota.same(Quota(one), Quota(other))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5368709120, Quota(5368709120)),
        (0, Quota(0)),
        (-3, Quota(None)),
        ("none", Quota(None)),
        ("1024", Quota(1024)),
        (1.0995538490225e18, Quota(1099553849022499968)),
        (-1, None),
        (-2, None),
        (None, None),
        (True, None),
        ("1 GB", None),
        ([], None),
        (float("nan"), None),
        (float("inf"), None),
    ],
)
def test_reading(value: t.Any, expected: Quota | None) -> None:
    """Unknown is unknown, never zero and never unlimited."""
    assert quota.read(value) == expected


def test_comparison_with_unlimited_and_unknown() -> None:
    """Unlimited is only unlimited; an unknown quota is never right."""
    assert quota.same(Quota(None), Quota(None))
    assert not quota.same(Quota(None), Quota(10**18))
    assert not quota.same(Quota(10**17), Quota(None))
    assert not quota.same(Quota(0), None)
    assert not quota.same(Quota(None), None)


@pytest.mark.parametrize("text", ["", "1 GB", "-1", "1.5", "default", "None", "1" * 19, "١٢", "12\n", " 12"])
def test_a_wish_is_bytes_or_none(text: str) -> None:
    """Anything that Nextcloud might read differently is refused."""
    with pytest.raises(ValueError, match="decimal digits"):
        quota.parse_wish(text)


def test_wishes() -> None:
    """Bytes and none."""
    assert quota.parse_wish("10737418240") == Quota(10737418240)
    assert quota.parse_wish("none") == Quota(None)
