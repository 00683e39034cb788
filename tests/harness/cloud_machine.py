# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine of its own for the role nextcloud_server: a root of its own without a network but its loopback, in which
services are started by scripts, as no systemd runs there. What is installed there has been fetched before."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from harness.certificate import self_signed
from harness.own_root import OwnRoot

CERTIFICATE, KEY = Path("/etc/ssl/cloud.pem"), Path("/etc/ssl/private/cloud.key")

# The lists of packages count as new: there is no network by which they could be renewed.
_PREPARE = """
ip link set lo up
rm -f /sbin/init /usr/sbin/policy-rc.d
mkdir -p /var/lib/apt/periodic /etc/ssl/private
touch /var/lib/apt/lists /var/lib/apt/periodic/update-success-stamp
"""


class CloudMachine(OwnRoot):
    """``with CloudMachine(directory) as machine``: ``directory`` is made, with a certificate for 127.0.0.1 in it, which is
    in there as well. Ansible reaches it by its connection `chroot`, :meth:`beside` it."""

    networked = False

    def __init__(self, directory: Path, below: Path = Path("/")) -> None:
        directory.mkdir(parents=True)
        super().__init__(directory / "machine", below=below)
        self.directory = directory

    def prepare(self) -> None:
        self.do(_PREPARE)
        self.certificate, key = self_signed(self.directory)
        self.write(CERTIFICATE, self.certificate.read_bytes(), 0o644)
        self.write(KEY, key.read_bytes(), 0o600)

    def write(self, path: Path, content: bytes, mode: int) -> None:
        """Write a file in there."""
        seen = self.path(path)
        seen.touch(mode=mode)
        seen.chmod(mode)
        seen.write_bytes(content)

    def variables(self) -> dict[str, Any]:
        """Ansible's connection variables."""
        return {
            "ansible_connection": "community.general.chroot",
            "ansible_host": str(self.root),
            "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_pipelining": True,
        }

    def attempt(self, *command: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command beside it, as :func:`subprocess.run` does."""
        return subprocess.run(self.beside(*command), text=True, check=False, **options)
