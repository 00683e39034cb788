# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All accounts of an ownCloud, without a silent gap.

There is no list of accounts, only one of their names, so each account takes a request. Its groups are not read with it,
but group by group, where that takes less requests.
"""

from __future__ import annotations

import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.account import Account
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Listing
from ansible_collections.bill.nextcloud.plugins.plugin_utils.ocs import read_capabilities, read_names
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud.accounts import OwncloudAccounts
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud.api import (
    LIST_SECONDS,
    OwncloudApi,
    require,
    user_path,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud.groups import OwncloudGroups
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud.memberships import read_memberships
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud.record import account_of

TOLD_EVERY = 100
"""Accounts between two words about the progress."""

_Read = t.Callable[[str], Account | None]


def list_accounts(
    api: OwncloudApi,
    accounts: OwncloudAccounts,
    groups: OwncloudGroups,
    *,
    search: str | None = None,
    group: str | None = None,
    progress: t.Callable[[str], object] = lambda text: None,
) -> Listing:
    """Read the accounts of a cloud: all, those of a group, or those that a search finds; not both.

    :param search: a part of the name, which is all that ownCloud searches here.
    :param group: only members of this group.
    :param progress: is told how far it is.
    :raises CloudError: ``group_missing``; ``invalid_value`` for a search that is too short for the cloud; and for every
        answer that is not one: there is no listing with gaps.
    """
    if search:
        _check_search(api, search)

    def names() -> frozenset[str]:
        return groups.members(group) if group is not None else _all_names(api, search)

    listed = sorted(names())
    progress(f"{len(listed)} accounts to read")
    read = _reader(api, accounts, groups, listed)
    listing = Listing()
    for number, name in enumerate(listed, 1):
        account = read(name) if "/" not in name else None  # the server finds no call for a name with a slash
        if account is not None:
            listing.accounts.append(account)
        else:
            listing.unreadable.append(name)
        if number % TOLD_EVERY == 0:
            progress(f"{number} of {len(listed)} accounts read")
    if listing.unreadable:  # some may have been deleted since
        listing.unreadable = sorted(names().intersection(listing.unreadable))
    return listing


def _check_search(api: OwncloudApi, search: str) -> None:
    """A cloud answers a shorter search with an empty list (``OCP\\Util\\UserSearch``).

    :raises CloudError: ``invalid_value``.
    """
    reply = api.request("GET", "/capabilities")
    require(reply, {})
    sharing = read_capabilities(reply).get("files_sharing")
    shortest = sharing.get("search_min_length") if isinstance(sharing, dict) else None
    if isinstance(shortest, int) and len(search.strip().encode()) < shortest:
        raise reply.error("invalid_value", f"This cloud searches for {shortest} characters or more.")


def _all_names(api: OwncloudApi, search: str | None) -> frozenset[str]:
    """Return the names of all accounts that match.

    They come in one answer: between two pages an account that is deleted would move another one to a page that was
    read already.
    """
    reply = api.request("GET", "/users", query={"search": search} if search else {}, read_seconds=LIST_SECONDS)
    require(reply, {})
    return frozenset(read_names(reply, "users"))


def _reader(api: OwncloudApi, accounts: OwncloudAccounts, groups: OwncloudGroups, names: t.Collection[str]) -> _Read:
    """Return what reads one account: with three requests, or with one after two for each group."""
    memberships = read_memberships(groups, names, most=len(names) - 1)
    if memberships is None:
        return accounts.read_listed

    def read(name: str) -> Account | None:
        reply = api.request("GET", user_path(name))
        if reply.missing:
            return None
        require(reply, {})
        return account_of(reply, name, memberships[name].groups, memberships[name].group_admin_of)

    return read
