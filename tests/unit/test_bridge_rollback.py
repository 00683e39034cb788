# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a failed change of tariff is taken back in BILLmanager, and how often."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest
from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.billmanager.service import Database, Service, Tariff
from bill_nextcloud.errors import BillmanagerRefused, BillmanagerUnavailable, Failure, ServiceUnknown
from bill_nextcloud.record import Attempt, Operation, Operations, State
from bill_nextcloud.rollback import FUNCTION, roll_back

OLD, NEW = 4, 5
FAILURE = Failure("disk_addon_missing", {"tariff": "New"})
OPERATION = Operation(
    id=1, key="", created=None, round=1, installation="", billmanager_operation=7, command="setparam", service=12,
    cloud=1, account="user_12", client=1, asked_by="", state=State.RUNNING, dispatch=1, attempts=1, accepted_at=0,
    first_failed_at=None, due_at=None, ended_at=None, failure=FAILURE, approved_by=None,
)  # fmt: skip
SERVICE = Service(12, "", "backupservice", 2, "", 1, Tariff(NEW, "New"), {}, {}, {}, last_tariff=OLD)
BACK = ("tariff_rolled_back", {"service": "12", "tariff": "Old"})


@dataclass
class World:
    """BILLmanager and the record. ``does``: what becomes of the call; ``raises``: instead of an answer."""

    service_now: Service = SERVICE
    runs: bool = True
    failed: Failure | None = FAILURE
    does: bool = True
    raises: Exception | None = None
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)

    def service(self, number: int) -> Service:
        """One is known."""
        if number != self.service_now.id:
            raise ServiceUnknown(service=number)
        return self.service_now

    def operation_runs(self, number: int, service: int, command: str) -> bool:
        """The one that is asked for."""
        assert (number, service, command) == (7, 12, "setparam")
        return self.runs

    def tariffs_of(self, _: list[int], more: list[int]) -> list[Tariff]:
        """The old one has a name."""
        return [Tariff(OLD, "Old")] if more == [OLD] else []

    def call(self, function: str, parameters: dict[str, str]) -> None:
        """mgrctl."""
        self.calls.append((function, parameters))
        if self.does:
            # ``lastpricelist`` stays: whether BILLmanager takes it away is not documented.
            self.service_now = replace(self.service_now, tariff=Tariff(OLD, "Old"))
        if self.raises is not None:
            raise self.raises

    def attempts(self, _: int) -> list[Attempt]:
        """One, which has ended."""
        return [Attempt(1, 1, 0.0, 1.0, None, None, None, self.failed, None)]

    def events(self, _: int) -> list[dict[str, Any]]:
        """The timeline."""
        return self.told

    def note(self, _: int, what: str, **detail: Any) -> None:
        """Goes to the timeline."""
        self.told.append({"at": 0.0, "what": what, "detail": detail})

    def back(self, operation: Operation = OPERATION) -> tuple[str, dict[str, str]] | None:
        """Roll back; code and parameters of what is told."""
        found = roll_back(cast(Mgrctl, self), cast(Database, self), cast(Operations, self), operation)
        return None if found is None else (found.code, found.parameters)


def test_once() -> None:
    """Asked for once, however often the failure is told, also when BILLmanager keeps ``lastpricelist``."""
    world = World()
    assert world.back() == BACK
    assert world.back() == BACK
    assert world.calls == [(FUNCTION, {"elid": "12", "sok": "ok"})]


def test_an_answer_that_was_lost() -> None:
    """What was done is not asked for again, what was not is, also when the operation is gone by then."""
    for done, calls in ((True, 1), (False, 2)):
        world = World(does=done, raises=BillmanagerUnavailable(detail="killed"))
        with pytest.raises(BillmanagerUnavailable):
            world.back()
        world.raises, world.does, world.runs = None, True, False
        assert world.back() == BACK
        assert len(world.calls) == calls


def test_a_refusal_is_told() -> None:
    """With BILLmanager's words."""
    world = World(does=False, raises=BillmanagerRefused(function=FUNCTION, detail="missed, elid"))
    assert world.back() == ("rollback_refused", {"service": "12", "tariff": "Old", "detail": "missed, elid"})
    assert world.told[-1]["what"] == "old tariff refused"


@pytest.mark.parametrize(
    ("world", "operation"),
    [
        pytest.param(World(), replace(OPERATION, command="prolong"), id="another command"),
        pytest.param(World(), replace(OPERATION, billmanager_operation=None), id="by hand"),
        pytest.param(World(runs=False), OPERATION, id="a late call"),
        pytest.param(World(replace(SERVICE, last_tariff=None)), OPERATION, id="other amounts"),
        pytest.param(World(failed=None), OPERATION, id="only the report was refused"),
        pytest.param(World(), replace(OPERATION, service=13), id="an unknown service"),
    ],
)
def test_nothing_to_take_back(world: World, operation: Operation) -> None:
    """BILLmanager is not asked for anything."""
    assert world.back(operation) is None
    assert (world.calls, world.told) == ([], [])
