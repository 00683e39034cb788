# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cloud holds: accounts, groups, settings, and the mails it sent."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TypeVar

from standins.cloud import passwords
from standins.cloud.account import DATABASE, Account, AppPassword
from standins.cloud.app_config import AppConfig
from standins.cloud.clock import Clock
from standins.cloud.config import Config
from standins.cloud.mails import Mails
from standins.cloud.names import NameRefused, check_id
from standins.cloud.release import Release

_Item = TypeVar("_Item")

ADMIN_GROUP = "admin"
_FOUND_KEPT = 8


@dataclass
class Group:
    """One group. members and sub-admins hold account ids."""

    id: str
    display_name: str
    members: set[str] = field(default_factory=set)
    subadmins: set[str] = field(default_factory=set)


class Cloud:
    """All accounts and groups of the stand-in."""

    def __init__(self, config: Config, clock: Clock, release: Release) -> None:
        self.clock = clock
        self.release = release
        self.config = AppConfig(release)
        self.free_space = config.free_space
        self.mails = Mails(clock)
        self._accounts: dict[str, Account] = {}
        self._app_passwords = 0
        # Accounts that match a search text, in the order of pages, by backend. Emptied by whatever may change them.
        self._found: dict[str, list[list[Account]]] = {}
        self.groups: dict[str, Group] = {name: Group(name, name) for name in (ADMIN_GROUP, *config.groups)}
        admin = Account(config.admin_user, config.admin_password, self.config)
        self.add(admin)
        self.groups[ADMIN_GROUP].members.add(admin.id)

    def find(self, account_id: str) -> Account | None:
        """The account of that id, ignoring case; None for one that its backend knows no more."""
        account = self._accounts.get(account_id.lower())
        return None if account is None or account.gone else account

    def accounts(self) -> list[Account]:
        """All accounts that their backend knows, in the order in which they were made."""
        return [account for account in self._accounts.values() if not account.gone]

    def disabled(self, text: str) -> list[Account]:
        """All disabled accounts that match, by id, as a database sorts it: capitals first. Every backend's."""
        text = text.lower()
        found = [account for account in self._accounts.values() if not account.enabled and account.matches(text)]
        return sorted(found, key=lambda account: account.id)

    def recent(self, text: str) -> list[Account]:
        """Accounts that logged in at least once, the last first."""
        text = text.lower()
        found = [account for account in self._accounts.values() if account.last_login and account.matches(text)]
        return sorted(found, key=lambda account: (-account.last_login, account.id.lower()))

    def add(self, account: Account) -> None:
        """Add an account as it is, as made now; one of the same id is replaced."""
        account.created = int(self.clock.now())
        self._accounts[account.id.lower()] = account
        self.forget_searches()

    def create(self, account_id: str, password: str) -> Account:
        """Make an account. Raises NameRefused or PasswordRefused; the caller has checked that the id is free."""
        check_id(account_id)
        if not password.strip():
            raise NameRefused("A valid password must be provided")
        passwords.check(self.config, password)
        account = Account(account_id, password, self.config)
        self.add(account)
        return account

    def delete(self, account: Account) -> None:
        """Remove the account, its files and its memberships."""
        del self._accounts[account.id.lower()]
        self.forget_searches()
        for group in self.groups.values():
            group.members.discard(account.id)
            group.subadmins.discard(account.id)

    def forget_searches(self) -> None:
        """To be called when an id, a display name or an e-mail address may have changed."""
        self._found.clear()

    def search(self, text: str, limit: int | None, offset: int) -> list[Account]:
        """One page of accounts, by id.

        Each backend is asked for the page by itself, so that a page holds up to `limit` accounts of each (`search` of
        lib/private/User/Manager.php). Pages are cut in the order of display names, accounts without one first.
        """
        found = [account for backend in self._matching(text) for account in page(backend, limit, offset)]
        return sorted(found, key=lambda account: account.id.lower())

    def _matching(self, text: str) -> list[list[Account]]:
        text = text.lower()
        if text not in self._found:
            if len(self._found) >= _FOUND_KEPT:
                self._found.clear()
            backends: dict[str, list[Account]] = {DATABASE.name: []}
            for account in self._accounts.values():
                if account.matches(text):
                    backends.setdefault(account.backend.name, []).append(account)
            for accounts in backends.values():
                accounts.sort(key=_page_order)
            self._found[text] = list(backends.values())
        return self._found[text]

    def search_groups(self, text: str, limit: int | None, offset: int) -> list[Group]:
        """One page of groups by id; a limit below 1 is none, and so is an offset below 0."""
        text = text.lower()
        found = [
            group for group in self.groups.values() if text in group.id.lower() or text in group.display_name.lower()
        ]
        return page(sorted(found, key=lambda group: group.id), limit if limit and limit > 0 else None, max(0, offset))

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
        """One page of the group's members. Accounts that are gone count for the page.

        By id as a database sorts it, capitals first; with a text, regardless of case.
        """
        text = text.lower()
        names = sorted(group.members, key=str.lower if text else None)
        found = [self._accounts[name.lower()] for name in names]
        return page([account for account in found if account.matches(text)], limit, offset)

    def add_app_password(self, account: Account, password: str, name: str) -> None:
        """Let the account log in with a further password. name: as lists show it."""
        self._app_passwords += 1
        account.app_passwords[password] = AppPassword(self._app_passwords, name, int(self.clock.now()))

    def new_token(self) -> str:
        """A text nobody can guess: session ids, app passwords, generated passwords."""
        return secrets.token_urlsafe(48)


def _page_order(account: Account) -> tuple[bool, str, str]:
    return (account.chosen_name is not None, (account.chosen_name or "").lower(), account.id.lower())


def page(items: list[_Item], limit: int | None, offset: int) -> list[_Item]:
    """A slice; limit None means all."""
    return items[offset:] if limit is None else items[offset : offset + limit]
