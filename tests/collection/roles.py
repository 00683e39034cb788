# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles of the installed collection, played by the real ansible-playbook on servers of stand-ins, here."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from standins.cloud.process import StandinCloud

from collection.conftest import Installed
from collection.installation import Run

_COMMAND = ("ansible-playbook", "-i", "inventory.json", "-e", "@secrets.json", "--diff", "-vv", "play.json")
_FAILED = re.compile(r"^(?:fatal|failed): \[(\w+)\].*?\"msg\": \"(.*?)\"", re.MULTILINE | re.DOTALL)
_READING = (
    "app:list",
    "config:app:get",
    "config:list",
    "group:info",
    "group:list",
    "group:list-members",
    "saml:config:get",
    "status",
    "twofactorauth:state",
    "user:info",
    "user:list",
    "user:list-groups",
    "user:setting",
)


class Server:
    """The server of a stand-in: its occ, and what that was told."""

    def __init__(self, directory: Path, standin: StandinCloud) -> None:
        self.standin = standin
        self._occ = standin.install_occ(directory)

    def variables(self, role: str) -> dict[str, Any]:
        """What a host needs to be this server."""
        return {
            "ansible_connection": "local",
            "ansible_pipelining": True,
            "ansible_python_interpreter": sys.executable,
            f"{role}_occ_path": str(self._occ),
            f"{role}_php_path": str(self._occ.with_name("php")),
        }

    def occ(self, *arguments: str) -> str:
        """Run a command of occ, which has to succeed; returns what it printed."""
        command = [str(self._occ.with_name("php")), str(self._occ), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    def settings(self, *apps: str) -> dict[str, dict[str, Any]]:
        """The settings of apps, and of `system`."""
        found = {}
        for app in apps:
            told = json.loads(self.occ("config:list", app, "--output=json"))
            found[app] = (told["system"] if app == "system" else told["apps"][app]) or {}
        return found

    def arguments(self) -> list[str]:
        """All arguments that occ was given since the last call of `writes`."""
        return [argument for entry in self.standin.commands() for argument in entry["arguments"]]

    def writes(self) -> list[str]:
        """All commands since this was asked for last that may change something."""
        commands = [entry["arguments"] for entry in self.standin.commands()]
        self.standin.clear_commands()
        return [" ".join(words) for words in commands if not _only_reads(words)]


def _only_reads(words: list[str]) -> bool:
    if words[0] == "user:add":
        return "/" in words[-1]  # no release takes such a name; it shows whether accounts may be made
    if words[0] == "user_oidc:provider":
        return not any(word.startswith(("--clientid", "--mapping")) for word in words)
    return words[0] in _READING


def play(
    installed: Installed,
    directory: Path,
    role: str,
    hosts: Mapping[str, tuple[Server, Mapping[str, Any]]],
    *arguments: str,
    secrets: Mapping[str, str],
) -> Run:
    """Play a role on hosts, each a server with variables of its own. Nothing of `secrets`, variables of all, may
    be printed or be an argument of occ."""
    named = {name: {**server.variables(role), **variables} for name, (server, variables) in hosts.items()}
    run = play_hosts(installed, directory, role, named, *arguments, secrets=secrets)
    told = [argument for server, _ in hosts.values() for argument in server.arguments()]
    for secret in secrets.values():
        assert not any(secret in argument for argument in told)
    return run


def play_hosts(
    installed: Installed,
    directory: Path,
    role: str,
    hosts: Mapping[str, Mapping[str, Any]],
    *arguments: str,
    beside: Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None,
    secrets: Mapping[str, str],
) -> Run:
    """Play a role on hosts, each with its variables. `beside`: further groups of the inventory, with their hosts.
    Nothing of `secrets`, variables of all, may be printed."""
    content = {"name": "Play", "hosts": "played", "gather_facts": False, "roles": [f"bill.nextcloud.{role}"]}
    groups = {"played": hosts, **(beside or {})}
    (directory / "inventory.json").write_text(json.dumps({name: {"hosts": dict(of)} for name, of in groups.items()}))
    (directory / "secrets.json").write_text(json.dumps(dict(secrets)))
    (directory / "play.json").write_text(json.dumps([content]))
    environment = {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_COLLECTIONS_PATH": str(installed.collections)}
    run = installed.ansible.run(directory, *_COMMAND, *arguments, environment=environment)
    for secret in secrets.values():
        assert secret not in run.printed
    return run


def failures(run: Run) -> dict[str, str]:
    """What failed on each host, in words."""
    found: dict[str, str] = {}
    for name, words in _FAILED.findall(run.printed):
        found[name] = f"{found.get(name, '')} {words}"
    return found


def nothing_written(servers: Iterable[Server]) -> bool:
    """Whether occ was told to change nothing since `Server.writes` was asked for last."""
    return [server.writes() for server in servers] == [[] for _ in servers]
