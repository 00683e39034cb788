# SPDX-License-Identifier: GPL-3.0-or-later
"""Failures for good are told once, sooner or later, and none keeps others untold."""

from __future__ import annotations

from typing import cast

import pytest
from bill_nextcloud import report
from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.billmanager.service import Database
from bill_nextcloud.errors import BillmanagerUnavailable, Failure
from bill_nextcloud.holds import Holds
from bill_nextcloud.record import Operation, State, Untold
from bill_nextcloud.request import Request
from bill_nextcloud.telling import Teller
from harness.command import Record

FAILED = Failure("disk_addon_missing", {"tariff": "Small"})


class Panel:
    """In place of ``report``: takes what it is told, but for the services in ``silent``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.silent: set[int] = set()
        self.asked: list[int] = []
        self.told: list[int] = []
        monkeypatch.setattr(report, "final_failure", self)
        monkeypatch.setattr(report, "open_task", lambda *_: True)

    def __call__(self, _: Mgrctl, __: Database, request: Request, failure: Failure) -> bool:
        assert failure == FAILED
        self.asked.append(request.service)
        if request.service in self.silent:
            raise BillmanagerUnavailable(detail="silent")
        self.told.append(request.service)
        return True


@pytest.fixture
def panel(monkeypatch: pytest.MonkeyPatch) -> Panel:
    return Panel(monkeypatch)


def teller(record: Record) -> Teller:
    return Teller(cast(Mgrctl, None), cast(Database, None), record.operations, Untold(record.store), cast(Holds, None))


def failed(record: Record, service: int) -> Operation:
    return record.add(service, state=State.FAILED, ended_at=1.0, failure=FAILED)


def test_it_is_told_when_billmanager_is_back(record: Record, panel: Panel) -> None:
    """Once, and its timeline says so."""
    operation, telling = failed(record, 1), teller(record)
    panel.silent = {1}
    assert telling.final(operation, FAILED) is False
    telling.again()
    assert panel.told == []
    panel.silent = set()
    for _ in range(2):
        telling.again()
    assert panel.told == [1]
    assert record.operations.events(operation.id)[-1]["what"] == "told"


def test_what_was_told_after_a_crash_is_not_told_again(record: Record, panel: Panel) -> None:
    """The bridge was killed between the note that it is untold and the operation's end."""
    operation, telling = failed(record, 1), teller(record)
    panel.silent = {1}
    telling.final(operation, FAILED)
    panel.silent = set()
    assert telling.final(operation, FAILED) is True
    telling.again()
    assert panel.told == [1]


def test_one_that_is_never_taken_keeps_no_others_untold(record: Record, panel: Panel) -> None:
    """Wherever it stands; and a BILLmanager that is down is asked three times and no more."""
    telling = teller(record)
    panel.silent = {1, 2, 3, 4, 5}
    for service in range(1, 6):
        telling.final(failed(record, service), FAILED)
    panel.asked.clear()
    telling.again()
    assert panel.asked == [1, 2, 3]
    panel.silent = {1, 2, 3}
    telling.again()
    assert panel.told == [4, 5]


def test_what_was_overtaken_is_not_told(record: Record, panel: Panel) -> None:
    """The service has another operation, or the failed one was taken off the record."""
    telling = teller(record)
    panel.silent = {1, 2}
    first, second = failed(record, 1), failed(record, 2)
    for one in (first, second):
        telling.final(one, FAILED)
    record.add(1, "suspend")
    with record.store.writing() as connection:
        connection.exec_driver_sql("DELETE FROM operation WHERE service = 2")
    panel.silent = set()
    panel.asked.clear()
    telling.again()
    assert panel.asked == []
    assert Untold(record.store).all() == []
