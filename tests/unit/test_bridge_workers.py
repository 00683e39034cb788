# SPDX-License-Identifier: GPL-3.0-or-later
"""Which worker host gets a run, what is kept of it on disk, and what becomes of one that is lost or refuses."""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.errors import (
    EngineUnavailable,
    OperationError,
    RunUnknown,
    WorkerCredentialsMissing,
    WorkersUnavailable,
)
from bill_nextcloud.playbook import Product, Runs
from bill_nextcloud.runs.lease import MARGIN, TICK, Answering
from bill_nextcloud.runs.refused import Refused
from bill_nextcloud.runs.run import Run
from bill_nextcloud.runs.transmission import Transmission
from bill_nextcloud.runs.workers import Workers
from bill_nextcloud.settings import BridgeSettings, EngineSettings, RunSettings, Settings
from harness.clock import Clock
from harness.runs import EVENT, one_run


def workers(directory: Path, *urls: str) -> Workers:
    """Worker hosts of a bridge with its state in ``directory``."""
    return Workers(Settings(bridge=BridgeSettings(state_directory=directory), runs=RunSettings(workers=urls)))


CLOUD = Cloud(3, "Blue", "https://blue", "admin", "")
GREEN = Cloud(4, "Green", "https://green", "admin", "")
PROBED = {"dialect": "nextcloud", "product": "Nextcloud", "version": "31", "transport": "api", "failure": None}


def order(hosts: Workers, cloud: Cloud = CLOUD) -> str:
    """The hosts' names, as they would be tried next."""
    return "".join(one[-1] for one in hosts._candidates(cloud))


def test_hosts_take_turns_and_failed_ones_come_last(tmp_path: Path) -> None:
    """For a minute; the earliest failure before the others."""
    hosts = workers(tmp_path, "ssh://a@a", "ssh://a@b", "ssh://a@c")
    assert [order(hosts) for _ in range(4)] == ["abc", "bca", "cab", "abc"]
    now = time.monotonic()
    hosts._failed["ssh://a@b", None] = now - 10
    assert [order(hosts) for _ in range(3)] == ["cab", "cab", "acb"]
    hosts._failed["ssh://a@c", None] = now - 20
    assert [order(hosts) for _ in range(3)] == ["acb"] * 3
    hosts._failed["ssh://a@a", None] = now - 30
    assert [order(hosts) for _ in range(3)] == ["acb"] * 3
    hosts._failed["ssh://a@b", None] = now - 61
    assert [order(hosts) for _ in range(3)] == ["bac"] * 3


def waited(settings: Settings, patch: pytest.MonkeyPatch) -> list[float]:
    """The seconds for which a bridge that starts waits before its first two runs that may write."""
    with patch.context() as within:
        clock = Clock(within, "runs.workers")
        hosts = Workers(settings)
        hosts.settle()
        clock.now = lambda: hosts._settled
        hosts.settle()
    return [round(seconds) for seconds in clock.slept]


def test_leases_of_a_killed_bridge_are_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the longest, once, also when no worker hosts are named any more."""
    settings = Settings(bridge=BridgeSettings(state_directory=tmp_path))
    assert waited(settings, monkeypatch) == [0, 0]
    (tmp_path / "leases").mkdir()
    for number, seconds in enumerate((7, 30, 20)):
        (tmp_path / "leases" / f"{number:032}.{seconds}").touch()
    assert waited(settings, monkeypatch) == [30 + MARGIN, 0]
    assert list((tmp_path / "leases").iterdir()) == []
    assert waited(settings, monkeypatch) == [0, 0]


@pytest.mark.parametrize(("urls", "seconds"), [(["ssh://a@a"], 20 + MARGIN), ([], 0)])
def test_the_other_panel_host_may_have_left_leases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, urls: list[str], seconds: float
) -> None:
    """With PostgreSQL, where two take turns, each start waits."""
    settings = Settings(
        bridge=BridgeSettings(state_directory=tmp_path),
        engine=EngineSettings(database="postgresql://db/bill"),
        runs=RunSettings(workers=tuple(urls)),
    )
    assert waited(settings, monkeypatch) == [seconds, 0]


def test_a_look_waits_for_no_lease(tmp_path: Path) -> None:
    """`drift` runs beside the bridge: the leases of that one's runs are none of its business, and stay."""
    lease = tmp_path / "state" / "leases" / f"{'0' * 32}.300"
    lease.parent.mkdir(parents=True)
    lease.touch()
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    runs = Runs(Settings(bridge=BridgeSettings(state_directory=tmp_path / "state", runtime_directory=runtime)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "_here", lambda *_: PROBED)
        assert runs.probe(CLOUD) is None
    assert lease.exists()


def test_what_was_refused_is_kept(tmp_path: Path) -> None:
    """For each cloud, also by the next process; until it is forgotten; for the owner only."""
    Refused(tmp_path).add(3, "aa")
    Refused(tmp_path).add(3, "bb")
    Refused(tmp_path).add(3, "bb")
    Refused(tmp_path).add(4, "cc")
    assert (tmp_path / "refused.json").stat().st_mode & 0o77 == 0
    assert (Refused(tmp_path).of(3), Refused(tmp_path).of(4), Refused(tmp_path).of(5)) == (["aa", "bb"], ["cc"], [])
    Refused(tmp_path).forget(3)
    Refused(tmp_path).forget(5)
    assert (Refused(tmp_path).of(3), Refused(tmp_path).of(4)) == ([], ["cc"])
    for number in range(100):
        Refused(tmp_path).add(4, str(number))
    assert Refused(tmp_path).of(4)[-1] == "99"
    assert len(Refused(tmp_path).of(4)) == 50
    (tmp_path / "refused.json").write_text("{", encoding="utf-8")
    with pytest.raises(EngineUnavailable):
        Refused(tmp_path).of(3)


class Host:
    """Stands for a connection: what a worker host sends, and what the bridge has sent to it."""

    def __init__(self, *lines: object) -> None:
        self._lines = lines
        self.sent: list[Transmission] = []
        self.leases: list[str] = []

    def connect(self, directory: Path) -> Callable[..., Any]:
        """A class in the place of ``Connection``."""
        host = self

        class Connected:
            def __init__(self, *_: object) -> None:
                reading, writing = os.pipe()
                os.write(writing, b"".join(json.dumps(line).encode() + b"\n" for line in host._lines))
                os.close(writing)
                self.stream = Answering(os.fdopen(reading, "rb"), io.BytesIO(), patience=1, limit=60)
                host.leases = [path.suffix for path in (directory / "leases").glob("*")]

            def send(self, transmission: Transmission) -> None:
                host.sent.append(transmission)

            def close(self, *, at_once: bool) -> str:
                return "lost" if at_once else ""

        return Connected


def let(
    host: Host, directory: Path, patch: pytest.MonkeyPatch, work: Run, cloud: Cloud = CLOUD, *, anew: bool = False
) -> Any:
    """Let ``host`` carry ``work`` out."""
    patch.setattr("bill_nextcloud.runs.workers.Connection", host.connect(directory))
    return workers(directory, "ssh://a@a").results(work, cloud, directory, anew=anew)


def refusal(code: str) -> dict[str, Any]:
    """What a worker host says that refuses a run."""
    parameters = {"host": "w", "file": "/f", "address": "https://blue", "detail": "x"}
    return {"status": "error", "failure": {"code": code, "parameters": parameters}}


def ended(*results: object, playbook: str = "nextcloud_users") -> dict[str, Any]:
    """The last event of a run that hands ``results`` back."""
    handed_back: object = list(results) if playbook == "nextcloud_users" else results[0]
    return {**EVENT, "event_data": {"artifact_data": {playbook: {"cloud_3": handed_back}}}}


def test_a_run_that_may_write_is_on_disk_while_it_lasts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the seconds of its lease; a look is not."""
    result = {"name": "user_1", "failure": None}
    host = Host(TICK, ended(result), {"status": "successful"}, {"eof": True})
    assert let(host, tmp_path, monkeypatch, one_run()) == [result]
    assert host.leases == [".20"]
    assert let(host, tmp_path, monkeypatch, one_run(check=True)) == [result]
    assert host.leases == []
    assert list((tmp_path / "leases").iterdir()) == []


@pytest.mark.parametrize("writes", [True, False])
def test_a_host_that_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: bool) -> None:
    """Its run is unknown, whatever it said before; only for one that may write time must pass."""
    clock = Clock(monkeypatch, "runs.workers")
    with pytest.raises(RunUnknown):
        let(Host(TICK, refusal("worker_refused")), tmp_path, monkeypatch, one_run(check=not writes))
    assert [round(seconds) for seconds in clock.slept] == ([20 + MARGIN] if writes else [])


def test_artifacts_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's disk is full while the run goes on: it is unknown, like one of a host that is lost."""
    (tmp_path / "runs" / one_run().ident / "stdout").mkdir(parents=True)
    clock = Clock(monkeypatch, "runs.workers")
    host = Host(TICK, ended({"name": "user_1", "failure": None}), {"status": "successful"}, {"eof": True})
    with pytest.raises(RunUnknown, match="Is a directory"):
        let(host, tmp_path, monkeypatch, one_run())
    assert [round(seconds) for seconds in clock.slept] == [20 + MARGIN]
    assert list((tmp_path / "leases").iterdir()) == []


@pytest.mark.parametrize("place", ["runs", "leases"])
def test_nothing_is_begun_without_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """For artifacts, or for the lease; and no other host is tried, where it would be the same."""
    (tmp_path / place).write_text("")
    host = Host(TICK, {"status": "successful"}, {"eof": True})
    with pytest.raises(EngineUnavailable):
        let(host, tmp_path, monkeypatch, one_run())
    assert len(host.sent) == (1 if place == "runs" else 0)
    assert [path for path in tmp_path.glob("leases/*") if path.exists()] == []


def test_nothing_is_begun_without_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which cannot be started."""
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(EngineUnavailable):
        workers(tmp_path, "ssh://a@a", "ssh://a@b").results(one_run(), CLOUD, tmp_path)
    assert list((tmp_path / "leases").iterdir()) == []


def test_a_lease_that_cannot_be_removed_hides_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next bridge waits for it."""
    result = {"name": "user_1", "failure": None}
    unlink = Path.unlink

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path.parent.name == "leases":
            raise OSError(30, "Read-only file system")
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    host = Host(TICK, ended(result), {"status": "successful"}, {"eof": True})
    assert let(host, tmp_path, monkeypatch, one_run()) == [result]


def test_a_refusal_names_the_cloud_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was begun."""
    said = refusal("worker_credentials_missing")
    with pytest.raises(WorkerCredentialsMissing) as raised:
        let(Host(said, {"eof": True}), tmp_path, monkeypatch, one_run())
    assert raised.value.parameters == {**said["failure"]["parameters"], "cloud": "Blue"}
    assert list((tmp_path / "runs").iterdir()) == []
    assert list((tmp_path / "leases").iterdir()) == []


@pytest.mark.parametrize(
    ("lines", "of_one_cloud"),
    [
        ([refusal("worker_credentials_missing"), {"eof": True}], True),
        ([refusal("worker_credentials_refused"), {"eof": True}], True),
        ([refusal("worker_credentials_unusable"), {"eof": True}], True),
        ([refusal("worker_refused"), {"eof": True}], False),
        ([], False),
    ],
)
def test_which_clouds_a_failure_concerns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: list[object], of_one_cloud: bool
) -> None:
    """Without credentials for one a host does well with the others; one that cannot be reached is avoided by all."""
    monkeypatch.setattr("bill_nextcloud.runs.workers.Connection", Host(*lines).connect(tmp_path))
    hosts = workers(tmp_path, "ssh://a@a", "ssh://a@b")
    with pytest.raises(OperationError):
        hosts.results(one_run(), CLOUD, tmp_path)
    assert [order(hosts) for _ in range(3)] == ["ab"] * 3
    # The same cloud by another module, and in a form that is not saved yet.
    assert [order(hosts, Cloud(0, "-", "https://BLUE/", "x", "")) for _ in range(3)] == ["ab"] * 3
    assert [order(hosts, GREEN) for _ in range(2)] == (["ba", "ab"] if of_one_cloud else ["ab"] * 2)


@pytest.mark.parametrize("playbook", ["accounts", "probe", "groups"])
def test_refused_credentials_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, playbook: str) -> None:
    """By their mark, which the next run takes along; others are not."""
    failure = {"code": "wrong_credentials", "message": "", "detail": None}
    works = one_run(playbook=playbook)
    name = {"accounts": "nextcloud_users"}.get(playbook, f"nextcloud_{playbook}")
    begin = {"status": "starting", "credentials": "aa"}
    end = ({"status": "successful"}, {"eof": True})
    fine = Host(begin, TICK, ended({"name": "user_1", "failure": None}, playbook=name), *end)
    refused = Host(begin, TICK, ended({"name": "user_1", "failure": failure}, playbook=name), *end)
    for host in (fine, refused, fine):
        let(host, tmp_path, monkeypatch, works)
    assert [one.refused for host in (fine, refused) for one in host.sent] == [[], ["aa"], []]
    # Asked for by a person.
    let(refused, tmp_path, monkeypatch, works, anew=True)
    assert refused.sent[-1].refused == []


def test_a_probe_takes_marks_along_and_a_check_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until they are forgotten."""
    event = ended(PROBED, playbook="nextcloud_probe")
    host = Host(TICK, event, {"status": "successful"}, {"eof": True})
    monkeypatch.setattr("bill_nextcloud.runs.workers.Connection", host.connect(tmp_path))
    bridge = BridgeSettings(state_directory=tmp_path, runtime_directory=tmp_path)
    runs = Runs(Settings(bridge=bridge, runs=RunSettings(workers=("ssh://a@a",))))
    Refused(tmp_path).add(3, "aa")
    assert runs.probe(CLOUD) is None
    assert runs.product(CLOUD, 7, anew=True) == Product("nextcloud", "Nextcloud", "31", "api")
    runs.try_again(3)
    assert runs.probe(CLOUD) is None
    assert [one.refused for one in host.sent] == [["aa"], [], []]


def test_a_cloud_that_is_not_saved_leaves_no_mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All such clouds have one number: none."""
    result = {"failure": {"code": "wrong_credentials", "message": "", "detail": None}}
    event = {**EVENT, "event_data": {"artifact_data": {"nextcloud_probe": {"cloud_0": result}}}}
    host = Host({"status": "starting", "credentials": "aa"}, TICK, event, {"status": "successful"}, {"eof": True})
    unsaved = Cloud(0, "-", "https://blue", "admin", "")
    assert let(host, tmp_path, monkeypatch, one_run(cloud=0, playbook="probe"), unsaved, anew=True) == result
    assert not (tmp_path / "refused.json").exists()


def test_a_host_that_takes_nothing_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ssh has its connection, and the other side reads nothing: more than a pipe holds is not waited for for ever."""
    program = tmp_path / "ssh"
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    settings = Settings(
        bridge=BridgeSettings(state_directory=tmp_path),
        runs=RunSettings(workers=("ssh://a@b",), connect_timeout=1, lease=3),
    )
    accounts = [{"name": f"user_{number}", "display_name": "x" * 300} for number in range(500)]
    run = one_run(accounts=accounts, timeout=5)
    with pytest.raises(WorkersUnavailable):
        Workers(settings).results(run, Cloud(3, "Blue", "https://blue", "admin", ""), tmp_path)
