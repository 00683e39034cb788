# SPDX-License-Identifier: GPL-3.0-or-later
"""What a measurement is made on: the stand-in of BILLmanager with many services, two clouds, the real worker."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bill_nextcloud.record import Operations, State, Store
from bill_nextcloud.record.overview import backlog
from bill_nextcloud.settings import read_settings
from harness.cloud import Server
from harness.stack import Stack
from harness.worker import REPOSITORY
from standins.billmanager import Panel, operations, sales
from standins.billmanager.connection import Connection
from standins.billmanager.database import transaction

from bench.callers import Event, ask

GIB = 1024**3
GROUP = "customers"
# The files are where a disk is: a tmpfs would make durable storing cheap.
BUILD = REPOSITORY / "build"
# What is measured is no provider's hour.
LIMITS = {"deletions_per_hour": 10_000, "suspensions_per_hour": 10_000}
# As in production: the harness has short pauses, for tests.
RETRIES = {"first_seconds": 5, "longest_seconds": 600, "probe_seconds": 30}


@dataclass
class Scene:
    """A running chain. ``cloud`` and ``other`` are the processing modules of two stand-in clouds; each has a tariff."""

    stack: Stack
    servers: dict[int, Server]
    cloud: int
    other: int
    tariffs: dict[int, int]

    @property
    def panel(self) -> Panel:
        return self.stack.panel

    @property
    def socket(self) -> Path:
        return self.stack.worker.socket

    @property
    def record(self) -> Operations:
        """The record, read beside the worker."""
        return Operations(self.store)

    @property
    def store(self) -> Store:
        """Its database."""
        return Store(read_settings(self.stack.worker.settings_file).record_database)

    def waiting(self, cloud: int, *states: State) -> int:
        """How many operations of ``cloud`` are in one of ``states``, on record."""
        rows = backlog(self.store)
        return sum(row["count"] for row in rows if row["cloud"] == cloud and row["state"] in states)

    def hold(self, cloud: int) -> None:
        """Let the operations of ``cloud`` wait, as `bill-nextcloud hold` does."""
        parameters = {"cloud": cloud, "reason": "bench"}
        ask(self.socket, {"command": "administer", "action": "hold", "parameters": parameters, "by": "bench"})

    def orders(self, cloud: int, count: int) -> list[Event]:
        """So many paid orders of as many clients; the calls to open them."""
        with transaction(self.panel.layout.database) as connection:
            return [
                Event("open", service, operations.begin(connection, service, "open"))
                for service in self._services(connection, cloud, count)
            ]

    def suspended(self, cloud: int, count: int) -> list[int]:
        """So many services that are suspended and have their accounts, as if the bridge had done all that."""
        return self._sold(cloud, count, operations.SUSPENDED)

    def active(self, cloud: int, count: int) -> list[int]:
        """The same, not suspended."""
        return self._sold(cloud, count, operations.ACTIVE)

    def _sold(self, cloud: int, count: int, status: int) -> list[int]:
        server = self.servers[cloud]
        with transaction(self.panel.layout.database) as connection:
            services = list(self._services(connection, cloud, count))
            for service in services:
                connection.execute("UPDATE item SET status = ? WHERE id = ?", (status, service))
                for name, value in (("username", f"user_{service}"), ("url", server.cloud.url)):
                    sales.insert(connection, "itemparam", item=service, intname=name, value=value)
        server.standin.make_accounts(
            "user_{number}",
            first=services[0],
            count=count,
            email="client@example.org",
            groups=[GROUP],
            quota=str(GIB),
            enabled=status == operations.ACTIVE,
        )
        return services

    def resumptions(self, services: Sequence[int]) -> list[Event]:
        """Each of ``services`` was paid; the calls to resume them. Nextcloud limits changes of tariff (50 edits in ten
        minutes), but not these."""
        with transaction(self.panel.layout.database) as connection:
            return [Event("resume", service, operations.begin(connection, service, "resume")) for service in services]

    def _services(self, connection: Connection, cloud: int, count: int) -> Iterator[int]:
        for _ in range(count):
            client = sales.add_client(connection, "Ivan Ivanov", "client@example.org")
            yield sales.add_service(connection, self.tariffs[cloud], client, None, 1)


@contextmanager
def scene(database: str | None, wait_seconds: float, ca_path: Path | None = None) -> Iterator[Scene]:
    """Set everything up and end it afterwards. ``database``: the engine's address, ``None`` for SQLite.
    ``wait_seconds``: how long a call waits for its outcome. ``ca_path``: a certificate authority of a further cloud."""
    settings: dict[str, dict[str, Any]] = {
        "bridge": {"wait_seconds": wait_seconds},
        "retries": RETRIES,
        "clouds": {**LIMITS, "ca_file": str(ca_path)} if ca_path else LIMITS,
    }
    if database is not None:
        settings["engine"] = {"database": database}
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=BUILD) as name:
        servers: list[Server] = []
        stack: Stack | None = None
        try:
            servers += [Server(Path(name) / "cloud"), Server(Path(name) / "other")]
            stack = Stack.set_up(Path(name), servers[0].cloud, settings, servers[0].standin)
            second = servers[1].cloud
            other = stack.panel.add_cloud(
                "Other", {"url": second.url, "username": second.username}, {"password": second.password}
            )
            clouds = (stack.module, other)
            tariffs = {
                cloud: stack.panel.add_tariff("Small", cloud, disk=(1, "gib"), params={"usergroup": GROUP})
                for cloud in clouds
            }
            yield Scene(stack, dict(zip(clouds, servers, strict=True)), stack.module, other, tariffs)
        finally:
            if stack is not None:
                stack.worker.cleanup()
            for server in servers:
                server.stop()
