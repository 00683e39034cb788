# SPDX-License-Identifier: GPL-3.0-or-later
"""A cloud's server that can be logged in to: an sshd of its own on the loopback, for the user of the tests."""

from __future__ import annotations

import contextlib
import os
import pwd
import subprocess
from pathlib import Path

import psutil

from harness.sshd import PROGRAM, await_sshd, free_port, make_key

_PRIVILEGE_SEPARATION = Path("/run/sshd")


class SshServer:
    """``directory`` is made, and takes all its files; whoever has the file ``key`` may log in. ``host_key``: its
    public one. To be stopped."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True)
        self._directory = directory
        self.port = free_port()
        self.key = directory / "key"
        (directory / "authorized_keys").write_text(f"restrict {make_key(self.key)}\n", encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None
        self.renew()

    @property
    def params(self) -> dict[str, str]:
        """What a connection form has of it."""
        return {
            "ssh_host": "127.0.0.1",
            "ssh_port": str(self.port),
            "ssh_user": pwd.getpwuid(os.geteuid()).pw_name,
            "ssh_key_file": str(self.key),
            "ssh_host_keys": self.host_key,
        }

    def renew(self) -> None:
        """Let it have a new host key, from now on."""
        self.stop()
        host_key = self._directory / "host_key"
        for old in (host_key, host_key.with_suffix(".pub")):
            old.unlink(missing_ok=True)
        self.host_key = make_key(host_key)
        configuration = self._directory / "sshd_config"
        configuration.write_text(
            f"ListenAddress 127.0.0.1:{self.port}\n"
            f"HostKey {host_key}\n"
            f"AuthorizedKeysFile {self._directory / 'authorized_keys'}\n"
            "PidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            # Not what the user's own shell makes of it.
            f"SetEnv HOME={self._directory} PATH=/usr/bin:/bin\n",
            encoding="utf-8",
        )
        if os.geteuid() == 0:
            _PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
        log = self._directory / "sshd.log"
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                [PROGRAM, "-D", "-e", "-f", configuration], stdin=subprocess.DEVNULL, stdout=file, stderr=file
            )
        await_sshd(self._process, self.port, log)

    def log_ins(self) -> int:
        """How often somebody was let in."""
        return (self._directory / "sshd.log").read_text("utf-8").count("Accepted publickey")

    def running(self, wanted: str) -> list[psutil.Process]:
        """What was started over it, where ``wanted`` is in the command line."""
        assert self._process is not None
        found = []
        for process in psutil.Process(self._process.pid).children(recursive=True):
            try:
                if wanted in " ".join(process.cmdline()):
                    found.append(process)
            except psutil.NoSuchProcess:
                continue
        return found

    def stop(self) -> None:
        """End it and its sessions."""
        if self._process is None or self._process.poll() is not None:
            return
        sessions = psutil.Process(self._process.pid).children(recursive=True)
        self._process.kill()
        self._process.wait(10)
        for process in sessions:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
