# SPDX-License-Identifier: GPL-3.0-or-later
"""The tree of a small Debian system, made by debootstrap from this machine's mirror, with packages fetched that are to
be installed where there is no network. It is kept below build/, and only ever what lies below a root of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from harness.own_root import REPOSITORY

# What Ansible needs, and what tests look with.
_INCLUDED = ("ca-certificates", "iproute2", "procps", "python3", "python3-apt", "sudo")


class NotMade(Exception):
    """No such tree can be made here; the text says why."""


def debian_root(release: str, packages: Iterable[str]) -> Path:
    """The directory of the tree of ``release`` (bookworm, …); it is made at the first call, which takes minutes.
    ``packages`` and what they depend on are fetched, not installed. Raises :class:`NotMade`."""
    directory = REPOSITORY / "build" / f"root-{release}"
    fetched = directory / "var" / "cache" / "apt" / "fetched"
    wanted = " ".join(sorted(packages))
    if fetched.exists() and fetched.read_text("utf-8") == wanted:
        return directory
    if shutil.which("debootstrap", path="/usr/sbin:/sbin") is None:
        raise NotMade("debootstrap is not installed: apt-get install debootstrap")
    if not fetched.exists():
        shutil.rmtree(directory, ignore_errors=True)
        directory.parent.mkdir(exist_ok=True)
        _run("debootstrap", "--variant=minbase", f"--include={','.join(_INCLUDED)}", release, directory, _mirror())
    apt = ("chroot", directory, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y")
    _run(*apt, "update")
    _run(*apt, "install", "--no-install-recommends", "--download-only", *wanted.split())
    fetched.write_text(wanted, "utf-8")
    return directory


def _mirror() -> str:
    """Where this machine's packages are from, but for those of its security updates."""
    command = ["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages"]
    sites = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.split()
    for site in sites:
        if "security" not in site:
            return site
    raise NotMade("apt-get knows no mirror: debootstrap needs one")


def _run(*command: str | Path) -> None:
    environment = {**os.environ, "PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=1800)
    if done.returncode != 0:
        raise NotMade(f"{' '.join(map(str, command))}: {(done.stdout + done.stderr)[-2000:]}")
