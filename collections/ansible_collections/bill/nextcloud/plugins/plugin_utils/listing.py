# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All accounts of a cloud, by pages, without a silent gap.

Nextcloud cuts pages for each user backend by itself (``OC\\User\\Manager::search``): a page may be longer or shorter
than asked for, and an account that is deleted meanwhile moves others to a page that was read already. So pages are read
until one brings nothing new, then the list of all names, and what is missing one by one. Proxies in front of a slow
cloud give up after a minute, so a page that does not come is asked for again, at half its size.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.bill.nextcloud.plugins.module_utils.account import Account
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.cloud import Cloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.groups import (
    LIST_SECONDS,
    group_path,
    read_list,
    read_names,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud import API, account_of, require

PAGE_ACCOUNTS = 500
"""A page takes the server 5 to 90 milliseconds for each account: it looks into each account's storage."""
SMALLEST_PAGE_ACCOUNTS = 20
PAGE_SECONDS = 120.0

_TOO_LONG = ("timeout", "server_error")


@dataclass
class Listing:
    """What was found."""

    accounts: list[Account] = field(default_factory=list)
    """Sorted by name."""
    unreadable: list[str] = field(default_factory=list)
    """Names that the cloud lists without showing the account (remnants of LDAP accounts, for instance)."""


def list_accounts(
    cloud: Cloud,
    *,
    search: str | None = None,
    group: str | None = None,
    progress: t.Callable[[str], object] = lambda text: None,
) -> Listing:
    """Read the accounts of a cloud: all, those of a group, or those that a search finds; not both.

    :param search: a part of name, display name or e-mail address.
    :param group: only members of this group.
    :param progress: is told how far it is, after each page.
    :raises CloudError: ``group_missing``, and for every answer that is not one: there is no listing with gaps.
    """
    found: dict[str, Account] = {}
    bare: set[str] = set()
    offset, size = 0, PAGE_ACCOUNTS
    while True:
        query = {**_search(search), "limit": str(size), "offset": str(offset)}
        try:
            page, names = _read_page(cloud, group, query)
        except CloudError as error:
            if error.code not in _TOO_LONG or error.cloud_wide or size // 2 < SMALLEST_PAGE_ACCOUNTS:
                raise
            size //= 2
            progress(f"no answer for that many accounts; {size} at once from here on")
            continue
        new = {account.name for account in page} - found.keys() | names - bare
        found.update((account.name, account) for account in page)
        bare |= names
        if not new:
            break
        offset += size
        progress(f"{len(found)} accounts read")
    listed = _read_all_names(cloud, group, search)
    listing = Listing()
    for name in sorted(listed - found.keys()):
        account = cloud.accounts.look_up(name)
        if account is not None:
            found[name] = account
        elif name in bare:
            listing.unreadable.append(name)
    # A name that is not listed any more was deleted, or left the group, after its page was read.
    listing.accounts = [found[name] for name in sorted(found.keys() & listed)]
    return listing


def _search(text: str | None) -> dict[str, str]:
    return {"search": text} if text else {}


def _read_page(cloud: Cloud, group: str | None, query: t.Mapping[str, str]) -> tuple[list[Account], set[str]]:
    """Return the accounts of a page, and the names of those that it does not show."""
    path = API + "/users/details" if group is None else group_path(group) + "/users/details"
    reply = cloud.session.request("GET", path, query=query, read_seconds=PAGE_SECONDS)
    if reply.missing and group is not None:
        raise reply.error("group_missing", f'It is "{group}".')
    require(reply, {})
    accounts, names = [], set()
    for record in read_list(reply, "users"):
        if isinstance(record, dict) and "enabled" not in record and isinstance(record.get("id"), (str, int)):
            names.add(str(record["id"]))
            continue
        accounts.append(account_of(reply, record))
    return accounts, names


def _read_all_names(cloud: Cloud, group: str | None, search: str | None) -> set[str]:
    """Return the names of all accounts that match, which come in one answer."""
    if group is not None:
        return set(cloud.groups.members(group))
    reply = cloud.session.request("GET", API + "/users", query=_search(search), read_seconds=LIST_SECONDS)
    require(reply, {})
    return set(read_names(reply, "users"))
