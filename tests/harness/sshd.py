# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that can be logged in to: each an sshd of its own on the loopback, for the user of the tests. Among them worker
hosts, which have one command and credentials of their own."""

from __future__ import annotations

import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import yaml

from harness import tmpfs

PROGRAM = Path("/usr/sbin/sshd")
COMMAND = Path(sys.executable).parent / "bill-nextcloud-run-worker"
_PRIVILEGE_SEPARATION = Path("/run/sshd")
_READY_SECONDS = 10


def make_key(path: Path) -> str:
    """A new key pair at ``path``; the public part."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path], check=True)
    return path.with_suffix(".pub").read_text("utf-8").strip()


def free_port() -> int:
    """A port of the loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert isinstance(port, int)
    return port


def await_sshd(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until an sshd that was started takes connections. ``RuntimeError`` with its ``log`` if it does not."""
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except ConnectionRefusedError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(log.read_text("utf-8")) from None
            time.sleep(0.05)


class Sshd:
    """``directory`` is made, and takes all its files; ``authorized``: the lines of ``authorized_keys``; ``options``:
    further lines of its configuration. To be stopped."""

    def __init__(self, directory: Path, authorized: str, options: str = "") -> None:
        self.directory = directory
        self.port = free_port()
        self.user = pwd.getpwuid(os.geteuid()).pw_name
        self.host_key = make_key(directory / "host_key")
        self.authorized_keys = directory / "authorized_keys"
        self.authorized_keys.write_text(authorized, encoding="utf-8")
        self._log = directory / "sshd.log"
        self._configuration = directory / "sshd_config"
        self._configuration.write_text(
            f"ListenAddress 127.0.0.1:{self.port}\n"
            f"HostKey {directory / 'host_key'}\n"
            f"AuthorizedKeysFile {self.authorized_keys}\n"
            "PidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            f"{options}",
            encoding="utf-8",
        )
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def known(self) -> str:
        """Its line in a file of known hosts."""
        return f"[127.0.0.1]:{self.port} {self.host_key}\n"

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        if os.geteuid() == 0:
            _PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "-D", "-e", "-f", self._configuration], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        await_sshd(self.process, self.port, self._log)

    def sessions(self) -> list[psutil.Process]:
        """The processes of sshd's sessions, without what they have started."""
        return [process for process in self._below() if process.name().startswith("sshd")]

    def running(self, wanted: str = "") -> list[psutil.Process]:
        """What the sessions have started, where ``wanted`` is in the command line."""
        found = []
        for process in self._below():
            try:
                if not process.name().startswith("sshd") and wanted in " ".join(process.cmdline()):
                    found.append(process)
            except psutil.NoSuchProcess:
                continue
        return found

    def _below(self) -> list[psutil.Process]:
        if self.process is None or self.process.poll() is not None:
            return []
        return psutil.Process(self.process.pid).children(recursive=True)

    def kill(self) -> None:
        """kill -9 of sshd and of its sessions; not of what these have started."""
        assert self.process is not None
        for process in self.sessions():
            process.send_signal(signal.SIGKILL)
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> None:
        """End it."""
        if self.process is not None and self.process.poll() is None:
            self.kill()


class WorkerHost(Sshd):
    """``authorized``: the public key that may log in; ``arguments``: further ones of ``bill-nextcloud-run-worker``."""

    def __init__(self, directory: Path, authorized: str, arguments: tuple[str, ...] = ()) -> None:
        directory.mkdir(parents=True)
        self.credentials = directory / "clouds.yml"
        self.runtime = tmpfs.make()
        command = [COMMAND, "--credentials", self.credentials, "--runtime-directory", self.runtime, *arguments]
        line = f'restrict,command="exec {" ".join(map(str, command))}" {authorized}\n'
        super().__init__(directory, line, "ClientAliveInterval 10\nClientAliveCountMax 2\n")
        self.url = f"ssh://{self.user}@127.0.0.1:{self.port}"

    def trust(self, url: str, password: str | None = None, **more: str | int) -> None:
        """Give it the credentials of one cloud, and of no other."""
        content = yaml.safe_dump({url: {**({"password": password} if password else {}), **more}})
        with os.fdopen(os.open(self.credentials, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(content)

    def stop(self) -> None:
        """End it, and take its directory on the tmpfs away."""
        super().stop()
        tmpfs.remove(self.runtime)


class CloudHost(Sshd):
    """The server of a cloud, as far as it can be logged in to: whoever has the file ``key`` may."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True)
        self.key = directory / "key"
        # Not what the user's own shell makes of it.
        options = f"SetEnv HOME={directory} PATH=/usr/bin:/bin\n"
        super().__init__(directory, f"restrict {make_key(self.key)}\n", options)

    @property
    def params(self) -> dict[str, str]:
        """What a connection form has of it."""
        return {
            "ssh_host": "127.0.0.1",
            "ssh_port": str(self.port),
            "ssh_user": self.user,
            "ssh_key_file": str(self.key),
            "ssh_host_keys": self.host_key,
        }

    def renew(self) -> None:
        """Let it have a new host key, from now on."""
        self.kill()
        for old in (self.directory / "host_key", self.directory / "host_key.pub"):
            old.unlink()
        self.host_key = make_key(self.directory / "host_key")
        self.start()

    def log_ins(self) -> int:
        """How often somebody was let in."""
        return self._log.read_text("utf-8").count("Accepted publickey")
