# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on worker hosts: two real sshd on the loopback, with credentials that the bridge's side does not have."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from harness.leaks import Watcher, files_with, session_cookies
from harness.processes import until
from harness.sshd import WorkerHost, make_key
from harness.stack import Stack
from harness.worker import COMMAND, REPOSITORY

from . import test_kill
from .conftest import SetUp
from .test_kill import in_the_middle, one_working_account
from .test_waiting import enabled

LEASE = 3
# So long the bridge hears nothing of a host before it takes it for lost.
SILENCE = 2 + LEASE


pytestmark = pytest.mark.usefixtures("sshd")


@dataclass
class Remote:
    """A stack whose runs go to ``hosts``; ``known_hosts`` is the bridge's file."""

    stack: Stack
    hosts: list[WorkerHost]
    known_hosts: Path

    def host_of_the_run(self) -> WorkerHost:
        """Where ``ansible-playbook`` runs."""
        (host,) = [host for host in self.hosts if host.running("ansible-playbook")]
        return host

    def other(self, host: WorkerHost) -> WorkerHost:
        """The other of two."""
        (other,) = [one for one in self.hosts if one is not host]
        return other

    def know(self) -> None:
        """Let the bridge know the hosts' keys."""
        self.known_hosts.write_text("".join(host.known for host in self.hosts), encoding="utf-8")

    def log(self) -> str:
        """The bridge's."""
        return self.stack.worker.log.read_text("utf-8")

    def wrong_log_ins(self) -> int:
        """How many the cloud has refused."""
        return [seen["status"] for seen in self.stack.standin.requests()].count(401)


SetUpRemote = Callable[..., Remote]


@pytest.fixture
def remote(tmp_path: Path, set_up: SetUp) -> Iterator[SetUpRemote]:
    """Makes it: ``remote(number of hosts, arguments=further ones of the command, settings={...})``."""
    hosts: list[WorkerHost] = []

    def make(
        number: int = 2, arguments: tuple[str, ...] = (), settings: dict[str, dict[str, Any]] | None = None
    ) -> Remote:
        identity, known_hosts = tmp_path / "identity", tmp_path / "known_hosts"
        public = make_key(identity)
        hosts.extend(WorkerHost(tmp_path / f"host-{index}", public, arguments) for index in range(number))
        runs = {
            "workers": [host.url for host in hosts],
            "identity_file": str(identity),
            "known_hosts": str(known_hosts),
            "connect_timeout": SILENCE - LEASE,
            "lease": LEASE,
        }
        stack = set_up({"runs": runs, **(settings or {})})
        for host in hosts:
            host.trust(stack.cloud.url, stack.cloud.password)
        # The bridge's side has none.
        stack.sql("DELETE FROM processingcryptedparam WHERE processingmodule = ?", stack.module)
        made = Remote(stack, hosts, known_hosts)
        made.know()
        return made

    yield make
    for host in hosts:
        host.stop()


def alive(process: psutil.Process) -> bool:
    """Whether it can still do something."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def all_dead(processes: list[psutil.Process], seconds: float) -> None:
    """Within so many seconds none of them can do anything any more."""
    until(lambda: not any(alive(process) for process in processes), seconds)


def nothing_is_left(remote: Remote) -> None:
    """No secrets of a run on any host's tmpfs, none on the bridge's, and no lease that a restart would wait for."""
    until(lambda: not [left for host in remote.hosts for left in host.runtime.glob("bill-nextcloud-run-*")])
    until(lambda: not list(remote.stack.worker.runtime.glob("run-*")))
    assert list(remote.stack.worker.state.glob("leases/*")) == []


def test_an_order_goes_through_a_worker_host(remote: SetUpRemote, tmp_path: Path) -> None:
    """One that is down is passed over, once; artifacts come back; no secret is seen or left. Drift goes there, too,
    leaves nothing, and names a call that mends there."""
    made = remote()
    stack = made.stack
    made.hosts[0].kill()
    watcher = Watcher()
    try:
        service = stack.opened()
    finally:
        watcher.stop()
    one_working_account(stack, service)
    stack.run(service, stack.panel.suspend(service))
    assert enabled(stack, service) is False
    assert made.log().count("worker host not reached") == 1, "it is not avoided after it failed"
    runs = stack.worker.state / "runs"
    kept = sorted(runs.iterdir())
    assert len(kept) == 2, "one for each operation, none for the look whether the name is free"
    assert all("PLAY RECAP" in (run / "stdout").read_text("utf-8") for run in kept)
    command: list[str | Path] = [COMMAND, "drift", "--settings", stack.worker.settings_file]
    drift = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (drift.returncode, drift.stdout) == (0, "1 account compared, 0 differ.\n"), drift.stderr
    assert sorted(runs.iterdir()) == kept
    stack.cloud.ocs("PUT", f"users/user_{service}", key="quota", value="77 GB")
    drift = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    named = re.search(r"To mend that: (\S+ --item) SERVICE (--command setparam) ", drift.stdout)
    assert named is not None, drift.stdout
    mending = f"{named[1]} {service} {named[2]}".split()
    subprocess.run(mending, check=True, stdout=subprocess.DEVNULL, timeout=60)
    drift = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (drift.returncode, drift.stdout) == (0, "1 account compared, 0 differ.\n"), drift.stderr
    nothing_is_left(made)
    secrets = [stack.cloud.password, stack.panel.customer_credentials(service)[2]]
    assert watcher.leaks(secrets) == []
    for seen in (b"run-worker", b"ansible-playbook"):
        assert any(seen in arguments for arguments in watcher.arguments)
    assert files_with([stack.worker.directory, stack.worker.runtime, stack.panel.root], secrets) == []
    for host in made.hosts:
        assert set(files_with([host.directory], secrets)) == {str(host.credentials)}
    # The log-in is kept where the run was, for this user only, and nowhere else.
    working = made.hosts[1].runtime
    ((session, cookies),) = session_cookies(working).items()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (session, session.parent)] == [0o600, 0o700]
    everywhere = [tmp_path, stack.worker.runtime, *(host.runtime for host in made.hosts)]
    assert files_with(everywhere, cookies) == [str(session)]
    assert watcher.leaks(cookies) == []


def test_hosts_are_lost_in_the_middle(remote: SetUpRemote, monkeypatch: pytest.MonkeyPatch) -> None:
    """One is killed, sshd and its session; the other hangs, as with a cut network. Nothing is written by these runs
    after the bridge gave them up, nobody asks the cloud before that, and then it is read first, elsewhere."""
    made = remote()
    stack = made.stack
    service = stack.order()
    thread, runs = in_the_middle(stack, "creation not done yet", service)
    killed = made.host_of_the_run()
    running = killed.running()
    seen = len(stack.standin.arrivals())
    killed.kill()
    all_dead(running, 2)
    assert list(killed.runtime.glob("bill-nextcloud-run-*")) == []
    time.sleep(LEASE / 2)
    assert len(stack.standin.arrivals()) == seen, "the run may still write"
    thread.join(60)
    assert runs[0].error is None, runs[0]
    one_working_account(stack, service)
    assert stack.standin.arrivals()[seen]["method"] == "GET"
    assert made.log().count("run without results") == 1
    lines = [line for line in made.log().splitlines() if "status=successful" in line]
    assert made.other(killed).url in lines[-1]

    killed.start()
    service = stack.order()
    monkeypatch.setattr(test_kill, "HELD_UP", 3.0 * LEASE)
    thread, runs = in_the_middle(stack, "creation not done yet", service)
    hanging = made.host_of_the_run()
    assert hanging is not killed, "one that failed a moment ago comes last"
    running, sessions = hanging.running(), hanging.sessions()
    seen = len(stack.standin.arrivals())
    for process in sessions:
        process.suspend()
    # Not reaped: who would do it stands still.
    all_dead(running, LEASE + 1)
    assert len(stack.standin.arrivals()) == seen, "the run may still write"
    thread.join(60)
    assert runs[0].error is None, runs[0]
    for process in sessions:
        process.resume()
    one_working_account(stack, service, made=2)
    assert stack.standin.arrivals()[seen]["method"] == "GET"
    nothing_is_left(made)


def test_the_bridge_is_killed_in_the_middle(remote: SetUpRemote) -> None:
    """The run on the worker host ends with it, and the next bridge waits for the lease, reads, and finishes."""
    made = remote(1)
    stack = made.stack
    service = stack.order()
    thread, _ = in_the_middle(stack, "creation not done yet", service)
    running = made.host_of_the_run().running()
    seen = len(stack.standin.arrivals())
    stack.worker.kill()
    all_dead(running, 2)
    thread.join(60)
    leases = list(stack.worker.state.glob("leases/*"))
    assert len(leases) == 1
    began = time.monotonic()
    stack.worker.start()
    until(lambda: len(stack.standin.arrivals()) > seen)
    assert time.monotonic() - began > LEASE
    assert not leases[0].exists()
    assert stack.standin.arrivals()[seen]["method"] == "GET"
    until(lambda: stack.panel.service(service)["status_name"] == "active")
    one_working_account(stack, service)
    nothing_is_left(made)


def test_hosts_that_cannot_be_used(remote: SetUpRemote, tmp_path: Path) -> None:
    """An unknown host key, another release, no sshd: told apart, nothing begun, tried again by itself; and what was not
    begun counts against no limit."""
    project = tmp_path / "project"
    for part in ("playbooks", "collections"):
        shutil.copytree(REPOSITORY / part, project / part)
    shutil.copy(REPOSITORY / "ansible.cfg", project)
    playbook = project / "playbooks" / "accounts.yml"
    original = playbook.read_bytes()
    playbook.write_bytes(original + b"# edited\n")
    made = remote(1, ("--project-directory", str(project)), {"clouds": {"suspensions_per_hour": 1}})
    stack = made.stack
    (host,) = made.hosts
    made.known_hosts.write_text(f"[127.0.0.1]:{host.port} {make_key(tmp_path / 'other')}\n", encoding="utf-8")
    service = stack.order()
    run = stack.panel.run(service)
    assert (run.exit_code, run.finished) == (0, False)
    error = stack.panel.wait(run.operation or 0, or_error=True)["error"]
    assert error["type"] == "nextcloud_workers_unavailable"
    assert "Host key verification failed" in str(error)
    made.know()
    until(lambda: "code=release_differs kind=temporary" in made.log())
    assert stack.standin.arrivals() == []
    playbook.write_bytes(original)
    until(lambda: stack.panel.service(service)["status_name"] == "active")
    one_working_account(stack, service)

    host.kill()
    before = made.log().count("code=workers_unavailable")
    stack.panel.run(service, stack.panel.suspend(service))
    until(lambda: made.log().count("code=workers_unavailable") >= before + 2)
    assert f"{host.url}: ssh: connect to host 127.0.0.1 port {host.port}: Connection refused" in made.log()
    host.start()
    until(lambda: enabled(stack, service) is False)
    nothing_is_left(made)


def test_credentials_that_cannot_be_used(remote: SetUpRemote) -> None:
    """A file for others, another cloud, wrong ones: the cloud is held and probed, each of the wrong ones is tried once,
    also when an administrator asks; right ones are noticed. No secret is in the words."""
    made = remote()
    stack = made.stack
    first, second = made.hosts
    first.credentials.chmod(0o644)
    second.trust("https://other.example.com", stack.cloud.password)
    service = stack.order()
    run = stack.panel.run(service)
    error = stack.panel.wait(run.operation or 0, or_error=True)["error"]
    assert error["type"] == "nextcloud_worker_credentials_unusable"
    assert "its mode is 0644" in str(error)
    assert "worker_credentials_missing" in made.log()
    until(lambda: "cloud still held" in made.log())
    assert stack.standin.arrivals() == []
    for number, host in enumerate(made.hosts):
        host.trust(stack.cloud.url, f"Not-The-One-{number}")
    first.credentials.chmod(0o600)
    until(lambda: "code=worker_credentials_refused" in made.log())
    time.sleep(1)
    assert made.wrong_log_ins() == 2
    assert stack.administer("release", cloud=stack.module)["status"] == "failed"
    assert made.wrong_log_ins() == 2
    second.trust(stack.cloud.url, stack.cloud.password)
    until(lambda: stack.panel.service(service)["status_name"] == "active")
    assert made.wrong_log_ins() == 2
    assert stack.cloud.password not in made.log()
    assert "Not-The-One" not in made.log()
    assert len(stack.panel.problems()) <= 2
    nothing_is_left(made)


def test_what_is_sent_is_only_data(tmp_path: Path) -> None:
    """Whoever has the bridge's key cannot let the worker host start or read anything else."""
    identity, known_hosts = tmp_path / "identity", tmp_path / "known_hosts"
    host = WorkerHost(tmp_path / "host", make_key(identity))
    try:
        known_hosts.write_text(host.known, encoding="utf-8")
        ssh = ["ssh", "-F", "none", "-T", "-p", str(host.port), "-i", str(identity), "-o", "BatchMode=yes"]
        for sent in (b"", b'{"kwargs": {"module": "command", "module_args": "id"}}\n{"eof": true}\n'):
            done = subprocess.run(
                [*ssh, "-o", f"UserKnownHostsFile={known_hosts}", f"{host.user}@127.0.0.1", "id; cat /etc/passwd"],
                input=sent,
                capture_output=True,
                check=False,
                timeout=30,
            )
            assert done.returncode == 0
            assert b"uid=" not in done.stdout + done.stderr
            assert b'"status": "error"' in done.stdout
        assert list(host.runtime.iterdir()) == []
    finally:
        host.stop()


def test_accounts_are_read_on_a_worker_host(remote: SetUpRemote) -> None:
    """With its credentials; nothing of the accounts is kept here."""
    stack = remote(1).stack
    service = stack.opened()
    assert stack.customer(service).can_store()
    run = stack.panel.call("stat", ["--module", str(stack.module)])
    assert run.ok, run
    (row,) = stack.panel.statistics()
    assert (row["item"], row["param"], row["unit"]) == (service, "disk", "gib")
    assert "host=ssh://" in next(
        line for line in stack.worker.log.read_text().splitlines() if "accounts=1 host" in line
    )
    # And an import, which gets the quotas that are sold.
    stack.standin.make_accounts("anna", quota=str(1024**3), groups=["customers"])
    imported = stack.panel.call("import", ["--module", str(stack.module), "--itemtype", "backupservice"])
    assert 'account="anna"' in imported.stdout
