# SPDX-License-Identifier: GPL-3.0-or-later
"""The count of deletions and suspensions of an hour."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from bill_nextcloud.damage import Damage, Ledger, asked, done
from bill_nextcloud.errors import EngineUnavailable

WISHES = [{"name": "a", "state": "absent"}, {"name": "b", "state": "disabled"}, {"name": "c", "state": "present"}]


def test_what_is_asked_for() -> None:
    """Deletions and suspensions, nothing else."""
    assert asked(WISHES) == Damage(1, 1)
    assert asked([]) == Damage()


def test_what_was_done() -> None:
    """What changed, and what may have changed."""
    results: list[dict[str, Any]] = [
        {"changed": True},
        {"changed": False, "failure": {"outcome_unknown": True}},
        {"changed": True},
    ]
    assert done(results, WISHES) == Damage(1, 1)
    assert done([{"changed": False, "failure": None}] * 3, WISHES) == Damage()


def test_a_run_that_was_killed_counts_as_done(tmp_path: Path) -> None:
    """What was reserved stays, until it is corrected."""
    ledger = Ledger(tmp_path / "cloud.lock")
    ledger.reserve(Damage(2, 3))
    moment = ledger.reserve(Damage(10, 0))
    assert Ledger(tmp_path / "cloud.lock").last_hour() == Damage(12, 3)
    ledger.settle(moment, Damage(1, 0))
    assert ledger.last_hour() == Damage(3, 3)
    assert (tmp_path / "cloud.damage.json").stat().st_mode & 0o777 == 0o600


def test_an_hour_later_it_is_forgotten(tmp_path: Path) -> None:
    """And a clock that was set back forgets nothing."""
    path = tmp_path / "cloud.damage.json"
    entries = [{"at": time.time() + offset, "deletions": 1, "suspensions": 0} for offset in (-3601, -3500, 7200)]
    path.write_text(json.dumps(entries))
    assert Ledger(tmp_path / "cloud.lock").last_hour() == Damage(2, 0)


@pytest.mark.parametrize("content", ["", "{", "[1]", '[{"at": 1}]', "null"])
def test_a_spoiled_count_stops_everything(tmp_path: Path, content: str) -> None:
    """Nothing is deleted while nobody knows how much was; the error names the file."""
    (tmp_path / "cloud.damage.json").write_text(content)
    with pytest.raises(EngineUnavailable) as raised:
        Ledger(tmp_path / "cloud.lock").last_hour()
    assert "cloud.damage.json" in raised.value.parameters["detail"]
