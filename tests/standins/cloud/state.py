# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cloud holds: accounts and groups, with Nextcloud's rules for names, passwords and searches."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from typing import TypeVar

from standins.cloud import quota
from standins.cloud.clock import Clock
from standins.cloud.config import Config
from standins.cloud.files import Files

_Item = TypeVar("_Item")

ADMIN_GROUP = "admin"
_BAD_ID_CHARACTERS = re.compile(r"[^a-zA-Z0-9 _.@\-']")
_ID_CHARACTERS_MESSAGE = (
    'Only the following characters are allowed in an Login: "a-z", "A-Z", "0-9", spaces and "_.@-\'"'
)
_MAX_ID = 64
MAX_PASSWORD = 469
_MIN_PASSWORD = 10
_COMMON_PASSWORDS = frozenset(
    (
        "1234567890",
        "1q2w3e4r5t",
        "qwertyuiop",
        "password123",
        "passwordpassword",
        "1234567890qwerty",
        "1qaz2wsx3edc4rfv",
    )
)
# Scopes of the profile fields, as an account sees them in its own record.
PROFILE_SCOPES = {
    "phone": "v2-local",
    "address": "v2-local",
    "website": "v2-local",
    "twitter": "v2-local",
    "fediverse": "v2-local",
    "organisation": "v2-local",
    "role": "v2-local",
    "headline": "v2-local",
    "biography": "v2-local",
    "profile_enabled": "v2-local",
    "pronouns": "v2-federated",
}


class NameRefused(Exception):
    """The id of a new account breaks a rule; the text is Nextcloud's."""


class PasswordRefused(Exception):
    """The password policy says no; the text is Nextcloud's hint."""


@dataclass
class Account:
    """One account. `chosen_name` is None until a display name was set; quota is the stored text."""

    id: str
    password: str
    enabled: bool = True
    chosen_name: str | None = None
    email: str | None = None
    language: str = "en"
    locale: str = ""
    quota: str = "default"
    manager: str = ""
    notify_email: str | None = None
    additional_mail: list[str] = field(default_factory=list)
    profile: dict[str, str] = field(
        default_factory=lambda: dict.fromkeys(PROFILE_SCOPES, "") | {"profile_enabled": "1"}
    )
    app_passwords: set[str] = field(default_factory=set)
    first_login: int = 0
    last_login: int = 0
    files: Files = field(default_factory=Files)

    @property
    def display_name(self) -> str:
        """The chosen name, or the id."""
        return self.chosen_name or self.id

    @property
    def quota_bytes(self) -> int | float:
        """Bytes, -3 when unlimited."""
        return quota.stored_bytes(self.quota)

    def matches(self, text: str) -> bool:
        """Nextcloud's search: part of id, display name or e-mail, ignoring case."""
        text = text.lower()
        return any(text in value.lower() for value in (self.id, self.chosen_name or "", self.email or ""))


@dataclass
class Group:
    """One group. members and sub-admins hold account ids."""

    id: str
    display_name: str
    members: set[str] = field(default_factory=set)
    subadmins: set[str] = field(default_factory=set)


class Cloud:
    """All accounts and groups of the stand-in."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self.clock = clock
        self._accounts: dict[str, Account] = {}
        self.groups: dict[str, Group] = {name: Group(name, name) for name in (ADMIN_GROUP, *config.groups)}
        admin = Account(config.admin_user, config.admin_password)
        self._accounts[admin.id.lower()] = admin
        self.groups[ADMIN_GROUP].members.add(admin.id)

    def find(self, account_id: str) -> Account | None:
        """The account of that id, ignoring case."""
        return self._accounts.get(account_id.lower())

    def accounts(self) -> list[Account]:
        """All accounts by id."""
        return sorted(self._accounts.values(), key=lambda account: account.id.lower())

    def create(self, account_id: str, password: str) -> Account:
        """Make an account. Raises NameRefused or PasswordRefused; the caller has checked that the id is free."""
        check_id(account_id)
        if not password.strip():
            raise NameRefused("A valid password must be provided")
        check_password(password)
        account = Account(account_id, password)
        self._accounts[account_id.lower()] = account
        return account

    def delete(self, account: Account) -> None:
        """Remove the account, its files and its memberships."""
        del self._accounts[account.id.lower()]
        for group in self.groups.values():
            group.members.discard(account.id)
            group.subadmins.discard(account.id)

    def search(self, text: str, limit: int | None, offset: int) -> list[Account]:
        """One page of accounts. Pages are cut in the order of display names, accounts without one first."""
        found = [account for account in self._accounts.values() if account.matches(text)]
        found.sort(key=lambda item: (item.chosen_name is not None, (item.chosen_name or "").lower(), item.id.lower()))
        return sorted(page(found, limit, offset), key=lambda account: account.id.lower())

    def search_groups(self, text: str, limit: int | None, offset: int) -> list[Group]:
        """One page of groups by id."""
        text = text.lower()
        found = [
            group for group in self.groups.values() if text in group.id.lower() or text in group.display_name.lower()
        ]
        return page(sorted(found, key=lambda group: group.id), limit, offset)

    def groups_of(self, account: Account) -> list[Group]:
        """Groups the account is a member of, by id."""
        return sorted(
            (group for group in self.groups.values() if account.id in group.members), key=lambda item: item.id
        )

    def subadmin_groups(self, account: Account) -> list[Group]:
        """Groups the account manages, by id."""
        found = (group for group in self.groups.values() if account.id in group.subadmins)
        return sorted(found, key=lambda group: group.id)

    def is_admin(self, account: Account) -> bool:
        """True for members of the group `admin`."""
        return account.id in self.groups[ADMIN_GROUP].members

    def may_manage(self, acting: Account, target: Account) -> bool:
        """True when `acting` is an admin, or a group admin of one of the target's groups (never for admins)."""
        if self.is_admin(acting):
            return True
        if self.is_admin(target):
            return False
        return any(target.id in group.members for group in self.subadmin_groups(acting))

    def members(self, group: Group, text: str = "", limit: int | None = None, offset: int = 0) -> list[Account]:
        """One page of the group's members by id."""
        found = [account for account in self.accounts() if account.id in group.members and account.matches(text)]
        return page(found, limit, offset)

    def new_token(self) -> str:
        """A text nobody can guess: session ids, app passwords, generated passwords."""
        return secrets.token_urlsafe(48)


def page(items: list[_Item], limit: int | None, offset: int) -> list[_Item]:
    """A slice; limit None means all."""
    return items[offset:] if limit is None else items[offset : offset + limit]


def check_id(account_id: str) -> None:
    """Nextcloud's rules for ids, in its order. Raises NameRefused."""
    if _BAD_ID_CHARACTERS.search(account_id):
        raise NameRefused(_ID_CHARACTERS_MESSAGE)
    if not account_id.strip():
        raise NameRefused("A valid Login must be provided")
    if account_id.strip() != account_id:
        raise NameRefused("Login contains whitespace at the beginning or at the end")
    if account_id in (".", ".."):
        raise NameRefused("Login must not consist of dots only")
    if len(account_id) > _MAX_ID:
        raise NameRefused("Login is too long")


def check_password(password: str) -> None:
    """The default password policy: ten characters, not a common one. Raises PasswordRefused."""
    if len(password) < _MIN_PASSWORD:
        raise PasswordRefused(f"Password needs to be at least {_MIN_PASSWORD} characters long.")
    if password.lower() in _COMMON_PASSWORDS:
        raise PasswordRefused("Password is among the 1,000,000 most common ones. Please make it unique.")
