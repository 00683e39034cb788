# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions about one value, one service, one tariff: answered from BILLmanager's tables."""

from __future__ import annotations

import sqlite3
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

import pytest
from bill_nextcloud.billmanager.crypt import CryptKey
from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.billmanager.server_config import Listing, write
from bill_nextcloud.billmanager.service import Cloud, Database
from bill_nextcloud.errors import (
    AccountNameMissing,
    BadRequest,
    Failure,
    ModuleUnknown,
    NoSuitableModule,
    OperationError,
    ServiceDeleted,
    ServiceUnknown,
    UsernameTaken,
    UsernameUnusable,
)
from bill_nextcloud.forms import Form, forms
from bill_nextcloud.holds import Holds
from bill_nextcloud.mapping import Mapping
from bill_nextcloud.playbook import Runs
from bill_nextcloud.settings import AccountSettings
from sqlalchemy import create_engine
from standins.billmanager import Panel

GIB = 1024**3
BLUE, GREEN, SAME = "https://blue.example", "https://green.example/cloud", "https://BLUE.example:443/"


class World:
    """A panel with two clouds, one of them by two modules; ``groups``: what each cloud says, by its address; ``held``:
    why a module's cloud is held."""

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


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Made once: a new key takes longer than a test."""
    return World(tmp_path_factory.mktemp("forms") / "mgr5")


@pytest.fixture
def world(panel: World) -> World:
    """Without the services and the answers of the test before."""
    for table in ("item", "itemparam", "runningoperation"):
        panel.sql(f"DELETE FROM {table}")
    panel.sql("UPDATE processingmodule SET config = NULL, active = 'on', orderpriority = 1")
    panel.answers, panel.held, panel.asked = {}, {}, []
    panel.sell(panel.blue, panel.green)
    return panel


# tune_connection


@pytest.mark.parametrize("command", ["tune_connection", "CONNECTION_FORM_TUNE"])
def test_the_connection_form_comes_back(world: World, command: str) -> None:
    """To the letter, secrets and all; no cloud is asked, so that half a password logs in nowhere."""
    values = "<password>p&amp;ss&#13;</password><!-- x --><odd/>"
    form = f'<?xml version="1.0"?>\n<doc func="processing.add.user">{values}</doc>\n'
    assert world.ask(command, document=form) == form
    assert world.asked == []
    with pytest.raises(BadRequest):
        world.ask(command, document=form[:-10])


# check_param


@pytest.mark.parametrize(
    "name", ["bob", "Bob.B_b-1", "b" * 64, "ivan@example.org", "ivan@localhost", "details1", "xappdata_1"]
)
def test_names_that_every_cloud_takes(world: World, name: str) -> None:
    """And nobody has."""
    item = world.service(world.blue)
    assert world.ask("check_param", item=str(item), param="username", value=name) == "<doc><ok/></doc>"


@pytest.mark.parametrize(
    "name",
    [
        *(
            None,
            "",
            "ab",
            "b" * 65,
            "1bob",
            ".bob",
            "-bob",
            "b b b",
            " bob",
            "bob\n",
            "bob'",
            "иван",
            "bоb",
            "bob@",
            "a@b@c",
        ),
        *("bob@.x", "bob/../x", "b\x00b", "b\udcffb"),
        *("details", "Disabled", "appdata_x1", "files_external", "index.html"),
    ],
)
def test_names_that_some_cloud_does_not_take(world: World, name: str | None) -> None:
    """Too short or long, with other characters, or what Nextcloud needs itself."""
    with pytest.raises(UsernameUnusable):
        world.ask("check_param", param="username", value=name)


def test_a_name_is_taken_on_its_cloud_only(world: World) -> None:
    """By whichever module stands for it, in whichever case; not by the service itself, nor by one that is deleted."""
    mine, elsewhere = world.service(world.blue, username="own"), world.service(world.green)
    world.service(world.same, username="Bob")
    world.service(world.same, 4, username="gone")
    for name in ("own", "gone"):
        assert world.ask("check_param", item=str(mine), param="username", value=name)
    with pytest.raises(UsernameTaken):
        world.ask("check_param", item=str(mine), param="username", value="bob")
    assert world.ask("check_param", item=str(elsewhere), param="username", value="bob")


@pytest.mark.parametrize("item", [None, "", "999999"])
def test_a_name_for_a_service_that_is_not_there_yet(world: World, item: str | None) -> None:
    """Is free on every cloud."""
    world.service(world.green, username="bob")
    with pytest.raises(UsernameTaken):
        world.ask("check_param", item=item, param="username", value="bob")
    assert world.ask("check_param", item=item, param="username", value="bobby")


def test_other_parameters_are_fine(world: World) -> None:
    """Whatever their value is; only a call without any is wrong."""
    for name in ("domain", "usergroup", "x" * 1000):
        assert world.ask("check_param", item="999999", param=name, value="\x00") == "<doc><ok/></doc>"
    for call in ({}, {"param": ""}, {"param": ["username"]}, {"param": "x", "item": "x"}):
        with pytest.raises(BadRequest):
            world.ask("check_param", **call)


# transition_control_panel


@pytest.mark.parametrize(
    ("url", "link"),
    [
        (BLUE, "https://blue.example/"),
        (GREEN + "/", "https://green.example/cloud/"),
        ("http://admin:secret@blue.example:8080/a?b=c#d", "http://blue.example:8080/a/"),
    ],
)
def test_the_way_to_the_account(world: World, url: str, link: str) -> None:
    """To the address where it was seen; nothing that logs in is in it."""
    item = world.service(world.blue, username="bob", userpassword="x", url=url)
    answer = ElementTree.fromstring(world.ask("transition_control_panel", item=str(item), panel="nextcloud", key="x"))
    assert [(child.tag, dict(child.attrib), child.text) for child in answer] == [
        ("url", {}, link),
        ("panelcount", {}, "1"),
        ("panelname", {"keyname": "nextcloud"}, "Nextcloud"),
    ]


@pytest.mark.parametrize("params", [{}, {"username": "bob"}, {"url": BLUE}])
def test_a_service_that_was_never_opened(world: World, params: dict[str, str]) -> None:
    """It has no account to go to; a claim is none yet."""
    item = world.service(world.blue, 2, **params)
    with pytest.raises(AccountNameMissing):
        world.ask("transition_control_panel", item=str(item))


@pytest.mark.parametrize("url", ["javascript:alert(1)", "ftp://blue.example", "blue.example", "https://", "http://[x"])
def test_an_address_that_is_none(world: World, url: str) -> None:
    """A customer's browser is not sent there."""
    item = world.service(world.blue, username="bob", url=url)
    found = world.ask("transition_control_panel", item=str(item))
    assert isinstance(found, Failure)
    assert found.code == "invalid_url"


def test_no_way_to_the_account(world: World) -> None:
    """The service is gone, deleted, or not ours; or it is not named."""
    gone = world.service(world.blue, 4, username="bob", url=BLUE)
    strange = world.service(999, username="bob", url=BLUE)
    expected: list[tuple[Any, type[OperationError]]] = [
        ("999999", ServiceUnknown),
        (str(gone), ServiceDeleted),
        (str(strange), ModuleUnknown),
        (None, BadRequest),
    ]
    for item, error in expected:
        with pytest.raises(error):
            world.ask("transition_control_panel", item=item)


# get_suitable_module


def suitable(world: World, skip: str = "", tariff: Any = None) -> list[int]:
    """The modules for the tariff, in order."""
    form = f"<doc><item><pricelist>{tariff or world.small}</pricelist></item><skip_modules>{skip}</skip_modules></doc>"
    answer = ElementTree.fromstring(world.ask("get_suitable_module", document=form))
    assert [child.tag for child in answer] == ["modules"]
    return [int(str(module.get("id"))) for module in answer.findall("modules/module")]


def unsuitable(world: World, skip: str = "", tariff: Any = None) -> str:
    """Why there is none."""
    with pytest.raises(NoSuitableModule) as raised:
        suitable(world, skip, tariff)
    return raised.value.parameters["detail"]


def test_clouds_that_have_the_groups(world: World) -> None:
    """In the provider's order, the older first among equals, as long as nothing is known of their space."""
    world.keep(world.blue, "a", "vip")
    world.keep(world.green, "vip")
    assert suitable(world) == [world.blue, world.green]
    world.sql("UPDATE processingmodule SET orderpriority = 2 WHERE id = ?", world.blue)
    assert suitable(world) == [world.green, world.blue]
    assert sorted(world.asked) == [(BLUE, True), (BLUE, True), (GREEN, True), (GREEN, True)]


def test_one_cloud_is_not_asked(world: World) -> None:
    """There is nothing to choose; what is kept of its groups counts."""
    world.sell(world.blue)
    world.keep(world.blue, "a", "vip")
    assert suitable(world) == [world.blue]
    assert world.asked == []


def test_clouds_that_have_most_space(world: World) -> None:
    """The figures of now before those that were kept; equal ones, and those that do not say, in the provider's order.
    Whose disk has less left than the tariff includes comes last, and is not refused."""
    for module in (world.blue, world.green):
        world.keep(module, "vip", space=50 * GIB)
    assert suitable(world) == [world.blue, world.green]
    world.keep(world.green, "vip", space=50 * GIB + 1)
    assert suitable(world) == [world.green, world.blue]
    world.answers = {BLUE: Listing("31", ("vip",), free_space=900 * GIB)}
    assert suitable(world) == [world.blue, world.green]
    world.answers = {BLUE: Listing("31", ("vip",)), GREEN: Listing("31", ("vip",), free_space=11 * GIB)}
    assert suitable(world) == [world.green, world.blue]
    # Just enough, and not any more: the tariff includes 10 GiB.
    world.answers[GREEN] = Listing("31", ("vip",), free_space=10 * GIB)
    assert suitable(world) == [world.green, world.blue]
    world.answers[GREEN] = Listing("31", ("vip",), free_space=10 * GIB - 1)
    assert suitable(world) == [world.blue, world.green]
    world.answers[BLUE] = Failure("unreachable", {"cloud": "x"})
    world.sql("UPDATE processingmodule SET config = NULL")
    assert suitable(world) == [world.blue, world.green]


def test_most_space_without_the_group(world: World) -> None:
    """It helps nothing."""
    world.answers = {
        BLUE: Listing("31", ("a",), free_space=900 * GIB),
        GREEN: Listing("31", ("vip",), free_space=20 * GIB),
    }
    assert suitable(world) == [world.green]


def test_more_clouds_than_can_be_asked(world: World) -> None:
    """Three, those of whose groups nothing is known first. Of the others what was kept counts."""
    for module, space in ((world.blue, 20), (world.green, 30)):
        world.keep(module, "vip", space=space * GIB)
    addresses = [f"https://c{number}.example" for number in range(3)]
    more = [world.add_cloud(url) for url in addresses]
    try:
        world.sell(world.blue, world.green, *more)
        world.answers = {
            url: Listing("31", ("vip",), free_space=n * GIB) for n, url in zip((25, 15, 0), addresses, strict=True)
        }
        assert suitable(world) == [world.green, more[0], world.blue, more[1], more[2]]
        assert sorted(world.asked) == [(url, True) for url in addresses]
    finally:
        for module in more:
            world.sql("DELETE FROM processingmodule WHERE id = ?", module)


def test_a_tariff_whose_amount_is_not_known(world: World) -> None:
    """Without the addon nothing is too small; an order of it fails with its own words."""
    world.keep(world.blue, "vip", space=5)
    world.keep(world.green, "vip", space=6)
    assert suitable(world) == [world.green, world.blue]
    plain = world.panel.add_tariff("Nothing", world.blue, None, {"usergroup": "vip"})
    world.sql("INSERT INTO processingmodule2pricelist VALUES (?, ?)", world.green, plain)
    world.answers = {BLUE: Listing("31", ("vip",))}
    assert suitable(world, tariff=plain) == [world.green, world.blue]


def test_clouds_that_are_left_out(world: World) -> None:
    """Skipped, switched off, held, without the group, or not selling the tariff."""
    for module in (world.blue, world.green, world.same):
        world.keep(module, "vip")
    assert suitable(world, skip=f"7, {world.blue},x") == [world.green]
    world.held = {world.green: Failure("maintenance", {"cloud": "x"})}
    assert suitable(world) == [world.blue]
    world.sql("UPDATE processingmodule SET active = 'off' WHERE id = ?", world.blue)
    assert unsuitable(world) == f"{BLUE} ({world.blue}): not active; {GREEN} ({world.green}): held: maintenance"
    world.held = {}
    world.keep(world.green, "a")
    assert unsuitable(world, str(world.blue)).endswith("lacks vip")
    assert "skipped" in unsuitable(world, str(world.blue))
    world.sell()
    assert unsuitable(world) == "no module sells it"
    assert unsuitable(world, tariff=999999) == "no module sells it"


def test_a_group_that_was_made_since(world: World) -> None:
    """The cloud is asked when what is kept has not all; its word counts."""
    world.keep(world.blue, "a")
    world.keep(world.green, "vip")
    world.answers = {BLUE: Listing("31", ("a", "vip"))}
    assert suitable(world) == [world.blue, world.green]
    world.answers = {BLUE: Listing("31", ())}
    assert suitable(world) == [world.green]


def test_clouds_of_which_nothing_is_known(world: World) -> None:
    """They come last: an operation would wait for them."""
    world.keep(world.green, "vip")
    assert suitable(world) == [world.green, world.blue]
    world.keep(world.blue, "a", whole=False)
    assert suitable(world) == [world.blue, world.green]


def test_a_tariff_without_groups(world: World) -> None:
    """Any cloud will do; the only one is not asked, and of several the one with most space is the best."""
    plain = world.panel.add_tariff("Plain", world.green)
    assert suitable(world, tariff=plain) == [world.green]
    assert world.asked == []
    world.sql("INSERT INTO processingmodule2pricelist VALUES (?, ?)", world.blue, plain)
    assert suitable(world, tariff=plain) == [world.blue, world.green]
    world.answers = {GREEN: Listing("31", (), free_space=20 * GIB)}
    assert suitable(world, tariff=plain) == [world.green, world.blue]


@pytest.mark.parametrize(
    "form", ["<doc/>", "<doc><item/></doc>", "<doc><item><pricelist>x</pricelist></item></doc>", ""]
)
def test_a_document_without_a_tariff(world: World, form: str) -> None:
    """It is said."""
    with pytest.raises(BadRequest):
        world.ask("get_suitable_module", document=form)
