# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings file: one TOML file, read strictly (an unknown name, or a value of another type, is an error)."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from bill_nextcloud.errors import SettingsInvalid
from bill_nextcloud.runs.ssh import is_path, parse

DEFAULT_PATH = Path("/etc/bill-nextcloud/settings.toml")
PACKAGE = Path(__file__).resolve().parent


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("must be an absolute path")
    return path


def _for_ssh(path: Path) -> Path:
    if not is_path(str(path)):
        raise ValueError("must not hold spaces, quotes, %, $ or a backslash")
    return path


def _worker(url: str) -> str:
    parse(url)
    return url


def _each_once(urls: tuple[str, ...]) -> tuple[str, ...]:
    if len({parse(url) for url in urls}) != len(urls):
        raise ValueError("names a host twice")
    return urls


def _each_type_once(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) != len(names):
        raise ValueError("names a type twice")
    return names


# A part of the name of a function (`<type>.open`).
ItemType = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
# TOML has neither paths nor tuples: these are made of texts and of arrays.
AbsolutePath = Annotated[Path, Field(strict=False), AfterValidator(_absolute)]
SshPath = Annotated[AbsolutePath, AfterValidator(_for_ssh)]


class _Section(BaseModel):
    # Hidden also in the error behind ours, which Ansible prints: a database address may hold a password.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class BillmanagerSettings(_Section):
    """Where BILLmanager is.

    ``root``: its directory. ``mgrctl``: the program, by default ``sbin/mgrctl`` below ``root``. ``database_url``: an
    SQLAlchemy address; by default made of what ``mgrctl paramlist`` says. ``mgrctl_timeout``: seconds for one call.
    ``item_types``: what the module sells, by the internal names of BILLmanager's product types.
    """

    root: AbsolutePath = Path("/usr/local/mgr5")
    mgrctl: AbsolutePath | None = None
    database_url: str | None = None
    mgrctl_timeout: float = Field(default=60, gt=0)
    item_types: Annotated[tuple[ItemType, ...], Field(min_length=1, strict=False), AfterValidator(_each_type_once)] = (
        "backupservice",
    )

    @property
    def program(self) -> Path:
        return self.mgrctl or self.root / "sbin" / "mgrctl"


class BridgeSettings(_Section):
    """Directories and waiting times of the bridge.

    ``state_directory`` keeps the engine's database, locks and scrubbed run artifacts; ``runtime_directory`` must be on
    a tmpfs and holds a run's secrets while it lasts; ``socket`` is where ``pmnextcloud`` calls; ``wait_seconds`` is how
    long such a call waits for the outcome before it ends "accepted"; ``run_timeout`` limits one playbook run (seconds;
    that of ``drift`` or ``stat`` has 0.1 seconds more for each account); ``project_directory`` has ``ansible.cfg``,
    ``playbooks`` and ``collections``.
    """

    installation: str = Field(default="billmanager", pattern=r"^[A-Za-z0-9._-]{1,64}$")
    state_directory: AbsolutePath = Path("/var/lib/bill-nextcloud")
    runtime_directory: AbsolutePath = Path("/run/bill-nextcloud")
    socket: AbsolutePath | None = None
    wait_seconds: float = Field(default=5, ge=0, le=300)
    run_timeout: int = Field(default=1800, gt=0)
    project_directory: AbsolutePath = PACKAGE.parents[1]

    @property
    def runs_directory(self) -> Path:
        """Has the scrubbed artifacts of each run in a directory of its name."""
        return self.state_directory / "runs"

    @property
    def socket_path(self) -> Path:
        return self.socket or self.runtime_directory / "bridge.sock"


class EngineSettings(_Section):
    """The engine's database: by default SQLite in the state directory, or ``postgresql://…``. ``workers``: how many
    operations may be under way at once. ``keep_runs_days``: how long the artifacts of playbook runs are kept;
    ``keep_record_days``: how long operations stay on record after they have ended."""

    database: str | None = None
    workers: int = Field(default=1000, ge=2, le=2000)
    keep_runs_days: float = Field(default=14, gt=0)
    keep_record_days: float = Field(default=1096, gt=0)


class RetrySettings(_Section):
    """When what failed for now is tried again: the shortest and the longest pause (seconds), and after how many hours
    it is given up. ``probe_seconds``: the shortest pause between probes of a held cloud."""

    first_seconds: float = Field(default=5, gt=0)
    longest_seconds: float = Field(default=600, gt=0)
    give_up_hours: float = Field(default=24, gt=0)
    probe_seconds: float = Field(default=30, gt=0)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.first_seconds > self.longest_seconds:
            raise ValueError("first_seconds must not be more than longest_seconds")
        return self


class AccountSettings(_Section):
    """How services become accounts.

    ``mapping``: the JMESPath file (default: the one that comes with the bridge). ``email_owner``: who may change the
    e-mail address after creation.
    """

    mapping: AbsolutePath = PACKAGE / "accounts.yml"
    email_owner: Literal["billmanager", "customer"] = "customer"


class CloudSettings(_Section):
    """What holds for every cloud: ``ca_file`` for a private certificate authority (TLS is always verified);
    ``requests_at_once``, to the API of one cloud; and the most deletions and suspensions within an hour, by the bridge
    and by hand together."""

    ca_file: AbsolutePath | None = None
    requests_at_once: int = Field(default=4, ge=1, le=8)
    deletions_per_hour: int = Field(default=50, ge=0)
    suspensions_per_hour: int = Field(default=200, ge=0)


def _thresholds(percents: tuple[int, ...]) -> tuple[int, ...]:
    if list(percents) != sorted(set(percents)):
        raise ValueError("must rise, each once")
    return percents


class UsageSettings(_Section):
    """Of what accounts use: ``notes``, the thresholds in percent of what was sold (1 to 100, rising) at which a service
    gets a note in BILLmanager; none: no notes."""

    notes: Annotated[
        tuple[Annotated[int, Field(ge=1, le=100)], ...], Field(strict=False), AfterValidator(_thresholds)
    ] = (80, 95)


class RunSettings(_Section):
    """Where playbooks run: here, or on ``workers`` (``ssh://user@host[:port]``), whose keys are always verified.

    ``identity_file`` and ``known_hosts`` are ssh's files (default: its own); ``remote_command`` is started there;
    ``connect_timeout`` in seconds. ``lease``: a run on a worker host ends itself when it has heard nothing from here
    for so many seconds, and after a loss no other run that may write begins before that. ``warm_start``: whether runs
    here begin in a process that has Ansible loaded already.
    """

    workers: Annotated[
        tuple[Annotated[str, AfterValidator(_worker)], ...], Field(strict=False), AfterValidator(_each_once)
    ] = ()
    identity_file: SshPath | None = None
    known_hosts: SshPath | None = None
    remote_command: str = Field(default="bill-nextcloud-run-worker", min_length=1)
    connect_timeout: int = Field(default=10, ge=1, le=120)
    lease: int = Field(default=20, ge=3, le=300)
    warm_start: bool = True


class Settings(_Section):
    """All settings; every section may be left out."""

    billmanager: BillmanagerSettings = BillmanagerSettings()
    bridge: BridgeSettings = BridgeSettings()
    engine: EngineSettings = EngineSettings()
    retries: RetrySettings = RetrySettings()
    accounts: AccountSettings = AccountSettings()
    clouds: CloudSettings = CloudSettings()
    runs: RunSettings = RunSettings()
    usage: UsageSettings = UsageSettings()

    @property
    def engine_database(self) -> str:
        return self.engine.database or f"sqlite:///{self.bridge.state_directory / 'engine.sqlite'}"

    @property
    def record_database(self) -> str:
        return self.engine.database or f"sqlite:///{self.bridge.state_directory / 'record.sqlite'}"

    @property
    def lock_directory(self) -> Path:
        return self.bridge.state_directory / "locks"


def read_settings(path: Path) -> Settings:
    """Read ``path``. Raises :class:`SettingsInvalid` when it cannot be read or holds something wrong."""
    try:
        with path.open("rb") as file:
            return Settings.model_validate(tomllib.load(file))
    except OSError as error:
        raise SettingsInvalid(file=path, detail=error.strerror) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsInvalid(file=path, detail=error) from error
    except ValidationError as error:
        # No input values in the text: a database address may hold a password.
        detail = "; ".join(
            f"{'.'.join(str(part) for part in item['loc'])}: "
            f"{'unknown setting' if item['type'] == 'extra_forbidden' else item['msg']}"
            for item in error.errors(include_input=False, include_url=False)
        )
        raise SettingsInvalid(file=path, detail=detail) from None
