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


REFUSED = ["", "-1", "1.5", "default", "None", "NONE", "1" * 19, "١٢", "12\n", " 12", "-3", "+1", "0x10", "1_000"]
REFUSED += ["1,5 GB", "10G", "10 Gi", "10 iB", "10 EB", "1e3 MB", " 5 GB", "5 GB ", "5  GB", "5\tGB", "5 GB\n", "-5 GB"]
REFUSED += [
    ".5 GB",
    "5. GB",
    "1.5.0 GB",
    "1 000 MB",
    "GB",
    "B",
    "5 GBit",
    "5 G B",
    "١ GB",
    "5 \N{KELVIN SIGN}B",
    "none GB",
]
REFUSED += ["1." + "0" * 10 + " GB", "1" * 19 + " B"]
UNITS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5}


@pytest.mark.parametrize("text", REFUSED)
def test_refused_wishes(text: str) -> None:
    """Anything that Nextcloud might read differently is refused."""
    words = "must be bytes in decimal digits, a number with a unit such as 10 GB or 1.5GiB, or none"
    with pytest.raises(ValueError, match=f"^{words}$"):
        quota.parse_wish(text)


def test_the_largest_wish() -> None:
    """With a unit and without."""
    assert quota.parse_wish("9" * 18) == quota.parse_wish("9" * 18 + " B") == Quota(10**18 - 1)


@pytest.mark.parametrize("text", ["889 PB", "1" * 18 + " KB", "9" * 18 + ".5 B", "1" * 18 + " TiB"])
def test_wishes_that_are_too_large(text: str) -> None:
    """PHP and JSON keep larger numbers with too few digits; without a unit, they have too many digits."""
    with pytest.raises(ValueError, match=r"^must be below 10{18} bytes$"):
        quota.parse_wish(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("none", None),
        ("10737418240", 10 * GB),
        ("0", 0),
        ("007", 7),
        ("10 GB", 10 * GB),
        ("10GB", 10 * GB),
        ("10 gib", 10 * GB),
        ("1.5GiB", 1610612736),
        ("0.5 kB", 512),
        ("3 b", 3),
        ("1.5 B", 2),  # half a byte is rounded up
        ("0.1 KB", 102),  # 102.4
        ("0.499999999 B", 0),
    ],
)
def test_wishes(text: str, size: int | None) -> None:
    """Bytes, a number with a unit, and none."""
    assert quota.parse_wish(text) == Quota(size)


@st.composite
def notations(draw: st.DrawFn) -> tuple[str, str, str]:
    """Draw a unit, and two of the ways to write it."""
    unit = draw(st.sampled_from(sorted(UNITS)))
    written = [f"{unit}{draw(st.sampled_from(['', 'i'])) if unit else ''}B" for _once in range(2)]
    cased = ["".join(draw(st.sampled_from([c.lower(), c.upper()])) for c in text) for text in written]
    one, other = (draw(st.sampled_from(["", " "])) + text for text in cased)
    return unit, one, other


@given(st.integers(min_value=0, max_value=880), st.integers(min_value=0, max_value=9**9), st.booleans(), notations())
def test_units_are_powers_of_1024_in_any_notation(
    whole: int, part: int, with_part: bool, notation: tuple[str, str, str]
) -> None:
    """KB and KiB are equal, in any case, with or without a space; decimals are exact to the byte, halves rounded up."""
    unit, one, other = notation
    number = f"{whole}.{part}" if with_part else str(whole)
    billionths = int(str(part).ljust(9, "0")) if with_part else 0
    numerator = (whole * 10**9 + billionths) * 1024 ** UNITS[unit]
    expected = Quota((2 * numerator + 10**9) // (2 * 10**9))
    assert quota.parse_wish(number + one) == quota.parse_wish(number + other) == expected


@given(st.text(alphabet="0123456789.,-+ eEkKmMgGtTpPiIbBnodefault\n", max_size=12))
def test_a_wish_is_never_guessed(text: str) -> None:
    """Whatever is accepted is plain: digits with at most one dot, one known unit, and nothing around."""
    try:
        wish = quota.parse_wish(text)
    except ValueError:
        return
    assert text == "none" or (text[0].isdigit() and text == text.strip() and text.count(".") <= 1)
    assert wish.size is None or 0 <= wish.size < 10**18


# quotas that the cloud keeps as text


@given(st.integers(min_value=0, max_value=10**18 - 1))
def test_the_text_of_a_default_is_exact(size: int) -> None:
    """Setting a default and reading it gives the same number, so a second run changes nothing."""
    text = quota.default_text(Quota(size))
    assert quota.read_stored(text) == Quota(size)
    assert text.isascii()


@given(st.integers(min_value=1, max_value=1023), st.sampled_from(["KB", "MB", "GB", "TB"]))
def test_the_text_of_a_default_is_that_of_people(number: int, unit: str) -> None:
    """A whole number of a unit is shown in that unit, as Nextcloud's own pages do."""
    assert quota.default_text(quota.parse_wish(f"{number} {unit}")) == f"{number} {unit}"


def test_the_text_of_an_unlimited_default() -> None:
    """The word that Nextcloud has for it."""
    assert quota.default_text(Quota(None)) == "none"
    assert quota.read_stored("none") == Quota(None)


@given(st.integers(min_value=0, max_value=10**15))
def test_stored_texts_are_read_as_nextcloud_does(size: int) -> None:
    """Reading the text that Nextcloud stores gives what Nextcloud reads back."""
    read = quota.read_stored(quota.stored_text(size))
    assert read is not None
    assert read.size in quota.rounded(size)
    assert quota.same(Quota(size), read)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5 GB", Quota(5 * GB)),
        ("5GB", Quota(5 * GB)),
        ("5 gb", Quota(5 * GB)),
        ("5 g", Quota(5 * GB)),
        (" 5 GB ", Quota(5 * GB)),
        ("1.1 GB", Quota(1181116006)),
        ("1e3 MB", Quota(1048576000)),
        ("12345", Quota(12345)),
        ("12345 B", Quota(12345)),
        ("0 B", Quota(0)),
        ("1,5 GB", None),
        ("-1", None),
        ("default", None),
        ("", None),
        ("1 GiB", None),
        ("GB", None),
        ("1e99 PB", None),
    ],
)
def test_reading_stored_texts(text: str, expected: Quota | None) -> None:
    """Somebody may have written them by hand; what Nextcloud takes for another number than meant is unknown."""
    assert quota.read_stored(text) == expected
