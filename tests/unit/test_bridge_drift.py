# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the secrets of ``drift`` lie: apart from the worker's, and never longer than the command runs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from bill_nextcloud.drift import drift_runs
from bill_nextcloud.errors import SettingsInvalid
from bill_nextcloud.playbook import Runs
from bill_nextcloud.settings import BridgeSettings, Settings
from harness.command import Command


def test_they_survive_a_start_of_the_worker(command: Command) -> None:
    """Which takes away what its own killed runs have left; and the runs of the worker survive a drift."""
    settings = Settings(bridge=BridgeSettings(runtime_directory=command.runtime))
    (command.runtime / "run-of-the-worker").mkdir()
    with drift_runs(settings) as runs:
        assert (command.runtime / "run-of-the-worker").is_dir()
        own = runs.settings.bridge.runtime_directory
        assert own.parent == command.runtime
        assert own.stat().st_mode & 0o77 == 0
        (own / "run-1").mkdir()
        Runs(settings).clear()
        assert (own / "run-1").is_dir()
    assert list(command.runtime.iterdir()) == []


@pytest.mark.parametrize("next_one", ["drift", "worker"])
def test_what_a_killed_one_has_left(command: Command, next_one: str) -> None:
    """Goes with the next drift, and with the worker's start; one that is running keeps its own."""
    settings = Settings(bridge=BridgeSettings(runtime_directory=command.runtime))
    ended = subprocess.Popen(["true"])
    ended.wait()
    for process in (ended.pid, os.getppid()):
        (command.runtime / f"drift-{process}" / "run-1").mkdir(parents=True)
    if next_one == "worker":
        Runs(settings).clear()
    else:
        with drift_runs(settings):
            pass
    assert [path.name for path in command.runtime.iterdir()] == [f"drift-{os.getppid()}"]


def test_a_place_that_is_no_tmpfs() -> None:
    """Is refused before any secret is read."""
    settings = Settings(bridge=BridgeSettings(runtime_directory=Path(__file__).parent / "run"))
    try:
        with pytest.raises(SettingsInvalid), drift_runs(settings):
            pass
    finally:
        for left in sorted(settings.bridge.runtime_directory.rglob("*")):
            left.rmdir()
        settings.bridge.runtime_directory.rmdir()
