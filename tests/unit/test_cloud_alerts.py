# SPDX-License-Identifier: GPL-3.0-or-later
"""Alert rules and dashboard for the clouds' servers: right by promtool, and of metrics that the program writes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.cloud_metrics import PREFIX, TOKEN, Collector
from harness.prometheus import FILES, Watched, shown
from standins.cloud.process import StandinCloud

README = (FILES.parent / "README.md").read_text("utf-8")
SERVERS = Watched(
    FILES / "prometheus" / "nextcloud.rules.yml",
    Path(__file__).with_name("nextcloud_rules.yml"),
    FILES / "grafana" / "nextcloud.dashboard.json",
    PREFIX,
)


@pytest.fixture
def printed(tmp_path: Path) -> Iterator[str]:
    """Every metric there is, of two clouds."""
    with StandinCloud(tmp_path, admin_password="Admin-of-the-stand-in-1") as cloud:
        cloud.set_app_config("serverinfo", token=TOKEN)
        yield Collector(tmp_path, cloud).everything(tmp_path)


def test_alerts() -> None:
    """They fire when they should, and say how bad it is and what to do, by names that the README has."""
    SERVERS.fire_when_they_should()
    SERVERS.say_what_to_do("occ|systemctl|journalctl|df|top", {"README.md": README})


def test_what_is_written_is_documented_and_used(printed: str, tmp_path: Path) -> None:
    """Every metric is in the README, with its labels, and no other; the dashboard's panels have values of them."""
    assert set(re.findall(r"(?m)^\| `(nextcloud_[^`]+)` \| ", README)) == shown(printed)
    SERVERS.use_what_is_printed(printed)
    SERVERS.show_something(printed, tmp_path)


def test_the_frame_of_the_dashboard() -> None:
    """It is another one than the bridge's."""
    assert SERVERS.board["uid"] == "nextcloud-servers"
    SERVERS.have_a_frame()
