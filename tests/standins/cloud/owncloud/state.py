# SPDX-License-Identifier: GPL-3.0-or-later
"""What an ownCloud holds, where it differs from a Nextcloud: ids, search, and group admins that can be switched off."""

from __future__ import annotations

import re

from standins.cloud.account import Account
from standins.cloud.app_config import AppConfig
from standins.cloud.clock import Clock
from standins.cloud.config import Config
from standins.cloud.names import NameRefused
from standins.cloud.owncloud import passwords
from standins.cloud.releases import NEXTCLOUD_31
from standins.cloud.state import Cloud, Group, page

_BAD_ID_CHARACTERS = re.compile(r"[^a-zA-Z0-9 +_.@\-']")
_SHORTEST, _LONGEST = 3, 64


def subadmins_allowed(config: AppConfig) -> bool:
    """The switch `allow_subadmins` of config.php, here the key of an app `system`.

    ownCloud 10.15 has none, as if it were on; ownCloud 11 has it off, and then nobody is a group admin
    (owncloud/core#41634; not recorded).
    """
    return config.flag("system", "allow_subadmins", "true")


class OwnCloudState(Cloud):
    """All accounts and groups of the stand-in as an ownCloud."""

    def __init__(self, config: Config, clock: Clock) -> None:
        # What the two have in common is as in that release.
        super().__init__(config, clock, NEXTCLOUD_31)
        self.config.set(passwords.APP, "enabled", "no")

    def create(self, account_id: str, password: str) -> Account:
        """See `Cloud`. That an id has at least three characters is from the source (lib/private/User/Manager.php)."""
        if _BAD_ID_CHARACTERS.search(account_id):
            raise NameRefused(
                'Only the following characters are allowed in a username: "a-z", "A-Z", "0-9", and "+_.@-\'"'
            )
        if not account_id.strip():
            raise NameRefused("A valid username must be provided")
        if account_id.strip() != account_id:
            raise NameRefused("Username contains whitespace at the beginning or at the end")
        if len(account_id) < _SHORTEST:
            raise NameRefused("The username must be at least 3 characters long")
        if len(account_id) > _LONGEST:
            raise NameRefused("The username can not be longer than 64 characters")
        if not password.strip():
            raise NameRefused("A valid password must be provided")
        passwords.check(self.config, password)
        account = Account(account_id, password, self.config)
        self.add(account)
        return account

    def search(self, text: str, limit: int | None, offset: int) -> list[Account]:
        """One page of accounts by id, of which only the id is searched, ignoring case."""
        text = text.lower()
        found = [account for name, account in self._accounts.items() if text in name]
        return page(sorted(found, key=lambda account: account.id), limit, offset)

    def subadmin_groups(self, account: Account) -> list[Group]:
        """See `Cloud`."""
        return super().subadmin_groups(account) if subadmins_allowed(self.config) else []
