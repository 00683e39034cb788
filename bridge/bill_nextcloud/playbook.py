# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of ``accounts.yml``, ``probe.yml``, ``groups.yml``, ``import.yml``, ``drift.yml`` and ``statistics.yml``
of ``playbooks`` for one cloud: here, or on worker hosts where the settings name some."""

from __future__ import annotations

import contextlib
import shutil
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.server_config import Listing
from bill_nextcloud.errors import EngineUnavailable, Failure, RunUnknown, SettingsInvalid
from bill_nextcloud.log import logger
from bill_nextcloud.removal import remove
from bill_nextcloud.runs.left import remove_of_dead
from bill_nextcloud.runs.private import on_tmpfs
from bill_nextcloud.runs.run import Access, Interrupted, Results, Run, execute
from bill_nextcloud.runs.sessions import Sessions
from bill_nextcloud.runs.warm.client import PREFIX, Begun, WarmStart
from bill_nextcloud.runs.workers import Workers
from bill_nextcloud.settings import Settings

log = logger("playbook")

DETAIL_LENGTH = 300
ADMIN_GROUP = "admin"
_RUN_PREFIX = "run-"
# Of the directory in which a `drift` keeps its runs' secrets; its process's number follows.
OF_DRIFT = "drift-"
# A slow Nextcloud takes 90 milliseconds to tell of one.
_SECONDS_AN_ACCOUNT = 0.1


Part = list[dict[str, Any]]
"""Some hundred rows that a run has handed back."""


@dataclass(frozen=True)
class RunResult:
    """What a run handed back: the module's result for each account, in order. ``ident`` names its artifacts."""

    ident: str
    accounts: list[dict[str, Any]]


@dataclass(frozen=True)
class Product:
    """What a cloud is: its API (an option ``dialect`` of the modules), the name of the product, and its version;
    ``transport``: which way was used (``api``, ``occ``) and why, in words."""

    dialect: str
    name: str
    version: str
    transport: str = ""


@dataclass(frozen=True)
class Existing:
    """An account as it is on a cloud. ``quota``: bytes, ``None`` for unlimited, ``unknown``; ``quotas_like_it``: those
    of the quotas asked about (bytes, or ``none``) that the cloud would show as this one; ``backend``: the directory
    that holds it, ``None`` where the cloud does not tell."""

    name: str
    enabled: bool
    email: str | None
    quota: int | str | None
    quotas_like_it: frozenset[str]
    groups: frozenset[str]
    backend: str | None
    administrator: bool


class Runs:
    """Playbook runs. The directory for a run's secrets is below ``settings.bridge.runtime_directory`` (a tmpfs), and so
    is the one of the log-ins that are kept from run to run."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._workers = Workers(settings)
        self._sessions = Sessions(settings.bridge.runtime_directory / "sessions")
        self._home = settings.bridge.runtime_directory / "ansible"
        self._warm = WarmStart(settings.bridge.project_directory, settings.bridge.runtime_directory, self._home)

    @property
    def elsewhere(self) -> bool:
        """Whether runs go to worker hosts. These have credentials of their own: the password in BILLmanager is neither
        needed nor sent."""
        return bool(self._workers)

    def clear(self) -> None:
        """Take away what killed runs have left, those of dead `drift` as well, and the log-ins that are kept.

        Raises :class:`SettingsInvalid` when the place is not a tmpfs."""
        directory = self.settings.bridge.runtime_directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not on_tmpfs(directory):
            raise SettingsInvalid(file="bridge.runtime_directory", detail=f"{directory} is not on a tmpfs")
        for left in (self._home, *directory.glob(f"{_RUN_PREFIX}*"), *directory.glob(f"{PREFIX}*")):
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(left)
        remove_of_dead(directory, OF_DRIFT)
        self._sessions.clear()

    def begin_warm_starts(self) -> None:
        """Have runs begin without Ansible's start, if the settings say so; it takes a second or two until they do, and
        nobody waits for it. Only for the bridge's own process: it must go on living. (Runs on worker hosts begin
        cold.)"""
        if self.settings.runs.warm_start and not self.elsewhere:
            self._warm.begin()

    @property
    def artifacts(self) -> Path:
        """Where the artifacts of runs are, a directory for each."""
        return self.settings.bridge.runs_directory

    def remove_old(self) -> None:
        """Take away the artifacts that were kept long enough. Raises ``OSError``."""
        before = time.time() - self.settings.engine.keep_runs_days * 24 * 3600
        for directory in self.artifacts.glob("*"):
            # `forget` removes some meanwhile, and `drift` its own.
            with contextlib.suppress(FileNotFoundError):
                if directory.stat().st_mtime < before:
                    shutil.rmtree(directory)

    def remove_ended_sessions(self) -> None:
        """Take away the log-ins that are kept no longer. Raises ``OSError``."""
        self._sessions.remove_old()

    def accounts(
        self,
        cloud: Cloud,
        wishes: Sequence[Mapping[str, Any]],
        passwords: Mapping[str, str],
        *,
        check: bool,
        begin: Callable[[str], None] | None = None,
    ) -> RunResult:
        """Converge ``wishes`` (see ``account.wish``) on ``cloud``.

        ``passwords``: by account name. ``check``: only look. ``begin`` is told what names the run's artifacts, before
        there are any; without it none are kept. Raises :class:`RunUnknown` when no results came back:
        then nothing is known of what the run did. Any other ``OperationError`` (:class:`EngineUnavailable`, see also
        :meth:`Workers.results`) means that no run was begun.
        """
        run = Run(
            ident=uuid.uuid4().hex,
            cloud=cloud.id,
            dialect=cloud.dialect,
            disabled_shares=cloud.disabled_shares or None,
            playbook="accounts",
            requests_at_once=self.settings.clouds.requests_at_once,
            accounts=[dict(wish) for wish in wishes],
            passwords=dict(passwords),
            check=check,
            timeout=self.settings.bridge.run_timeout,
        )
        if begin is not None:
            begin(run.ident)
        ended = False
        try:
            results = self._play(run, cloud)
            ended = True
        finally:
            # They hold accounts' data. Of a run that only looked, they are of use when it failed.
            if begin is None or (check and ended):
                remove(self.artifacts / run.ident)
        return RunResult(run.ident, list(results))

    def drift(
        self, cloud: Cloud, lines: str, rows: Callable[[Part], None], done: Callable[[int], None]
    ) -> tuple[int, Failure | None]:
        """Compare accounts of ``cloud`` with what is wished; nothing is changed, and no artifacts are kept. How many
        could be compared, and why no more, if the cloud was the reason.

        ``lines``: for each account one of JSON, ``[number of the service, wish]`` (see ``account.wish``). ``rows`` is
        told, a part at a time, of what does not agree or could not be read: ``service``, ``name``, ``changes`` (see
        ``drift.Difference``), and ``failure``, if that is why. ``done`` is told of how many were compared so far.

        Raises what :meth:`accounts` raises; what ``rows`` was told before is true."""
        found = self._play_many("drift", cloud, lines, Results(rows, done))
        return found["compared"], _of_cloud(found, cloud)

    def statistics(self, cloud: Cloud, lines: str, rows: Callable[[Part], None]) -> Failure | None:
        """Read what accounts of ``cloud`` use; nothing is changed, and no artifacts are kept. Why not all could be
        read, if the cloud was the reason.

        ``lines``: for each account one of JSON, ``[number of the service, name]``. ``rows`` is told, a part at a time
        and in order: ``service``, ``missing`` (there is no such account), ``used`` (bytes, ``None`` where there is no
        storage yet), and ``failure``, if it could not be read.

        Raises what :meth:`accounts` raises; what ``rows`` was told before is true."""
        return _of_cloud(self._play_many("statistics", cloud, lines, Results(rows)), cloud)

    def _play_many(self, playbook: Literal["drift", "statistics"], cloud: Cloud, lines: str, results: Results) -> Any:
        run = Run(
            ident=uuid.uuid4().hex,
            cloud=cloud.id,
            dialect=cloud.dialect,
            playbook=playbook,
            requests_at_once=self.settings.clouds.requests_at_once,
            lines=lines,
            check=True,
            timeout=self.settings.bridge.run_timeout + int(lines.count("\n") * _SECONDS_AN_ACCOUNT),
        )
        try:
            return self._play(run, cloud, results=results)
        finally:
            # They hold accounts' data.
            remove(self.artifacts / run.ident)

    def probe(self, cloud: Cloud) -> Failure | None:
        """Why the accounts of ``cloud`` cannot be changed, or ``None``: they can. Raises what :meth:`accounts`
        raises."""
        found = self.product(cloud)
        return found if isinstance(found, Failure) else None

    def product(self, cloud: Cloud, seconds: int | None = None, *, anew: bool = False) -> Product | Failure:
        """What ``cloud`` is, or why its accounts cannot be changed. ``seconds``: a limit of its own. ``anew``: a person
        asks for one log-in, also with credentials of a worker host that the cloud has refused. Raises what
        :meth:`accounts` raises."""
        timeout = seconds or self.settings.bridge.run_timeout
        run = Run(ident=uuid.uuid4().hex, cloud=cloud.id, dialect=cloud.dialect, playbook="probe", timeout=timeout)
        found = self._play(run, cloud, anew=anew)
        if found["failure"]:
            return failure_of(found["failure"], cloud, cloud.username)
        return Product(found["dialect"], found["product"], found["version"], found["transport"])

    def groups(self, cloud: Cloud, seconds: int, *, space: bool = False) -> Listing | Failure:
        """The groups of ``cloud``, sorted, or why they cannot be read; ``space``: and how much space it has left.
        ``seconds``: the limit of the run. Raises what :meth:`accounts` raises."""
        run = Run(
            ident=uuid.uuid4().hex,
            cloud=cloud.id,
            dialect=cloud.dialect,
            playbook="groups",
            space=space,
            timeout=seconds,
        )
        try:
            found = self._play(run, cloud)
        finally:
            # A form is opened often, and what it showed is of no use later.
            remove(self.artifacts / run.ident)
        if found["failure"]:
            return failure_of(found["failure"], cloud, cloud.username)
        names = sorted(name for name in found["groups"] if name != ADMIN_GROUP)
        return Listing(found["version"] or "", tuple(names), free_space=found["free_space"])

    def existing(self, cloud: Cloud, names: Sequence[str], quotas: Sequence[str]) -> list[Existing] | Failure:
        """The accounts of ``cloud``, all or (if there are any) ``names``, as far as they exist; or why they cannot be
        read. ``quotas``: see :class:`Existing`. Nothing is changed, and no artifacts are kept.

        Raises what :meth:`accounts` raises."""
        run = Run(
            ident=uuid.uuid4().hex,
            cloud=cloud.id,
            dialect=cloud.dialect,
            playbook="import",
            requests_at_once=self.settings.clouds.requests_at_once,
            names=list(names),
            quotas=list(quotas),
            timeout=self.settings.bridge.run_timeout,
        )
        try:
            found = self._play(run, cloud)
        finally:
            # They hold accounts' data.
            remove(self.artifacts / run.ident)
        if found["failure"]:
            return failure_of(found["failure"], cloud, found["failure"]["account"] or cloud.username)
        return [
            Existing(**{**row, "quotas_like_it": frozenset(row["quotas_like_it"]), "groups": frozenset(row["groups"])})
            for row in found["accounts"]
        ]

    def try_again(self, module: int) -> None:
        """Let worker hosts try their credentials for a cloud again, although it has refused them. Raises
        :class:`EngineUnavailable`."""
        self._workers.refused.forget(module)

    def _play(self, run: Run, cloud: Cloud, *, anew: bool = False, results: Results | None = None) -> Any:
        """Carry ``run`` out: what its playbook handed back (see ``Results.of``)."""
        results = results or Results()
        private = self.settings.bridge.runtime_directory / f"{_RUN_PREFIX}{run.ident}"
        try:
            try:
                private.mkdir(mode=0o700)
                if run.writes:
                    self._workers.settle()
            except OSError as error:
                raise EngineUnavailable(detail=error) from error
            if self._workers:
                return self._workers.results(run, cloud, private, results=results, anew=anew)
            return self._here(run, cloud, private, results)
        finally:
            remove(private)

    def _here(self, run: Run, cloud: Cloud, private: Path, results: Results) -> Any:
        ca_file = Path(cloud.ca_file) if cloud.ca_file else self.settings.clouds.ca_file
        access = Access(
            cloud.url, cloud.username, cloud.password, ca_file, cloud.bearer_token, cloud.transport, cloud.server
        )
        begun = Begun()
        try:
            status, code = execute(
                run,
                access,
                project=self.settings.bridge.project_directory,
                private=private,
                home=self._home,
                session=self._sessions.file(run.host),
                artifacts=self.artifacts,
                on_event=results,
                start=partial(self._warm.carry_out, begun=begun),
            )
        except OSError as error:
            raise EngineUnavailable(detail=error) from error
        except Interrupted as error:
            raise RunUnknown(cloud=cloud.name, detail=f"run {run.ident}: {error}") from error
        log.info(
            "run ended",
            run=run.ident,
            cloud=cloud.name,
            check=run.check,
            accounts=run.asked,
            warm=begun.warm,
            status=status,
            code=code,
        )
        return results.of(run, cloud.name, f"{status}, exit status {code}")


def _of_cloud(found: Mapping[str, Any], cloud: Cloud) -> Failure | None:
    return failure_of(found["failure"], cloud, cloud.username) if found["failure"] else None


def failure_of(value: Mapping[str, Any], cloud: Cloud, account: str, service: int | None = None) -> Failure:
    """A module's ``failure`` as ours: ``value`` has ``code``, ``message`` and ``detail``, which is the message without
    what our own words for the code say."""
    parameters = {
        "account": account,
        "cloud": cloud.name,
        "service": "-" if service is None else str(service),
        "detail": _words(str(value["detail"] or value["message"]))[:DETAIL_LENGTH].rstrip("."),
    }
    return Failure(value["code"], parameters)


def _words(text: str) -> str:
    """One line without control characters and halves of surrogates, which neither XML nor an argument can hold."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())
