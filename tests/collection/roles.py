# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles of the installed collection, played by the real ansible-playbook on servers of stand-ins, here."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from standins.cloud.process import StandinCloud

from collection.conftest import Installed
from collection.installation import Run

_QUIET = {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORKS": "2"}


class Server:
    """The server of a stand-in: its occ, and what that was told."""

    def __init__(self, standin: StandinCloud, directory: Path) -> None:
        self.standin = standin
        self._directory = directory
        self._occ = standin.install_occ(directory / "www")
        self.variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "cloud_for_sale_occ_path": str(self._occ),
            "cloud_for_sale_php_path": str(self._occ.with_name("php")),
        }
        """What a host of the play needs."""

    def occ(self, *arguments: str) -> str:
        """Run a command of occ, which has to succeed; returns what it printed."""
        command = [str(self._occ.with_name("php")), str(self._occ), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    def settings(self, app: str) -> dict[str, Any]:
        """The settings of an app, or of `system`."""
        told = json.loads(self.occ("config:list", app, "--output=json"))
        found: dict[str, Any] = (told["system"] if app == "system" else told["apps"][app]) or {}
        return found

    def play(
        self,
        installed: Installed,
        role: str,
        hosts: Mapping[str, Mapping[str, Any]],
        *arguments: str,
        secrets: Mapping[str, str],
    ) -> Run:
        """Play a role on hosts, all of them this server, each with variables of its own. Nothing of `secrets`, further
        variables, may be printed or be in an argument of occ."""
        self._directory.mkdir(parents=True, exist_ok=True)
        named = {name: {**self.variables, **variables} for name, variables in hosts.items()}
        (self._directory / "inventory.json").write_text(json.dumps({"all": {"hosts": named}}))
        (self._directory / "secrets.json").write_text(json.dumps(dict(secrets)))
        play = {"name": "Play", "hosts": "all", "gather_facts": False, "roles": [f"bill.nextcloud.{role}"]}
        (self._directory / "play.json").write_text(json.dumps([play]))
        command = ("ansible-playbook", "-i", "inventory.json", "-e", "@secrets.json", "--diff", "-vv", "play.json")
        environment = {**_QUIET, "ANSIBLE_COLLECTIONS_PATH": str(installed.collections)}
        run = installed.ansible.run(self._directory, *command, *arguments, environment=environment)
        told = [argument for entry in self.standin.commands() for argument in entry["arguments"]]
        for secret in secrets.values():
            assert secret not in run.printed
            assert secret not in told
        return run

    def writes(self) -> list[str]:
        """All commands since this was asked for last that may change something."""
        commands = [" ".join(entry["arguments"]) for entry in self.standin.commands()]
        self.standin.clear_commands()
        return [command for command in commands if not _only_reads(command)]


def _only_reads(command: str) -> bool:
    """user:add with a name that no release takes shows whether accounts may be made (`nextcloud_probe`)."""
    words = command.split()
    if words[0] == "user:add":
        return "/" in words[-1]
    return words[0] in _READING or (
        words[0] == "user:setting" and not any(word.startswith("--value") for word in words)
    )


_READING = (
    "config:app:get",
    "config:list",
    "config:system:get",
    "group:info",
    "group:list",
    "group:list-members",
    "status",
    "twofactorauth:state",
    "user:info",
    "user:list",
    "user:list-groups",
)
