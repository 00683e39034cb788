# SPDX-License-Identifier: GPL-3.0-or-later
"""A panel host of its own: what this machine has, in a root where changes are kept in memory and end with it; without
a network, with processes of its own. As root only."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
TESTS = REPOSITORY / "tests"
SYSTEMCTL = TESTS / "standins" / "systemctl.py"
PYTHON = REPOSITORY / ".venv" / "bin" / "python"
BILLMANAGER = Path("/usr/local/mgr5")

# $1: a directory; $2: what is systemctl there; then directories to be seen. An installation of this machine is not.
# Nothing is said to be ready before this is in its own root: what is written then must not reach this machine.
_ROOT = """
set -eu
base=$1; systemctl=$2; shift 2
mount -t tmpfs -o mode=0755 tmpfs "$base"
mkdir "$base/upper" "$base/work" "$base/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" "$base/root"
for directory in "$@"; do
  mkdir -p "$base/root$directory"
  mount --bind "$directory" "$base/root$directory"
  mount -o remount,bind,ro "$base/root$directory"
done
mount --rbind /dev "$base/root/dev"
mount -t tmpfs tmpfs "$base/root/dev/shm"
mount -t proc proc "$base/root/proc"
mount -t tmpfs -o mode=0755 tmpfs "$base/root/run"
mkdir -p "$base/root/run/systemd/system"
cd "$base/root"
rm -rf opt/bill-nextcloud* usr/local/mgr5 etc/bill-nextcloud etc/logrotate.d/bill-nextcloud var/lib/bill-nextcloud \
  var/log/bill-nextcloud usr/local/bin/bill-nextcloud etc/systemd/system/bill-nextcloud*
rm -f usr/bin/systemctl
cp "$systemctl" usr/bin/systemctl
chmod 755 usr/bin/systemctl
exec chroot . /bin/sh -c 'echo ready; while :; do sleep 1; done'
"""
_NOISE = re.compile(r"^/tmp/|^/root/\.ansible/|__pycache__|^/var/log/standin-")


class NoRoot(Exception):
    """Namespaces and mounts are not to be had here; the text says why."""


@dataclass(frozen=True)
class Finished:
    """A command that has ended. ``printed``: standard output and error, one after the other."""

    returncode: int
    output: str
    printed: str

    @property
    def changed(self) -> int:
        """How many tasks of a playbook changed something, by its recap."""
        return int(self.output.rpartition("changed=")[2].split()[0])


class PanelHost:
    """``with PanelHost(directory, seen) as host``: ``directory`` is made, and stays empty. What is in the directories
    ``seen`` can be read in there, also what is added later."""

    def __init__(self, directory: Path, *seen: Path) -> None:
        self._directory = directory
        self._seen = seen
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> PanelHost:
        needed = [path for path in (REPOSITORY, Path(sys.base_prefix)) if path.stat().st_dev != Path("/").stat().st_dev]
        # An overlay promises nothing of what is added below it.
        bound = [str(path) for path in (*needed, *self._seen)]
        self._directory.mkdir()
        flags = ["--mount", "--pid", "--net", "--fork", "--kill-child", "--propagation", "private"]
        self._process = subprocess.Popen(
            ["unshare", *flags, "sh", "-c", _ROOT, "sh", str(self._directory), str(SYSTEMCTL), *bound],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        if self._process.stdout.readline() != "ready\n":
            said = self._process.stderr.read()
            self._process.wait()
            raise NoRoot(f"mount, pid and network namespaces with an overlay of / are needed: {said}")
        # Its child is the first process in there.
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text("ascii")
        self._inside = int(children.split()[0])
        # Nothing may ever be written to this machine's own root.
        if os.path.samestat(self.path("/").stat(), Path("/").stat()):
            raise NoRoot("the process is in no root of its own")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.communicate()

    def path(self, path: str | Path) -> Path:
        """A path of that root as this process sees it. (Links are followed in this process's root.)"""
        return Path(f"/proc/{self._inside}/root{path}")

    def run(self, *command: str | Path, environment: dict[str, str] | None = None) -> Finished:
        """Run a command in there, to its end."""
        done = subprocess.run(
            ["nsenter", "--target", str(self._inside), "--mount", "--pid", "--net", "--root", "--wd", *command],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8", **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        return Finished(done.returncode, done.stdout, done.stdout + done.stderr)

    def panel(self, action: str) -> Any:
        """Let ``panel_inside`` do something in there; what it answers."""
        done = self.run(PYTHON, TESTS / "harness" / "panel_inside.py", action)
        assert done.returncode == 0, done.printed
        return json.loads(done.output)

    def files(self) -> set[str]:
        """Everything that is in there and not on this machine, or differs: files, links, and what was removed. Without
        what any run of Ansible or Python leaves."""
        upper = f"{self._directory}/upper"
        done = subprocess.run(
            ["nsenter", "--target", str(self._process.pid if self._process else 0), "--mount", "find", upper, "!",
             "-type", "d", "-printf", "/%P %T@\\n"],
            capture_output=True,
            text=True,
            check=True,
        )  # fmt: skip
        return {line for line in done.stdout.splitlines() if not _NOISE.search(line)}
