# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions about one value and one service: answered from BILLmanager's tables."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest
from bill_nextcloud.errors import (
    AccountNameMissing,
    BadRequest,
    Failure,
    ModuleUnknown,
    OperationError,
    ServiceDeleted,
    ServiceUnknown,
    UsernameTaken,
    UsernameUnusable,
)
from harness.forms import BLUE, GREEN, World


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Made once: a new key takes longer than a test."""
    return World(tmp_path_factory.mktemp("forms") / "mgr5")


@pytest.fixture
def world(panel: World) -> World:
    """Without the services and the answers of the test before."""
    return panel.forget()


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
