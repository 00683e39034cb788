# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the accounts of an ownCloud: what ``user:list`` tells of them, and their groups.

Source: ``OC\\Core\\Command\\User\\ListUsers``, ``ListUserGroups``, ``OC\\Core\\Command\\Group\\ListGroupMembers``.
"""

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from ansible_collections.bill.nextcloud.plugins.module_utils.account import Account
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.commands import (
    Commands,
    is_unprintable,
    read_names,
    require,
    says,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.owncloud.groups import LIST_SECONDS, OwncloudOccGroups
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.server import Answer
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud.record import quota_of

_ATTRIBUTES = ("uid", "displayName", "email", "quota", "enabled", "lastLogin", "backend")
_DISPLAY_NAME = "displayName"
_OWN_BACKEND = "Database"
_MEMBERS_PER_COMMAND = 500
"""So many members are looked up, one by one, in about the time that a command needs to begin (estimated)."""

_Item = t.TypeVar("_Item")
_Result = t.TypeVar("_Result")


def _list_command(attributes: t.Iterable[str]) -> tuple[str, ...]:
    return ("user:list", "--output=json", *(part for name in attributes for part in ("-a", name)))


class OwncloudDirectory:
    """The accounts of one ownCloud. Every call reads afresh."""

    def __init__(self, commands: Commands, groups: OwncloudOccGroups) -> None:
        self._commands = commands
        self._groups = groups

    def all(self) -> dict[str, Account]:
        """Return all accounts by name, without their groups."""
        return self._list()

    def find(self, name: str) -> Account | None:
        """Return an account, without its groups, also when it is known in another notation.

        The search finds parts of names. Up to 10.8 it finds nothing when it is shorter than ``user.search_min_length``,
        so that all accounts have to be listed then.
        """
        for pattern in (("--", name), ()):
            found = {known.lower(): account for known, account in self._list(*pattern).items()}
            if name.lower() in found:
                return found[name.lower()]
        return None

    def groups_of(self, name: str) -> tuple[str, ...] | None:
        """Return the groups of an account, sorted; None when there is none of this name, in any notation."""
        answer = self._commands.read("user:list-groups", "--output=json", "--", name)
        if says(answer, f"User {name} does not exist."):
            return None
        require(answer, {})
        return tuple(sorted(read_names(answer)))

    def memberships(self, names: t.Collection[str]) -> dict[str, tuple[str, ...]]:
        """Return the groups of several accounts, with a command for each; not of those that are gone."""
        found = self._at_once(self.groups_of, names)
        return {name: groups for name, groups in zip(names, found, strict=True) if groups is not None}

    def memberships_by_group(
        self, accounts: t.Mapping[str, Account], names: t.Collection[str], asked: t.AbstractSet[str]
    ) -> dict[str, tuple[str, ...]] | None:
        """Return the groups of several accounts, with a command for each group; None where that is no gain or not sure.

        ``group:list-members`` tells the members that the first source of groups has (``OC\\Group\\Group::searchUsers``
        ends after it), so it is not sure where accounts are from a directory, as groups may be then. Groups that an app
        keeps to itself are looked at only if they are asked for.

        :param accounts: all accounts of the cloud.
        :param names: the accounts in question.
        :param asked: groups that count.
        """
        if any(account.backend != _OWN_BACKEND for account in accounts.values()):
            return None
        groups = sorted({*self._groups.names(), *asked})
        if len(groups) * (1 + len(accounts) / _MEMBERS_PER_COMMAND) >= len(names):
            return None
        members = dict(zip(groups, self._at_once(self._members, groups), strict=True))
        return {name: tuple(group for group in groups if name in members[group]) for name in names}

    def _members(self, group: str) -> frozenset[str]:
        """Return the members of a group, none of one that is missing."""
        try:
            return self._groups.members(group)
        except CloudError as error:
            if error.code != "group_missing":
                raise
            return frozenset()

    def _at_once(self, read: t.Callable[[_Item], _Result], items: t.Collection[_Item]) -> list[_Result]:
        with ThreadPoolExecutor(self._commands.at_once) as threads:
            return list(threads.map(read, items))

    def _list(self, *pattern: str) -> dict[str, Account]:
        answer = self._commands.read(*_list_command(_ATTRIBUTES), *pattern, seconds=LIST_SECONDS)
        if is_unprintable(answer):  # whoever has chosen such a name must be read all the same, to be disabled
            fewer = (name for name in _ATTRIBUTES if name != _DISPLAY_NAME)
            answer = self._commands.read(*_list_command(fewer), *pattern, seconds=LIST_SECONDS)
        require(answer, {})
        found = answer.read_json()
        # PHP makes a list of what has no names for keys, nothing for instance.
        rows = list(found.values()) if isinstance(found, dict) else found
        if not isinstance(rows, list):
            raise answer.error("not_an_answer", "It is no list of accounts.")
        accounts = [_account_of(answer, row) for row in rows]
        return {account.name: account for account in accounts}


def _account_of(answer: Answer, row: t.Any) -> Account:
    """Return the account of a row, without groups, which are not in it.

    Its language, its used space, and what it administers are told by no command.

    :raises CloudError: ``not_an_answer``.
    """
    shown = row if isinstance(row, dict) else {}
    name, seconds = shown.get("uid"), shown.get("lastLogin")
    record: dict[str, t.Any] = {
        "id": str(name) if isinstance(name, int) else name,
        "enabled": shown.get("enabled"),
        "groups": [],
        "email": shown.get("email"),
        "displayname": shown.get("displayName"),
        "backend": shown.get("backend"),
        "lastLogin": seconds * 1000 if isinstance(seconds, int) else None,
    }
    try:
        return replace(Account.from_record(record), quota=quota_of({"definition": shown.get("quota")}))
    except ValueError as error:
        raise answer.error("not_an_answer", f"{error}.") from error
