# SPDX-License-Identifier: GPL-3.0-or-later
"""What a call means by what BILLmanager shows of its service, and when it may be asked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.service import (
    ACTIVE,
    DELETE_AFTER,
    DELETED,
    PROCESSING,
    SUSPENDED,
    USERNAME,
    Database,
    Service,
    Tariff,
)
from bill_nextcloud.errors import OperationEnded, ServiceDeleted, ServiceMoved, StatusContradicts, TariffElsewhere
from bill_nextcloud.request import COMMANDS, Request, meaning, means_as_sold, require_asked

URL = "https://blue.example"
CLOUD = Cloud(1, "Blue", URL, "admin", "secret")
SERVICE = Service(
    id=12,
    name="",
    item_type="backupservice",
    status=ACTIVE,
    created="",
    module=1,
    tariff=Tariff(5, "Large"),
    client={},
    addons={},
    params={USERNAME: "user_12", "url": URL},
)
KEPT = {**SERVICE.params, DELETE_AFTER: "2026-12-01T00:00:00Z"}
ORDERED = 1


class Known(Database):
    """A database that has one running operation, and tariffs sold on some modules."""

    def __init__(self, selling: dict[int, str] | None = None, running: int = 7) -> None:
        self.selling = selling or {}
        self.running = running

    def operation_runs(self, number: int, service: int, command: str) -> bool:
        return (number, service) == (self.running, SERVICE.id)

    def modules_selling(self, tariff: int) -> dict[int, str]:
        return self.selling

    def clouds(self) -> list[tuple[int, str]]:
        return [(1, "Blue"), (2, "Green")]

    def cloud(self, module: int, *, secret: bool = True) -> Cloud:
        assert not secret
        return CLOUD if module == 1 else replace(CLOUD, id=2, name="Green", url="https://green.example")


@pytest.mark.parametrize(
    ("command", "status", "suspended", "params", "expected"),
    [
        ("prolong", ACTIVE, False, {}, "sold_existing"),
        ("prolong", SUSPENDED, True, {}, "sold_suspended"),
        # The status counts, as long as it says something.
        ("prolong", ACTIVE, True, {}, "sold_existing"),
        ("prolong", SUSPENDED, False, {}, "sold_suspended"),
        ("prolong", PROCESSING, False, {}, "sold_existing"),
        ("prolong", PROCESSING, True, {}, "sold_suspended"),
        # Closed, and its account kept: it is not opened.
        ("prolong", PROCESSING, False, KEPT, "setparam"),
        ("sync_item", ACTIVE, False, {}, "sold_existing"),
        ("sync_item", SUSPENDED, True, {}, "sold_suspended"),
        # Another operation decides.
        ("sync_item", PROCESSING, False, {}, "setparam"),
        ("sync_item", PROCESSING, True, {}, "setparam"),
        ("sync_item", ORDERED, False, {}, "setparam"),
        ("prolong", ORDERED, False, {}, "setparam"),
        *((command, PROCESSING, True, {}, command) for command in COMMANDS if command not in ("prolong", "sync_item")),
    ],
)
def test_what_a_command_means(
    command: str, status: int, suspended: bool, params: dict[str, str], expected: str
) -> None:
    """As the status says; in doubt whether the account is enabled is left alone."""
    service = replace(SERVICE, status=status, suspended=suspended, params=params or SERVICE.params)
    assert meaning(command, service) == expected


def test_which_commands_need_to_know_what_is_sold() -> None:
    """A suspension, a deletion or a new password never waits for a tariff that can be understood."""
    assert {command for command in COMMANDS if means_as_sold(command)} == {
        "open", "setparam", "reopen", "prolong", "sync_item"
    }  # fmt: skip


@pytest.mark.parametrize("command", ["prolong", "sync_item", "changepassword"])
def test_when_it_may_be_asked(command: str) -> None:
    """For what is active or suspended, and never for what is deleted; a named operation must be there."""
    for status in (ACTIVE, SUSPENDED, PROCESSING):
        require_asked(Request(12, command), replace(SERVICE, status=status), CLOUD, [1], Known())
    with pytest.raises(ServiceDeleted):
        require_asked(Request(12, command), replace(SERVICE, status=DELETED), CLOUD, [1], Known())
    require_asked(Request(12, command, 7), SERVICE, CLOUD, [1], Known())
    with pytest.raises(OperationEnded):
        require_asked(Request(12, command, 8), SERVICE, CLOUD, [1], Known())


def test_a_suspended_service_is_not_resumed_without_an_operation() -> None:
    """What may be asked anew is no way around that."""
    with pytest.raises(StatusContradicts):
        require_asked(Request(12, "resume"), replace(SERVICE, status=SUSPENDED), CLOUD, [1], Known())


@pytest.mark.parametrize(
    ("service", "selling", "named"),
    [
        # BILLmanager has moved the service to the tariff's module: its account is at another address.
        (replace(SERVICE, last_tariff=4, params={**SERVICE.params, "url": "https://green.example"}), {}, "Green/Blue"),
        # It has not, but the tariff is sold elsewhere only.
        (replace(SERVICE, last_tariff=4), {2: "Green", 3: "Red"}, "Blue/Green, Red"),
    ],
)
def test_a_tariff_of_another_cloud(service: Service, selling: dict[int, str], named: str) -> None:
    """The account's cloud and the tariff's are named."""
    with pytest.raises(TariffElsewhere) as raised:
        require_asked(Request(12, "setparam", 7), service, CLOUD, [1], Known(selling))
    parameters = raised.value.parameters
    assert f"{parameters['cloud']}/{parameters['other']}" == named
    assert (parameters["tariff"], parameters["account"], parameters["service"]) == ("Large", "user_12", "12")


def test_a_cloud_that_has_another_address() -> None:
    """No processing module stands for the old one any more: it is no other cloud's tariff, and nothing is moved."""
    service = replace(SERVICE, last_tariff=4, params={**SERVICE.params, "url": "https://old"})
    with pytest.raises(ServiceMoved):
        require_asked(Request(12, "setparam", 7), service, CLOUD, [1], Known({1: "Blue"}))


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_is_done_for_what_is_only_ordered(command: str) -> None:
    """Nobody has paid for it yet; with an operation BILLmanager asks for it."""
    for status in (0, 1):
        with pytest.raises(StatusContradicts):
            require_asked(Request(12, command), replace(SERVICE, status=status), CLOUD, [1], Known())


@pytest.mark.parametrize("selling", [{}, {1: "Blue"}, {2: "Green", 1: "Blue"}, {5: "Blue's other module"}])
def test_a_tariff_of_the_same_cloud(selling: dict[int, str]) -> None:
    """Sold here as well, by whichever module of the cloud, or taken off sale."""
    require_asked(Request(12, "setparam", 7), replace(SERVICE, last_tariff=4), CLOUD, [1, 5], Known(selling))


def test_other_amounts_of_the_same_tariff() -> None:
    """No change of tariff: where that is sold by now does not matter."""
    require_asked(Request(12, "setparam", 7), SERVICE, CLOUD, [1], Known({2: "Green"}))
