# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as its users get it: built by ansible-galaxy, installed into an empty path, run from there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
COLLECTION = REPOSITORY / "collections" / "ansible_collections" / "bill" / "nextcloud"
ON_A_SERVER = {"nextcloud_occ"}
"""Modules that run on the host of a task, and have no connection to an API."""
ANSIBLE_BIN = "ANSIBLE_BIN"
"""Environment variable: the directory of the Ansible that is tried. Else it is the one beside the running Python."""

_CHANGED = re.compile(r"^changed: \[", re.MULTILINE)
_TASK = re.compile(r"^(?:TASK|RUNNING HANDLER) \[(.*)\] \**$", re.MULTILINE)


@dataclass(frozen=True)
class Run:
    """One finished command. ``printed``: standard output and error, one after the other."""

    returncode: int
    output: str
    printed: str

    @property
    def changed_tasks(self) -> set[str]:
        """Names of the tasks that changed something, by the default callback's output."""
        parts = _TASK.split(self.output)
        return {name for name, text in zip(parts[1::2], parts[2::2], strict=True) if _CHANGED.search(text)}


class Ansible:
    """The programs of one ansible-core. ``home``: an empty directory, so that no settings of the machine count."""

    def __init__(self, home: Path) -> None:
        self._bin = Path(os.environ.get(ANSIBLE_BIN) or Path(sys.executable).parent).absolute()
        self._home = home

    def run(
        self, directory: Path, *command: str, environment: Mapping[str, str] | None = None, seconds: float = 240
    ) -> Run:
        """Run a command in ``directory``, to its end, which is to come within so many seconds."""
        done = subprocess.run(
            command,
            cwd=directory,
            env=self._environment(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
        return Run(done.returncode, done.stdout, done.stdout + done.stderr)

    def start(
        self, directory: Path, *command: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a command in ``directory``, to be killed; what it prints is lost."""
        return subprocess.Popen(
            command,
            cwd=directory,
            env=self._environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _environment(self, further: Mapping[str, str] | None) -> dict[str, str]:
        return {
            "PATH": f"{self._bin}{os.pathsep}{os.defpath}",
            "HOME": str(self._home),
            "LC_ALL": "C.UTF-8",
            "COLUMNS": "120",
            **(further or {}),
        }


def build(ansible: Ansible, directory: Path) -> Path:
    """Build the collection into ``directory``; return the tarball."""
    done = ansible.run(COLLECTION, "ansible-galaxy", "collection", "build", "--output-path", str(directory))
    assert done.returncode == 0, done.printed
    (tarball,) = directory.glob("*.tar.gz")
    return tarball


def install(ansible: Ansible, tarball: Path, directory: Path) -> None:
    """Install a tarball into ``directory``, which has to be empty; nothing is fetched."""
    command = ("ansible-galaxy", "collection", "install", str(tarball), "--offline", "-p", str(directory))
    done = ansible.run(directory, *command)
    assert done.returncode == 0, done.printed
