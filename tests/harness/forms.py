# SPDX-License-Identifier: GPL-3.0-or-later
"""The forms of the bridge over a panel's tables, without a bridge and without clouds."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.crypt import CryptKey
from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.billmanager.server_config import Listing, write
from bill_nextcloud.billmanager.service import Database
from bill_nextcloud.errors import Failure
from bill_nextcloud.forms import Form, forms
from bill_nextcloud.holds import Holds
from bill_nextcloud.mapping import Mapping
from bill_nextcloud.playbook import Runs
from bill_nextcloud.settings import AccountSettings
from sqlalchemy import create_engine
from standins.billmanager import Panel

BLUE, GREEN, SAME = "https://blue.example", "https://green.example/cloud", "https://BLUE.example:443/"


class World:
    """A panel with two clouds, one of them by two modules. It stands for runs and holds as well: ``answers``: what each
    cloud says, by its address; ``held``: why a module's cloud is held; ``asked``: which were asked, and whether for the
    free space, too."""

    elsewhere = False

    def __init__(self, root: Path) -> None:
        self.panel = Panel.create(root)
        self.blue, self.green, self.same = (self.add_cloud(url) for url in (BLUE, GREEN, SAME))
        self.small = self.panel.add_tariff("Small", self.blue, params={"usergroup": "vip"})
        self.client = self.panel.add_client("Ivanov", "ivan@example.org")
        self.answers: dict[str, Listing | Failure] = {}
        self.held: dict[int, Failure] = {}
        self.asked: list[tuple[str, bool]] = []
        database = Database(create_engine(self.panel.database_url), CryptKey(self.panel.layout.key))
        self.forms: dict[str, Form] = forms(
            cast(Runs, self),
            database,
            cast(Mgrctl, Mock(side_effect=AssertionError)),
            cast(Holds, self),
            Mapping(AccountSettings().mapping),
        )

    def add_cloud(self, url: str) -> int:
        return self.panel.add_cloud(url, {"url": url, "username": "admin"}, {"password": "secret"})

    def groups(self, cloud: Cloud, seconds: int, *, space: bool) -> Listing | Failure:
        self.asked.append((cloud.url, space))
        return self.answers.get(cloud.url, Failure("unreachable", {"cloud": cloud.name}))

    def failure(self, module: int) -> Failure | None:
        return self.held.get(module)

    def sql(self, statement: str, *values: Any) -> None:
        with sqlite3.connect(self.panel.layout.database) as connection:
            connection.execute(statement, values)

    def sell(self, *modules: int) -> None:
        """The tariff is sold by these modules."""
        self.sql("DELETE FROM processingmodule2pricelist")
        for module in modules:
            self.sql("INSERT INTO processingmodule2pricelist VALUES (?, ?)", module, self.small)

    def keep(self, module: int, *groups: str, whole: bool = True, space: int | None = None) -> None:
        """What is kept with a module."""
        config = write(Listing("31", groups, whole, space))
        self.sql("UPDATE processingmodule SET config = ? WHERE id = ?", config, module)

    def service(self, module: int, status: int = 2, **params: str) -> int:
        """A service that was opened."""
        service = self.panel.order(self.small, self.client)
        self.sql("UPDATE item SET processingmodule = ?, status = ? WHERE id = ?", module, status, service)
        for name, value in params.items():
            self.sql("REPLACE INTO itemparam VALUES (?, ?, ?)", service, name, value)
        return service

    def ask(self, command: str, **call: Any) -> Any:
        """One call."""
        return self.forms[command]({"command": command, **call})

    def forget(self) -> World:
        """Without services and answers again; itself."""
        for table in ("item", "itemparam", "runningoperation"):
            self.sql(f"DELETE FROM {table}")
        self.sql("UPDATE processingmodule SET config = NULL, active = 'on', orderpriority = 1")
        self.answers, self.held, self.asked = {}, {}, []
        self.sell(self.blue, self.green)
        return self
