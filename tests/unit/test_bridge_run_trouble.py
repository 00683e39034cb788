# SPDX-License-Identifier: GPL-3.0-or-later
"""What the bridge's own disk does to a run: before it was begun, while it goes on, and when all is to be removed."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from bill_nextcloud.account import Account
from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.billmanager.service import Database, Service
from bill_nextcloud.claiming import Claiming
from bill_nextcloud.convergence import Convergence
from bill_nextcloud.damage import Damage, Ledger
from bill_nextcloud.drift import drift_runs
from bill_nextcloud.errors import EngineUnavailable, OperationError, RunUnknown
from bill_nextcloud.lock import lock_path
from bill_nextcloud.mapping import Mapping
from bill_nextcloud.playbook import RunResult, Runs
from bill_nextcloud.record import RunsOnRecord
from bill_nextcloud.request import Request
from bill_nextcloud.runs.left import remove_of_dead
from bill_nextcloud.runs.run import Access, Interrupted, Results, execute
from bill_nextcloud.settings import BridgeSettings, Settings
from bill_nextcloud.work import Work
from harness.runs import one_run

CLOUD = Cloud(3, "Blue", "https://blue", "admin", "x")
FULL = OSError(28, "No space left on device")
FINE = {"name": "user_1", "changed": True, "pending": [], "failure": None}
Executed = Callable[..., tuple[str, int | None]]


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """A bridge's, with its runtime directory on a tmpfs."""
    with tempfile.TemporaryDirectory(prefix="bill-nextcloud-", dir="/dev/shm") as name:
        yield Settings(bridge=BridgeSettings(state_directory=tmp_path / "state", runtime_directory=Path(name)))


def without_a_place(settings: Settings) -> Settings:
    """The same with a runtime directory that is gone."""
    bridge = settings.bridge.model_copy(update={"runtime_directory": settings.bridge.runtime_directory / "gone"})
    return settings.model_copy(update={"bridge": bridge})


def raising(error: Exception) -> Executed:
    """In the place of ``execute``."""

    def executed(*_: Any, **__: Any) -> tuple[str, int | None]:
        raise error

    return executed


def fine(*_: Any, on_event: Results, **__: Any) -> tuple[str, int | None]:
    """In the place of ``execute``: a run that hands back a result."""
    handed_back = {"nextcloud_users": {"cloud_3": [FINE]}}
    on_event({"event": "playbook_on_stats", "event_data": {"artifact_data": handed_back}})
    return "successful", 0


@pytest.mark.parametrize(("artifact", "begun"), [("command", False), ("status", True)])
def test_an_artifact_that_cannot_be_written(tmp_path: Path, artifact: str, begun: bool) -> None:
    """Before the playbook is started nothing was begun; afterwards nothing is known."""
    run = one_run()
    private = tmp_path / "private"
    private.mkdir()
    (tmp_path / "artifacts" / run.ident / artifact).mkdir(parents=True)
    with pytest.raises(Interrupted if begun else OSError):
        execute(
            run,
            Access("https://blue", "admin", "x"),
            project=tmp_path,
            private=private,
            home=tmp_path / "ansible",
            session=tmp_path / "session.json",
            artifacts=tmp_path / "artifacts",
            on_event=lambda event: True,
        )


def test_an_event_that_cannot_be_read(tmp_path: Path) -> None:
    """On a full disk its file is empty, which ansible-runner does not expect; or it is not there."""

    def on_event(event: dict[str, Any]) -> bool:
        raise ValueError("Expecting value: line 1 column 1")

    access, project = Access("https://blue", "admin", "x"), tmp_path
    with pytest.raises(Interrupted):
        execute(
            one_run(),
            access,
            project=project,
            private=tmp_path,
            home=tmp_path / "ansible",
            session=tmp_path / "session",
            artifacts=tmp_path / "runs",
            on_event=on_event,
        )
    assert Results()({"uuid": "1", "counter": 1, "stdout": ""})


@pytest.mark.parametrize(
    ("error", "becomes"), [(FULL, EngineUnavailable), (Interrupted("No space left on device"), RunUnknown)]
)
def test_a_run_that_ends_so(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, error: Exception, becomes: type[OperationError]
) -> None:
    """Is a failure that is tried again, in words; no secret is left."""
    monkeypatch.setattr("bill_nextcloud.playbook.execute", raising(error))
    with pytest.raises(becomes, match="No space left"):
        Runs(settings).accounts(CLOUD, [{"name": "user_1"}], {}, check=False)
    assert list(settings.bridge.runtime_directory.glob("run-*")) == []


def test_secrets_that_cannot_be_stored(settings: Settings) -> None:
    """Nothing was begun."""
    with pytest.raises(EngineUnavailable):
        Runs(without_a_place(settings)).accounts(CLOUD, [{"name": "user_1"}], {}, check=False)


@pytest.mark.parametrize("check", [True, False])
def test_what_cannot_be_removed_hides_no_result(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, check: bool
) -> None:
    """The log says so."""

    def rmtree(directory: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("bill_nextcloud.playbook.execute", fine)
    monkeypatch.setattr(shutil, "rmtree", rmtree)
    monkeypatch.setattr(logging.getLogger("bill_nextcloud"), "propagate", True)
    done = Runs(settings).accounts(CLOUD, [{"name": "user_1"}], {}, check=check, begin=lambda ident: None)
    assert done.accounts == [FINE]
    monkeypatch.undo()
    assert caplog.text.count("Input/output error") == (2 if check else 1)


def converge(settings: Settings, runs: Runs) -> Work:
    """A suspension, and what became of it. Raises what the run raises."""
    service = cast(Service, SimpleNamespace(params={}, confirmed=True))
    work = Work(Request(1, "suspend"), service, Account("user_1", None), wish={"name": "user_1", "state": "disabled"})
    nothing: Any = None
    without = cast(Mgrctl, nothing), cast(Database, nothing), cast(Mapping, nothing)
    convergence = Convergence(
        settings, *without, runs, cast(RunsOnRecord, SimpleNamespace(begin=lambda *_, **__: None)), lambda _: None
    )
    lock_path(settings.lock_directory, CLOUD.url).parent.mkdir(parents=True)
    convergence._apply(CLOUD, [work], Claiming(without[0], without[1], CLOUD, []))
    return work


def counted(settings: Settings) -> Damage:
    """What counts against the hour."""
    return Ledger(lock_path(settings.lock_directory, CLOUD.url)).last_hour()


def test_what_was_not_begun_counts_against_no_limit(settings: Settings) -> None:
    """The count was raised before."""
    with pytest.raises(EngineUnavailable):
        converge(settings, Runs(without_a_place(settings)))
    assert counted(settings) == Damage()


def test_what_may_have_been_done_counts(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it."""
    monkeypatch.setattr("bill_nextcloud.playbook.execute", raising(Interrupted("x")))
    with pytest.raises(RunUnknown):
        converge(settings, Runs(settings))
    assert counted(settings) == Damage(suspensions=1)


@pytest.mark.parametrize("begun", [True, False])
def test_a_count_that_cannot_be_corrected(settings: Settings, monkeypatch: pytest.MonkeyPatch, begun: bool) -> None:
    """Hides neither a result nor why there is none."""

    def settle(ledger: Ledger, at: float, damage: Damage) -> None:
        raise EngineUnavailable(detail="the count")

    def accounts(*_: Any, **__: Any) -> RunResult:
        if begun:
            return RunResult("0", [FINE])
        raise EngineUnavailable(detail="the run")

    monkeypatch.setattr(Ledger, "settle", settle)
    runs = cast(Runs, SimpleNamespace(accounts=accounts))
    if begun:
        assert converge(settings, runs).result == FINE
    else:
        with pytest.raises(EngineUnavailable, match="the run"):
            converge(settings, runs)
    assert counted(settings) == Damage(suspensions=1)


def losing_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else removes the first directory that is to be removed, a moment before."""
    rmtree = shutil.rmtree
    seen: list[Path] = []

    def removes(directory: Path, *words: Any, **options: Any) -> None:
        if not seen:
            seen.append(directory)
            rmtree(directory)
        rmtree(directory, *words, **options)

    monkeypatch.setattr(shutil, "rmtree", removes)


def begin_drift(settings: Settings) -> None:
    """Which clears first."""
    with drift_runs(settings):
        pass


def test_sweeps_bear_that_something_vanishes(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest goes all the same."""
    runtime = settings.bridge.runtime_directory
    artifacts = settings.bridge.runs_directory
    artifacts.mkdir(parents=True)
    sweeps: list[tuple[Callable[[], None], Path, str]] = [
        (lambda: Runs(settings).clear(), runtime, "run-{}"),
        (lambda: Runs(settings).remove_old(), artifacts, "{}"),
        (lambda: remove_of_dead(tmp_path, "bill-nextcloud-run-"), tmp_path, "bill-nextcloud-run-{}-x"),
        (lambda: begin_drift(settings), runtime, "drift-{}"),
    ]
    for sweep, place, name in sweeps:
        left = [place / name.format(99999990 + number) for number in range(4)]
        for directory in left:
            directory.mkdir()
            os.utime(directory, (0, 0))
        with monkeypatch.context() as patch:
            losing_the_first(patch)
            sweep()
        assert [directory for directory in left if directory.exists()] == []


def test_sweeps_bear_what_has_vanished_already(settings: Settings, tmp_path: Path) -> None:
    """Between the listing and the look at one."""
    artifacts = settings.bridge.runs_directory
    artifacts.mkdir(parents=True)
    sweeps: list[tuple[Callable[[], None], Path, str]] = [
        (lambda: Runs(settings).remove_old(), artifacts, "{}"),
        (lambda: remove_of_dead(tmp_path, "bill-nextcloud-run-"), tmp_path, "bill-nextcloud-run-{}-x"),
    ]
    for sweep, place, name in sweeps:
        (place / name.format(99999990)).mkdir()
        os.utime(place / name.format(99999990), (0, 0))
        (place / name.format(99999991)).symlink_to("nowhere")
        (place / name.format(99999992)).mkdir()
        os.utime(place / name.format(99999992), (0, 0))
        sweep()
        assert [path.name for path in place.glob(name.format("*")) if path.is_dir()] in ([], ["state"])
