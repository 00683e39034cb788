# SPDX-License-Identifier: GPL-3.0-or-later
"""A cloud with a wrong value in its connection form keeps nobody but itself waiting."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast
from unittest.mock import Mock

import pytest
from bill_nextcloud.billmanager.asked import modules_at
from bill_nextcloud.billmanager.crypt import CryptKey
from bill_nextcloud.billmanager.service import Database
from bill_nextcloud.check import CheckConnection
from bill_nextcloud.elsewhere import require_tariff_here
from bill_nextcloud.errors import CloudParameterInvalid, Failure, OperationError
from bill_nextcloud.playbook import Product
from bill_nextcloud.sold import usable_clouds
from harness.forms import BLUE, World
from sqlalchemy import create_engine


class Wrong(World):
    """Its green cloud names an API that there is not; ``database`` reads it."""

    def __init__(self, root: Any) -> None:
        super().__init__(root)
        self.sql("INSERT INTO processingparam VALUES (?, 'dialect', 'seafile')", self.green)
        self.database = Database(create_engine(self.panel.database_url), CryptKey(self.panel.layout.key))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Wrong:
    """Made once, and only added to."""
    return Wrong(tmp_path_factory.mktemp("wrong") / "mgr5")


def test_the_modules_of_another_cloud(world: Wrong) -> None:
    """Every operation asks for them."""
    blue = world.database.cloud(world.blue)
    assert modules_at(world.database, blue) == [world.blue, world.same]


def test_what_is_sold(world: Wrong) -> None:
    """The others are in the inventory, and the one that is not is named."""
    found, (error,) = usable_clouds(world.database)
    assert [cloud.id for cloud in found] == [world.blue, world.same]
    assert isinstance(error, CloudParameterInvalid)
    assert error.parameters["value"] == "seafile"


def test_a_change_of_tariff(world: Wrong) -> None:
    """Whether the account's address is another cloud's is looked for in those that have a usable one."""
    number = world.service(world.blue, url="https://old.example", username="bob")
    service = replace(world.database.service(number), last_tariff=77)
    blue = world.database.cloud(world.blue)
    require_tariff_here(world.database, service, blue, [world.blue, world.same])


def test_forms(world: Wrong) -> None:
    """The panel is told why there are no groups; a name is looked for in all clouds."""
    found = world.ask("get_server_config", module=str(world.green))
    assert isinstance(found, Failure)
    assert found.code == "cloud_parameter_invalid"
    item = str(world.service(world.green))
    assert world.ask("check_param", item=item, param="username", value="alice") == "<doc><ok/></doc>"


def test_the_check_that_mends_it(world: Wrong) -> None:
    """The right value passes, before it is saved; the wrong one is refused as ever."""
    runs: Any = Mock(elsewhere=False)
    runs.product.return_value = Product("owncloud", "ownCloud", "10.15.0")
    check = CheckConnection(runs, world.database, cast(Any, Mock()))
    form = "<doc><processingmodule><id>{}</id><url>{}</url><username>admin</username><password>secret</password>{}"
    form = form.format(world.green, BLUE, "<dialect>{}</dialect>") + "</processingmodule></doc>"
    assert check(form.format("owncloud")) is None
    with pytest.raises(OperationError) as raised:
        check(form.format("seafile"))
    assert raised.value.code == "cloud_parameter_invalid"
