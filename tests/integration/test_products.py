# SPDX-License-Identifier: GPL-3.0-or-later
"""Services sold on other products than Nextcloud 31, through the real module, bridge and playbooks."""

from __future__ import annotations

from typing import NamedTuple

import pytest
import requests
from harness.clouds import DIALECTS
from harness.customer import Customer
from harness.processes import until
from harness.stack import Stack

from .conftest import SetUp
from .test_check_connection import checked

GIB = 1024**3
STRANGERS = "Stranger-Passw0rd-1"
ANOTHER = "Changed-Passw0rd-11"
TOKENS = {"a-bearer-token-of-the-administrator": "admin"}


class Product(NamedTuple):
    """``dialect``: a key of ``DIALECTS``. ``creation``: the end of the path by which it makes an account."""

    dialect: str
    creation: str


PRODUCTS = (
    Product("nextcloud-17", "/cloud/users"),
    Product("owncloud", "/cloud/users"),
    Product("libregraph", "/graph/v1.0/users"),
)


@pytest.fixture(params=PRODUCTS, ids=lambda product: product.dialect)
def product(request: pytest.FixtureRequest) -> Product:
    """Each of the products."""
    found: Product = request.param
    return found


@pytest.fixture
def stack(set_up: SetUp, product: Product) -> Stack:
    """A stack whose cloud is that product; the connection form does not say which."""
    dialect = DIALECTS[product.dialect]
    return set_up(product=dialect.product, cloud_type=dialect.cloud_type)


def shown(stack: Stack, service: int) -> tuple[bool, list[str], int | None]:
    """Whether the account is enabled, its groups, and the quota that its customer sees."""
    account = stack.cloud.account(f"user_{service}")
    assert account is not None
    return account["enabled"], sorted(account["groups"]), stack.quota(service)


def test_the_life_of_a_service(stack: Stack, product: Product) -> None:
    """Sold, changed, mended, suspended, counted, closed, taken back and ended, as on any other product."""
    panel = stack.panel
    # The answer to the creation is lost: it is read whether it took place.
    stack.standin.fault("cut_after", method="POST", path=f"{product.creation}$", times=1)
    service = stack.opened(stack.kept)
    name = f"user_{service}"
    customer = stack.customer(service)
    assert customer.can_store()
    assert shown(stack, service) == (True, ["customers"], GIB)
    assert [path for method, path in stack.writes() if method == "POST" and path.endswith(product.creation)] == [
        stack.writes()[0][1]
    ]

    stack.run(service, panel.change_tariff(service, stack.large))
    assert shown(stack, service) == (True, ["premium"], 3 * GIB)
    stack.cloud.change_by_hand(name, enabled=True, quota=7 * GIB)
    stack.run(service, panel.prolong(service))
    assert shown(stack, service) == (True, ["premium"], 3 * GIB)
    before = stack.writes()
    assert panel.sync_item(service).exit_code == 0
    assert stack.writes() == before

    stack.run(service, panel.change_password(service, ANOTHER))
    assert Customer(stack.cloud.url, name, customer.password).status() == 401
    assert stack.customer(service).can_store()

    stack.run(service, panel.suspend(service))
    assert stack.customer(service).status() in (401, 503)
    stack.run(service, panel.resume(service))
    assert stack.customer(service).can_store()

    assert panel.call("stat", ["--module", str(stack.module), "--level", "30"]).exit_code == 0
    (row,) = panel.statistics()
    assert row["item"] == service

    stack.run(service, panel.change_tariff(service, stack.kept))
    stack.run(service, panel.close(service))
    account = stack.cloud.account(name)
    assert account is not None
    assert account["enabled"] is False
    stack.run(service, panel.reopen(service))
    assert stack.customer(service).can_store()
    stack.run(service, panel.change_tariff(service, stack.small))
    stack.run(service, panel.close(service))
    assert stack.cloud.account(name) is None


def test_a_strangers_account_is_left_alone(stack: Stack) -> None:
    """One of the name that a service would have is neither adopted nor changed, and the order fails."""
    service = stack.order()
    name = f"user_{service}"
    stack.cloud.create(name, STRANGERS)
    before = stack.writes()
    run = stack.panel.run(service)
    assert run.error is not None
    assert run.error.type == "nextcloud_account_conflict"
    assert stack.writes() == before
    assert Customer(stack.cloud.url, name, STRANGERS).status() == 207


def test_a_bearer_token_in_place_of_the_password(set_up: SetUp) -> None:
    """The connection form says that it is one; everything is done with it, and one that has ended holds the cloud."""
    libregraph = DIALECTS["libregraph"]
    stack = set_up(product=libregraph.product, cloud_type=libregraph.cloud_type, opencloud={"bearer_tokens": TOKENS})
    params = {"url": stack.cloud.url, "username": "admin", "bearer_token": "on"}
    module = stack.panel.add_cloud("By token", params, {"password": next(iter(TOKENS))})
    tariff = stack.panel.add_tariff("Small", module, disk=(1, "gib"), params={"usergroup": "customers"})
    stack.standin.clear_requests()
    service = stack.opened(tariff)
    assert stack.customer(service).can_store()
    assert {seen["auth"] for seen in stack.standin.requests()} == {None, f"user_{service}"}
    stack.panel.set_cloud_secret(module, "password", "a-token-that-has-ended")
    operation = stack.panel.suspend(service)
    stack.panel.run(service)
    assert "nextcloud_wrong_credentials" in stack.panel.wait(operation, or_error=True)["errorxml"]


def test_a_quota_that_has_to_wait(set_up: SetUp) -> None:
    """Where no password can be tried, an account has storage, and so a quota, only when its customer has signed in. The
    service is active before that, and the daily statistics see to the rest."""
    libregraph = DIALECTS["libregraph"]
    customers = "a-bearer-token-of-the-customer"
    options = {"basic_auth": False, "bearer_tokens": {**TOKENS, customers: "user_1"}}
    stack = set_up(product=libregraph.product, cloud_type=libregraph.cloud_type, opencloud=options)
    params = {"url": stack.cloud.url, "username": "admin", "bearer_token": "on"}
    module = stack.panel.add_cloud("By token", params, {"password": next(iter(TOKENS))})
    tariff = stack.panel.add_tariff("Small", module, disk=(1, "gib"), params={"usergroup": "customers"})
    service = stack.opened(tariff)
    assert service == 1
    assert stack.panel.service(service)["params"]["quota_pending"] == "on"
    statistics = ["--module", str(module), "--level", "30"]
    stack.panel.call("stat", statistics)
    assert stack.panel.service(service)["params"]["quota_pending"] == "on"
    assert drives_with(customers, stack).status_code == 200
    stack.panel.call("stat", statistics)
    until(lambda: "quota_pending" not in stack.panel.service(service)["params"])
    (own,) = [drive for drive in drives_with(customers, stack).json()["value"] if drive["driveType"] == "personal"]
    assert own["quota"]["total"] == GIB


@pytest.mark.parametrize(
    ("dialect", "wipes", "known"), [("nextcloud-17", True, "Nextcloud 17"), ("owncloud", False, "ownCloud 10")]
)
def test_a_suspension_that_the_product_cannot_do(set_up: SetUp, dialect: str, wipes: bool, known: str) -> None:
    """The connection form's check refuses it, by the name of the product; an old release may have one and lack the
    other."""
    product = DIALECTS[dialect]
    stack = set_up(product=product.product, cloud_type=product.cloud_type)
    params = {"url": stack.cloud.url, "username": stack.cloud.username}
    secret = {"password": stack.cloud.password}
    shares = stack.panel.add_cloud("Shares", {**params, "disabled_shares": "hidden"}, secret)
    devices = stack.panel.add_cloud("Devices", {**params, "wipe_devices": "on"}, secret)
    refused = checked(stack, shares)
    assert refused.error is not None
    assert refused.error.type == "nextcloud_suspension_unsupported"
    assert known in refused.error.text_en
    assert checked(stack, devices).ok is wipes


def drives_with(token: str, stack: Stack) -> requests.Response:
    """What whoever has the token sees; the first such request is the account's first log-in."""
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{stack.cloud.url}/graph/v1.0/me/drives", headers=headers, timeout=60)


def test_what_suspension_means_is_chosen(set_up: SetUp) -> None:
    """The connection form says what becomes of shares and devices of suspended accounts; a repeat does nothing."""
    stack = set_up()
    chosen = {"disabled_shares": "hidden", "wipe_devices": "on"}
    params = {"url": stack.cloud.url, "username": stack.cloud.username, **chosen}
    module = stack.panel.add_cloud("Strict", params, {"password": stack.cloud.password})
    tariff = stack.panel.add_tariff("Small", module, disk=(1, "gib"), params={"usergroup": "customers"})
    service = stack.opened(tariff)
    name = f"user_{service}"
    stack.run(service, stack.panel.suspend(service))
    paths = [path for _, path in stack.writes()]
    wiped, disabled = (next(n for n, path in enumerate(paths) if path.endswith(end)) for end in ("/wipe", "/disable"))
    assert wiped < disabled
    assert stack.cloud.app_config("files_sharing", "hide_disabled_user_shares") == "yes"
    before = stack.writes()
    assert stack.panel.sync_item(service).exit_code == 0
    assert stack.writes() == before
    account = stack.cloud.account(name)
    assert account is not None
    assert account["enabled"] is False
