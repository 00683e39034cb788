# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs ``playbooks/accounts.yml`` for one cloud by ansible-runner and takes its results."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from ansible_runner.config.runner import RunnerConfig
from ansible_runner.runner import Runner

from bill_nextcloud.billmanager.service import Cloud
from bill_nextcloud.errors import RunUnknown, SettingsInvalid
from bill_nextcloud.log import logger
from bill_nextcloud.process import dying_with_parent
from bill_nextcloud.settings import Settings

log = logger("playbook")

RESULT = "nextcloud_users"
# More than can be under way at once, so that none of those is taken away.
KEPT_ARTIFACTS = 1000
_RUN_PREFIX = "run-"


@dataclass(frozen=True)
class RunResult:
    """What a run handed back: the module's result for each account, in order. ``ident`` names its artifacts."""

    ident: str
    accounts: list[dict[str, Any]]


@dataclass(frozen=True)
class Runs:
    """Playbook runs. The directory for a run's secrets is below ``settings.bridge.runtime_directory`` (a tmpfs)."""

    settings: Settings

    def clear(self) -> None:
        """Take away what killed runs have left. Raises :class:`SettingsInvalid` when the place is not a tmpfs."""
        directory = self.settings.bridge.runtime_directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _on_tmpfs(directory):
            raise SettingsInvalid(file="bridge.runtime_directory", detail=f"{directory} is not on a tmpfs")
        for left in directory.glob(f"{_RUN_PREFIX}*"):
            shutil.rmtree(left)

    def accounts(
        self, cloud: Cloud, wishes: Sequence[Mapping[str, Any]], passwords: Mapping[str, str], *, check: bool
    ) -> RunResult:
        """Converge ``wishes`` (see ``account.wish``) on ``cloud``.

        ``passwords``: by account name. ``check``: only look. Raises :class:`RunUnknown` when no results came back:
        then nothing is known of what the run did.
        """
        ident = uuid.uuid4().hex
        private = self.settings.bridge.runtime_directory / f"{_RUN_PREFIX}{ident}"
        private.mkdir(mode=0o700)
        try:
            return RunResult(ident, self._run(ident, private, cloud, wishes, passwords, check=check))
        finally:
            shutil.rmtree(private)

    def _variables(self, cloud: Cloud, wishes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        limits = self.settings.clouds
        return {
            "ansible_connection": "local",
            "cloud_url": cloud.url,
            "cloud_username": cloud.username,
            "cloud_ca_path": str(limits.ca_file) if limits.ca_file else None,
            "accounts": list(wishes),
            "max_deletions": limits.deletions_per_run,
            "max_suspensions": limits.suspensions_per_run,
        }

    def _run(
        self,
        ident: str,
        private: Path,
        cloud: Cloud,
        wishes: Sequence[Mapping[str, Any]],
        passwords: Mapping[str, str],
        *,
        check: bool,
    ) -> list[dict[str, Any]]:
        project = self.settings.bridge.project_directory
        host = f"cloud_{cloud.id}"
        inventory = private / "inventory.yml"
        _write(inventory, {"clouds": {"hosts": {host: _Data(self._variables(cloud, wishes))}}})
        secrets = private / "secrets.yml"
        _write(secrets, _Data(cloud_password=cloud.password, account_passwords=dict(passwords)))
        handed_back: list[dict[str, Any]] = []

        def on_event(event: dict[str, Any]) -> bool:
            if event["event"] == "playbook_on_stats":
                handed_back.append(event["event_data"].get("artifact_data") or {})
            return True

        configuration = RunnerConfig(
            private_data_dir=str(private),
            project_dir=str(project),
            playbook=str(project / "playbooks" / "accounts.yml"),
            inventory=str(inventory),
            envvars={
                "ANSIBLE_CONFIG": str(project / "ansible.cfg"),
                # Nothing of a run is left in the user's home, however the run ends.
                "ANSIBLE_HOME": str(private / "ansible"),
                "ANSIBLE_LOCAL_TEMP": str(private / "tmp"),
                # ansible-runner switches this off by default.
                "ANSIBLE_HOST_KEY_CHECKING": "True",
            },
            cmdline=f"{'--check ' if check else ''}--diff -e @{shlex.quote(str(secrets))}",
            artifact_dir=str(self.settings.bridge.state_directory / "runs"),
            ident=ident,
            rotate_artifacts=KEPT_ARTIFACTS,
            quiet=True,
        )
        configuration.prepare()
        # The subprocess mode has no fixed sleep at its end.
        configuration.runner_mode = "subprocess"
        configuration.subprocess_timeout = self.settings.bridge.run_timeout
        executable = Path(sys.executable).parent / "ansible-playbook"
        configuration.command = dying_with_parent([str(executable), *configuration.command[1:]])
        status, code = Runner(configuration, event_handler=on_event).run()
        log.info("run ended", run=ident, cloud=cloud.name, check=check, accounts=len(wishes), status=status, code=code)
        results = handed_back[0].get(RESULT, {}).get(host) if handed_back else None
        if results is None or [result["name"] for result in results] != [wish["name"] for wish in wishes]:
            raise RunUnknown(cloud=cloud.name, detail=f"run {ident}: {status}, exit status {code}")
        return list(results)


class _Data(dict[str, Any]):
    """A mapping whose texts are data, whatever they look like."""


class _DataDumper(yaml.SafeDumper):
    """Writes :class:`_Data` so that a customer's name with braces is no template, and ``12_3`` or ``yes`` stays text.

    The mark stands at the mapping: at a text itself Ansible would read its value anew as YAML, quotes or not.
    """


_DataDumper.add_representer(_Data, lambda dumper, data: dumper.represent_mapping("!unsafe", data, flow_style=True))
_DataDumper.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


def _write(path: Path, content: dict[str, Any]) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        yaml.dump(content, file, Dumper=_DataDumper, allow_unicode=True)


def _on_tmpfs(directory: Path) -> bool:
    best, kind = Path("/"), ""
    for line in Path("/proc/self/mounts").read_text("utf-8").splitlines():
        _, point, type_, *_ = line.split(" ")
        mounted = Path(point.encode().decode("unicode_escape"))
        if directory.resolve().is_relative_to(mounted) and len(mounted.parts) >= len(best.parts):
            best, kind = mounted, type_
    return kind in {"tmpfs", "ramfs"}
