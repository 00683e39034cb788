# SPDX-License-Identifier: GPL-3.0-or-later
"""The bridge as a process: `bill-nextcloud worker` with settings of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from standins.billmanager import Panel

from harness import tmpfs

REPOSITORY = Path(__file__).resolve().parents[2]
MODULE = REPOSITORY / "bridge" / "pmnextcloud"
COMMAND = Path(sys.executable).parent / "bill-nextcloud"
READY_SECONDS = 60
# What the command has printed, by the only setting that it depends on.
_DESCRIPTORS: dict[str, bytes] = {}


@dataclass
class Worker:
    """The bridge beside ``panel``; ``directory`` takes its state and log. ``settings``: sections of the settings file,
    added to those that name the stand-in."""

    directory: Path
    panel: Panel
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.runtime = tmpfs.make()
        self.state = self.directory / "state"
        self.log = self.directory / "worker.log"
        self.settings_file = self.directory / "settings.toml"
        self.settings_file.write_text(self._toml(), encoding="utf-8")

    def _toml(self) -> str:
        sections: dict[str, dict[str, Any]] = {
            "billmanager": {"root": str(self.panel.root)},
            "bridge": {
                "state_directory": str(self.state),
                "runtime_directory": str(self.runtime),
                "wait_seconds": 60,
            },
            # Nobody wants to wait in a test.
            "retries": {"first_seconds": 0.2, "longest_seconds": 1, "probe_seconds": 0.5},
        }
        if self.panel.database_url:
            sections["billmanager"]["database_url"] = self.panel.database_url
        for name, values in self.settings.items():
            sections.setdefault(name, {}).update(values)
        lines = []
        for name, values in sections.items():
            lines.append(f"[{name}]")
            # Texts, numbers, truths and lists are written as in JSON.
            lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
        return "\n".join(lines) + "\n"

    @property
    def socket(self) -> Path:
        return self.runtime / "bridge.sock"

    def install(self) -> None:
        """Install module and descriptor into the panel."""
        descriptor = self.directory / "billmgr_mod_pmnextcloud.xml"
        types = json.dumps(self.settings.get("billmanager", {}).get("item_types"))
        if types not in _DESCRIPTORS:
            _DESCRIPTORS[types] = subprocess.run(
                [COMMAND, "descriptor", "--settings", str(self.settings_file)], check=True, capture_output=True
            ).stdout
        descriptor.write_bytes(_DESCRIPTORS[types])
        self.panel.install_module(MODULE, descriptor, f"socket = {self.socket}\n")

    def start(self) -> None:
        """Start the process and wait until it takes calls."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [COMMAND, "worker", "--settings", str(self.settings_file)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                # Ctrl-C at the demonstration is for the demonstration, which ends everything in order.
                start_new_session=True,
                env={"PATH": os.defpath, "HOME": str(self.directory), "LC_ALL": "C.UTF-8"},
            )
        deadline = time.monotonic() + READY_SECONDS
        while not self._ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the bridge did not start:\n{self.log.read_text()}")
            time.sleep(0.05)

    def _ready(self) -> bool:
        # The line of this process, not of one before it.
        return f" pid={self.process.pid if self.process else 0}" in self.log.read_text()

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> None:
        """Stop it as systemd does."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)

    def cleanup(self) -> None:
        """Stop, and take the directory on the tmpfs away."""
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        finally:
            tmpfs.remove(self.runtime)
