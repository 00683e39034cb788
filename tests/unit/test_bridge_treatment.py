# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of what each failure asks for, row by row, and the pauses that follow from it."""

from __future__ import annotations

import pytest
from bill_nextcloud.treatment import TABLE, kind_of, pause, probe_pause
from hypothesis import given
from hypothesis import strategies as st

FIRST, LONGEST, PROBE = 5.0, 600.0, 30.0

TEMPORARY = {
    "rate_limited",  # 429
    "server_error",  # 5xx
    "timeout",
    "unreachable",  # also broken connections; the third time in a row the cloud is held
    "not_an_answer",
    "outcome_unknown",
    "not_verified",
    "not_yet",
    "run_unknown",
    "billmanager_unavailable",  # mgrctl or database
    "engine_unavailable",
    "claim_not_saved",
    "cloud_changed",
    "lock_unavailable",
    "internal",
    "workers_unavailable",
    "release_differs",
}
HELD = {
    "maintenance",
    "wrong_credentials",
    "login_blocked",
    "write_not_permitted",
    "certificate_not_verified",
    "host_key_not_verified",
    "host_refused",
    "occ_unusable",
    "held_by_administrator",
    "approval_needed",
    "worker_credentials_missing",
    "worker_credentials_refused",  # by the cloud; the worker host tries them once
    "worker_credentials_unusable",
    "worker_refused",
}


@pytest.mark.parametrize("code", sorted(TABLE))
def test_each_row(code: str) -> None:
    """Temporary and held are those that are named here; everything else is for a person."""
    expected = "temporary" if code in TEMPORARY else "held" if code in HELD else "final"
    assert kind_of(code) == expected


def test_no_row_is_missing() -> None:
    """What is named here is in the table."""
    assert set(TABLE) >= TEMPORARY | HELD


@pytest.mark.parametrize("code", sorted(TEMPORARY))
def test_the_first_pause(code: str) -> None:
    """Five seconds; a minute where the server asks for fewer changes and does not say how long."""
    least = 60 if code == "rate_limited" else FIRST
    assert all(least <= pause(code, 1, FIRST, LONGEST) <= least * 1.25 for _ in range(50))


@given(st.sampled_from(sorted(TEMPORARY)), st.integers(1, 10_000))
def test_pauses_grow_up_to_the_longest(code: str, attempt: int) -> None:
    """Never shorter than the first, never longer than the longest, and about twice the one before."""
    least = 60 if code == "rate_limited" else FIRST
    full = min(least * 2.0 ** min(attempt - 1, 30), LONGEST)
    assert max(least, full * 0.75) <= pause(code, attempt, FIRST, LONGEST) <= min(LONGEST, full * 1.25)


def test_pauses_differ() -> None:
    """So that what failed together does not come back together."""
    assert len({pause("timeout", 4, FIRST, LONGEST) for _ in range(20)}) > 10


@pytest.mark.parametrize(
    ("code", "seconds"),
    [
        ("maintenance", 30),
        ("unreachable", 30),
        ("certificate_not_verified", 300),
        ("host_key_not_verified", 300),
        ("occ_unusable", 300),
        ("host_refused", 600),
        ("write_not_permitted", 600),
        ("login_blocked", 1800),
        ("wrong_credentials", None),
        ("held_by_administrator", None),
        ("worker_credentials_missing", 30),
        ("worker_credentials_refused", 30),
        ("worker_credentials_unusable", 30),
        ("worker_refused", 30),
    ],
)
def test_the_first_probe(code: str, seconds: float | None) -> None:
    """None for wrong credentials: each log-in would bring the cloud nearer to locking the address."""
    found = probe_pause(code, 1, PROBE, LONGEST)
    if seconds is None:
        assert found is None
    else:
        assert found is not None
        assert seconds <= found <= max(seconds, min(seconds * 1.25, LONGEST))
