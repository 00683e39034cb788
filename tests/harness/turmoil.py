# SPDX-License-Identifier: GPL-3.0-or-later
"""A provider's day in which everything happens at once: events, repeats, kills and faults, and then calm."""

from __future__ import annotations

import contextlib
import secrets
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from harness.cloud import Server
from harness.processes import kill_callers, kill_runs, kill_worker, until
from harness.settled import Expected, Own
from harness.stack import Stack

SETTINGS: dict[str, dict[str, Any]] = {
    "retries": {"first_seconds": 0.2, "longest_seconds": 1, "probe_seconds": 0.5},
    "billmanager": {"mgrctl_timeout": 3},
}
BY_HAND = "by-hand"
PATIENCE = 90.0


class Turmoil:
    """One panel, one bridge, one cloud. What is begun here goes on beside what comes next, as in BILLmanager.

    Services and operations are named by any number, which is counted round among those that there are.
    """

    def __init__(self, directory: Path, mariadb: Path | None = None) -> None:
        self.server = Server(directory / "cloud", groups=["customers", "premium", BY_HAND])
        self.stack = Stack.set_up(directory, self.server.cloud, SETTINGS, self.server.standin, mariadb)
        self.panel = self.stack.panel
        self.expected = Expected()
        self.tariffs = (self.stack.small, self.stack.large, self.stack.kept)
        self.client = self.panel.add_client("Ivan Ivanov", "ivan@example.org")
        self.cloud_in_trouble = self.panel_in_trouble = False
        self._pool = ThreadPoolExecutor(24)
        self._calls: list[Future[Any]] = []

    # Events

    def order(self, tariff: int, calls: int) -> None:
        """A paid order; the module is called ``calls`` times at once."""
        service = self.panel.order(self.tariffs[tariff], self.client)
        self._call(service, self.panel.service(service)["operations"][0], calls)

    def begin(self, service: int, command: int, calls: int) -> None:
        """One of the commands that BILLmanager offers for one of the services now."""
        offers = {number: self._offered(number) for number in self.panel.services()}
        services = [number for number, offered in offers.items() if offered]
        if not services:
            return
        number = services[service % len(services)]
        name = offers[number][command % len(offers[number])]
        if name == "setparam":
            at = self.tariffs.index(self.panel.service(number)["pricelist"])
            operation = self.panel.change_tariff(number, self.tariffs[(at + 1 + command % 2) % 3])
        else:
            if name == "close" and self.panel.service(number)["pricelist"] != self.stack.kept:
                self.expected.own.pop(number, None)
            operation = getattr(self.panel, name)(number)
        self._call(number, operation, calls)

    def close_unopened(self, service: int, calls: int) -> None:
        """An order is closed before it was fulfilled."""
        services = [
            number
            for number in self.panel.services()
            if self.panel.service(number)["status_name"] == "in processing (open)"
        ]
        if services:
            number = services[service % len(services)]
            self.expected.own.pop(number, None)
            self._call(number, self.panel.close(number), calls)

    def _offered(self, service: int) -> list[str]:
        row = self.panel.service(service)
        busy = [self.panel.operation(operation)["intname"] for operation in row["operations"]]
        # A service whose account is gone cannot be reopened, only ordered again.
        back = ["reopen", "order_again"] if "delete_after" in row["params"] else ["order_again"]
        commands = {
            "active": ["setparam", "suspend", "setparam", "suspend", "prolong", "close"],
            "suspended": ["setparam", "resume", "resume", "resume", "prolong", "close"],
            "deleted": [] if busy else back,
        }
        return [name for name in commands.get(row["status_name"], []) if name not in busy]

    def call(self, number: int, calls: int) -> None:
        """The module is called for any operation that there ever was: one that waits, that runs, or that has ended."""
        operations = self.panel.operations()
        if operations:
            operation = operations[number % len(operations)]
            self._call(operation["item"], operation["id"], calls)

    def repeat(self) -> None:
        """BILLmanager's own repetition of what has not ended."""
        self._calls.append(self._pool.submit(self.panel.run_pending, 4))

    def wait(self) -> None:
        """All calls so far have come back."""
        for call in self._calls:
            call.result()
        self._calls.clear()

    def pause(self) -> None:
        """What goes on comes a little further."""
        time.sleep(0.4)

    # What others do

    def customer_changes(self, number: int) -> None:
        """A customer whose service is active takes a password and a display name of his own, and is given a group."""
        if self.cloud_in_trouble:
            return
        rows = [self.panel.service(service) for service in self.panel.services()]
        rows = [row for row in rows if row["status_name"] == "active" and not row["operations"]]
        if not rows:
            return
        row = rows[number % len(rows)]
        path = f"users/{row['params']['username']}"
        own = Own(f"My-own-Passw0rd-{number}", f"Own name {number}", (BY_HAND,))
        self.stack.cloud.ocs("PUT", path, key="password", value=own.password)
        self.stack.cloud.ocs("PUT", path, key="displayname", value=own.display_name)
        self.stack.cloud.ocs("POST", f"{path}/groups", groupid=BY_HAND)
        self.expected.own[row["id"]] = own

    def stranger(self, number: int) -> None:
        """Somebody has the account that the next order would get, or one that a deleted service had; once each, since
        such an order cannot be fulfilled."""
        gone = [service for service in self.panel.services() if self._is_gone(service)]
        wanted = gone[number % len(gone)] if gone and number % 3 else max(self.panel.services(), default=0) + 1
        if self.cloud_in_trouble or len(self.expected.strangers) > (wanted in gone):
            return
        name = f"user_{wanted}"
        if self.stack.cloud.account(name) is not None:
            return
        password = f"Stranger-Passw0rd-{name}"
        self.stack.cloud.create(name, password, quota="5 GB")
        account = self.stack.cloud.account(name)
        assert account is not None
        self.expected.strangers[name] = account, password

    def _is_gone(self, service: int) -> bool:
        row = self.panel.service(service)
        return row["status_name"] == "deleted" and "delete_after" not in row["params"] and not row["operations"]

    # What administrators do

    def hold(self) -> None:
        """The cloud is held by hand."""
        if self._runs():
            self.stack.administer("hold", cloud=self.stack.module, reason="test")

    def release(self) -> None:
        """The cloud is released; what is wrong with it may still be."""
        if self._runs():
            self.stack.administer("release", cloud=self.stack.module)

    def retry(self, number: int) -> None:
        """Any operation that there ever was is tried again, or refused."""
        known = self.stack.on_record("id")
        if self._runs() and known:
            self.stack.administer("retry", operation=known[number % len(known)][0])

    def password_changes(self) -> None:
        """The cloud has another password for the bridge, of which BILLmanager knows nothing yet; twice at most, since
        wrong ones are counted."""
        if not self.cloud_in_trouble and len(self.expected.old_passwords) < 2:
            self.expected.old_passwords.append(self.stack.cloud.password)
            self.stack.cloud.change_own_password(secrets.token_urlsafe(18))

    def password_is_entered(self) -> None:
        """BILLmanager has the right one again."""
        self.panel.set_cloud_secret(self.stack.module, "password", self.stack.cloud.password)

    # Trouble

    def kill_worker(self) -> None:
        """kill -9 of the bridge, which is started again as soon as BILLmanager answers."""
        if self._runs():
            kill_worker(self.stack.worker)
        self.revive()

    def kill_runs(self) -> None:
        """kill -9 of each ansible-playbook."""
        if self._runs():
            kill_runs(self.stack.worker)

    def kill_callers(self) -> None:
        """kill -9 of each ``pmnextcloud`` that BILLmanager has started."""
        kill_callers(self.panel)

    def cloud_fault(self, kind: str, times: int) -> None:
        """The next requests to the cloud's interface fail."""
        self.cloud_in_trouble = True
        self.stack.standin.fault(kind, path="/cloud/", seconds=1, times=None if kind == "maintenance" else times)

    def cloud_recovers(self) -> None:
        """The end of what is wrong with the cloud."""
        self.stack.standin.clear_faults()
        self.cloud_in_trouble = False

    def mgrctl_fault(self, kind: str, function: str) -> None:
        """The next call of ``function`` fails."""
        self.panel.set_fault(kind, function, 1)

    def panel_fails(self, what: str) -> None:
        """BILLmanager's ``database``, or all of it, does not answer."""
        self.panel_in_trouble = True
        if what == "database":
            self.panel.database_down()
        else:
            self.panel.set_fault("down")

    def panel_recovers(self) -> None:
        """The end of what is wrong with BILLmanager."""
        self.panel.database_up()
        self.panel.clear_faults()
        self.panel_in_trouble = False
        self.revive()

    def _runs(self) -> bool:
        process = self.stack.worker.process
        return process is not None and process.poll() is None

    def revive(self) -> None:
        """What systemd does: a bridge that has ended is started again."""
        if not self._runs() and not self.panel_in_trouble:
            # One that is killed at once, by a fault that still waits for its call, is started again by the next step.
            with contextlib.suppress(RuntimeError):
                self.stack.worker.start()

    # Calm

    def settle(self) -> list[str]:
        """End all trouble, let everything finish, and say what does not hold then."""
        self.cloud_recovers()
        self.panel_recovers()
        self.password_is_entered()
        self.wait()
        self.stack.administer("release", cloud=self.stack.module, force=True)
        for service in self.panel.services():
            if self.expected.name(self.stack, service) in self.expected.strangers:
                self._close_unfulfillable(service)
        deadline = time.monotonic() + PATIENCE
        while self._unfinished() and time.monotonic() < deadline:
            self._carry_on()
        # A look at a held cloud, or what was called twice, may still be under way.
        until(lambda: not list(self.stack.worker.runtime.glob("run-*")), PATIENCE, "for the end of all runs")
        return self.expected.violations(self.stack)

    def _close_unfulfillable(self, service: int) -> None:
        # What a person does with an order whose account name is a stranger's.
        if self.panel.service(service)["status_name"] == "in processing (open)":
            self.panel.close(service)

    def _carry_on(self) -> None:
        # After a 429 the next attempt is a minute away: a person does not wait for it.
        for (number,) in self.stack.on_record("id", "retrying"):
            self.stack.administer("retry", operation=number)
        for operation in self._unfinished():
            if self.panel.service(operation["item"])["status_name"] == "deleted":
                # It was overtaken by the closing, and the bridge refuses it for good: a person gives it up.
                self.stack.mgrctl("runningoperation.delete", elid=operation["id"])
            elif operation["manual"] == "on":
                # After a final failure a person has mended the reason, and begins it again.
                self.stack.mgrctl("runningoperation.edit", elid=operation["id"], manual="off", sok="ok")
        self.panel.run_pending(8)
        time.sleep(0.2)

    def _unfinished(self) -> list[dict[str, Any]]:
        return [operation for operation in self.panel.operations() if operation["ended"] is None]

    def end(self) -> None:
        """Take everything down."""
        self._pool.shutdown()
        self.stack.worker.cleanup()
        self.server.stop()

    def _call(self, service: int, operation: int, calls: int) -> None:
        self._calls += [self._pool.submit(self.panel.run, service, operation) for _ in range(calls)]
