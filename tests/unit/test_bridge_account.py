# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module is asked for each command, and new passwords."""

from __future__ import annotations

import string
from typing import Any

import pytest
from bill_nextcloud.account import Account, new_password, wish
from hypothesis import given, settings
from hypothesis import strategies as st

FULL = Account(
    name="user_12",
    quota=10737418240,
    groups=("customers", "b"),
    groups_absent=("premium",),
    email="ivan@example.org",
    display_name="Иван",
    language="ru",
)
BARE = Account(name="user_12", quota=None)
SOLD = {"quota": "10737418240", "groups": ["customers", "b"], "groups_absent": ["premium"]}
SOLD_BARE: dict[str, Any] = {"quota": "none", "groups": [], "groups_absent": []}
CREATION = {"display_name": "Иван", "language": "ru", "email": "ivan@example.org"}
EMAIL = {"email": "ivan@example.org"}
OURS_AT_CREATION = {"display_name", "language", "email"}
COMMANDS = (
    "open", "sold", "setparam", "suspend", "sold_existing", "sold_suspended", "resume", "close", "changepassword"
)  # fmt: skip


def asked(command: str, account: Account, *, proven: bool = False, email_owner: str = "customer") -> dict[str, Any]:
    """The wish, with ``create_only`` as a set."""
    found = wish(command, account, proven=proven, email_owner=email_owner)
    if "create_only" in found:
        assert len(set(found["create_only"])) == len(found["create_only"])
        found["create_only"] = set(found["create_only"])
    return found


@pytest.mark.parametrize(
    ("command", "email_owner", "fields"),
    [
        ("open", "customer", {"state": "present", **SOLD, **CREATION, "create_only": OURS_AT_CREATION}),
        ("open", "billmanager", {"state": "present", **SOLD, **CREATION, "create_only": {"display_name", "language"}}),
        ("sold", "customer", {"state": "present", **SOLD, **CREATION, "create_only": OURS_AT_CREATION}),
        ("sold", "billmanager", {"state": "present", **SOLD, **CREATION, "create_only": {"display_name", "language"}}),
        ("setparam", "customer", {"state": "exists", **SOLD}),
        ("setparam", "billmanager", {"state": "exists", **SOLD, **EMAIL}),
        ("suspend", "customer", {"state": "disabled"}),
        ("suspend", "billmanager", {"state": "disabled"}),
        ("sold_suspended", "customer", {"state": "disabled", **SOLD}),
        ("sold_suspended", "billmanager", {"state": "disabled", **SOLD, **EMAIL}),
        ("sold_existing", "customer", {"state": "present", "create": False, **SOLD}),
        ("sold_existing", "billmanager", {"state": "present", "create": False, **SOLD, **EMAIL}),
        ("changepassword", "customer", {"state": "exists", "update_password": "set"}),
        ("changepassword", "billmanager", {"state": "exists", "update_password": "set"}),
        ("resume", "customer", {"state": "present", "create": False}),
        ("resume", "billmanager", {"state": "present", "create": False}),
        ("close", "customer", {"state": "absent"}),
        ("close", "billmanager", {"state": "absent"}),
    ],
)
def test_what_a_command_means(command: str, email_owner: str, fields: dict[str, Any]) -> None:
    """Exactly these fields: what is not ours is not sent, so that the customer's choices survive."""
    assert asked(command, FULL, email_owner=email_owner) == {"name": "user_12", **fields}


@pytest.mark.parametrize(
    ("command", "fields"),
    [
        ("open", {"state": "present", **SOLD_BARE, "create_only": set()}),
        ("sold", {"state": "present", **SOLD_BARE, "create_only": set()}),
        ("setparam", {"state": "exists", **SOLD_BARE}),
        ("suspend", {"state": "disabled"}),
        ("sold_suspended", {"state": "disabled", **SOLD_BARE}),
        ("sold_existing", {"state": "present", "create": False, **SOLD_BARE}),
        ("changepassword", {"state": "exists", "update_password": "set"}),
        ("resume", {"state": "present", "create": False}),
        ("close", {"state": "absent"}),
    ],
)
@pytest.mark.parametrize("email_owner", ["customer", "billmanager"])
@pytest.mark.parametrize("proven", [False, True])
def test_what_is_not_known_is_not_sent(command: str, fields: dict[str, Any], email_owner: str, proven: bool) -> None:
    """No e-mail, display name or language: no such field, which would empty it."""
    proof = {"ownership": "proven"} if proven else {}
    assert asked(command, BARE, email_owner=email_owner, proven=proven) == {"name": "user_12", **fields, **proof}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("email_owner", ["customer", "billmanager"])
def test_an_account_that_was_never_confirmed_must_be_proven(command: str, email_owner: str) -> None:
    """The proof needs the e-mail, which is only compared, never set on an account that exists."""
    plain = asked(command, FULL, email_owner=email_owner)
    create_only = plain.get("create_only", set()) | {"email"}
    expected = {**plain, "ownership": "proven", "email": "ivan@example.org", "create_only": create_only}
    assert asked(command, FULL, email_owner=email_owner, proven=True) == expected


def test_an_account_whose_name_was_claimed_a_moment_ago() -> None:
    """It is asked for as one that is new, which no proof can take the place of."""
    plain = wish("open", FULL, proven=False, email_owner="customer")
    for proven in (False, True):
        asked_for = wish("open", FULL, proven=proven, new=True, email_owner="customer")
        assert asked_for == {**plain, "ownership": "new"}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("email_owner", ["customer", "billmanager"])
def test_only_buying_makes_accounts(command: str, email_owner: str) -> None:
    """Of all commands only open, and what is sold and active, may create one; only close may delete one."""
    found = asked(command, FULL, email_owner=email_owner)
    creates = found["state"] == "present" and found.get("create", True)
    assert creates == (command in ("open", "sold"))
    assert (found["state"] == "absent") == (command == "close")


def test_only_a_change_sets_a_password() -> None:
    """Whatever else is asked, the customer's own password stays."""
    setting = {command for command in COMMANDS if "update_password" in asked(command, FULL)}
    assert setting == {"changepassword"}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_password_that_may_be_set_is_tried_first(command: str) -> None:
    """An earlier attempt may have set it; nothing else is asked in another way."""
    first = wish(command, FULL, proven=False, email_owner="customer")
    again = wish(command, FULL, proven=False, email_owner="customer", perhaps_set=True)
    changed = {name for name in again if again[name] != first[name]}
    assert changed == ({"update_password"} if command == "changepassword" else set())
    assert again.get("update_password", "always") == "always"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_wish_has_no_password(command: str) -> None:
    """Passwords travel apart, since wishes become an inventory."""
    assert "password" not in asked(command, FULL, proven=True)


def test_an_empty_quota_is_not_unlimited() -> None:
    """Nothing and no limit are different things."""
    assert asked("setparam", Account(name="a", quota=0))["quota"] == "0"


def test_other_commands_are_refused() -> None:
    """No default for a command that is not in the table; prolong has no wish of its own (see ``request.meaning``)."""
    with pytest.raises(KeyError):
        wish("prolong", FULL, proven=False, email_owner="customer")


CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-_.+!")


@given(st.integers(8, 64))
@settings(deadline=None, max_examples=300)
def test_a_new_password(length: int) -> None:
    """Of the asked length, with each class of characters, beginning with a letter or digit, and harmless everywhere."""
    password = new_password(length)
    assert len(password) == length
    for characters in CLASSES:
        assert set(password) & set(characters)
    assert set(password) <= set("".join(CLASSES))
    assert password[0].isalnum()
    assert not set(password) & set("'\"\\=$`%&<> ")


def test_passwords_differ() -> None:
    """A thousand of the usual length, all different."""
    made = {new_password() for _ in range(1000)}
    assert len(made) == 1000
    assert {len(password) for password in made} == {24}


@pytest.mark.parametrize("command", ["suspend", "close_retained", "sold_suspended", "resume", "open", "delete"])
def test_devices_are_wiped_when_an_account_is_disabled(command: str) -> None:
    """If that was chosen, and with nothing else."""
    chosen = wish(command, FULL, proven=False, email_owner="customer", wipe_devices=True)
    assert chosen.pop("wipe", False) is (chosen["state"] == "disabled")
    assert chosen == wish(command, FULL, proven=False, email_owner="customer")
