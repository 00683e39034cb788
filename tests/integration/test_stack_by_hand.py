# SPDX-License-Identifier: GPL-3.0-or-later
"""``make stack``: the commands that it prints work as they are, and nothing is left of it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from harness.worker import REPOSITORY

PROGRAM = REPOSITORY / "tests" / "acceptance" / "stack.py"
LAST = "Ctrl-C ends and removes everything."


def shell(*lines: str) -> subprocess.CompletedProcess[str]:
    """``lines`` as somebody copies them into a terminal."""
    environment = {"PATH": os.defpath, "HOME": "/", "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        ["bash", "-c", "\n".join(lines)], env=environment, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_try_it(tmp_path: Path, end: signal.Signals) -> None:
    """Everything that is printed can be run; it ends in order, and takes processes, files and the tmpfs's with it."""
    with subprocess.Popen(
        [sys.executable, str(PROGRAM)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        start_new_session=True,
    ) as running:
        try:
            assert running.stdout is not None
            said = []
            for line in running.stdout:
                said.append(line.rstrip("\n"))
                if line.rstrip().endswith(LAST):
                    break
            assert said[-1].endswith(LAST), said
            export, status, *others = [line.strip() for line in said if line.startswith("    ")]
            found = shell(export, f"{status} --json")
            document = json.loads(found.stdout)
            assert (document["status"], document["failed_24h"]) == ("warning", 1)
            if end == signal.SIGINT:
                for line in others:
                    done = shell(export, line)
                    assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
                assert "4: active" in shell(export, next(line for line in others if " show --root" in line)).stdout
            settings = Path(export.partition("=")[2]).read_text(encoding="utf-8")
            (runtime,) = re.findall(r'(?m)^runtime_directory = "(.+)"', settings)
            processes = psutil.Process(running.pid).children(recursive=True)
            assert processes
            # Ctrl-C goes to all that the terminal has started.
            os.killpg(running.pid, end) if end == signal.SIGINT else running.terminate()
            assert running.wait(60) == 0
        finally:
            if running.poll() is None:
                running.terminate()
                running.wait(60)
    assert psutil.wait_procs(processes, timeout=10)[1] == []
    assert not Path(runtime).exists()
    assert list(tmp_path.iterdir()) == []
