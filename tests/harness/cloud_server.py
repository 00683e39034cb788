# SPDX-License-Identifier: GPL-3.0-or-later
"""The server of a cloud, for occ over SSH: in a root of its own an sshd on the loopback, sudo, and a program that is
occ there. Users, sudoers and files are that root's: nothing of this machine is changed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from standins.cloud.process import StandinCloud

from harness.own_root import REPOSITORY, OwnRoot
from harness.sshd import PROGRAM, await_sshd, free_port, make_key

USER = "provisioning"
"""Who logs in by SSH."""
OWNER = "www-data"
"""Whose config.php is."""
CLOUD = Path("/var/www/nextcloud")
OCC = CLOUD / "occ"
SUDOERS = REPOSITORY / "docs" / "examples" / "nextcloud-occ.sudoers"
SUDO_LOG = Path("/var/log/sudo.log")
_SSHD = Path("/etc/test-sshd")
# A socket's path has to be short.
_KEPT = f"-o ControlMaster=auto -o ControlPersist=yes -o ControlPath={tempfile.gettempdir()}/%C"

# PHP is one that runs Python programs. Only the owner can look into the cloud's directory.
_PREPARE = """
user=$1; owner=$2; cloud=$3; occ=$4; sudoers=$5; log=$6; sshd=$7
useradd --create-home --shell /bin/sh --password '*' "$user"
rm -rf "$cloud" /usr/bin/php /etc/sudoers.d/*
printf '#!/bin/sh\\nexec /usr/bin/python3 "$@"\\n' > /usr/bin/php
chmod 755 /usr/bin/php
mkdir -p "$cloud/config" "$cloud/data"
cp "$occ" "$cloud/occ"
touch "$cloud/console.php" "$cloud/config/config.php"
chown -R "$owner:$owner" "$cloud"
chmod -R u=rwX,g=rX,o= "$cloud"
install -m 0440 "$sudoers" /etc/sudoers.d/nextcloud-occ
printf 'Defaults logfile=%s\\n' "$log" > /etc/sudoers.d/log
chmod 440 /etc/sudoers.d/log
visudo -c
# sudo asks for it, and a network without a name server lets it wait.
printf '127.0.1.1 %s\\n' "$(hostname)" >> /etc/hosts
mkdir -p /run/sshd "$sshd"
"""


class CloudServer(OwnRoot):
    """``with CloudServer(directory, occ) as server``: ``directory`` is made, for keys and a log; ``occ`` is the Python
    program that is occ. :data:`USER` and root log in with the same key."""

    def __init__(self, directory: Path, occ: Path) -> None:
        directory.mkdir(parents=True)
        super().__init__(directory / "root")
        self.directory = directory
        self.port = free_port()
        self._occ = occ
        self._sshd: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        shutil.copy(self._occ, self.path("/root/occ"))
        shutil.copy(SUDOERS, self.path("/root/sudoers"))
        self.do(_PREPARE, USER, OWNER, CLOUD, "/root/occ", "/root/sudoers", SUDO_LOG, _SSHD)
        authorized = make_key(self.directory / "key")
        self.host_key = make_key(self.path(_SSHD / "host_key"))
        self.path(_SSHD / "authorized_keys").write_text(f'restrict,from="127.0.0.1" {authorized}\n')  # as documented
        self.path(_SSHD / "config").write_text(
            f"ListenAddress 127.0.0.1:{self.port}\n"
            f"HostKey {_SSHD / 'host_key'}\n"
            f"AuthorizedKeysFile {_SSHD / 'authorized_keys'}\n"
            "PidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            "PermitRootLogin prohibit-password\n"
        )
        log = self.directory / "sshd.log"
        with log.open("wb") as file:
            command = self.entered(PROGRAM, "-D", "-e", "-f", _SSHD / "config")
            self._sshd = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        await_sshd(self._sshd, self.port, log)
        (self.directory / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {self.host_key}\n")

    def serve(self, standin: StandinCloud) -> None:
        """Let its occ be that of this stand-in."""
        occ = standin.install_occ(self.directory / "installation")
        for name in (occ.name, "standin.conf"):
            shutil.copy(occ.with_name(name), self.path(CLOUD / name))
        self.do('chown -R "$1:$1" "$2"', OWNER, CLOUD)

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        if self._sshd is not None:
            self._sshd.wait(10)

    def variables(self, user: str = USER, *, kept: bool = False) -> dict[str, Any]:
        """Ansible's connection variables: pipelining, and nothing of the caller's own configuration of SSH. kept: one
        log-in serves for all tasks, until the server is gone."""
        known = f"-o UserKnownHostsFile={self.directory / 'known_hosts'} -o GlobalKnownHostsFile=/dev/null"
        return {
            "ansible_connection": "ssh",
            "ansible_host": "127.0.0.1",
            "ansible_port": self.port,
            "ansible_user": user,
            "ansible_pipelining": True,
            "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_ssh_private_key_file": str(self.directory / "key"),
            "ansible_ssh_args": f"-F none -o IdentitiesOnly=yes {known} "
            + (_KEPT if kept else "-o ControlMaster=no -o ControlPath=none"),
        }
