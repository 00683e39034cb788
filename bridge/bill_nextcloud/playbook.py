# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs ``playbooks/accounts.yml`` and ``playbooks/probe.yml`` for one cloud by ansible-runner and takes the results."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from ansible_runner.config.runner import RunnerConfig
from ansible_runner.runner import Runner

from bill_nextcloud.billmanager.service import Cloud
from bill_nextcloud.damage import asked
from bill_nextcloud.errors import Failure, RunUnknown, SettingsInvalid
from bill_nextcloud.log import logger
from bill_nextcloud.process import dying_with_parent
from bill_nextcloud.settings import Settings

log = logger("playbook")

ACCOUNTS, ACCOUNTS_RESULT = "accounts.yml", "nextcloud_users"
PROBE, PROBE_RESULT = "probe.yml", "nextcloud_probe"
DETAIL_LENGTH = 300
_RUN_PREFIX = "run-"
_ENDED = "how the run ended"


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

    @property
    def artifacts(self) -> Path:
        """Where the artifacts of runs are, a directory for each."""
        return self.settings.bridge.runs_directory

    def remove_old(self) -> None:
        """Take away the artifacts that were kept long enough. Raises ``OSError``."""
        before = time.time() - self.settings.engine.keep_runs_days * 24 * 3600
        for directory in self.artifacts.glob("*"):
            if directory.stat().st_mtime < before:
                shutil.rmtree(directory)

    def accounts(
        self, cloud: Cloud, wishes: Sequence[Mapping[str, Any]], passwords: Mapping[str, str], *, check: bool
    ) -> RunResult:
        """Converge ``wishes`` (see ``account.wish``) on ``cloud``.

        ``passwords``: by account name. ``check``: only look. Raises :class:`RunUnknown` when no results came back:
        then nothing is known of what the run did.
        """
        variables = {
            "accounts": list(wishes),
            # Each is asked for on purpose here; the limits per hour were applied before.
            "max_deletions": asked(wishes).deletions,
            "max_suspensions": asked(wishes).suspensions,
        }
        ident, results = self._play(cloud, ACCOUNTS, variables, passwords, check=check)
        handed_back = results.get(ACCOUNTS_RESULT, {}).get(_host(cloud))
        if handed_back is None or [result["name"] for result in handed_back] != [wish["name"] for wish in wishes]:
            raise RunUnknown(cloud=cloud.name, detail=f"run {ident}: {results.get(_ENDED, '')}")
        if check:
            # It holds accounts' data, and nothing on record names it: `forget` would not find it.
            shutil.rmtree(self.artifacts / ident)
        return RunResult(ident, list(handed_back))

    def probe(self, cloud: Cloud) -> Failure | None:
        """Why the accounts of ``cloud`` cannot be changed, or ``None``: they can. Raises :class:`RunUnknown`."""
        ident, results = self._play(cloud, PROBE, {}, {}, check=False)
        handed_back = results.get(PROBE_RESULT, {}).get(_host(cloud))
        if handed_back is None:
            raise RunUnknown(cloud=cloud.name, detail=f"run {ident}: {results.get(_ENDED, '')}")
        failure = handed_back["failure"]
        return failure_of(failure, cloud, cloud.username) if failure else None

    def _play(
        self, cloud: Cloud, playbook: str, variables: Mapping[str, Any], passwords: Mapping[str, str], *, check: bool
    ) -> tuple[str, dict[str, Any]]:
        """Run a playbook: its artifacts' name, and what it handed back."""
        ident = uuid.uuid4().hex
        private = self.settings.bridge.runtime_directory / f"{_RUN_PREFIX}{ident}"
        private.mkdir(mode=0o700)
        try:
            return ident, self._run(ident, private, cloud, playbook, variables, passwords, check=check)
        finally:
            shutil.rmtree(private)

    def _run(
        self,
        ident: str,
        private: Path,
        cloud: Cloud,
        playbook: str,
        variables: Mapping[str, Any],
        passwords: Mapping[str, str],
        *,
        check: bool,
    ) -> dict[str, Any]:
        project = self.settings.bridge.project_directory
        inventory = private / "inventory.yml"
        ca_file = self.settings.clouds.ca_file
        connection: dict[str, Any] = {
            "ansible_connection": "local",
            "cloud_url": cloud.url,
            "cloud_username": cloud.username,
            "cloud_ca_path": str(ca_file) if ca_file else None,
        }
        _write(inventory, {"clouds": {"hosts": {_host(cloud): _Data({**connection, **variables})}}})
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
            playbook=str(project / "playbooks" / playbook),
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
            artifact_dir=str(self.artifacts),
            ident=ident,
            quiet=True,
        )
        configuration.prepare()
        # The subprocess mode has no fixed sleep at its end.
        configuration.runner_mode = "subprocess"
        configuration.subprocess_timeout = self.settings.bridge.run_timeout
        executable = Path(sys.executable).parent / "ansible-playbook"
        configuration.command = dying_with_parent([str(executable), *configuration.command[1:]])
        status, code = Runner(configuration, event_handler=on_event).run()
        accounts = len(variables.get("accounts", ()))
        log.info("run ended", run=ident, cloud=cloud.name, check=check, accounts=accounts, status=status, code=code)
        return {**(handed_back[0] if handed_back else {}), _ENDED: f"{status}, exit status {code}"}


def failure_of(value: Mapping[str, Any], cloud: Cloud, account: str, service: int | None = None) -> Failure:
    """A module's ``failure`` as ours: ``value`` has ``code`` and ``message``."""
    parameters = {
        "account": account,
        "cloud": cloud.name,
        "service": "-" if service is None else str(service),
        "detail": " ".join(str(value["message"]).split())[:DETAIL_LENGTH],
    }
    return Failure(value["code"], parameters)


def _host(cloud: Cloud) -> str:
    return f"cloud_{cloud.id}"


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
