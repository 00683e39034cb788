# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of a playbook for one cloud: what it is to do, how it is done on this machine, what it hands back."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType
from typing import Any, Literal

import ansible_runner.runner
from ansible_runner.config.runner import RunnerConfig
from ansible_runner.runner import Runner
from pydantic import BaseModel, ConfigDict, Field

from bill_nextcloud.cloud_server import API, CloudServer
from bill_nextcloud.damage import asked
from bill_nextcloud.errors import RunUnknown
from bill_nextcloud.process import dying_with_parent
from bill_nextcloud.runs.private import Data, write, write_text

# What each playbook hands back, by host.
_RESULT = {
    "accounts": "nextcloud_users",
    "probe": "nextcloud_probe",
    "groups": "nextcloud_groups",
    "import": "nextcloud_import",
    "drift": "nextcloud_drift",
    "statistics": "nextcloud_statistics",
}
# The action whose results hand back what a run has found, a page at a time.
_ROWS = "cloud_rows"
_DONE = re.compile(r"(\d+) accounts done")

# After BILLmanager and the calls that it waits for.
NICE = ("nice", "-n", "5")
PLAYBOOK = Path(sys.executable).parent / "ansible-playbook"
# What ansible-runner says before it starts the playbook.
_NOT_BEGUN = ("unstarted", "starting")

Event = dict[str, Any]
# Takes what ``subprocess.run`` takes, and does the same.
Start = Callable[..., "subprocess.CompletedProcess[str]"]


class Interrupted(Exception):
    """What a run did is not known, since its artifacts could not be written; it has ended."""


class Run(BaseModel):
    """What a run is to do; it may be sent to another host.

    ``ident`` names its artifacts; ``cloud`` is the number of the processing module; ``playbook`` is one of
    ``playbooks``; ``accounts`` see ``account.wish``; ``passwords`` by account name; ``lines``: of JSON,
    for ``drift`` and ``statistics`` (see ``Runs``); ``names``: the accounts that ``import`` reads, all where there are
    none; ``quotas``: those that ``import`` compares (bytes, or ``none``);
    ``space``: whether ``groups`` asks for the free space, too; ``requests_at_once``: to the cloud's API; ``check``:
    only look; ``dialect`` and ``disabled_shares``: as the modules' options; ``timeout`` in seconds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    ident: str = Field(pattern=r"^[0-9a-f]{32}$")
    cloud: int
    playbook: Literal["accounts", "probe", "groups", "import", "drift", "statistics"]
    accounts: list[dict[str, Any]] = []
    lines: str = Field(default="", repr=False)
    passwords: dict[str, str] = Field(default={}, repr=False)
    names: list[str] = []
    quotas: list[str] = []
    space: bool = False
    requests_at_once: int = Field(default=1, ge=1)
    check: bool = False
    dialect: str = "auto"
    disabled_shares: str | None = None
    timeout: int = Field(gt=0)

    @property
    def host(self) -> str:
        """The cloud's name in the inventory."""
        return f"cloud_{self.cloud}"

    @property
    def asked(self) -> int:
        """About how many accounts it is; 0 for all, or for none."""
        return len(self.accounts) or len(self.names) or self.lines.count("\n")

    @property
    def writes(self) -> bool:
        """Whether it may change anything on the cloud."""
        return self.playbook == "accounts" and not self.check


@dataclass(frozen=True)
class Access:
    """How to reach a cloud. ``password`` is the administrator's, or if ``bearer_token`` a token; ``ca_file`` a private
    certificate authority; ``transport``: the modules' option; ``server``: where occ is run, if it may be."""

    url: str
    username: str
    password: str = field(repr=False)
    ca_file: Path | None = None
    bearer_token: bool = False
    transport: str = API
    server: CloudServer | None = None


def _not_wanted(_: Any) -> None:
    pass


class Results:
    """Takes a run's events as they come, and from them what the playbook handed back.

    ``rows`` is told of each part that ``drift`` or ``statistics`` hands back before its end; ``done`` of how far it is.
    """

    def __init__(
        self,
        rows: Callable[[list[dict[str, Any]]], None] = _not_wanted,
        done: Callable[[int], None] = _not_wanted,
    ) -> None:
        self._handed_back: dict[str, Any] = {}
        self._rows = rows
        self._done = done
        self._count = 0

    def __call__(self, event: Event) -> bool:
        """An event handler of ansible-runner."""
        # One that could not be written whole, on a full disk, has no name.
        name = event.get("event")
        if name == "playbook_on_stats":
            self._handed_back = event["event_data"].get("artifact_data") or {}
        elif name == "runner_on_ok" and event["event_data"].get("task_action") == _ROWS:
            page = [json.loads(line) for line in event["event_data"]["res"]["rows"].split("\n") if line]
            self._count += len(page)
            self._rows(page)
        elif name == "verbose" and (told := _DONE.fullmatch(event.get("stdout") or "")):
            self._done(int(told[1]))
        return True

    def of(self, run: Run, cloud: str, end: str) -> Any:
        """What the playbook of ``run`` handed back: of ``accounts`` the module's result for each account, in order; of
        ``probe`` a dictionary with ``dialect``, ``product``, ``version``, ``transport`` (in words) and ``failure``; of
        ``groups`` one with ``version``, ``failure``, the list ``groups`` and ``free_space`` (bytes, or ``None``); of
        ``import`` one with ``accounts`` (rows of the filter ``account_rows``), ``missing`` and ``failure``; of
        ``drift`` and ``statistics`` one with ``rows`` (how many were told), ``failure``, and of the former
        ``compared``.

        Raises :class:`RunUnknown` without it; ``cloud`` and ``end`` (how the run ended) are for its words.
        """
        result = self._handed_back.get(_RESULT[run.playbook], {}).get(run.host)
        if (
            result is None
            or (run.playbook == "accounts" and [one["name"] for one in result] != [one["name"] for one in run.accounts])
            or (run.lines and result["rows"] != self._count)
        ):
            raise RunUnknown(cloud=cloud, detail=f"run {run.ident}: {end}")
        return result


def execute(
    run: Run,
    access: Access,
    *,
    project: Path,
    private: Path,
    home: Path,
    session: Path,
    artifacts: Path,
    on_event: Callable[[Event], bool],
    start: Start = subprocess.run,
) -> tuple[str, int | None]:
    """Carry ``run`` out on this machine; ansible-runner's status, and ``ansible-playbook``'s exit status.

    ``project`` has ``playbooks`` and ``collections``; ``private``, on a tmpfs, takes the secrets and belongs to the
    caller, who removes it; ``home`` is Ansible's own directory, into which nobody else may write; ``session``, on a
    tmpfs, keeps the log-in to the cloud for the runs that follow; the run's artifacts go below ``artifacts``; ``start``
    starts the playbook and waits for it. The run dies with the calling thread.

    Raises ``OSError`` when it was not begun, and :class:`Interrupted` when what it did could not be kept.
    """
    inventory = private / "inventory.yml"
    host = {**_connection(run, access, project, private, session), **_variables(run, private)}
    write(inventory, {"clouds": {"hosts": {run.host: Data(host)}}})
    secrets = private / "secrets.yml"
    write(secrets, Data(cloud_password=access.password, account_passwords=run.passwords))
    configuration = _configuration(
        project,
        private,
        home,
        playbook=str(project / "playbooks" / f"{run.playbook}.yml"),
        inventory=str(inventory),
        # Ansible forks for each task, also for one whose condition does not hold.
        cmdline=f"{'--check ' if run.check else ''}--diff --skip-tags hand_run -e @{shlex.quote(str(secrets))}",
        artifact_dir=str(artifacts),
        ident=run.ident,
    )
    # The subprocess mode has no fixed sleep at its end.
    configuration.runner_mode = "subprocess"
    configuration.subprocess_timeout = run.timeout
    # On a worker host the standard input is the bridge's.
    configuration.input_fd = subprocess.DEVNULL  # type: ignore[attr-defined]
    configuration.command = dying_with_parent([*NICE, str(PLAYBOOK), *configuration.command[1:]])
    runner = _Runner(configuration, on_event, start)
    try:
        status, code = runner.run()
    except (OSError, ValueError) as error:
        # The playbook's process has ended by now: what remains is to read and to write artifacts. On a full disk they
        # are empty, hence ``ValueError``.
        if runner.status in _NOT_BEGUN:
            raise
        raise Interrupted(str(error)) from error
    return status, code


def environment(project: Path, private: Path, home: Path) -> dict[str, str]:
    """The environment of :func:`execute`'s ``ansible-playbook``, for a run in ``private``, which may be of use to
    nobody else yet. Raises ``OSError``."""
    found: dict[str, str] = _configuration(project, private, home, playbook="none", artifact_dir=str(private)).env
    return found


def _configuration(project: Path, private: Path, home: Path, **more: str) -> RunnerConfig:
    """ansible-runner's, prepared."""
    configuration = RunnerConfig(
        private_data_dir=str(private),
        project_dir=str(project),
        envvars={
            "ANSIBLE_CONFIG": str(project / "ansible.cfg"),
            # The inventory is a file of ours. Each plugin that is enabled is loaded, and BILLmanager's would take a
            # quarter of the processor's time of a run.
            "ANSIBLE_INVENTORY_ENABLED": "ansible.builtin.yaml",
            # Nothing of a run is left in the user's home, however the run ends.
            "ANSIBLE_HOME": str(home),
            "ANSIBLE_LOCAL_TEMP": str(private / "tmp"),
            # ansible-runner switches this off by default.
            "ANSIBLE_HOST_KEY_CHECKING": "True",
        },
        # Otherwise ansible-runner has it kept in a directory of the run's, for nobody.
        fact_cache_type="memory",
        quiet=True,
        **more,
    )
    configuration.prepare()
    return configuration


class _Runner(Runner):
    """ansible-runner's own, but for the function that starts the playbook and waits for it."""

    def __init__(self, configuration: RunnerConfig, on_event: Callable[[Event], bool], start: Start) -> None:
        super().__init__(configuration, event_handler=on_event)  # type: ignore[no-untyped-call]
        self._start = start

    def run(self) -> tuple[str, int | None]:
        # The method finds that function under a name of its module. Its code is kept, so artifacts stay what they are.
        names = {**vars(ansible_runner.runner), "run_subprocess": self._start}
        ended: tuple[str, int | None] = FunctionType(Runner.run.__code__, names)(self)
        return ended


def _connection(run: Run, access: Access, project: Path, private: Path, session: Path) -> dict[str, Any]:
    """How Ansible and the modules reach the cloud."""
    server: dict[str, Any] = {"ansible_connection": "local"}
    if access.server is not None:
        known_hosts = private / "known_hosts" if access.server.host_keys else None
        if known_hosts is not None:
            write_text(known_hosts, access.server.known_hosts)
        server = access.server.variables(
            project=project, known_hosts=known_hosts, socket=private / "ssh", seconds=run.timeout
        )
    return {
        **server,
        "cloud_transport": access.transport,
        "cloud_url": access.url,
        "cloud_username": access.username,
        "cloud_ca_path": str(access.ca_file) if access.ca_file else None,
        "cloud_session_path": str(session),
        "cloud_api_requests": run.requests_at_once,
        "cloud_dialect": run.dialect,
        "cloud_bearer_token": access.bearer_token,
    }


def _variables(run: Run, private: Path) -> dict[str, Any]:
    """What the run is about."""
    if run.lines:
        # Ansible itself would take a hundred kilobytes for each account.
        lines = private / "lines.jsonl"
        write_text(lines, run.lines)
        return {"cloud_lines": str(lines), "cloud_rows": str(private / "rows.jsonl")}
    if run.playbook == "import":
        return {"import_names": run.names, "import_quotas": run.quotas}
    if run.playbook == "groups":
        return {"cloud_read_space": run.space}
    if run.playbook != "accounts":
        return {}
    # Each is asked for on purpose here; the limits per hour were applied before.
    most = asked(run.accounts)
    return {
        "accounts": run.accounts,
        "cloud_disabled_shares": run.disabled_shares,
        "max_deletions": most.deletions,
        "max_suspensions": most.suspensions,
    }
