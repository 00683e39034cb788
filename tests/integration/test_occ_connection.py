# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to a cloud's server, by a run of a real playbook and a real sshd: what does not let it through, and what is
left of it."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.errors import Failure, RunUnknown
from bill_nextcloud.playbook import Product, Runs
from bill_nextcloud.settings import BridgeSettings, Settings
from harness.processes import until
from harness.sshd import CloudHost, free_port, make_key


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    """Runs on this machine, of which nothing is left on the tmpfs."""
    with tempfile.TemporaryDirectory(prefix="bill-nextcloud-", dir="/dev/shm") as runtime:
        yield Runs(Settings(bridge=BridgeSettings(state_directory=tmp_path / "state", runtime_directory=Path(runtime))))
        # By occ alone nobody logs in.
        assert [left for left in Path(runtime).rglob("*") if left.name not in ("sessions", "ansible")] == []


def fingerprint(key: str) -> str:
    """As people compare it."""
    done = subprocess.run(["ssh-keygen", "-l", "-f", "-"], input=key, capture_output=True, text=True, check=True)
    return done.stdout.split()[1]


def probed(runs: Runs, ssh_server: CloudHost, **changes: str) -> Product | Failure:
    """What a probe says of a cloud on that server; ``changes`` of its connection form."""
    form = {"url": "https://cloud.example", "transport": "occ", **ssh_server.params, **changes}
    return runs.product(Cloud.of(3, "Blue", "", form))


@pytest.mark.parametrize("case", ["another host key", "another key", "nobody listens", "no occ"])
def test_a_server_that_lets_nothing_through(runs: Runs, ssh_server: CloudHost, tmp_path: Path, case: str) -> None:
    """Each reason has its own code, and the words of whoever has found it."""
    other = make_key(tmp_path / "other")
    changes, code, words = {
        "another host key": ({"ssh_host_keys": other}, "host_key_not_verified", fingerprint(ssh_server.host_key)),
        "another key": ({"ssh_key_file": str(tmp_path / "other")}, "host_refused", "Permission denied"),
        "nobody listens": ({"ssh_port": str(free_port())}, "unreachable", "refused"),
        "no occ": ({"occ_command": "/nowhere/occ"}, "occ_unusable", "/nowhere/occ"),
    }[case]
    found = probed(runs, ssh_server, **changes)
    assert isinstance(found, Failure)
    assert found.code == code
    assert words in found.parameters["detail"]
    assert ssh_server.log_ins() == (1 if case == "no occ" else 0)


def test_a_run_that_is_killed(runs: Runs, ssh_server: CloudHost, tmp_path: Path) -> None:
    """With ansible-playbook ends all that it has started, ssh included, and on the server no further command is begun.
    Only the shared log-in lives on without anybody, for seconds."""
    begun = tmp_path / "begun"
    slow = tmp_path / "occ"
    slow.write_text(f'#!/bin/sh\necho "$*" >> {begun}\nexec sleep 300\n', encoding="utf-8")
    slow.chmod(0o755)
    with ThreadPoolExecutor() as pool:
        probe = pool.submit(probed, runs, ssh_server, occ_command=str(slow))
        until(begun.exists)
        (playbook,) = [one for one in psutil.Process().children() if "ansible-playbook" in " ".join(one.cmdline())]
        started = playbook.children(recursive=True)
        assert [one for one in started if one.name() == "ssh"]
        playbook.kill()
        _, alive = psutil.wait_procs([*started, playbook], timeout=5)
        assert alive == []
        with pytest.raises(RunUnknown):
            probe.result()
    for command in ssh_server.running("sleep 300"):
        command.kill()  # a command that runs is waited for there
    until(lambda: not ssh_server.running() and not ssh_server.sessions())
    assert len(begun.read_text("utf-8").splitlines()) == 1
    assert ssh_server.log_ins() == 1
