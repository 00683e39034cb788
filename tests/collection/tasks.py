# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays of several tasks of the installed collection, run by the real ansible-playbook, with the results of all."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from collection.conftest import Installed
from collection.installation import Run

NAMES = (
    "nextcloud_group",
    "nextcloud_probe",
    "nextcloud_quota",
    "nextcloud_user",
    "nextcloud_user_action",
    "nextcloud_user_info",
)
MODULES = (*NAMES, "nextcloud_users")
_QUIET = {"ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false", "ANSIBLE_NOCOLOR": "1"}
_RESULTS = "RESULTS="
_COMMAND = ("ansible-playbook", "-e", "@variables.json", "play.json")


@dataclass(frozen=True)
class Task:
    """One task: a module of the collection and its options, which are those of the connection, too."""

    module: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Played:
    """What a play printed, and the result of each of its tasks."""

    run: Run
    results: dict[str, dict[str, Any]]

    def __getitem__(self, name: str) -> dict[str, Any]:
        return self.results[name]


def connection(url: str, username: str, password: str) -> dict[str, str]:
    """Return the options of the connection. The password is the name of a variable, as it should be in a playbook."""
    return {"api_url": url, "api_username": username, "api_password": f"{{{{ {password} }}}}"}


def play(
    installed: Installed,
    directory: Path,
    tasks: Mapping[str, Task],
    *arguments: str,
    defaults: Mapping[str, Any],
    variables: Mapping[str, Any],
) -> Played:
    """Run tasks one after the other; one that fails does not keep the others from running.

    :param defaults: the connection, for tasks that do not give it themselves.
    :param variables: secrets among them; none of their texts may be printed.
    """
    directory.mkdir(parents=True, exist_ok=True)
    numbers = {name: f"result_{number}" for number, name in enumerate(tasks)}
    listed: list[dict[str, Any]] = [
        {
            "name": name,
            f"bill.nextcloud.{task.module}": dict(task.options),
            "register": numbers[name],
            "ignore_errors": True,
        }
        for name, task in tasks.items()
    ]
    together = ", ".join(f"{number!r}: {number}" for number in numbers.values())
    listed.append(
        {"name": "Results", "ansible.builtin.debug": {"msg": f"{_RESULTS}{{{{ {{{together}}} | to_json }}}}"}}
    )
    content = {
        "name": "Play",
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {"group/bill.nextcloud.nextcloud": dict(defaults)},
        "tasks": listed,
    }
    (directory / "play.json").write_text(json.dumps([content]))
    (directory / "variables.json").write_text(json.dumps(dict(variables)))
    run = installed.ansible.run(directory, *_COMMAND, *arguments, environment=_environment(installed))
    for secret in variables.values():
        assert secret not in run.printed
    lines = [line for line in run.output.splitlines() if f'"msg": "{_RESULTS}' in line]
    assert len(lines) == 1, run.printed
    message = json.loads(f"{{{lines[0].strip().rstrip(',')}}}")["msg"]
    results = json.loads(message.removeprefix(_RESULTS))
    return Played(run, {name: results[number] for name, number in numbers.items()})


def start_again(installed: Installed, directory: Path) -> subprocess.Popen[bytes]:
    """Start the play that was played in this directory once more, to be killed in the middle of it."""
    return installed.ansible.start(directory, *_COMMAND, environment=_environment(installed))


def _environment(installed: Installed) -> dict[str, str]:
    return {**_QUIET, "ANSIBLE_COLLECTIONS_PATH": str(installed.collections)}
