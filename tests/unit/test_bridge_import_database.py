# SPDX-License-Identifier: GPL-3.0-or-later
"""What an import reads in BILLmanager's tables: who has an account's name, what is sold, whose an address is."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.crypt import CryptKey
from bill_nextcloud.billmanager.imported import Claim, claims, clients_by_email
from bill_nextcloud.billmanager.offers import offers
from bill_nextcloud.billmanager.parties import resellers
from bill_nextcloud.billmanager.service import Database
from bill_nextcloud.errors import DiskAddonMissing
from bill_nextcloud.importing.matching import given
from bill_nextcloud.mapping import Mapping
from bill_nextcloud.settings import AccountSettings
from sqlalchemy import create_engine
from standins.billmanager import Panel

GIB = 1024**3


class World:
    """A panel with one cloud; the database of the bridge reads it."""

    def __init__(self, root: Path, empty_panel: Path) -> None:
        shutil.copytree(empty_panel, root)
        self.panel = Panel(root)
        self.url = "https://blue.example"
        self.cloud = self.panel.add_cloud("Blue", {"url": self.url, "username": "admin"}, {"password": "x"})
        self.database = Database(create_engine(self.panel.database_url), CryptKey(self.panel.layout.key))

    def sql(self, statement: str, *values: Any) -> int:
        """Change the tables; the number of a new row."""
        with sqlite3.connect(self.panel.layout.database) as connection:
            return connection.execute(statement, values).lastrowid or 0

    def item(self, status: int = 2, client: int | None = 5, name: str = "Small", **params: str) -> int:
        """A service with these parameters."""
        item = self.sql(
            "INSERT INTO item (name, status, account, processingmodule) VALUES (?, ?, ?, ?)",
            name,
            status,
            client,
            self.cloud,
        )
        for key, value in params.items():
            self.sql("INSERT INTO itemparam VALUES (?, ?, ?)", item, key, value)
        return item


@pytest.fixture
def world(tmp_path: Path, empty_panel: Path) -> World:
    """A new one."""
    return World(tmp_path / "mgr5", empty_panel)


def test_claims(world: World) -> None:
    """Whoever has a name is told from an import that was cut off, and from a service that is gone."""
    url = world.url
    expected = {
        "opened": Claim(world.item(username="Opened", url=url)),
        # An order that is being opened: its account is not proven, and an import proves nothing.
        "opening": Claim(world.item(5, username="opening")),
        "kept": Claim(world.item(4, username="kept", delete_after="2999-01-01T00:00:00Z"), deleted=True),
        "begun": Claim(world.item(2, None, "Begun", import_service_name="Begun"), unfinished=True),
        "named": Claim(world.item(3, 7, import_service_name="named", username="NAMED"), unfinished=True),
        "whole": Claim(world.item(2, None, import_service_name="whole", username="whole", url=url)),
        "nobodys": Claim(world.item(2, None, "nobodys"), unfinished=True),
    }
    world.item(4, username="closed")
    world.item(1, None, "ordered")
    world.item(2, 5, "Small")
    # A service that has the name goes before one that an import began with it.
    world.item(2, None, "other", import_service_name="other")
    expected["other"] = Claim(world.item(username="other"))
    elsewhere = world.panel.add_cloud("Green", {}, {})
    world.sql("UPDATE item SET processingmodule = ? WHERE id = ?", elsewhere, world.item(username="elsewhere"))
    assert claims(world.database, [world.cloud]) == expected


def test_offers(world: World) -> None:
    """Active tariffs of one type that this module sells, with what is included; one that sells no disk is no offer. One
    that invites by mail is, though nobody is there to be invited."""
    small = world.panel.add_tariff("Small", world.cloud, (1, "gib"), {"usergroup": "a, b", "invitation": "on"})
    large = world.panel.add_tariff("Large", world.cloud, (2, "tib"), {"usergroup": "c"})
    world.sql("UPDATE pricelist SET intname = 'large' WHERE id = ?", large)
    off = world.panel.add_tariff("Off", world.cloud, (1, "gib"), {"usergroup": "old"})
    world.sql("UPDATE pricelist SET active = 'off' WHERE id = ?", off)
    world.panel.add_tariff("No disk", world.cloud, None, {"usergroup": "a"})
    other = world.panel.add_tariff("Other type", world.cloud, (1, "gib"))
    world.sql("UPDATE pricelist SET itemtype = (SELECT id FROM itemtype WHERE intname = 'vhost') WHERE id = ?", other)
    world.panel.add_tariff("Elsewhere", world.panel.add_cloud("Green", {}, {}), (1, "gib"))
    mapping = Mapping(AccountSettings().mapping)
    cloud = Cloud(world.cloud, "Blue", world.url, "admin", "")
    tariffs = world.database.tariffs_of([world.cloud])
    found = given(mapping, cloud, offers(world.database, world.cloud, "backupservice"), tariffs)
    assert [
        (one.offer.tariff.id, one.offer.key, one.quota, set(one.groups), set(one.groups_absent)) for one in found
    ] == [
        (small, str(small), str(GIB), {"a", "b"}, {"c", "old"}),
        (large, "large", str(2048 * GIB), {"c"}, {"a", "b", "old"}),
    ]
    assert offers(world.database, world.cloud, "dedic") == []
    world.sql("UPDATE pricelist SET active = 'off' WHERE id IN (?, ?)", small, large)
    with pytest.raises(DiskAddonMissing):
        given(mapping, cloud, offers(world.database, world.cloud, "backupservice"), tariffs)


def test_whose_address_it_is(world: World) -> None:
    """Of exactly one client, whatever the letters; a service of nobody has no reseller."""
    one = world.panel.add_client("Anna", "ANNA@example.org")
    for name in ("First", "Second"):
        world.panel.add_client(name, "shared@example.org")
    world.sql("INSERT INTO user (account, email) VALUES (?, 'anna@EXAMPLE.org')", one)
    found = clients_by_email(world.database, ["anna@example.ORG", "shared@example.org", "nobody@example.org"])
    assert found == {"anna@example.org": {"id": one, "name": "Anna"}}
    assert resellers(world.database, [None, one, 0]) == {}
