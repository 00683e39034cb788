# SPDX-License-Identifier: GPL-3.0-or-later
"""What accounts use, from the cloud into BILLmanager's statistics and the register, by the real executable."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bill_nextcloud.record import DayOfUse, Store, UsageHistory
from harness.stack import Stack
from harness.worker import COMMAND
from standins.billmanager import Run, operations, sales
from standins.billmanager.database import transaction

SetUp = Callable[..., Stack]
GIB = 1024**3
MIB = 1024**2
HALF = GIB // 2


def today() -> str:
    """As BILLmanager writes it."""
    return time.strftime("%Y-%m-%d")


def sell(stack: Stack, tariff: int, count: int = 1, *, make: bool = True, **account: Any) -> list[int]:
    """So many active services that have their accounts, as if the bridge had opened them; ``account``: see
    ``standins.cloud.seeds``."""
    with transaction(stack.panel.layout.database) as connection:
        client = sales.add_client(connection, "Ivan Ivanov", "ivan@example.org")
        services = [sales.add_service(connection, tariff, client, None, 1) for _ in range(count)]
        for service in services:
            connection.execute("UPDATE item SET status = ? WHERE id = ?", (operations.ACTIVE, service))
            for name, value in (("username", f"user_{service}"), ("url", stack.cloud.url)):
                sales.insert(connection, "itemparam", item=service, intname=name, value=value)
    if make:
        stack.standin.make_accounts("user_{number}", first=services[0], count=count, quota=str(GIB), **account)
    return services


def stat(stack: Stack, module: int | None = None) -> Run:
    """BILLmanager's daily call."""
    return stack.panel.call("stat", ["--module", str(module or stack.module), "--level", "30"])


def amounts(stack: Stack) -> dict[tuple[int, str, str], tuple[float, str]]:
    """The rows of ``itemstat``; none is there twice."""
    rows = stack.panel.statistics()
    found = {(row["item"], row["statdate"], row["param"]): (row["value"], row["unit"]) for row in rows}
    assert len(found) == len(rows)
    return found


def lines(stack: Stack, words: str) -> list[str]:
    """Of the bridge's log."""
    return [line for line in stack.worker.log.read_text().splitlines() if words in line]


def uses(stack: Stack, service: int, used: int) -> None:
    """The account of ``service`` now uses so many bytes."""
    stack.cloud.delete(f"user_{service}")
    stack.standin.make_accounts(f"user_{service}", quota=str(GIB), used=used)


def test_stat(set_up: SetUp) -> None:
    """One row for each service and day in its addon's own unit, also after a second call; no row where nothing is
    known."""
    stack = set_up()
    assert "stat" in {str(feature.get("name")) for feature in stack.panel.features().iterfind("features/feature")}
    small = stack.tariff()
    mebibytes = stack.tariff("Mebibytes", (500, "mib"))
    terabytes = stack.panel.add_tariff("Terabytes", stack.module, (1, "tib"), disk_intname="disc")
    (plain,), (fraction,) = sell(stack, small, used=GIB), sell(stack, mebibytes, used=MIB + 12_345)
    (big,), (suspended,) = sell(stack, terabytes, used=300 * GIB), sell(stack, small, used=MIB)
    (missing,), (unused,) = sell(stack, small, make=False), sell(stack, small)
    unproven, moved = sell(stack, small, 2, used=GIB)
    no_disk = sell(stack, stack.tariff("No disk", None), used=GIB)
    with transaction(stack.panel.layout.database) as connection:
        connection.execute("UPDATE item SET status = ? WHERE id = ?", (operations.SUSPENDED, suspended))
        connection.execute("DELETE FROM itemparam WHERE item = ? AND intname = 'url'", (unproven,))
        connection.execute("UPDATE itemparam SET value = 'https://other' WHERE item = ? AND intname = 'url'", (moved,))
    waiting = stack.order(small)
    before = stack.writes()
    run = stat(stack)
    assert run.ok, run
    day = today()
    expected = {
        (plain, day, "disk"): (1, "gib"),
        (fraction, day, "disk"): (1.0118, "mib"),
        (big, day, "disc"): (0.293, "tib"),
        (suspended, day, "disk"): (0.001, "gib"),
    }
    assert amounts(stack) == expected
    assert stack.panel.closed_days() == [(stack.module, day)]
    codes = {
        missing: "account_missing",
        unused: "usage_not_told",
        unproven: "account_unproven",
        moved: "service_moved",
        no_disk[0]: "disk_addon_missing",
    }
    unread = lines(stack, "usage of a service not read")
    assert len(unread) == len(codes)
    for service, code in codes.items():
        assert any(f"service={service} " in line and f"code={code}" in line for line in unread), (service, code)
    assert not any(f"service={waiting} " in line for line in unread)
    uses(stack, plain, 2 * GIB)
    stack.cloud.delete(f"user_{suspended}")
    assert stat(stack).ok
    # What was read this morning stays true.
    assert amounts(stack) == {**expected, (plain, day, "disk"): (2, "gib")}
    assert stack.panel.closed_days() == [(stack.module, day)] * 2
    assert [write for write in stack.writes() if write[0] != "DELETE"] == before
    assert list((stack.worker.state / "runs").iterdir()) == []


def test_wrong_calls(stack: Stack) -> None:
    """Each says what is wrong; nothing is closed."""
    for arguments, error in (([], "nextcloud_bad_request"), (["--module", "99"], "nextcloud_module_unknown")):
        run = stack.panel.call("stat", arguments)
        assert run.exit_code == 1
        assert run.error is not None
        assert run.error.type == error
    assert stack.panel.closed_days() == []


def test_a_cloud_that_breaks_in_the_middle(stack: Stack) -> None:
    """1,200 accounts by pages. What was read before is kept, the day is not closed, and the next call reads all; one
    account that cannot be read does not keep the day open."""
    services = sell(stack, stack.tariff(), 1200, used=HALF)
    # Single accounts are read, and from the 951st on none.
    stack.standin.fault("status", path="/users/details", status=500)
    stack.standin.fault("status", path="/users/user_", status=500, skip=950)
    run = stat(stack)
    assert run.exit_code == 1
    assert run.error is not None
    assert run.error.type == "nextcloud_server_error"
    assert stack.panel.closed_days() == []
    assert len(amounts(stack)) == 950
    stack.standin.clear_faults()
    for path in (f"/users/user_{services[-1]}", "/users/details"):
        stack.standin.fault("status", path=path, status=500)
    # One that fails once, and was not read before, is read all the same.
    stack.standin.fault("status", path=f"/users/user_{services[1100]}$", status=500, times=1)
    assert stat(stack).ok
    day = today()
    assert amounts(stack) == {(service, day, "disk"): (0.5, "gib") for service in services[:-1]}
    assert stack.panel.closed_days() == [(stack.module, day)]
    assert any(f"service={services[-1]} " in line for line in lines(stack, "code=usage_unread"))
    with sqlite3.connect(stack.worker.state / "record.sqlite") as connection:
        assert connection.execute("SELECT count(*), min(used), max(used) FROM usage").fetchone() == (1199, HALF, HALF)


def test_two_calls_at_once(stack: Stack) -> None:
    """The second ends with the first: each account is read once, and the day closed once. A killed bridge leaves
    the day open, and the call fails."""
    (service,) = sell(stack, stack.tariff(), used=HALF)
    path = f"/users/user_{service}"
    stack.standin.fault("hold", path=path)
    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(stat, stack) for _ in range(2)]
        until(lambda: any(path in seen["path"] for seen in stack.standin.arrivals()))
        time.sleep(1)
        stack.standin.clear_faults()
        assert all(call.result().ok for call in calls)
    assert stack.panel.closed_days() == [(stack.module, today())]
    assert sum(path in seen["path"] for seen in stack.standin.arrivals()) == 1
    stack.standin.fault("hold", path=path)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(stat, stack)
        until(lambda: sum(path in seen["path"] for seen in stack.standin.arrivals()) == 2)
        stack.worker.kill()
        run = call.result()
    assert run.exit_code == 1
    assert stack.panel.closed_days() == [(stack.module, today())]


def test_the_register(stack: Stack) -> None:
    """Readings of several days, as the annex to an act: with names, and with whom the client belongs to."""
    client = stack.panel.add_client("ООО Ёж", "ivan@example.org")
    (first,), (second,) = (
        sell(stack, stack.tariff("Малый", (2, "gib")), used=GIB),
        sell(stack, stack.tariff(), used=MIB),
    )
    with transaction(stack.panel.layout.database) as connection:
        connection.execute("UPDATE account SET parent = ? WHERE id <> ?", (client, client))
        connection.execute("UPDATE account SET name = '=Анна' WHERE id <> ?", (client,))
    assert stat(stack).ok
    passed(stack, "2026-10-01")
    with transaction(stack.panel.layout.database) as connection:
        connection.execute("UPDATE item SET status = ? WHERE id = ?", (operations.SUSPENDED, second))
    uses(stack, first, 2 * GIB)
    assert stat(stack).ok
    passed(stack, "2026-10-02")
    words = ["usage", "--settings", str(stack.worker.settings_file), "--period", "2026-10"]
    environment = {"PATH": os.defpath, "HOME": str(stack.worker.directory), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [COMMAND, *words, "--format", "csv", "--encoding", "cp1251"], env=environment, capture_output=True, check=True
    )
    assert done.stderr.decode() == "2 services, 1.501 GiB on average\n"
    heading, *rows = done.stdout.decode("cp1251").split("\r\n")
    assert heading.startswith("service;client;client_name;reseller;reseller_name;tariff;tariff_name;sold_gib;")
    own, other = (stack.panel.service(service)["account"] for service in (first, second))
    two, half = f"2,000;{2 * GIB}", f"1,500;{GIB * 3 // 2}"
    sizes = ";".join([f"0,001;{MIB}"] * 3)
    assert rows == [
        f"{first};{own};'=Анна;{client};ООО Ёж;1;Малый;{two};{half};{two};{two};2026-10-02;2;2;0;{stack.module}",
        f"{second};{other};'=Анна;{client};ООО Ёж;3;Small;1,000;{GIB};{sizes};2026-10-02;2;1;1;{stack.module}",
        "",
    ]
    table = subprocess.run([COMMAND, *words], env=environment, capture_output=True, check=True, text=True).stdout
    assert table.splitlines()[0].split()[:3] == ["SERVICE", "CLIENT", "RESELLER"]


def test_the_history_in_postgresql(database: str) -> None:
    """The same sums, beyond 64 bits, row by row from the server."""
    store = Store(database)
    store.create()
    history = UsageHistory(store)
    most = 2**62
    for number in (1, 2):
        days = [DayOfUse(service, f"2026-10-0{number}", 1, 5, None, 2, 2, most, None) for service in range(1, 1502)]
        history.write(days)
        history.write(days)
    uses = list(history.register("2026-10-01", "2026-10-31"))
    assert [use.service for use in uses] == list(range(1, 1502))
    assert (uses[0].total, uses[0].maximum, uses[0].active, uses[0].days) == (2 * most, most, 2, 2)
    assert type(uses[0].total) is int
    assert history.remove_before("2026-10-02") == 1501


def passed(stack: Stack, day: str) -> None:
    """What was read today was read on ``day``."""
    with sqlite3.connect(stack.worker.state / "record.sqlite") as connection:
        assert connection.execute("UPDATE usage SET day = ? WHERE day = ?", (day, today())).rowcount


def until(reached: Callable[[], bool]) -> None:
    """Wait for what has to come."""
    limit = time.monotonic() + 20
    while not reached():
        assert time.monotonic() < limit
        time.sleep(0.05)


def test_a_held_cloud_and_a_lost_billmanager(stack: Stack) -> None:
    """No log-in where none may be tried; and a day that BILLmanager did not close is an error."""
    sell(stack, stack.tariff(), used=GIB)
    stack.panel.set_fault("error", "service.poststat", times=1)
    run = stat(stack)
    assert run.exit_code == 1
    assert stack.panel.closed_days() == []
    assert stack.administer("hold", cloud=stack.module, reason="test")["status"] == "done"
    before = len(stack.standin.requests())
    run = stat(stack)
    assert run.error is not None
    assert run.error.type == "nextcloud_held_by_administrator"
    assert len(stack.standin.requests()) == before
    assert stack.administer("release", cloud=stack.module)["status"] == "done"
    # Refused credentials hold the cloud, for operations as well.
    stack.standin.fault("status", status=401, path="/ocs/")
    assert stat(stack).exit_code == 1
    before = len(stack.standin.requests())
    assert stat(stack).exit_code == 1
    assert len(stack.standin.requests()) == before
    assert stack.panel.closed_days() == []


def test_notes(set_up: SetUp) -> None:
    """A note comes when a threshold is reached, not daily, and goes again. One that fails is made the next time."""
    stack = set_up({"usage": {"notes": [80, 95]}})
    low, fuller, full = sell(stack, stack.tariff(), 3, used=GIB * 79 // 100)
    uses(stack, fuller, GIB * 80 // 100 + 1)
    uses(stack, full, GIB)
    noted(stack, {low: None, fuller: "80", full: "95"})
    assert len(stack.panel.mgrctl_calls("service.saveparam")) == 2
    uses(stack, low, 2 * GIB)
    uses(stack, fuller, GIB * 85 // 100)
    uses(stack, full, MIB)
    stack.panel.set_fault("error", "service.saveparam", times=1)
    noted(stack, {low: None, fuller: "80", full: None})
    assert lines(stack, "note not made")
    noted(stack, {low: "95", fuller: "80", full: None})
    # The first two, the one that failed, and its repetition.
    assert len(stack.panel.mgrctl_calls("service.saveparam")) == 4
    assert len(stack.panel.mgrctl_calls("service.dropparam")) == 1


def noted(stack: Stack, expected: dict[int, str | None]) -> None:
    """A reading goes well, and leads to these notes, which may come a moment later."""
    assert stat(stack).ok
    until(lambda: expected == {one: stack.panel.service(one)["params"].get("usage_note") for one in expected})
