# SPDX-License-Identifier: GPL-3.0-or-later
"""Alert rules and dashboard for Prometheus and Grafana: right by promtool, and of metrics that the command prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from harness.busy import busy
from harness.command import Command, Listen, Record
from harness.prometheus import FILES, PREFIX, Watched, shown
from harness.worker import REPOSITORY

GUIDES = {name: (REPOSITORY / "docs" / name).read_text("utf-8") for name in ("operate.md", "operate.ru.md")}
BRIDGE = Watched(
    FILES / "prometheus" / "bill_nextcloud.rules.yml",
    Path(__file__).with_name("prometheus_rules.yml"),
    FILES / "grafana" / "bill_nextcloud.dashboard.json",
    PREFIX,
)


@pytest.fixture
def printed(command: Command, listen: Listen, record: Record) -> str:
    """What the command prints of a busy bridge: every metric is in it."""
    listen()
    busy(record)
    return command("metrics").stdout


def test_alerts() -> None:
    """They fire when they should, and say how bad it is and what to do, by names that the guides have."""
    BRIDGE.fire_when_they_should()
    BRIDGE.say_what_to_do("bill-nextcloud|systemctl|journalctl", GUIDES)


@pytest.mark.parametrize("guide", sorted(GUIDES))
def test_every_metric_is_documented(guide: str, printed: str) -> None:
    """With its labels, those without an alert or a panel too, and no other."""
    assert set(re.findall(r"(?m)^\| `(bill_nextcloud_[^`]+)` \| ", GUIDES[guide])) == shown(printed)


def test_rules_and_dashboard_use_what_is_printed(printed: str, tmp_path: Path) -> None:
    """Each panel has a value of it."""
    BRIDGE.use_what_is_printed(printed)
    BRIDGE.show_something(printed, tmp_path)


def test_the_frame_of_the_dashboard() -> None:
    """Its name is what links to it have."""
    assert (BRIDGE.board["title"], BRIDGE.board["uid"]) == ("bill-nextcloud", "bill-nextcloud")
    BRIDGE.have_a_frame()
