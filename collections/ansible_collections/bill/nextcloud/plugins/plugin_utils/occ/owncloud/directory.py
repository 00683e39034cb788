# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the accounts of an ownCloud: what ``user:list`` tells of them, and their groups.

Symfony's console formats the JSON that occ prints: it takes away what looks like a mark, from ``<href=`` in one display
name to ``>`` in that of an account further on, and throws at ``<fg=x>``. Everybody chooses their own display name, so
these are read by a command of their own, and nothing else from what it prints.
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
    read_names,
    require,
    says,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.owncloud.groups import LIST_SECONDS, OwncloudOccGroups
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.server import Answer
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud.record import quota_of

_ATTRIBUTES = ("enabled", "quota", "lastLogin", "backend", "email", "uid")
_DISPLAY_NAMES = ("displayName", "uid")
"""Attributes come in this order. With the name last, a row that goes on as another account's does not have its own: an
address may be a text in quotation marks, with anything in it."""
_OWN_BACKEND = "Database"
_MEMBERS_PER_COMMAND = 500
"""So many members are looked up, one by one, in about the time that a command needs to begin (estimated)."""

_Item = t.TypeVar("_Item")
_Result = t.TypeVar("_Result")


class OwncloudDirectory:
    """The accounts of one ownCloud. Every call reads afresh."""

    def __init__(self, commands: Commands, groups: OwncloudOccGroups) -> None:
        self._commands = commands
        self._groups = groups

    def all(self, *, display_names: bool = True) -> dict[str, Account]:
        """Return all accounts by name, without their groups.

        :param display_names: False: they are not read, and None.
        """
        return self._list() if display_names else self._accounts()

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
        """Return accounts with their display names, or None for those that occ cannot tell.

        A display name that is wished but not known counts as another one: it is set each time, and as it is not shown
        then, either, that is ``not_verified``.
        """
        with ThreadPoolExecutor(1) as thread:
            reading = thread.submit(self._display_names, *pattern)
            accounts = self._accounts(*pattern)
        shown = reading.result()
        return {name: replace(account, display_name=shown.get(name)) for name, account in accounts.items()}

    def _accounts(self, *pattern: str) -> dict[str, Account]:
        answer, rows = self._rows(_ATTRIBUTES, *pattern)
        return {name: _account_of(answer, name, row) for name, row in rows.items()}

    def _display_names(self, *pattern: str) -> dict[str, str]:
        """Return the display names that occ can tell."""
        try:
            rows = self._rows(_DISPLAY_NAMES, *pattern)[1]
        except CloudError:  # somebody's display name, which must not keep anybody from being read
            return {}
        return {
            name: row["displayName"]
            for name, row in rows.items()
            if _is_of(name, row) and isinstance(row.get("displayName"), str)
        }

    def _rows(self, attributes: t.Iterable[str], *pattern: str) -> tuple[Answer, dict[str, dict[str, t.Any]]]:
        """Return what is told of accounts, by their names; nothing of one whose row is no object.

        :raises CloudError: ``not_an_answer``.
        """
        options = (part for name in attributes for part in ("-a", name))
        answer = self._commands.read("user:list", "--output=json", *options, *pattern, seconds=LIST_SECONDS)
        require(answer, {})
        found = answer.read_json()
        if isinstance(found, list):  # PHP makes one of what is empty, and of names that are 0, 1, 2 ...
            found = {str(number): row for number, row in enumerate(found)}
        if not isinstance(found, dict):
            raise answer.error("not_an_answer", "It is no list of accounts.")
        return answer, {name: row if isinstance(row, dict) else {} for name, row in found.items()}


def _is_of(name: str, row: t.Mapping[str, t.Any]) -> bool:
    """Whether a row is the one of this account to its end. PHP makes numbers of names that look like some."""
    uid = row.get("uid")
    return uid is not None and str(uid) == name


def _account_of(answer: Answer, name: str, row: t.Mapping[str, t.Any]) -> Account:
    """Return the account of a row, without groups and display name, which are not in it.

    Its language, its used space, and what it administers are told by no command.

    :raises CloudError: ``not_an_answer``.
    """
    if not _is_of(name, row):
        raise answer.error("not_an_answer", f"The row of {name} goes on as that of {row.get('uid')}.")
    seconds = row.get("lastLogin")
    record: dict[str, t.Any] = {
        "id": name,
        "enabled": row.get("enabled"),
        "groups": [],
        "email": row.get("email"),
        "backend": row.get("backend"),
        "lastLogin": seconds * 1000 if isinstance(seconds, int) else None,
    }
    try:
        return replace(Account.from_record(record), quota=quota_of({"definition": row.get("quota")}))
    except ValueError as error:
        raise answer.error("not_an_answer", f"{error}.") from error
