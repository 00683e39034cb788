# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory says of each cloud: what was sold, what was left out and why, and no password."""

from __future__ import annotations

import json
import shlex
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from bill_nextcloud.billmanager.connection import database_of
from bill_nextcloud.errors import BillmanagerUnavailable, CloudParameterMissing, SettingsInvalid
from bill_nextcloud.lock import lock_path
from bill_nextcloud.settings import AccountSettings, BillmanagerSettings, BridgeSettings, CloudSettings, Settings
from bill_nextcloud.sold import SoldCloud, account_passwords, sold_clouds
from harness.sshd import make_key
from standins.billmanager import Panel
from standins.billmanager import crypt as panel_crypt

ADMIN, CUSTOMER = "admin-p4ssword", "customer-p4ssword"
ACTIVE, SUSPENDED, DELETED, PROCESSING = 2, 3, 4, 5


class World:
    """A panel with two clouds; services are put into any state without running a module."""

    def __init__(self, root: Path, empty_panel: Path) -> None:
        shutil.copytree(empty_panel, root / "mgr5")
        self.panel = Panel(root / "mgr5")
        self.blue = self.add_cloud("Blue", "https://blue.example/")
        self.green = self.add_cloud("Green", "https://green.example:8443/cloud")
        self.tariff = self.panel.add_tariff("Small", self.blue, (1, "gib"), {"usergroup": "customers"})
        self.large = self.panel.add_tariff("Large", self.blue, (5, "gib"), {"usergroup": "premium"})
        self.client = self.panel.add_client("Ivan", "ivan@example.org")
        self.settings = Settings(
            billmanager=BillmanagerSettings(root=self.panel.root, database_url=self.panel.database_url),
            bridge=BridgeSettings(state_directory=root / "state"),
        )

    def add_cloud(self, name: str, url: str) -> int:
        """A cloud with all its parameters."""
        return self.panel.add_cloud(name, {"url": url, "username": "root"}, {"password": ADMIN})

    def sql(self, statement: str, *values: Any) -> None:
        """Change the tables."""
        with sqlite3.connect(self.panel.layout.database) as connection:
            connection.execute(statement, values)

    def service(self, status: int, *, tariff: int | None = None, confirmed: bool = True, named: bool = True) -> int:
        """A service of that status, with what opening it saved."""
        number = self.panel.order(self.tariff if tariff is None else tariff, self.client)
        self.sql("UPDATE item SET status = ? WHERE id = ?", status, number)
        if named:
            self.sql("INSERT INTO itemparam VALUES (?, 'username', ?)", number, f"user_{number}")
            stored = panel_crypt.encrypt(self.panel.layout.key, f"{CUSTOMER}-{number}")
            self.sql("INSERT INTO itemcryptedparam VALUES (?, 'userpassword', ?)", number, stored)
        if confirmed and named:
            self.sql("INSERT INTO itemparam VALUES (?, 'url', 'https://blue.example')", number)
        return number

    def sold(self) -> SoldCloud:
        """The first cloud."""
        return self.clouds()[0]

    def clouds(self) -> list[SoldCloud]:
        """All of them, none left out."""
        clouds, unusable = sold_clouds(self.settings)
        assert unusable == []
        return clouds


@pytest.fixture
def world(empty_panel: Path, tmp_path: Path) -> World:
    """A world of its own."""
    return World(tmp_path, empty_panel)


def test_each_cloud_is_a_host(world: World) -> None:
    """With everything that the playbook needs but the passwords."""
    blue, green = world.clouds()
    assert (blue.host, green.host) == (f"cloud_{world.blue}", f"cloud_{world.green}")
    assert green.variables == {
        "ansible_connection": "local",
        "cloud_transport": "api",
        "billmanager_module": world.green,
        "cloud_name": "Green",
        "cloud_url": "https://green.example:8443/cloud",
        "cloud_username": "root",
        "cloud_ca_path": None,
        "cloud_api_requests": 4,
        "cloud_dialect": "auto",
        "cloud_bearer_token": False,
        "cloud_disabled_shares": None,
        "cloud_lock": str(lock_path(world.settings.lock_directory, "https://green.example:8443/cloud")),
        "accounts": [],
        "accounts_left_out": [],
        "max_deletions": 50,
        "max_suspensions": 200,
    }
    assert blue.variables["cloud_url"] == "https://blue.example"


def by_occ(world: World, host_key: str) -> int:
    """One more cloud, whose accounts are changed on its server."""
    server = {"ssh_host": "red", "ssh_port": "2222", "ssh_user": "occ", "ssh_key_file": "/etc/key"}
    params = {"url": "https://red.example", "transport": "occ", **server, "ssh_host_keys": host_key}
    return world.panel.add_cloud("Red", params, {})


def test_a_cloud_by_occ(world: World, tmp_path: Path) -> None:
    """Ansible goes to its server, whose key it knows from a file of the state directory; a new key is taken over."""
    keys = [make_key(tmp_path / name) for name in ("first", "second")]
    red = by_occ(world, keys[0])
    file = world.settings.bridge.state_directory / "ssh" / f"known_hosts_{red}"
    for key in keys:
        world.sql("UPDATE processingparam SET value = ? WHERE intname = 'ssh_host_keys'", key)
        for _ in range(2):
            variables = world.clouds()[-1].variables
            assert file.read_text("utf-8") == f"[red]:2222 {key}\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in file.parent.iterdir()] == [file.name]
    assert f'UserKnownHostsFile="{file}"' in shlex.split(variables["ansible_ssh_args"])
    assert (variables["ansible_connection"], variables["cloud_transport"], variables["cloud_username"]) == (
        "ssh",
        "occ",
        "",
    )


def test_known_hosts_that_cannot_be_kept(world: World, tmp_path: Path) -> None:
    """Nothing is shown as if ssh's own files were to count."""
    by_occ(world, make_key(tmp_path / "key"))
    state = world.settings.bridge.state_directory
    state.mkdir()
    (state / "ssh").write_text("in the way")
    with pytest.raises(SettingsInvalid, match=r"bridge\.state_directory"):
        sold_clouds(world.settings)


def test_the_lock_is_that_of_the_bridge(world: World) -> None:
    """Two modules for one cloud share it, however each writes the address."""
    world.add_cloud("Blue again", "https://BLUE.example:443")
    blue, green, again = (cloud.variables["cloud_lock"] for cloud in world.clouds())
    assert blue == again
    assert blue != green
    assert Path(blue).parent == world.settings.bridge.state_directory / "locks"


def test_what_was_sold(world: World) -> None:
    """Active and suspended services as they should be; those in processing and deleted ones are not ours to touch."""
    active = world.service(ACTIVE)
    suspended = world.service(SUSPENDED)
    world.service(PROCESSING)
    world.service(DELETED)
    world.service(1)
    variables = world.sold().variables
    assert variables["accounts_left_out"] == []
    assert [account["name"] for account in variables["accounts"]] == [f"user_{active}", f"user_{suspended}"]
    first, second = variables["accounts"]
    assert first == {
        "name": f"user_{active}",
        "state": "present",
        "quota": str(1024**3),
        "groups": ["customers"],
        "groups_absent": ["premium"],
        "display_name": "Ivan",
        "email": "ivan@example.org",
        "create_only": ["display_name", "email"],
    }
    assert second["state"] == "disabled"
    assert second["groups"] == ["customers"]
    assert "email" not in second


def test_what_was_never_confirmed_must_be_proven(world: World) -> None:
    """By a hand run too."""
    world.service(ACTIVE, confirmed=False)
    (account,) = world.sold().variables["accounts"]
    assert account["ownership"] == "proven"
    assert account["email"] == "ivan@example.org"


def test_what_cannot_be_understood_is_left_out_with_its_reason(world: World) -> None:
    """Each service by its number, in words; the others are not held up."""
    bare = world.panel.add_tariff("Bare", world.blue, None)
    pieces = world.panel.add_tariff("Pieces", world.blue, (5, "gib"))
    world.sql("INSERT INTO measure (id, intname, relation) VALUES (50, 'piece', 1)")
    world.sql("UPDATE pricelist SET measure = 50 WHERE parent = ?", pieces)
    nameless = world.service(ACTIVE, named=False)
    quotaless = world.service(ACTIVE, tariff=bare)
    unitless = world.service(SUSPENDED, tariff=pieces)
    fine = world.service(ACTIVE)
    variables = world.sold().variables
    assert [account["name"] for account in variables["accounts"]] == [f"user_{fine}"]
    left_out = variables["accounts_left_out"]
    assert [entry["service"] for entry in left_out] == [nameless, quotaless, unitless]
    assert all(entry["reason"].startswith(f"service {entry['service']}: ") for entry in left_out)
    reasons = [entry["reason"] for entry in left_out]
    assert "has no account name saved" in reasons[0]
    assert "Bare" in reasons[1]
    assert "piece" in reasons[2]


def test_no_password_is_in_the_variables(world: World) -> None:
    """Neither the administrator's nor a customer's, in clear or encrypted: an inventory is printed and cached."""
    for status in (ACTIVE, SUSPENDED):
        world.service(status)
        world.service(status, confirmed=False)
        world.service(status, named=False)
    printed = json.dumps([cloud.variables for cloud in world.clouds()]) + repr(sold_clouds(world.settings))
    with sqlite3.connect(world.panel.layout.database) as connection:
        stored = [
            row[0]
            for table in ("itemcryptedparam", "processingcryptedparam")
            for row in connection.execute(f"SELECT value FROM {table}")
        ]
    assert len(stored) == 6
    for secret in (ADMIN, CUSTOMER, "userpassword", *stored):
        assert secret not in printed


def test_no_key_is_needed(world: World) -> None:
    """An inventory can be shown by somebody who may not open passwords."""
    world.service(ACTIVE)
    world.panel.layout.key.unlink()
    assert len(world.sold().variables["accounts"]) == 1


def test_the_settings_arrive(world: World, tmp_path: Path) -> None:
    """Limits, certificate authority, the owner of the e-mail and the mapping."""
    number = world.service(SUSPENDED)
    mapping = tmp_path / "own.yml"
    mapping.write_text("username: name\nquota: \"'none'\"\nemail: client.email\n", encoding="utf-8")
    world.settings = world.settings.model_copy(
        update={
            "accounts": AccountSettings(mapping=mapping, email_owner="billmanager"),
            "clouds": CloudSettings(ca_file=Path("/etc/ca.pem"), deletions_per_hour=1, suspensions_per_hour=2),
        }
    )
    variables = world.sold().variables
    assert (variables["cloud_ca_path"], variables["max_deletions"], variables["max_suspensions"]) == (
        "/etc/ca.pem",
        1,
        2,
    )
    assert variables["accounts"] == [
        {
            "name": f"user_{number}",
            "state": "disabled",
            "quota": "none",
            "groups": [],
            "groups_absent": [],
            "email": "ivan@example.org",
        }
    ]


def test_a_cloud_that_is_not_filled_in_is_named(world: World) -> None:
    """It is left out and said so; the others are shown."""
    world.sql("DELETE FROM processingparam WHERE processingmodule = ? AND intname = 'url'", world.green)
    clouds, unusable = sold_clouds(world.settings)
    assert [cloud.host for cloud in clouds] == [f"cloud_{world.blue}"]
    (error,) = unusable
    assert isinstance(error, CloudParameterMissing)
    assert error.parameters == {"cloud": "Green", "parameter": "url"}


@pytest.mark.parametrize("table", ["item", "processingparam", "processingmodule"])
def test_a_database_that_is_gone_is_no_empty_inventory(world: World, table: str) -> None:
    """Nothing is shown as if it were everything."""
    world.sql(f"DROP TABLE {table}")
    with pytest.raises(BillmanagerUnavailable):
        sold_clouds(world.settings)


def test_passwords_of_accounts(world: World) -> None:
    """By account name, of what is sold on that cloud; accounts without one are left out."""
    active, suspended = world.service(ACTIVE), world.service(SUSPENDED)
    without = world.service(ACTIVE)
    world.sql("DELETE FROM itemcryptedparam WHERE item = ?", without)
    world.service(PROCESSING)
    world.service(ACTIVE, named=False)
    database = database_of(world.settings.billmanager)
    assert account_passwords(database, world.blue) == {
        f"user_{active}": f"{CUSTOMER}-{active}",
        f"user_{suspended}": f"{CUSTOMER}-{suspended}",
    }
    assert account_passwords(database, world.green) == {}
