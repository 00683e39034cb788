# SPDX-License-Identifier: GPL-3.0-or-later
"""The units for systemd: right as files, in agreement with the settings' defaults, and not written twice."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from bill_nextcloud.settings import BridgeSettings
from harness.worker import COMMAND, REPOSITORY

UNITS = REPOSITORY / "bridge" / "systemd"
SERVICE, SOCKET = UNITS / "bill-nextcloud.service", UNITS / "bill-nextcloud.socket"
METRICS, TIMER = UNITS / "bill-nextcloud-metrics.service", UNITS / "bill-nextcloud-metrics.timer"
GUIDES = [REPOSITORY / "docs" / name for name in ("install.md", "install.ru.md")]
PROGRAM = "/opt/bill-nextcloud/.venv/bin/bill-nextcloud"
LOG = "/var/log/bill-nextcloud/bridge.log"


def options(unit: Path) -> dict[str, str]:
    """Every ``Name=value`` of a unit, each of which stands there once."""
    pairs = re.findall(r"(?m)^([A-Za-z]+)=(.*)$", unit.read_text(encoding="utf-8"))
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def test_they_agree_with_the_settings() -> None:
    """Directories and socket are the defaults of the settings, for root alone; the socket comes first, and stays."""
    defaults, service, socket = BridgeSettings(), options(SERVICE), options(SOCKET)
    assert socket["ListenStream"] == str(defaults.socket_path)
    assert f"/run/{service['RuntimeDirectory']}" == str(defaults.runtime_directory)
    assert f"/var/lib/{service['StateDirectory']}" == str(defaults.state_directory)
    assert (socket["SocketMode"], socket["DirectoryMode"], service["UMask"]) == ("0600", "0700", "0077")
    assert SOCKET.name in service["Requires"].split()
    assert SOCKET.name in service["After"].split()
    assert service["RuntimeDirectoryPreserve"] == "yes"
    assert f"/var/log/{service['LogsDirectory']}/bridge.log" == LOG
    assert service["LogsDirectoryMode"] == "0700"
    assert service["ExecStart"] == f"{PROGRAM} worker --log-file {LOG}"
    assert f"\n{LOG} {{\n" in (REPOSITORY / "bridge" / "logrotate.conf").read_text(encoding="utf-8")


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_the_guides_have_them_copied(guide: Path) -> None:
    """By their names, and do not repeat them."""
    text = guide.read_text(encoding="utf-8")
    for unit in (SERVICE, SOCKET):
        assert str(unit.relative_to(REPOSITORY)) in text
        assert f" {unit.name}" in text.partition("systemctl enable --now")[2].splitlines()[0]
    assert "[Unit]" not in text
    assert "ExecStart" not in text
    assert f"{PROGRAM} descriptor" in text, "the units name the place where the guide installs"


def test_metrics_are_written_where_the_unit_may() -> None:
    """For node_exporter, as the guides have it; the timer is named after the service, which it starts so."""
    metrics = options(METRICS)
    program, command, option, file = metrics["ExecStart"].split()
    assert (program, command, option, Path(file).suffix) == (PROGRAM, "metrics", "--output", ".prom")
    assert metrics["ReadWritePaths"].split() == [str(BridgeSettings().state_directory), str(Path(file).parent)]
    assert metrics["Type"] == "oneshot"
    assert TIMER.stem == METRICS.stem
    for name in ("operate.md", "operate.ru.md"):
        text = (REPOSITORY / "docs" / name).read_text(encoding="utf-8")
        assert file in text
        assert f"systemctl enable --now {TIMER.name}" in text
        for unit in (METRICS, TIMER):
            assert str(unit.relative_to(REPOSITORY)) in text


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_understands_them(tmp_path: Path) -> None:
    """Without a word. (The program is the one of this checkout, since it must be there.)"""
    units = (SERVICE, SOCKET, METRICS, TIMER)
    for unit in units:
        text = unit.read_text(encoding="utf-8").replace(PROGRAM, str(COMMAND))
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(tmp_path / unit.name for unit in units)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
