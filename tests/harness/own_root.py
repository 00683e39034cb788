# SPDX-License-Identifier: GPL-3.0-or-later
"""A root of its own: what this machine has, or another system's tree, in a root where changes are kept in memory and
end with it; with processes of its own. As root only."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

REPOSITORY = Path(__file__).resolve().parents[2]
_INSIDE = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8"}

# $1: a directory; $2: what lies below; then directories to be seen.
# Nothing is said to be ready before this is in its own root: what is written then must not reach this machine.
_ROOT = """
set -eu
base=$1; lower=$2; shift 2
mount -t tmpfs -o mode=0755 tmpfs "$base"
mkdir "$base/upper" "$base/work" "$base/root"
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$base/upper,workdir=$base/work" "$base/root"
for directory in "$@"; do
  mkdir -p "$base/root$directory"
  mount --bind "$directory" "$base/root$directory"
  mount -o remount,bind,ro "$base/root$directory"
done
mount --rbind /dev "$base/root/dev"
mount -t tmpfs tmpfs "$base/root/dev/shm"
mount -t proc proc "$base/root/proc"
mount -t tmpfs -o mode=0755 tmpfs "$base/root/run"
cd "$base/root"
exec chroot . /bin/sh -c 'echo ready; while :; do sleep 1; done'
"""


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


class OwnRoot:
    """``with OwnRoot(directory, seen) as host``: ``directory`` is made, and stays empty. What is in the directories
    ``seen`` can be read in there, also what is added later. ``below``: the tree of another system, in place of this
    machine's; this repository is not seen there by itself."""

    networked = True
    """Whether it has this machine's network; otherwise it has none."""

    noise = r"^/tmp/|^/root/\.ansible/|__pycache__"
    """What of its paths any run of Ansible or Python leaves."""

    def __init__(self, directory: Path, *seen: Path, below: Path = Path("/")) -> None:
        self._directory = directory
        self._seen = seen
        self.below = below
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        needed: list[Path] = []
        if self.below == Path("/"):
            own = (REPOSITORY, Path(sys.base_prefix))
            needed = [path for path in own if path.stat().st_dev != Path("/").stat().st_dev]
        # An overlay promises nothing of what is added below it.
        bound = [str(path) for path in (*needed, *self._seen)]
        self._directory.mkdir()
        flags = ["--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"]
        self._process = subprocess.Popen(
            ["unshare", *flags, *self._net(), "sh", "-c", _ROOT, "sh", str(self._directory), str(self.below), *bound],
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
        try:
            self.prepare()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.communicate()

    def prepare(self) -> None:
        """Make it what it is to be, from inside."""

    def _net(self) -> list[str]:
        return [] if self.networked else ["--net"]

    def path(self, path: str | Path) -> Path:
        """A path of that root as this process sees it. (Links are followed in this process's root.)"""
        return Path(f"/proc/{self._inside}/root{path}")

    @property
    def written(self) -> Path:
        """The directory of everything that is in there and not on this machine, or differs."""
        assert self._process is not None
        return Path(f"/proc/{self._process.pid}/root{self._directory}/upper")

    def files(self) -> set[str]:
        """Everything that is in there and not on this machine, or differs, with the moment: files, links, and what was
        removed; without :attr:`noise`."""
        done = subprocess.run(
            ["find", self.written, "!", "-type", "d", "-printf", "/%P %T@\\n"],
            capture_output=True,
            text=True,
            check=True,
        )
        return {line for line in done.stdout.splitlines() if not re.search(self.noise, line)}

    def entered(self, *command: str | Path) -> list[str | Path]:
        """The command that runs ``command`` in there."""
        into = ["--target", str(self._inside), "--mount", "--pid", *self._net(), "--root", "--wd"]
        return ["nsenter", *into, *command]

    def beside(self, directory: Path, *command: str | Path) -> list[str | Path]:
        """The command that runs ``command`` in ``directory`` among its processes, with its network and mounts, but with
        this machine's root: :attr:`root` is the way into its own."""
        into = ["--target", str(self._inside), "--mount", "--pid", *self._net()]
        return ["nsenter", *into, "env", f"--chdir={directory}", *command]

    def reaching(self, *command: str | Path) -> list[str | Path]:
        """The command that runs ``command`` on this machine with its network: a client of what listens there."""
        return ["nsenter", "--target", str(self._inside), *self._net(), *command]

    @property
    def root(self) -> Path:
        """Its root directory, for commands :meth:`beside` it."""
        return self._directory / "root"

    def run(self, *command: str | Path, environment: dict[str, str] | None = None) -> Finished:
        """Run a command in there, to its end."""
        done = subprocess.run(
            self.entered(*command),
            env={**_INSIDE, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        return Finished(done.returncode, done.stdout, done.stdout + done.stderr)

    def do(self, script: str, *arguments: str | Path) -> None:
        """Run a shell script in there, which has to succeed; ``arguments`` are $1, $2 …"""
        done = self.run("sh", "-euc", script, "sh", *arguments)
        assert done.returncode == 0, done.printed
