# SPDX-License-Identifier: GPL-3.0-or-later
"""Claiming an account name: what is written, in which order, and who has it in the end."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from bill_nextcloud.account import Account
from bill_nextcloud.billmanager.claim import claim
from bill_nextcloud.billmanager.connection import database_of, mgrctl_of
from bill_nextcloud.billmanager.mgrctl import Mgrctl
from bill_nextcloud.claiming import Claiming
from bill_nextcloud.errors import AccountConflict, BillmanagerUnavailable, ClaimNotSaved
from bill_nextcloud.request import Request
from bill_nextcloud.settings import BillmanagerSettings
from bill_nextcloud.work import Work
from standins.billmanager import Panel

PASSWORD = "geheim-Pass1"

FORGETFUL = """#!{python} -IS
import os, sys
if any(word in sys.argv for word in {forgotten!r}):
    print("<doc><ok/></doc>")
else:
    os.execv({program!r}, [{program!r}, *sys.argv[1:]])
"""


class Desk:
    """A panel with two ordered services of one cloud."""

    def __init__(self, root: Path, empty: Path) -> None:
        shutil.copytree(empty, root)
        self.panel = Panel(root)
        self.cloud = self.panel.add_cloud("Blue", {"url": "https://blue", "username": "admin"}, {"password": "x"})
        self.tariff = self.panel.add_tariff("Small", self.cloud)
        self.client = self.panel.add_client("Anna", "anna@example.org")
        self.first, self.second = (self.panel.order(self.tariff, self.client) for _ in range(2))
        settings = BillmanagerSettings(root=root, database_url=self.panel.database_url)
        self.mgrctl, self.database = mgrctl_of(settings), database_of(settings)

    def claim(
        self,
        service: int,
        name: str,
        *,
        mgrctl: Mgrctl | None = None,
        modules: list[int] | None = None,
        typed: bool = False,
    ) -> None:
        """Claim ``name``."""
        claim(
            mgrctl or self.mgrctl,
            self.database,
            service,
            modules or [self.cloud],
            name,
            PASSWORD,
            url="https://blue",
            typed=typed,
        )

    def params(self, service: int) -> dict[str, str]:
        """What is saved, in clear."""
        params: dict[str, str] = self.panel.service(service)["params"]
        return params

    def forgetful(self, *forgotten: str) -> Mgrctl:
        """A mgrctl that says "ok" to calls with one of these words and does nothing."""
        program = self.panel.root / "forgetful"
        real = str(self.panel.layout.mgrctl)
        program.write_text(FORGETFUL.format(python=sys.executable, forgotten=forgotten, program=real))
        program.chmod(0o755)
        return Mgrctl(program)


@pytest.fixture
def desk(empty_panel: Path, tmp_path: Path) -> Desk:
    """A desk of its own."""
    return Desk(tmp_path / "mgr5", empty_panel)


def test_a_claim_is_saved(desk: Desk) -> None:
    """Name in clear, password encrypted, and neither the password nor the name as an argument."""
    desk.claim(desk.first, "anna")
    assert desk.params(desk.first) == {"username": "anna", "userpassword": PASSWORD}
    with sqlite3.connect(desk.panel.layout.database) as connection:
        (stored,) = connection.execute("SELECT value FROM itemcryptedparam").fetchone()
        clear = dict(connection.execute("SELECT intname, value FROM itemparam"))
    assert PASSWORD not in stored
    assert clear == {"username": "anna"}
    calls = desk.panel.mgrctl_calls("service.saveparam")
    assert len(calls) == 2
    assert all(call["from_env"] == ["value"] and not call["secret_in_arguments"] for call in calls)


def test_the_password_is_written_first(desk: Desk) -> None:
    """Killed in between, there is no name whose password nobody knows."""
    desk.panel.set_fault("exit_after", "service.saveparam", 1)
    with pytest.raises(BillmanagerUnavailable):
        desk.claim(desk.first, "anna")
    assert desk.params(desk.first) == {"userpassword": PASSWORD}


def test_a_claim_can_be_repeated(desk: Desk) -> None:
    """After it was cut off, and after it was done."""
    desk.panel.set_fault("exit_after", "service.saveparam", 1)
    with pytest.raises(BillmanagerUnavailable):
        desk.claim(desk.first, "anna")
    desk.claim(desk.first, "anna")
    desk.claim(desk.first, "anna")
    assert desk.params(desk.first) == {"username": "anna", "userpassword": PASSWORD}


@pytest.mark.parametrize("name", ["anna", "ANNA"])
def test_the_lower_number_has_the_name(desk: Desk, name: str) -> None:
    """The later service takes its claim back and says whose name it is; the earlier one keeps it."""
    desk.claim(desk.first, "anna")
    with pytest.raises(AccountConflict) as raised:
        desk.claim(desk.second, name)
    assert raised.value.parameters["account"] == name
    assert str(desk.first) in raised.value.parameters["detail"].split()
    assert "username" not in desk.params(desk.second)
    assert desk.params(desk.first)["username"] == "anna"


def test_who_has_claimed_keeps_the_name(desk: Desk) -> None:
    """Its account may exist: a lower number that comes later saves nothing, not even for a moment."""
    desk.claim(desk.second, "anna")
    calls = len(desk.panel.mgrctl_calls())
    with pytest.raises(AccountConflict) as raised:
        desk.claim(desk.first, "Anna")
    assert str(desk.second) in raised.value.parameters["detail"].split()
    assert len(desk.panel.mgrctl_calls()) == calls
    desk.claim(desk.second, "anna")
    assert desk.params(desk.second) == {"username": "anna", "userpassword": PASSWORD}


def test_a_name_that_was_only_typed_is_free(desk: Desk) -> None:
    """It is nobody's yet, whoever typed it first."""
    desk.mgrctl.save_parameter(desk.first, "username", "anna")
    desk.claim(desk.second, "anna")
    with pytest.raises(AccountConflict):
        desk.claim(desk.first, "anna", typed=True)
    assert desk.params(desk.first) == {"username": "anna"}


def test_the_lower_number_wins_at_the_same_time(desk: Desk) -> None:
    """Of two that saved their claims before either was read back, both see the same winner."""

    @dataclass(frozen=True)
    class Meanwhile(Mgrctl):
        """The other claim comes between the look and the saving."""

        def save_parameter(self, service: int, name: str, value: str, *, encrypted: bool = False) -> None:
            if name == "username":
                desk.mgrctl.save_parameter(desk.first, "userpassword", PASSWORD, encrypted=True)
                desk.mgrctl.save_parameter(desk.first, "username", "anna")
            super().save_parameter(service, name, value, encrypted=encrypted)

    with pytest.raises(AccountConflict) as raised:
        desk.claim(desk.second, "anna", mgrctl=Meanwhile(desk.mgrctl.program))
    assert str(desk.first) in raised.value.parameters["detail"].split()
    assert desk.params(desk.second) == {}
    assert desk.params(desk.first) == {"username": "anna", "userpassword": PASSWORD}


def test_orders_of_one_name_are_claimed_one_by_one(desk: Desk) -> None:
    """In whatever threads: one that is half claimed is waited for, since two that overlap could both be done."""
    begun, free = threading.Event(), threading.Event()

    @dataclass(frozen=True)
    class Slow(Mgrctl):
        """The first service's claim takes until ``free``."""

        def save_parameter(self, service: int, name: str, value: str, *, encrypted: bool = False) -> None:
            if service == desk.first:
                begun.set()
                assert free.wait(10)
            super().save_parameter(service, name, value, encrypted=encrypted)

    cloud = desk.database.cloud(desk.cloud, secret=False)
    claiming = Claiming(Slow(desk.mgrctl.program), desk.database, cloud, [desk.cloud])
    works = [
        Work(
            Request(service, "open"),
            desk.database.service(service),
            Account(name, None),
            password=PASSWORD,
            new_password=True,
        )
        for service, name in ((desk.first, "anna"), (desk.second, "Anna"))
    ]
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(claiming.claim, works[:1], lambda _: ())
        assert begun.wait(10)
        second = pool.submit(claiming.claim, works[1:], lambda _: ())
        with pytest.raises(TimeoutError):
            second.result(1)
        free.set()
        first.result(10)
        second.result(10)
    assert [work.claimed_now for work in works] == [True, False]
    assert works[1].failure is not None
    assert works[1].failure.code == "account_conflict"


def test_a_name_on_another_cloud_is_free(desk: Desk) -> None:
    """Only modules that stand for the same cloud share their names."""
    other = desk.panel.add_cloud("Green", {"url": "https://green"}, {"password": "x"})
    service = desk.panel.order(desk.panel.add_tariff("Other", other), desk.client)
    desk.claim(desk.first, "anna")
    desk.claim(service, "anna", modules=[other])
    with pytest.raises(AccountConflict):
        desk.claim(service, "anna", modules=[other, desk.cloud])


@pytest.mark.parametrize(
    ("forgotten", "parameter"), [(["name=username"], "username"), (["crypted=on"], "userpassword")]
)
def test_what_was_not_saved_is_noticed(desk: Desk, forgotten: list[str], parameter: str) -> None:
    """BILLmanager's "ok" is not trusted: both are read back."""
    with pytest.raises(ClaimNotSaved) as raised:
        desk.claim(desk.first, "anna", mgrctl=desk.forgetful(*forgotten))
    assert raised.value.parameters == {"service": str(desk.first), "parameter": parameter}
    assert raised.value.failure.kind == "temporary"


def test_what_was_not_saved_is_no_conflict(desk: Desk) -> None:
    """Whoever else has typed the name: it is not settled before our own claim is there, and nothing is taken back."""
    desk.mgrctl.save_parameter(desk.second, "username", "anna")
    with pytest.raises(ClaimNotSaved):
        desk.claim(desk.first, "anna", mgrctl=desk.forgetful("name=username"))
    assert desk.panel.mgrctl_calls("service.dropparam") == []


def test_an_older_password_is_noticed(desk: Desk) -> None:
    """What is saved must be what the account is made with."""
    desk.mgrctl.save_parameter(desk.first, "userpassword", "another", encrypted=True)
    with pytest.raises(ClaimNotSaved) as raised:
        desk.claim(desk.first, "anna", mgrctl=desk.forgetful("crypted=on"))
    assert raised.value.parameters["parameter"] == "userpassword"


def test_an_older_name_is_noticed(desk: Desk) -> None:
    """A name that BILLmanager kept from before is not the one claimed."""
    desk.mgrctl.save_parameter(desk.first, "username", "berta")
    with pytest.raises(ClaimNotSaved) as raised:
        desk.claim(desk.first, "anna", mgrctl=desk.forgetful("name=username"))
    assert raised.value.parameters["parameter"] == "username"
