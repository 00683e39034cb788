# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading services, tariffs, clouds and claims from BILLmanager's tables."""

from __future__ import annotations

import re
import shutil
import sqlite3
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bill_nextcloud.billmanager.addons import Addon
from bill_nextcloud.billmanager.claims import claims, owners
from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.crypt import CryptKey
from bill_nextcloud.billmanager.messages import text
from bill_nextcloud.billmanager.service import Database, Tariff
from bill_nextcloud.cloud_server import CloudServer
from bill_nextcloud.errors import (
    BillmanagerUnavailable,
    CloudParameterMissing,
    ModuleUnknown,
    OperationError,
    ServiceUnknown,
)
from sqlalchemy import create_engine
from standins.billmanager import Panel
from standins.billmanager import crypt as panel_crypt

GIB = 1024**3
PASSWORD = "admin-p4ssword"


class World:
    """A panel with one cloud, one tariff and one client; the database of the bridge reads it."""

    def __init__(self, root: Path, empty_panel: Path) -> None:
        shutil.copytree(empty_panel, root)
        self.panel = Panel(root)
        self.cloud = self.add_cloud("Blue")
        self.tariff = self.panel.add_tariff("Small", self.cloud, (10, "gib"), {"usergroup": "customers"})
        self.client = self.panel.add_client("Ivanov Ltd", "ivan@example.org")
        self.database = Database(create_engine(self.panel.database_url), CryptKey(self.panel.layout.key))

    def add_cloud(self, name: str, url: str = "https://blue.example") -> int:
        """A cloud with all its parameters."""
        return self.panel.add_cloud(name, {"url": url, "username": "admin"}, {"password": PASSWORD})

    def sql(self, statement: str, *values: Any) -> None:
        """Change the tables."""
        with sqlite3.connect(self.panel.layout.database) as connection:
            connection.execute(statement, values)

    def save(self, service: int, name: str, value: str) -> None:
        """A parameter of a service."""
        self.sql("REPLACE INTO itemparam VALUES (?, ?, ?)", service, name, value)

    def save_password(self, service: int, value: str) -> None:
        """The encrypted password of a service."""
        stored = panel_crypt.encrypt(self.panel.layout.key, value)
        self.sql("REPLACE INTO itemcryptedparam VALUES (?, 'userpassword', ?)", service, stored)


@pytest.fixture(scope="module")
def shared(empty_panel: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world for tests that only add to it."""
    return World(tmp_path_factory.mktemp("shared") / "mgr5", empty_panel)


@pytest.fixture
def world(empty_panel: Path, tmp_path: Path) -> World:
    """A world of its own."""
    return World(tmp_path / "mgr5", empty_panel)


def test_a_service(shared: World) -> None:
    """Everything that the mapping may use."""
    number = shared.panel.order(shared.tariff, shared.client, extra_disk=5, name="My storage")
    service = shared.database.service(number)
    assert (service.id, service.name, service.item_type, service.status) == (number, "My storage", "backupservice", 5)
    assert service.module == shared.cloud
    assert service.tariff == Tariff(shared.tariff, "Small", {"usergroup": "customers"})
    assert service.client == {
        "id": shared.client,
        "name": "Ivanov Ltd",
        "email": "ivan@example.org",
        "realname": "Ivanov Ltd",
    }
    assert service.addons == {"disk": Addon("disk", 15, "gib", 15 * GIB)}
    assert service.params == {}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", service.created)
    assert (service.account, service.confirmed) == (None, False)


def test_saved_parameters(shared: World) -> None:
    """The name makes the account, the address says that it was seen; encrypted ones are not among them."""
    number = shared.panel.order(shared.tariff, shared.client)
    shared.save(number, "username", "user_x")
    shared.save_password(number, "geheim")
    service = shared.database.service(number)
    assert (service.account, service.confirmed) == ("user_x", False)
    shared.save(number, "url", "https://blue.example")
    service = shared.database.service(number)
    assert (service.account, service.confirmed) == ("user_x", True)
    assert service.params == {"username": "user_x", "url": "https://blue.example"}


def test_empty_parameters_are_none(shared: World) -> None:
    """An empty name is no account, an empty address no confirmation."""
    number = shared.panel.order(shared.tariff, shared.client)
    shared.save(number, "username", "")
    shared.save(number, "url", "")
    service = shared.database.service(number)
    assert (service.account, service.confirmed) == (None, False)


def test_a_trial(shared: World) -> None:
    """The period of a trial caps its addons."""
    tariff = shared.panel.add_tariff("Trial", shared.cloud, (10, "gib"), disk_trial_maximum=2)
    trial = shared.panel.order(tariff, shared.client, trial=True)
    paid = shared.panel.order(tariff, shared.client)
    assert shared.database.service(trial).addons["disk"].bytes == 2 * GIB
    assert shared.database.service(paid).addons["disk"].bytes == 10 * GIB


def test_a_choice(shared: World) -> None:
    """An enumeration is read through its table, ordered before offered."""
    tariff = shared.panel.add_tariff("Choice", shared.cloud, (50, "mib"), disk_choices=["50", "200"])
    standard = shared.panel.order(tariff, shared.client)
    chosen = shared.panel.order(tariff, shared.client, disk_choice="200")
    assert shared.database.service(standard).addons["disk"] == Addon("disk", 50, "mib", 50 * 1024**2)
    assert shared.database.service(chosen).addons["disk"] == Addon("disk", 200, "mib", 200 * 1024**2)


def test_an_addon_named_by_its_type(world: World) -> None:
    """Where the addon has no name of its own."""
    number = world.panel.order(world.tariff, world.client)
    world.sql(
        "UPDATE pricelist SET intname = NULL, itemtype = (SELECT id FROM itemtype WHERE intname = 'disc')"
        " WHERE parent = ?",
        world.tariff,
    )
    assert set(world.database.service(number).addons) == {"disc"}


def test_relations_of_units_are_read(world: World) -> None:
    """A provider's own unit counts as its table says."""
    world.sql("INSERT INTO measure (id, intname, relation, lessmeasure) VALUES (50, 'pack', 25, 4)")
    world.sql("UPDATE pricelist SET measure = 50 WHERE parent = ?", world.tariff)
    number = world.panel.order(world.tariff, world.client)
    assert world.database.service(number).addons["disk"] == Addon("disk", 10, "pack", 250 * GIB)


def test_the_first_user_is_the_owner(world: World) -> None:
    """Later users of an account do not get its services."""
    world.sql("INSERT INTO user (account, email, realname) VALUES (?, 'later@example.org', 'Later')", world.client)
    number = world.panel.order(world.tariff, world.client)
    assert world.database.service(number).client["email"] == "ivan@example.org"


def test_a_client_without_users(world: World) -> None:
    """Its name is known, the rest is empty."""
    number = world.panel.order(world.tariff, world.client)
    world.sql("DELETE FROM user")
    client = world.database.service(number).client
    assert client == {"id": world.client, "name": "Ivanov Ltd", "email": None, "realname": None}


def test_a_parent_of_zero_is_none(world: World) -> None:
    """Both ways of writing that a row is a service of its own."""
    number = world.panel.order(world.tariff, world.client)
    world.sql("UPDATE item SET parent = 0 WHERE id = ?", number)
    assert world.database.service(number).id == number
    assert [service.id for service in world.database.services_of(world.cloud, [5])] == [number]


def test_no_such_service(world: World) -> None:
    """An unknown number, and that of an addon's row, are no services."""
    number = world.panel.order(world.tariff, world.client, extra_disk=5)
    for unknown in (number + 1, 4711):
        with pytest.raises(ServiceUnknown) as raised:
            world.database.service(unknown)
        assert raised.value.parameters == {"service": str(unknown)}
    found = world.database.services([number + 1, number, 4711, number])
    assert found == {number: world.database.service(number)}
    assert world.database.services([]) == {}


def test_services_of_a_cloud(world: World) -> None:
    """Those of the asked statuses, in order, without those of other clouds and without addons' rows."""
    other = world.panel.add_tariff("Other", world.add_cloud("Green"))
    numbers = [world.panel.order(world.tariff, world.client, extra_disk=1) for _ in range(4)]
    foreign = world.panel.order(other, world.client)
    for number, status in zip([*numbers, foreign], (2, 3, 4, 2, 2), strict=True):
        world.sql("UPDATE item SET status = ? WHERE id = ?", status, number)
    world.sql("UPDATE item SET processingmodule = ? WHERE parent IS NOT NULL", world.cloud)
    assert [s.id for s in world.database.services_of(world.cloud, (2, 3))] == [numbers[0], numbers[1], numbers[3]]
    assert [s.id for s in world.database.services_of(world.cloud, {4})] == [numbers[2]]
    assert world.database.services_of(world.cloud, []) == []


def test_many_services_are_read_in_pages(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each service has its own parameters and addons, wherever a page ends."""
    monkeypatch.setattr("bill_nextcloud.billmanager.service._PAGE", 2)
    numbers = [world.panel.order(world.tariff, world.client, extra_disk=extra) for extra in range(1, 6)]
    for number in numbers:
        world.save(number, "username", f"user_{number}")
        world.save_password(number, f"password_{number}")
    found = world.database.services_of(world.cloud, [5])
    assert [(s.id, s.account, s.addons["disk"].value) for s in found] == [
        (number, f"user_{number}", 10 + extra) for extra, number in enumerate(numbers, 1)
    ]
    assert world.database.passwords(numbers) == {number: f"password_{number}" for number in numbers}


def test_services_after_one_another(world: World) -> None:
    """A page at a time, to the last, also where a whole page has no tariff any more."""
    numbers = [world.panel.order(world.tariff, world.client) for _ in range(7)]
    world.sql("UPDATE item SET pricelist = 4711 WHERE id IN (?, ?, ?)", *numbers[2:5])
    found, after = [], 0
    while page := world.database.services_after(world.cloud, [5], after, 2):
        found.append([service.id for service in page])
        after = page[-1].id
    # The third page has one that is left, of two.
    assert found == [numbers[:2], [numbers[5]], [numbers[6]]]
    assert world.database.count_of(world.cloud, [5]) == 7
    assert world.database.count_of(world.cloud, [2]) == 0


def test_tariffs_of_a_cloud(world: World) -> None:
    """With their parameters; neither addons nor tariffs of other clouds."""
    large = world.panel.add_tariff("Large", world.cloud, (99, "gib"), {"usergroup": "premium", "language": "de"})
    world.panel.add_tariff("Other", world.add_cloud("Green"))
    assert world.database.tariffs_of([world.cloud]) == [
        Tariff(world.tariff, "Small", {"usergroup": "customers"}),
        Tariff(large, "Large", {"usergroup": "premium", "language": "de"}),
    ]
    assert world.database.tariffs_of([4711]) == []


def test_a_cloud(world: World) -> None:
    """With the password in clear, but not in its representation."""
    module = world.add_cloud("Green", " https://green.example/cloud/ ")
    cloud = world.database.cloud(module)
    assert cloud == Cloud(module, "Green", "https://green.example/cloud", "admin", PASSWORD)
    assert PASSWORD not in repr(cloud)


def test_a_cloud_without_its_secret(world: World) -> None:
    """The password is not even opened: no key is needed."""
    world.panel.layout.key.unlink()
    cloud = world.database.cloud(world.cloud, secret=False)
    assert cloud == replace(cloud, password="")
    with pytest.raises(OperationError) as raised:
        world.database.cloud(world.cloud)
    assert raised.value.code == "crypt_key_unusable"
    assert raised.value.parameters["parameter"] == "password"


@pytest.mark.parametrize("name", ["url", "username", "password"])
@pytest.mark.parametrize(
    "statement", ["DELETE FROM {} WHERE intname = ?", "UPDATE {} SET value = '' WHERE intname = ?"]
)
def test_a_missing_parameter_of_a_cloud_is_named(world: World, name: str, statement: str) -> None:
    """Missing and empty are the same."""
    table = "processingcryptedparam" if name == "password" else "processingparam"
    world.sql(statement.format(table), name)
    with pytest.raises(CloudParameterMissing) as raised:
        world.database.cloud(world.cloud)
    assert raised.value.parameters == {"cloud": "Blue", "parameter": name}


def test_a_cloud_by_occ_needs_no_password(world: World) -> None:
    """One that is saved is read all the same: what occ cannot do goes by the API."""
    values = {"transport": "occ", "ssh_host": "cloud", "ssh_user": "occ", "ssh_key_file": "/etc/key", "ssh_port": "23"}
    for name, value in values.items():
        world.sql("INSERT INTO processingparam VALUES (?, ?, ?)", world.cloud, name, value)
    cloud = world.database.cloud(world.cloud)
    assert (cloud.password, cloud.transport) == (PASSWORD, "occ")
    assert cloud.server == CloudServer("cloud", 23, "occ", Path("/etc/key"))
    world.sql("DELETE FROM processingcryptedparam WHERE processingmodule = ?", world.cloud)
    world.sql("DELETE FROM processingparam WHERE processingmodule = ? AND intname = 'username'", world.cloud)
    assert world.database.cloud(world.cloud) == replace(cloud, password="", username="")


def test_modules_of_others_are_no_clouds(world: World) -> None:
    """Only processing modules of this kind count."""
    green = world.add_cloud("Green")
    world.sql("UPDATE processingmodule SET module = 'pmother' WHERE id = ?", world.cloud)
    assert world.database.clouds() == [(green, "Green")]
    for unknown in (world.cloud, 4711):
        with pytest.raises(ModuleUnknown) as raised:
            world.database.cloud(unknown)
        assert raised.value.parameters == {"module": str(unknown)}


def test_passwords(world: World) -> None:
    """Those that are saved, in clear; services without one are left out."""
    numbers = [world.panel.order(world.tariff, world.client) for _ in range(3)]
    world.save_password(numbers[0], "öne")
    world.save_password(numbers[2], "three")
    assert world.database.passwords(numbers) == {numbers[0]: "öne", numbers[2]: "three"}
    assert world.database.passwords([]) == {}


def test_claims(world: World) -> None:
    """Lowest number first, whatever the letter case; not of deleted services, other clouds or other parameters."""
    other = world.add_cloud("Green")
    elsewhere = world.panel.order(world.panel.add_tariff("Other", other), world.client)
    numbers = [world.panel.order(world.tariff, world.client) for _ in range(5)]
    for number, name in zip(numbers, ("Anna", "anna", "ANNA", "anna2", "anna"), strict=True):
        world.save(number, "username", name)
    world.save(elsewhere, "username", "anna")
    world.save(numbers[3], "nickname", "anna")
    world.sql("UPDATE item SET status = 4 WHERE id = ?", numbers[2])
    claimed = [numbers[0], numbers[1], numbers[4]]
    assert claims(world.database, "anna", [world.cloud]) == claimed
    assert claims(world.database, "aNNa", [world.cloud]) == claimed
    assert claims(world.database, "anna", [world.cloud, other]) == [elsewhere, *claimed]
    assert claims(world.database, "berta", [world.cloud]) == []


def test_a_suspended_service_keeps_its_claim(world: World) -> None:
    """Only deletion gives a name free."""
    number = world.panel.order(world.tariff, world.client)
    world.save(number, "username", "anna")
    for status in (1, 2, 3, 5):
        world.sql("UPDATE item SET status = ? WHERE id = ?", status, number)
        assert claims(world.database, "anna", [world.cloud]) == [number]


def test_whose_a_name_is(world: World) -> None:
    """Of the service whose account was seen here; then of a closed one whose account was not deleted; then of one for
    which it was claimed; then of the lowest number that asks for it."""
    here, elsewhere = "https://blue.example/", "https://green.example"
    asking, moved, claimed, invited, kept, gone, seen = [
        world.panel.order(world.tariff, world.client) for _ in range(7)
    ]
    for number in (asking, moved, claimed, invited, kept, gone, seen):
        world.save(number, "username", "Anna")
    for number, url in ((moved, elsewhere), (kept, here), (seen, "http://BLUE.example")):
        world.save(number, "url", url)
    world.save_password(claimed, "x")
    world.save(invited, "invited", "anna@example.org")
    world.sql("UPDATE item SET status = 4 WHERE id IN (?, ?)", kept, gone)
    everybody = [seen, kept, claimed, invited, asking, moved]
    assert claims(world.database, "anna", [world.cloud], here) == everybody
    assert owners(world.database, ["ANNA", "berta"], [world.cloud], here) == {"anna": seen}


def unavailable(database: Database, name: str) -> BillmanagerUnavailable:
    """The error of looking up ``name``, which must not be in its words."""
    with pytest.raises(BillmanagerUnavailable) as raised:
        claims(database, name, [1])
    assert name not in text(raised.value.failure, "en")
    assert name not in str(raised.value)
    assert "SELECT" not in str(raised.value)
    return raised.value


def test_a_database_that_is_gone(world: World) -> None:
    """Temporary, with the driver's words and without the query and its values."""
    world.sql("DROP TABLE itemparam")
    error = unavailable(world.database, "somebodys-name")
    assert error.parameters == {"detail": "database: no such table: itemparam"}
    assert error.failure.kind == "temporary"


def test_a_server_that_does_not_answer() -> None:
    """The address, with its password, is not in the error either, nor in those behind it."""
    engine = create_engine(f"mysql+pymysql://bill:{PASSWORD}@127.0.0.1:1/billmgr")
    error = unavailable(Database(engine, CryptKey(Path("/none"))), "somebodys-name")
    assert "127.0.0.1" in error.parameters["detail"]
    assert PASSWORD not in "".join(traceback.format_exception(error))
