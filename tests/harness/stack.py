# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole chain on one machine: BILLmanager's stand-in, the bridge, a cloud."""

from __future__ import annotations

import json
import socket
import sqlite3
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from standins.billmanager import Panel, Run
from standins.billmanager.database import transaction
from standins.cloud.process import StandinCloud

from harness.cloud import Cloud, Server
from harness.customer import Customer
from harness.worker import Worker

WRITING = ("POST", "PUT", "DELETE", "PATCH")


@dataclass
class Stack:
    """``module``: the number of the cloud's processing module in the panel; ``server``: the cloud's process, where it
    is the stand-in; ``groups``: those that each tariff gives."""

    panel: Panel
    worker: Worker
    cloud: Cloud
    module: int
    server: StandinCloud | None = None
    groups: dict[int, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def set_up(
        cls,
        directory: Path,
        cloud: Cloud,
        settings: dict[str, dict[str, Any]] | None = None,
        server: StandinCloud | None = None,
        mariadb: Path | None = None,
    ) -> Stack:
        """Lay everything out below ``directory``, install the module, add ``cloud`` and start the bridge. ``mariadb``:
        where BILLmanager's tables are to be in one, see ``Panel.create``."""
        panel = Panel.create(directory / "mgr5", mariadb)
        worker = Worker(directory / "bridge", panel, settings or {})
        try:
            worker.install()
            module = panel.add_cloud(
                "Cloud", {"url": cloud.url, "username": cloud.username}, {"password": cloud.password}
            )
            worker.start()
        except BaseException:
            worker.cleanup()
            raise
        return cls(panel, worker, cloud, module, server)

    def beside(self, server: Server) -> Stack:
        """Another cloud on the same panel, with the same bridge."""
        cloud = server.cloud
        params = {"url": cloud.url, "username": cloud.username}
        module = self.panel.add_cloud("Cloud beside", params, {"password": cloud.password})
        return Stack(self.panel, self.worker, cloud, module, server.standin)

    def tariff(
        self,
        name: str = "Small",
        disk: tuple[int, str] | None = (1, "gib"),
        groups: str = "customers",
        retention_days: int = 0,
    ) -> int:
        """A new tariff on the cloud. ``retention_days``: how long the account of a closed service is kept."""
        params = {"usergroup": groups} if groups else {}
        if retention_days:
            params["retention_days"] = str(retention_days)
        tariff = self.panel.add_tariff(name, self.module, disk=disk, params=params)
        self.groups[tariff] = (groups,) if groups else ()
        return tariff

    @cached_property
    def small(self) -> int:
        """A tariff of 1 GiB in the group customers, made once."""
        return self.tariff()

    @cached_property
    def large(self) -> int:
        """A tariff of 3 GiB in the group premium, made once."""
        return self.tariff("Large", (3, "gib"), "premium")

    @cached_property
    def kept(self) -> int:
        """As ``small``, but the accounts of closed services are kept for 30 days; made once."""
        return self.tariff("Kept", retention_days=30)

    def order(self, tariff: int | None = None) -> int:
        """A paid order of a new client, not opened yet; the service."""
        client = self.panel.add_client("Ivan Ivanov", "ivan@example.org")
        return self.panel.order(self.tariff() if tariff is None else tariff, client)

    def run(self, service: int, operation: int | None = None) -> Run:
        """Let BILLmanager carry out the oldest (or the named) operation of ``service``, which must succeed."""
        run = self.panel.run(service, operation)
        if run.error is not None or not run.finished:
            raise AssertionError(f"{run}\n{self.worker.log.read_text()[-4000:]}")
        return run

    def opened(self, tariff: int | None = None) -> int:
        """A service that is open; its number."""
        service = self.order(tariff)
        self.run(service)
        return service

    def opened_together(self, count: int) -> list[int]:
        """So many services that are open, of one tariff; their orders share the runs."""
        tariff = self.tariff()
        services = [self.order(tariff) for _ in range(count)]
        with ThreadPoolExecutor(count) as pool:
            list(pool.map(self.run, services))
        return services

    def mgrctl(self, function: str, **parameters: object) -> None:
        """One call of the panel's ``mgrctl``."""
        arguments = [f"{name}={value}" for name, value in parameters.items()]
        subprocess.run(
            [self.panel.root / "sbin" / "mgrctl", "-m", "billmgr", function, *arguments],
            check=True,
            capture_output=True,
        )

    def administer(self, action: str, **parameters: Any) -> dict[str, Any]:
        """One call of an administrator by the bridge's socket, as ``bill-nextcloud`` makes it; the answer."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(60)
            connection.connect(str(self.worker.socket))
            call = {"command": "administer", "action": action, "parameters": parameters, "by": "tester"}
            connection.sendall(json.dumps(call).encode() + b"\n")
            with connection.makefile("rb") as lines:
                assert json.loads(lines.readline())["status"] == "running"
                answer: dict[str, Any] = json.loads(lines.readline())
        return answer

    def on_record(self, columns: str, state: str | None = None) -> list[tuple[Any, ...]]:
        """``columns`` of the operations that the bridge has on record (in SQLite), in order; those in ``state``."""
        with sqlite3.connect(self.worker.state / "record.sqlite") as connection:
            query = f"SELECT {columns} FROM operation WHERE state = coalesce(?, state) ORDER BY id"
            return connection.execute(query, (state,)).fetchall()

    def set_tariff(self, service: int, tariff: int) -> None:
        """Put a service on another tariff by hand, without an operation."""
        self.sql("UPDATE item SET pricelist = ? WHERE id = ?", tariff, service)

    def sql(self, statement: str, *values: object) -> list[Any]:
        """Change BILLmanager's tables by hand, or read them; the rows."""
        with transaction(self.panel.layout.database) as connection:
            return connection.execute(statement, values).fetchall()

    @property
    def standin(self) -> StandinCloud:
        """The cloud's process, where it is the stand-in."""
        assert self.server is not None
        return self.server

    def writes(self) -> list[tuple[str, str]]:
        """Method and path of the writing requests that the stand-in cloud has seen."""
        return [(seen["method"], seen["path"]) for seen in self.standin.requests() if seen["method"] in WRITING]

    def customer(self, service: int) -> Customer:
        """Who bought ``service``, with what BILLmanager delivered."""
        url, username, password = self.panel.customer_credentials(service)
        return Customer(url, username, password, self.cloud.ca_path)

    def quota(self, service: int) -> int | None:
        """The quota in bytes as the cloud tells it to who bought ``service``, or ``None`` without a limit."""
        _, username, password = self.panel.customer_credentials(service)
        return self.cloud.quota_shown_to(username, password)
