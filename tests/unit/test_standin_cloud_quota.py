# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in cloud rounds quotas as Nextcloud does."""

from __future__ import annotations

import pytest
from standins.cloud import quota

GIB = 1024**3


@pytest.mark.parametrize(
    ("given", "stored", "size"),
    [
        ("1100 GB", "1.1 TB", 1126.4 * GIB),
        ("1500 GB", "1.5 TB", 1536 * GIB),
        ("2500 GB", "2.4 TB", 2457.6 * GIB),
        ("5000 GB", "4.9 TB", 5017.6 * GIB),
        ("12.34 GB", "12.3 GB", 12.3 * GIB),
        ("1500 MB", "1.5 GB", 1536 * 1024**2),
        ("10737418240", "10 GB", 10 * GIB),
        ("1 GiB", "1 B", 1),
        ("1,5 GB", "1 GB", GIB),
        ("0", "0 B", 0),
        ("none", "none", -3),
        ("default", "default", 0),
        ("-1 B", "none", -3),
        ("100 TB", "100 TB", 100 * 1024 * GIB),
    ],
)
def test_quota_is_stored_rounded(given: str, stored: str, size: float) -> None:
    """The text that is stored and the bytes that are read back."""
    assert quota.normalise(given) == stored
    assert quota.in_bytes(stored) == round(size)


@pytest.mark.parametrize("given", ["lots", "", "5 GX"])
def test_nonsense_is_refused(given: str) -> None:
    """No unit at the end: error 101."""
    with pytest.raises(quota.QuotaRefused):
        quota.normalise(given)


@pytest.mark.parametrize("given", ["-1", "-3", "-5 GB"])
def test_negative_sizes_break_the_server(given: str) -> None:
    """As on the real server, these end in an internal error."""
    with pytest.raises(quota.QuotaBreaks):
        quota.normalise(given)
