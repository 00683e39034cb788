# SPDX-License-Identifier: GPL-3.0-or-later
"""When the claim of an order is taken back: only where its account was certainly not made."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from bill_nextcloud.account import Account
from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.billmanager.service import Database, Service
from bill_nextcloud.claiming import Claiming, give_all_up
from bill_nextcloud.request import Request
from bill_nextcloud.work import Work

FINAL: dict[str, Any] = {"code": "invalid_value", "kind": "final", "outcome_unknown": False, "request": "POST /users"}
READING = {**FINAL, "code": "server_error", "kind": "retry", "request": "GET /users/user_1"}
CONFLICT = {**FINAL, "code": "account_conflict", "request": "GET /users/user_1"}
THERE = {"name": "user_1"}


class Panel:
    """A program in the place of ``mgrctl``, and what it was asked for."""

    def __init__(self, directory: Path) -> None:
        self.log = directory / "calls"
        self.program = directory / "mgrctl"
        self.program.write_text(f"#!/bin/sh\necho \"$*\" >> '{self.log}'\necho '<doc/>'\n")
        self.program.chmod(0o700)

    def dropped(self) -> list[str]:
        """The parameters that were taken away."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return sorted(word.removeprefix("name=") for line in lines for word in line.split() if word.startswith("name="))


@pytest.fixture
def panel(tmp_path: Path) -> Panel:
    """One that was asked for nothing yet."""
    return Panel(tmp_path)


def claiming(panel: Panel) -> Claiming:
    """No database is needed for taking back, and no cloud."""
    nothing: Any = None
    return Claiming(Mgrctl(panel.program), cast(Database, nothing), cast(Cloud, nothing), [])


def order(**fields: Any) -> Work:
    """An order whose name was claimed just now."""
    service = cast(Service, SimpleNamespace(account=None, confirmed=False))
    return Work(Request(1, "open"), service, Account("user_1", None), claimed_now=True, **fields)


def result(failure: dict[str, Any], *, changed: bool = False, account: Any = None) -> dict[str, Any]:
    """What the module handed back."""
    return {"failure": failure, "changed": changed, "account": account}


@pytest.mark.parametrize(
    "unmade",
    [
        result(FINAL),
        result(CONFLICT, account=THERE),
        result({**CONFLICT, "code": "protected_account"}),
        result(READING),
        result({**READING, "kind": "hold", "request": None}),
    ],
)
def test_what_was_not_made(panel: Panel, unmade: dict[str, Any]) -> None:
    """It was refused for good; or nothing was asked of the cloud but to read."""
    claiming(panel).give_up(order(result=unmade))
    assert panel.dropped() == ["username", "userpassword"]


@pytest.mark.parametrize(
    "perhaps_made",
    [
        result({**FINAL, "outcome_unknown": True}),
        result(FINAL, changed=True),
        result(READING, changed=True),
        result(FINAL, account=THERE),
        result({**READING, "request": "POST /users"}),
        result({**READING, "kind": "hold", "request": "occ user:add"}),
    ],
)
def test_what_may_have_been_made(panel: Panel, perhaps_made: dict[str, Any]) -> None:
    """It stays claimed, so that the next attempt knows it as its own."""
    claiming(panel).give_up(order(result=perhaps_made))
    assert panel.dropped() == []


def test_a_claim_of_an_earlier_attempt(panel: Panel) -> None:
    """What that one has made is not known."""
    work = order(result=result(FINAL))
    work.claimed_now = False
    claiming(panel).give_up(work)
    give_all_up(Mgrctl(panel.program), [work])
    assert panel.dropped() == []


def test_a_run_that_was_not_begun(panel: Panel) -> None:
    """All claims of its batch are taken back, and a name that was typed stays."""
    typed = order()
    typed.service = cast(Service, SimpleNamespace(account="carl", confirmed=False))
    give_all_up(Mgrctl(panel.program), [order(), typed])
    assert panel.dropped() == ["username", "userpassword", "userpassword"]
