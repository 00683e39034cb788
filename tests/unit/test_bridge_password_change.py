# SPDX-License-Identifier: GPL-3.0-or-later
"""A new password on its way: taken into BILLmanager, found there, shown, dropped."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from bill_nextcloud.billmanager.connection import database_of, mgrctl_of
from bill_nextcloud.billmanager.password_change import PasswordChanges, fingerprint, show, wanted
from bill_nextcloud.errors import (
    AccountNameMissing,
    BillmanagerRefused,
    BillmanagerUnavailable,
    ClaimNotSaved,
    CryptKeyUnusable,
    NewPasswordMissing,
)
from bill_nextcloud.settings import BillmanagerSettings
from standins.billmanager import Panel, crypt

OLD, NEW, NEWER = "geheim-Pass1", "Новый-Pass2", "geheim-Pass3"


class Desk:
    """A panel with one opened service, on the cloud's side of nothing."""

    def __init__(self, root: Path, empty: Path) -> None:
        shutil.copytree(empty, root)
        self.panel = Panel(root)
        cloud = self.panel.add_cloud("Blue", {"url": "https://blue"}, {"password": "x"})
        client = self.panel.add_client("Anna", "anna@example.org")
        self.service = self.panel.order(self.panel.add_tariff("Small", cloud), client)
        settings = BillmanagerSettings(root=root, database_url=self.panel.database_url)
        self.mgrctl, self.database = mgrctl_of(settings), database_of(settings)
        self.sql("UPDATE item SET status = 2")
        self.sql("DELETE FROM runningoperation")
        for name, value in (("username", "user_1"), ("url", "https://blue")):
            self.sql("INSERT INTO itemparam VALUES (?, ?, ?)", self.service, name, value)
        self.sql("INSERT INTO itemcryptedparam VALUES (?, 'userpassword', ?)", self.service, self.encrypted(OLD))
        self.changes = PasswordChanges(self.mgrctl, self.database)

    def sql(self, statement: str, *values: object) -> None:
        """Change the tables."""
        with sqlite3.connect(self.panel.layout.database) as connection:
            connection.execute(statement, values)

    def encrypted(self, password: str) -> str:
        """As BILLmanager hands it over."""
        return crypt.encrypt(self.panel.layout.key, password)

    def take(self, password: str, operation: int | None = None) -> None:
        """A call asks for ``password``."""
        self.changes.take(self.service, operation, self.encrypted(password))

    def saved(self) -> tuple[str | None, str | None]:
        """The password that is shown, and the new one."""
        params = self.panel.service(self.service)["params"]
        return params.get("userpassword"), params.get("newpassword")

    def wanted(self) -> str:
        """What an attempt finds."""
        return wanted(self.database, self.database.service(self.service))


@pytest.fixture
def desk(empty_panel: Path, tmp_path: Path) -> Desk:
    """A panel of its own."""
    return Desk(tmp_path / "mgr5", empty_panel)


def test_from_the_call_to_the_customer(desk: Desk) -> None:
    """Taken beside the old one, which is shown until the new one works; asking twice saves once."""
    desk.take(NEW)
    desk.take(NEW)
    assert desk.saved() == (OLD, NEW)
    assert len(desk.panel.mgrctl_calls("service.saveparam")) == 1
    assert desk.wanted() == NEW
    show(desk.mgrctl, desk.database, desk.service, NEW)
    show(desk.mgrctl, desk.database, desk.service, NEW)
    assert len(desk.panel.mgrctl_calls("service.saveparam")) == 2
    desk.changes.drop(desk.service)
    desk.changes.drop(desk.service)
    assert desk.saved() == (NEW, None)
    assert len(desk.panel.mgrctl_calls("service.dropparam")) == 1
    with pytest.raises(NewPasswordMissing):
        desk.wanted()


def test_the_newer_takes_the_place(desk: Desk) -> None:
    """The last one that was asked for counts."""
    desk.take(NEW)
    desk.take(NEWER)
    assert desk.saved() == (OLD, NEWER)


@pytest.mark.parametrize("late", ["UPDATE item SET status = 4", "DELETE FROM itemparam WHERE intname = 'url'", None])
def test_a_late_call_takes_no_place(desk: Desk, late: str | None) -> None:
    """Of a deleted service, of one that was not opened, for an operation that has ended: the attempt says why."""
    desk.take(NEWER)
    if late:
        desk.sql(late)
    desk.take(NEW, None if late else 99)
    assert desk.saved() == (OLD, NEWER)


def test_an_account_that_was_never_seen(desk: Desk) -> None:
    """Its password belongs to the opening."""
    desk.take(NEW)
    desk.sql("DELETE FROM itemparam WHERE intname = 'url'")
    with pytest.raises(AccountNameMissing):
        desk.wanted()


def test_what_is_not_stored_is_not_taken(desk: Desk) -> None:
    """Whatever BILLmanager does instead, or another key: an error, which never holds the password."""
    for fault, type_ in (("exit", BillmanagerUnavailable), ("error", BillmanagerRefused)):
        desk.panel.set_fault(fault, function="service.saveparam", times=1)
        with pytest.raises(type_) as raised:
            desk.take(NEW)
        assert NEW not in str(raised.value)
    with pytest.raises(CryptKeyUnusable) as unusable:
        desk.changes.take(desk.service, None, "bm9uc2Vuc2U=")
    assert "bm9uc2Vuc2U=" not in str(unusable.value)
    assert desk.saved() == (OLD, None)


def test_what_is_not_kept_is_not_taken(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """BILLmanager says yes, and has another one afterwards."""
    monkeypatch.setattr(type(desk.mgrctl), "save_parameter", lambda *_, **__: None)
    with pytest.raises(ClaimNotSaved):
        desk.take(NEW)
    with pytest.raises(ClaimNotSaved):
        show(desk.mgrctl, desk.database, desk.service, NEW)


def test_the_operation_that_a_call_does_not_name(desk: Desk) -> None:
    """The running one of that service and that command, if the table tells."""
    assert desk.database.operation_of(desk.service, "changepassword") is None
    operation = desk.panel.change_password(desk.service, NEW)
    assert desk.database.operation_of(desk.service, "changepassword") == operation
    assert desk.database.operation_of(desk.service, "prolong") is None
    assert desk.database.operation_of(desk.service + 1, "changepassword") is None


def test_a_fingerprint(desk: Desk) -> None:
    """The same for one call however its base64 is folded, another for each encryption."""
    encrypted = desk.encrypted(NEW)
    assert fingerprint(encrypted) == fingerprint(f"{encrypted[:60]}\n{encrypted[60:]}\n")
    assert fingerprint(encrypted) != fingerprint(desk.encrypted(NEW))
