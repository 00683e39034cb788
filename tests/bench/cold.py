# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook by itself: one ``ansible_runner.run`` for each event, as its documentation has it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ansible_runner.interface
import yaml
from harness.cloud import Cloud
from harness.interruption import noticed
from harness.tmpfs import TMPFS
from harness.worker import REPOSITORY

from bench.callers import NotTaken
from bench.raw import PASSWORD


def run(cloud: Cloud, wish: dict[str, Any]) -> None:
    """Bring one account of ``cloud`` to ``wish``. Raises :class:`NotTaken` when the playbook fails, and
    ``KeyboardInterrupt`` at Ctrl-C, when the playbook has ended."""
    host = {
        "ansible_connection": "local",
        "cloud_url": cloud.url,
        "cloud_username": cloud.username,
        "cloud_ca_path": str(cloud.ca_path) if cloud.ca_path else None,
        "accounts": [wish],
    }
    # Passwords are there.
    with TemporaryDirectory(prefix="bench-", dir=TMPFS) as name:
        private = Path(name)
        secrets = private / "secrets.yml"
        secrets.write_text(
            yaml.safe_dump({"cloud_password": cloud.password, "account_passwords": {wish["name"]: PASSWORD}})
        )
        (private / "inventory.yml").write_text(yaml.safe_dump({"clouds": {"hosts": {"cloud": host}}}))
        # Left to ansible-runner, Ctrl-C would do nothing more from its first run on.
        with noticed() as interrupted:
            done = ansible_runner.interface.run(
                private_data_dir=name,
                project_dir=str(REPOSITORY),
                playbook=str(REPOSITORY / "playbooks" / "accounts.yml"),
                inventory=str(private / "inventory.yml"),
                envvars={
                    "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"),
                    "ANSIBLE_INVENTORY_ENABLED": "ansible.builtin.yaml",
                    "ANSIBLE_HOME": str(private / "ansible"),
                    "ANSIBLE_LOCAL_TEMP": str(private / "tmp"),
                    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                },
                cmdline=f"--diff --skip-tags hand_run -e @{secrets}",
                quiet=True,
                cancel_callback=interrupted.is_set,
            )
        if interrupted.is_set():
            raise KeyboardInterrupt
        if done.status != "successful":
            raise NotTaken(f"ansible_runner.run of {wish}: {done.status}\n{done.stdout.read()}")
