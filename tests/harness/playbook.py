# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs Ansible's commands as an administrator does, from the repository's directory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from harness.worker import REPOSITORY, Worker

BIN = Path(sys.executable).parent
DRIFT = ("ansible-playbook", "-i", "inventories/billmanager", "playbooks/accounts.yml")


def environment(worker: Worker) -> dict[str, str]:
    """What a hand run needs: the settings file, and nothing of the caller's environment."""
    return {
        "PATH": os.defpath,
        "HOME": str(worker.directory),
        "LC_ALL": "C.UTF-8",
        "BILL_NEXTCLOUD_SETTINGS": str(worker.settings_file),
    }


def ansible(worker: Worker, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of Ansible's programs to its end."""
    return subprocess.run(
        [BIN / command, *arguments],
        cwd=REPOSITORY,
        env=environment(worker),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def recap(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The lines of the play recap: one for each cloud."""
    return [line for line in done.stdout.splitlines() if "changed=" in line]
