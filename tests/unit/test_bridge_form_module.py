# SPDX-License-Identifier: GPL-3.0-or-later
"""Which clouds can take a tariff, and which of them first."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest
from bill_nextcloud.billmanager.server_config import Listing
from bill_nextcloud.errors import BadRequest, Failure, NoSuitableModule
from harness.forms import BLUE, GREEN, World

GIB = 1024**3


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Made once: a new key takes longer than a test."""
    return World(tmp_path_factory.mktemp("forms") / "mgr5")


@pytest.fixture
def world(panel: World) -> World:
    """Without the services and the answers of the test before."""
    return panel.forget()


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
