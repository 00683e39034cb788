# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection check where worker hosts have the credentials: a person has asked for one log-in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.service import Database
from bill_nextcloud.check import CheckConnection
from bill_nextcloud.errors import CloudParameterInvalid, CloudParameterMissing, Failure, SshKeyUnusable
from bill_nextcloud.holds import Holds
from bill_nextcloud.playbook import Product, Runs

SAVED = Cloud(3, "Blue", "https://blue", "admin", "")
REFUSED = Failure("wrong_credentials", {"cloud": "Blue"})
NEW = Product("nextcloud", "Nextcloud", "31.0.6")
OLD = Product("nextcloud", "Nextcloud", "27.1.11")
OTHER = Product("owncloud", "ownCloud", "31.0.0")


class Parts:
    """Stands for BILLmanager's database, for runs on worker hosts, and for holds."""

    def __init__(self, failure: Failure | None, product: Product = NEW, *, elsewhere: bool = True) -> None:
        self.elsewhere = elsewhere
        self._found = failure or product
        self.done: list[Any] = []
        self.dialects: list[str] = []
        self.passwords: list[str] = []

    def cloud(self, module: int, *, secret: bool) -> Cloud:
        return SAVED

    def product(self, cloud: Cloud, seconds: int, *, anew: bool) -> Product | Failure:
        self.done.append((cloud.id, "anew" if anew else "as it is"))
        self.dialects.append(cloud.dialect)
        self.passwords.append(cloud.password)
        return self._found

    def try_again(self, module: int) -> None:
        self.done.append(f"forget {module}")

    def passed(self, module: int) -> None:
        self.done.append(f"release {module}")


def form(**values: str) -> str:
    """A connection form, as BILLmanager gives it."""
    return f"<doc><processingmodule>{''.join(f'<{k}>{v}</{k}>' for k, v in values.items())}</processingmodule></doc>"


@pytest.mark.parametrize(
    ("values", "failure", "done"),
    [
        ({"id": "3"}, None, [(3, "anew"), "forget 3", "release 3"]),
        ({"id": "3"}, REFUSED, [(3, "anew")]),
        ({"id": "3", "username": "other"}, None, [(3, "anew")]),
        ({"url": "https://new", "username": "admin"}, None, [(0, "anew")]),
    ],
)
def test_a_check_tries_what_was_refused(values: dict[str, str], failure: Failure | None, done: list[Any]) -> None:
    """Once; when what is saved has passed, operations may try it as well."""
    parts = Parts(failure)
    check = CheckConnection(cast(Runs, parts), cast(Database, parts), cast(Holds, parts))
    assert check(form(**values)) == failure
    assert parts.done == done


@pytest.mark.parametrize(("entered", "dialect"), [("", "auto"), (" ownCloud ", "owncloud"), (None, "auto")])
def test_the_dialect_of_a_form(entered: str | None, dialect: str) -> None:
    """As it is typed; left out, it is found out."""
    parts = Parts(None)
    check = CheckConnection(cast(Runs, parts), cast(Database, parts), cast(Holds, parts))
    values = {"url": "https://new", "username": "admin", **({} if entered is None else {"dialect": entered})}
    assert check(form(**values)) is None
    assert parts.dialects == [dialect]


def test_the_password_of_a_form() -> None:
    """To the letter, as an operation will use what is saved; other values lose the spaces around them."""
    parts = Parts(None)
    check = CheckConnection(cast(Runs, parts), cast(Database, parts), cast(Holds, parts))
    assert check(form(url=" https://new ", username="admin", password=" a password ")) is None
    assert parts.passwords == [" a password "]


def test_a_dialect_that_is_none() -> None:
    """It is said before anybody logs in, with those that there are."""
    parts = Parts(None)
    check = CheckConnection(cast(Runs, parts), cast(Database, parts), cast(Holds, parts))
    with pytest.raises(CloudParameterInvalid) as raised:
        check(form(url="https://new", username="admin", dialect="seafile"))
    assert raised.value.parameters["value"] == "seafile"
    assert "owncloud" in raised.value.parameters["known"]
    assert parts.done == []


@pytest.mark.parametrize(
    ("product", "wished", "refused"),
    [
        (NEW, {"disabled_shares": "hidden", "wipe_devices": "on"}, None),
        (replace(NEW, version="28.0.0"), {"disabled_shares": "left"}, None),
        (OLD, {"wipe_devices": "on"}, None),
        (OLD, {"disabled_shares": "left"}, "disabled_shares"),
        (OTHER, {}, None),
        (OTHER, {"disabled_shares": "hidden"}, "disabled_shares"),
        (OTHER, {"wipe_devices": "on"}, "wipe_devices"),
    ],
)
def test_what_suspension_means_there(product: Product, wished: dict[str, str], refused: str | None) -> None:
    """What the product cannot do is refused in the form, before a suspension fails; nothing is released."""
    parts = Parts(None, product)
    check = CheckConnection(cast(Runs, parts), cast(Database, parts), cast(Holds, parts))
    failure = check(form(id="3", **wished))
    if refused is None:
        assert failure is None
        return
    known = f"{product.name} {product.version}"
    expected = {"cloud": "Blue", "parameter": refused, "product": known}
    assert failure == Failure("suspension_unsupported", expected)
    assert parts.done == [(3, "anew")]


def by_occ(key_file: Path, **values: str) -> str:
    """A form of a cloud whose accounts are changed on its server."""
    server = {"transport": "occ", "ssh_host": "cloud", "ssh_user": "occ", "ssh_key_file": str(key_file)}
    return form(url="https://new", **server, **values)


def test_by_occ_no_password_is_needed(tmp_path: Path) -> None:
    """But the key is, which only the bridge may read; worker hosts have another."""
    key = tmp_path / "key"
    here, elsewhere = Parts(None, elsewhere=False), Parts(None)
    check = CheckConnection(cast(Runs, here), cast(Database, here), cast(Holds, here))
    with pytest.raises(SshKeyUnusable, match="No such file"):
        check(by_occ(key))
    key.write_text("x")
    for mode, usable in ((0o644, False), (0o640, False), (0o600, True), (0o400, True)):
        key.chmod(mode)
        if usable:
            assert check(by_occ(key)) is None
        else:
            with pytest.raises(SshKeyUnusable, match=f"{mode:04o}"):
                check(by_occ(key))
    assert here.done == [(0, "anew")] * 2
    with pytest.raises(CloudParameterMissing, match="password"):
        check(by_occ(key, username="admin").replace(">occ</transport>", ">auto</transport>"))
    key.unlink()
    there = CheckConnection(cast(Runs, elsewhere), cast(Database, elsewhere), cast(Holds, elsewhere))
    assert there(by_occ(key)) is None
