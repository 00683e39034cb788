# SPDX-License-Identifier: GPL-3.0-or-later
"""An order whose name was claimed ahead of its batch: what is claimed by then may be something else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from bill_nextcloud.account import Account
from bill_nextcloud.billmanager.service import Service
from bill_nextcloud.errors import ServiceDeleted
from bill_nextcloud.request import Request
from bill_nextcloud.work import Work

ORDER = Request(1, "open")


def service(account: str | None) -> Service:
    """With this name saved."""
    return cast(Service, SimpleNamespace(account=account, confirmed=False))


def order(saved: str | None, **fields: Any) -> Work:
    """In its batch, where ``saved`` is; ahead of it anna was claimed."""
    ahead = Work(ORDER, service(None), Account("anna", None), "geheim", new_password=True, claimed_now=True)
    return Work(ORDER, service(saved), ahead=ahead, **fields)


@pytest.mark.parametrize(
    ("account", "password", "taken_over"),
    [("anna", "geheim", True), ("berta", "geheim", False), ("anna", "another", False), ("anna", None, False)],
)
def test_a_claim_that_is_taken_over(account: str, password: str | None, taken_over: bool) -> None:
    """Only what was claimed has to be new; anything else may be an account that is there."""
    work = order(account, account=Account(account, None), password=password)
    work.take_over_claim()
    assert (work.claimed_now, work.new_password) == (taken_over, taken_over)


@pytest.mark.parametrize(("account", "in_vain"), [("anna", True), ("berta", False), (None, False)])
def test_a_claim_in_vain(account: str | None, in_vain: bool) -> None:
    """Of an order that cannot be carried out; another name that was typed meanwhile is not taken away."""
    failure = ServiceDeleted(service=1, command="open").failure
    assert order(account, failure=failure).claimed_in_vain is in_vain
    assert order(account).claimed_in_vain is False
