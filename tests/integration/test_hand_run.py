# SPDX-License-Identifier: GPL-3.0-or-later
"""The administrator's way in: the inventory of what was sold, the drift, the mending, and the same guards."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import time
from typing import Any

import psutil
from bill_nextcloud.lock import lock_path
from harness.clouds import DIALECTS
from harness.playbook import BIN, DRIFT, ansible, environment, recap
from harness.stack import Stack
from harness.worker import REPOSITORY

from .conftest import SetUp
from .test_waiting import enabled

GIB = 1024**3


def plain(value: Any) -> Any:
    """What ``ansible-inventory`` printed, without its mark for text that is never a template."""
    if isinstance(value, dict):
        return (
            value["__ansible_unsafe"] if set(value) == {"__ansible_unsafe"} else {k: plain(v) for k, v in value.items()}
        )
    return [plain(one) for one in value] if isinstance(value, list) else value


def test_inventory_lists_what_was_sold_and_no_password(stack: Stack) -> None:
    """Clouds are hosts, sold accounts are data; neither administrator's nor customers' passwords are shown."""
    service = stack.opened()
    done = ansible(stack.worker, "ansible-inventory", "-i", "inventories/billmanager", "--list")
    assert done.returncode == 0, done.stderr
    host = plain(json.loads(done.stdout)["_meta"]["hostvars"][f"cloud_{stack.module}"])
    assert host["cloud_url"] == stack.cloud.url
    assert [account["name"] for account in host["accounts"]] == [f"user_{service}"]
    assert host["accounts"][0]["quota"] == str(GIB)
    for secret in (stack.cloud.password, stack.customer(service).password):
        assert secret not in done.stdout + done.stderr


def test_drift_is_shown_and_mended(stack: Stack) -> None:
    """Changed by hand on the cloud: --check --diff shows it and writes nothing; without --check it is mended."""
    first, second = stack.opened_together(2)
    stack.panel.suspend(second)
    stack.run(second)
    stack.cloud.ocs("PUT", f"users/user_{first}", key="quota", value="77 GB")
    stack.cloud.ocs("PUT", f"users/user_{second}/enable")
    before = stack.writes()
    done = ansible(stack.worker, *DRIFT, "--check", "--diff")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "changed=1" in recap(done)[0]
    assert str(77 * GIB) in done.stdout
    assert f"user_{second}" in done.stdout
    assert stack.writes() == before
    done = ansible(stack.worker, *DRIFT, "--diff")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "changed=1" in recap(done)[0]
    account = stack.cloud.account(f"user_{first}")
    assert account is not None
    assert account["quota"]["quota"] == GIB
    account = stack.cloud.account(f"user_{second}")
    assert account is not None
    assert account["enabled"] is False
    done = ansible(stack.worker, *DRIFT, "--diff")
    assert "changed=0" in recap(done)[0]


def test_vanished_account_is_made_with_the_delivered_password(stack: Stack) -> None:
    """An account that was lost on the cloud is made again by a hand run; the customer's password is the same."""
    service = stack.opened()
    stack.cloud.delete(f"user_{service}")
    done = ansible(stack.worker, *DRIFT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert stack.customer(service).can_store()
    assert stack.customer(service).password not in done.stdout


def test_one_bad_service_stops_nobody_but_fails_the_run(stack: Stack) -> None:
    """A service that cannot be understood is named with its reason; the others are converged."""
    good = stack.opened()
    bad = stack.opened()
    stack.set_tariff(bad, stack.tariff("No disk", None))
    stack.cloud.ocs("PUT", f"users/user_{good}", key="quota", value="77 GB")
    done = ansible(stack.worker, *DRIFT)
    assert done.returncode != 0
    assert f"service {bad}" in done.stdout
    account = stack.cloud.account(f"user_{good}")
    assert account is not None
    assert account["quota"]["quota"] == GIB


def test_a_switch_that_the_cloud_does_not_have_fails_the_run(set_up: SetUp) -> None:
    """No account is wrong, and yet not everything is as it was asked for."""
    old = DIALECTS["nextcloud-17"]
    stack = set_up(product=old.product, cloud_type=old.cloud_type)
    params = {"url": stack.cloud.url, "username": stack.cloud.username, "disabled_shares": "hidden"}
    module = stack.panel.add_cloud("Strict", params, {"password": stack.cloud.password})
    done = ansible(stack.worker, *DRIFT, "--limit", f"cloud_{module}")
    assert done.returncode != 0, done.stdout
    assert "shares of disabled accounts: " in done.stdout
    assert "this is 17" in done.stdout


def test_hand_run_waits_for_the_lock_and_then_reads_again(stack: Stack) -> None:
    """While somebody else holds the cloud's lock a hand run writes nothing; what was sold meanwhile counts."""
    service = stack.opened()
    stack.cloud.ocs("PUT", f"users/user_{service}", key="quota", value="77 GB")
    path = lock_path(stack.worker.state / "locks", stack.cloud.url)
    before = stack.writes()
    with path.open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = begin(stack)
        assert run.stdout is not None
        for line in run.stdout:
            if "Take the lock of the cloud until" in line:
                break
        time.sleep(1)
        assert stack.writes() == before
        stack.set_tariff(service, stack.tariff("Large", (9, "gib")))
    output = run.stdout.read()
    assert run.wait(120) == 0, output
    account = stack.cloud.account(f"user_{service}")
    assert account is not None
    assert account["quota"]["quota"] == 9 * GIB


def test_operations_wait_for_a_hand_run_and_its_death_frees_the_lock(stack: Stack) -> None:
    """A hand run that is slow keeps the bridge waiting; killed with -9 it gives the lock back and writes no more."""
    first, second = stack.opened_together(2)
    stack.cloud.ocs("PUT", f"users/user_{first}", key="quota", value="77 GB")
    stack.standin.fault("delay", method="PUT", path=f"users/user_{first}", seconds=30, times=1)
    run = begin(stack)
    path = lock_path(stack.worker.state / "locks", stack.cloud.url)
    deadline = time.monotonic() + 60
    while not _held(path) and time.monotonic() < deadline:
        time.sleep(0.1)
    # The lock comes first; the delayed request a little later.
    time.sleep(4)
    children = psutil.Process(run.pid).children(recursive=True)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    _, alive = psutil.wait_procs(children, timeout=5)
    assert children
    assert not [process for process in alive if "ansible" in " ".join(process.cmdline())]
    stack.panel.suspend(second)
    assert stack.run(second).seconds < 20


def test_calls_of_the_module_mend(stack: Stack) -> None:
    """What `drift` says where worker hosts are: without an operation of BILLmanager, each brings its part back."""
    quota, missing, disabled, enabled_one = stack.opened_together(4)
    stack.run(enabled_one, stack.panel.suspend(enabled_one))
    stack.cloud.ocs("PUT", f"users/user_{quota}", key="quota", value="77 GB")
    stack.cloud.delete(f"user_{missing}")
    stack.cloud.ocs("PUT", f"users/user_{disabled}/disable")
    stack.cloud.ocs("PUT", f"users/user_{enabled_one}/enable")
    for command, service in (
        ("setparam", quota),
        ("open", missing),
        ("resume", disabled),
        ("suspend", enabled_one),
    ):
        assert stack.panel.call(command, ["--item", str(service)]).ok
    account = stack.cloud.account(f"user_{quota}")
    assert account is not None
    assert account["quota"]["quota"] == GIB
    assert stack.customer(missing).can_store()
    assert [enabled(stack, service) for service in (disabled, enabled_one)] == [True, False]


def test_with_worker_hosts_a_hand_run_uses_the_password_here(stack: Stack) -> None:
    """It says so, and works when that is the real one; without any nobody logs in."""
    service = stack.opened()
    stack.cloud.ocs("PUT", f"users/user_{service}", key="quota", value="77 GB")
    with stack.worker.settings_file.open("a") as file:
        file.write('[runs]\nworkers = ["ssh://nobody@127.0.0.1:9"]\n')
    done = ansible(stack.worker, *DRIFT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "must be the real one" in " ".join((done.stdout + done.stderr).split())
    assert "changed=1" in recap(done)[0]
    stack.sql("DELETE FROM processingcryptedparam WHERE processingmodule = ?", stack.module)
    seen = len(stack.standin.arrivals())
    done = ansible(stack.worker, *DRIFT)
    assert done.returncode != 0
    assert "password" in done.stdout
    assert len(stack.standin.arrivals()) == seen


def begin(stack: Stack) -> subprocess.Popen[str]:
    """Start a hand run that writes."""
    return subprocess.Popen(
        [BIN / DRIFT[0], *DRIFT[1:]],
        cwd=REPOSITORY,
        env=environment(stack.worker),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _held(path: os.PathLike[str]) -> bool:
    with open(path, "r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_hand_runs_count_against_the_hour(set_up: SetUp) -> None:
    """What one run suspends, the next can no longer; beyond the limit none is done."""
    stack = set_up({"clouds": {"suspensions_per_hour": 2}})
    services = stack.opened_together(3)
    unpaid = "UPDATE item SET status = 3, autosuspend = 'on' WHERE id = ?"
    stack.sql(unpaid, services[0])
    assert ansible(stack.worker, *DRIFT).returncode == 0
    for service in services[1:]:
        stack.sql(unpaid, service)
    refused = ansible(stack.worker, *DRIFT)
    assert refused.returncode != 0
    assert "limit" in refused.stdout
    assert [enabled(stack, service) for service in services] == [False, True, True]
    # On a person's word.
    allowed = ansible(stack.worker, *DRIFT, "-e", "max_suspensions=10")
    assert allowed.returncode == 0, allowed.stdout
    assert [enabled(stack, service) for service in services] == [False, False, False]
    ledgers = list((stack.worker.state / "locks").glob("*.damage.json"))
    assert sum(entry["suspensions"] for entry in json.loads(ledgers[0].read_text())) == 3
