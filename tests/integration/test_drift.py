# SPDX-License-Identifier: GPL-3.0-or-later
"""``bill-nextcloud drift`` between the panel and the cloud. No worker runs: whatever is done, this command does it."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from bill_nextcloud import drift as module
from bill_nextcloud import sold
from bill_nextcloud.billmanager.connection import database_of
from bill_nextcloud.mapping import Mapping
from bill_nextcloud.settings import read_settings
from bill_nextcloud.sold import usable_clouds
from harness.cloud import Server
from harness.processes import until
from harness.stack import Stack
from harness.worker import COMMAND, REPOSITORY, Worker
from standins.billmanager import Panel

AGREES, DIFFERS, UNREADABLE = 0, 1, 2
GIB = 1024**3
PASSWORD = "Customer-Passw0rd-1"
NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A cloud."""
    started = Server(tmp_path / "cloud")
    yield started
    started.stop()


@pytest.fixture
def stack(tmp_path: Path, server: Server, administrator: Path | None) -> Iterator[Stack]:
    """Panel and cloud; the worker has settings but is not started."""
    panel = Panel.create(tmp_path / "mgr5", administrator)
    worker = Worker(tmp_path / "bridge", panel)
    cloud = server.cloud
    module = panel.add_cloud("Blue", {"url": cloud.url, "username": cloud.username}, {"password": cloud.password})
    yield Stack(panel, worker, cloud, module, server.standin)
    worker.cleanup()


def sell(stack: Stack, tariff: int, *, address: str | None = None, make: bool = True, **wish: Any) -> int:
    """An active service and, unless told otherwise, its account as sold; ``wish`` goes to the cloud's API,
    ``address`` is where another cloud is."""
    service = stack.order(tariff)
    if make:
        form = {"email": "ivan@example.org", "groups[]": "customers", "quota": str(GIB), **wish}
        stack.cloud.create(f"user_{service}", PASSWORD, **form)
    for name, value in (("username", f"user_{service}"), ("url", address or stack.cloud.url)):
        stack.mgrctl("service.saveparam", elid=service, name=name, value=value, crypted="off", sok="ok")
    stack.mgrctl("backupservice.open", elid=service, sok="ok")
    return service


def drift(stack: Stack, *words: object, status: int) -> subprocess.CompletedProcess[str]:
    """Run the command; ``status``: how it has to end. It leaves nothing behind."""
    done = subprocess.run(
        [COMMAND, "drift", "--settings", stack.worker.settings_file, *map(str, words)],
        env={"PATH": os.defpath, "HOME": str(stack.worker.directory), "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == status, f"{done.returncode}: {done.stdout}{done.stderr}"
    assert list(stack.worker.runtime.iterdir()) == []
    assert stack.cloud.password not in done.stdout + done.stderr
    return done


def found(stack: Stack, *words: object, status: int) -> dict[str, Any]:
    """The same as JSON: its only cloud."""
    (cloud,) = json.loads(drift(stack, *words, "--json", status=status).stdout)["clouds"]
    return dict(cloud)


def test_what_differs_is_shown_and_nothing_is_written(stack: Stack) -> None:
    """Quota, group, suspension, a missing account: what is and what was sold; the printed line mends them."""
    tariff = stack.tariff()
    fine, quota, group, suspended, missing = (sell(stack, tariff, make=n != 4) for n in range(5))
    assert drift(stack, status=DIFFERS).stdout.splitlines()[-2] == "5 accounts compared, 1 differs."
    stack.cloud.ocs("PUT", f"users/user_{quota}", key="quota", value="77 GB")
    stack.cloud.ocs("DELETE", f"users/user_{group}/groups", groupid="customers")
    stack.cloud.ocs("PUT", f"users/user_{suspended}/disable")
    before = stack.writes()
    cloud = found(stack, status=DIFFERS)
    assert (cloud["name"], cloud["compared"], cloud["unread"]) == ("Blue", 5, [])
    assert {one["account"]: one["changes"] for one in cloud["differences"]} == {
        f"user_{quota}": [{"field": "quota", "is": 77 * GIB, "sold": GIB}],
        f"user_{group}": [{"field": "groups", "is": [], "sold": ["customers"]}],
        f"user_{suspended}": [{"field": "enabled", "is": False, "sold": True}],
        f"user_{missing}": [{"field": "state", "is": "absent", "sold": "present"}],
    }
    done = drift(stack, "Blue", status=DIFFERS)
    for line in ("- quota: 77 GiB", "+ quota: 1 GiB", "+ groups: customers", "- enabled: false", "+ enabled: true"):
        assert line in done.stdout
    assert f"+ account user_{missing}" in done.stdout
    assert f"user_{fine} " not in done.stdout
    assert done.stderr == ""
    assert stack.writes() == before
    # Only that one was never made, and has no password to be made with.
    stack.cloud.create(f"user_{missing}", PASSWORD, **{"groups[]": "customers", "quota": str(GIB)})
    line = done.stdout.splitlines()[-1]
    assert line.startswith("To mend that: cd ")
    mended = subprocess.run(
        ["/bin/sh", "-c", line.removeprefix("To mend that: ")],
        env={"PATH": os.defpath, "HOME": str(stack.worker.directory), "LC_ALL": "C.UTF-8"},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert str(REPOSITORY) in shlex.split(line)
    assert drift(stack, status=AGREES).stdout == "5 accounts compared, 0 differ.\n"


def test_a_service_that_cannot_be_understood(stack: Stack) -> None:
    """Is listed with its reason, and the status says that not everything was read."""
    sell(stack, stack.tariff())
    bad = sell(stack, stack.tariff("No disk", None))
    cloud = found(stack, status=UNREADABLE)
    assert cloud["compared"] == 1
    assert [(one["service"], one["failure"]["code"]) for one in cloud["unread"]] == [(bad, "disk_addon_missing")]
    shown = drift(stack, status=UNREADABLE).stdout
    assert f"Blue, service {bad}: The tariff No disk has no addon that sells disk space" in shown


def test_wrong_credentials_are_tried_once(stack: Stack) -> None:
    """One log-in, one line: more would lock this address."""
    sell(stack, stack.tariff())
    sell(stack, stack.tariff("Other"))
    stack.standin.fault("status", status=401, path="/ocs/")
    before = len(stack.standin.requests())
    cloud = found(stack, status=UNREADABLE)
    assert [(one["service"], one["failure"]["code"]) for one in cloud["unread"]] == [(None, "wrong_credentials")]
    asked = [seen["path"] for seen in stack.standin.requests()[before:]]
    assert len([path for path in asked if path != "/status.php"]) == 1


def test_a_cloud_that_is_down(stack: Stack) -> None:
    """Its trouble is told once, in words, and the others are compared."""
    sell(stack, stack.tariff())
    down = stack.panel.add_cloud("Down", {"url": NOBODY, "username": "admin"}, {"password": PASSWORD})
    panel_tariff = stack.panel.add_tariff("There", down, disk=(1, "gib"), params={"usergroup": "customers"})
    for _ in range(2):
        sell(stack, panel_tariff, address=NOBODY, make=False)
    blue, other = json.loads(drift(stack, "--json", status=UNREADABLE).stdout)["clouds"]
    assert (blue["name"], blue["compared"], blue["unread"]) == ("Blue", 1, [])
    assert (other["name"], other["compared"]) == ("Down", 0)
    assert [(one["account"], one["failure"]["code"]) for one in other["unread"]] == [(None, "unreachable")]
    assert "Down, all the rest: The cloud Down cannot be reached" in drift(stack, "Down", status=UNREADABLE).stdout


def test_many_accounts(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is sold is read by pages, and a run for each part; accounts that agree are not told."""
    tariff = stack.tariff()
    services = [sell(stack, tariff) for _ in range(5)]
    for service in services[1::2]:
        stack.cloud.ocs("PUT", f"users/user_{service}", key="quota", value="77 GB")
    monkeypatch.setattr(sold, "_PAGE", 1)
    settings = read_settings(stack.worker.settings_file)
    database = database_of(settings.billmanager)
    clouds, _ = usable_clouds(database)
    mapping = Mapping(settings.accounts.mapping)
    pages = [page for page, _ in sold.sold_accounts(settings, database, mapping, clouds[0], clouds, check=True)]
    assert [[account.service for account in page] for page in pages] == [[service] for service in services]
    # The second account is what does not fit any more.
    monkeypatch.setattr(module, "MOST_CHARACTERS", len(json.dumps([services[0], pages[0][0].wish])) + 2)
    told: list[tuple[int, int]] = []
    found: list[module.Difference | module.Unread] = []
    with module.drift_runs(settings) as runs:
        result = module.compare(
            settings, database, mapping, runs, clouds[0], clouds, found.append, lambda *one: told.append(one)
        )
    assert sorted(set(told)) == [(5, 0), (5, 2), (5, 4), (5, 5)]
    assert [one.service for one in found] == services[1::2]
    assert (result.compared, result.differences, result.unread) == (5, 2, 0)
    # They hold accounts' data, which `forget` would not find.
    assert list((stack.worker.state / "runs").iterdir()) == []


def test_results_in_a_file(stack: Stack, tmp_path: Path) -> None:
    """A line for each account, and one at the end that shows that the file is whole; for its owner only."""
    tariff = stack.tariff()
    services = [sell(stack, tariff) for _ in range(2)]
    stack.cloud.ocs("PUT", f"users/user_{services[0]}", key="quota", value="77 GB")
    stack.cloud.ocs("PUT", f"users/user_{services[1]}/disable")
    bad = sell(stack, stack.tariff("No disk", None))
    file = tmp_path / "found.jsonl"
    file.write_text("from before", "utf-8")
    done = drift(stack, "--output", file, status=UNREADABLE)
    assert done.stdout.splitlines()[0] == "2 accounts compared, 2 differ."
    assert f"What was found is in {file}." in done.stdout
    assert file.stat().st_mode & 0o777 == 0o600
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert [(row["type"], row.get("service")) for row in rows] == [
        ("unread", bad),
        ("difference", services[0]),
        ("difference", services[1]),
        ("cloud", None),
        ("end", None),
    ]
    assert rows[1]["changes"] == [{"field": "quota", "is": 77 * GIB, "sold": GIB}]
    assert (rows[-1]["compared"], rows[-1]["differences"], rows[-1]["unread"]) == (2, 2, 1)
    assert sorted(one.name for one in tmp_path.iterdir() if "found" in one.name) == [file.name]
    # What cannot be compared to its end leaves the file as it is.
    before = file.read_text("utf-8")
    stack.worker.settings_file.write_text(stack.worker.settings_file.read_text("utf-8").replace("/mgr5", "/mgr6"))
    drift(stack, "--output", file, status=UNREADABLE)
    assert file.read_text("utf-8") == before
    assert "leave --json out" in drift(stack, "--output", file, "--json", status=UNREADABLE).stderr


def test_a_name_that_was_sold_twice(stack: Stack) -> None:
    """Is compared with neither, however far apart the two services are; the others are."""
    tariff = stack.tariff()
    first, fine, second = (sell(stack, tariff) for _ in range(3))
    stack.mgrctl("service.saveparam", elid=second, name="username", value=f"USER_{first}", crypted="off", sok="ok")
    cloud = found(stack, status=UNREADABLE)
    assert (cloud["compared"], cloud["differences"]) == (1, [])
    assert [(one["service"], one["failure"]["code"]) for one in cloud["unread"]] == [
        (first, "duplicate_name"),
        (second, "duplicate_name"),
    ]
    assert fine not in [one["service"] for one in cloud["unread"]]


def test_one_account_that_cannot_be_read(stack: Stack) -> None:
    """Is told alone; the others are compared."""
    tariff = stack.tariff()
    broken, fine = sell(stack, tariff), sell(stack, tariff)
    stack.cloud.ocs("PUT", f"users/user_{fine}", key="quota", value="77 GB")
    for path in (f"/users/user_{broken}", "/users/details"):
        stack.standin.fault("status", status=500, path=path)
    cloud = found(stack, status=UNREADABLE)
    assert [one["service"] for one in cloud["differences"]] == [fine]
    assert [(one["service"], one["failure"]["code"]) for one in cloud["unread"]] == [(broken, "server_error")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_one_that_is_ended(stack: Stack, tmp_path: Path, number: signal.Signals) -> None:
    """In the middle of a run: no secret, no process and no half of a file is left of it."""
    sell(stack, stack.tariff())
    file = tmp_path / "found.jsonl"
    file.write_text("from before", "utf-8")
    seen = len(stack.standin.arrivals())
    stack.standin.fault("hold", method="GET", path="/cloud/users")
    begun = psutil.Popen(
        [COMMAND, "drift", "--settings", stack.worker.settings_file, "--output", file],
        env={"PATH": os.defpath, "HOME": str(stack.worker.directory), "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    until(lambda: any("/cloud/users" in one["path"] for one in stack.standin.arrivals()[seen:]))
    assert list(stack.worker.runtime.glob(f"drift-{begun.pid}/run-*/secrets.yml"))
    below = begun.children(recursive=True)
    begun.send_signal(number)
    _, said = begun.communicate(timeout=60)
    assert (begun.returncode, said) == (128 + number, b"")
    assert list(stack.worker.runtime.iterdir()) == []
    _, alive = psutil.wait_procs(below, timeout=5)
    assert alive == []
    assert file.read_text("utf-8") == "from before"
    assert [one.name for one in tmp_path.iterdir() if "found" in one.name] == [file.name]


def test_wrong_words(stack: Stack) -> None:
    """One line, and the status of what could not be read."""
    done = drift(stack, "Purple", status=UNREADABLE)
    assert done.stderr == "bill-nextcloud: There is no cloud Purple. bill-nextcloud status lists them.\n"
    stack.worker.settings_file.write_text("[nonsense]\n")
    done = drift(stack, status=UNREADABLE)
    assert "unknown setting" in done.stderr
    assert len(done.stderr.splitlines()) == 1
