# SPDX-License-Identifier: GPL-3.0-or-later
"""``make demo`` that is ended in the middle: by Ctrl-C, by SIGTERM, with its terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from harness.interruption import ENDING
from harness.tmpfs import TMPFS
from harness.worker import REPOSITORY

PROGRAM = REPOSITORY / "tests" / "acceptance" / "demo.py"


@pytest.mark.parametrize("end", ENDING)
def test_ended_in_the_middle(tmp_path: Path, end: signal.Signals) -> None:
    """It says so, and nothing is left: neither processes nor files, on a tmpfs or elsewhere."""
    with subprocess.Popen(
        [sys.executable, str(PROGRAM)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        start_new_session=True,
    ) as running:
        assert running.stdout is not None
        assert any(line.startswith("open ") for line in running.stdout)
        processes = psutil.Process(running.pid).children(recursive=True)
        assert processes
        # Ctrl-C and a terminal that is closed go to all that it has started.
        running.terminate() if end == signal.SIGTERM else os.killpg(running.pid, end)
        _, said = running.communicate(timeout=60)
    assert running.returncode == 1
    assert said == "demo: interrupted; what was made has been removed\n"
    assert psutil.wait_procs(processes, timeout=10)[1] == []
    assert list(TMPFS.glob(f"bill-nextcloud-{running.pid}-*")) == []
    assert list(tmp_path.iterdir()) == []
