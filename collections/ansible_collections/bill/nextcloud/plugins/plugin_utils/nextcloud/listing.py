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

from ansible_collections.bill.nextcloud.plugins.module_utils.account import Account
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Listing
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.accounts import (
    API,
    NextcloudAccounts,
    account_of,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.groups import (
    LIST_SECONDS,
    NextcloudGroups,
    group_path,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.ocs import read_list, read_names, require
from ansible_collections.bill.nextcloud.plugins.plugin_utils.session import Session

PAGE_ACCOUNTS = 500
"""A page takes the server 5 to 90 milliseconds for each account: it looks into each account's storage."""
SMALLEST_PAGE_ACCOUNTS = 20
PAGE_SECONDS = 120.0

_TOO_LONG = ("timeout", "server_error")


def list_accounts(
    session: Session,
    accounts: NextcloudAccounts,
    groups: NextcloudGroups,
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
            page, names = _read_page(session, group, query)
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
    listed = _read_all_names(session, groups, group, search)
    listing = Listing()
    for name in sorted(listed - found.keys()):
        account = accounts.look_up(name)
        if account is not None:
            found[name] = account
        elif name in bare:
            listing.unreadable.append(name)
    # A name that is not listed any more was deleted, or left the group, after its page was read.
    listing.accounts = [found[name] for name in sorted(found.keys() & listed)]
    return listing


def _search(text: str | None) -> dict[str, str]:
    return {"search": text} if text else {}


def _read_page(session: Session, group: str | None, query: t.Mapping[str, str]) -> tuple[list[Account], set[str]]:
    """Return the accounts of a page, and the names of those that it does not show."""
    path = API + "/users/details" if group is None else group_path(group) + "/users/details"
    reply = session.request("GET", path, query=query, read_seconds=PAGE_SECONDS)
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


def _read_all_names(session: Session, groups: NextcloudGroups, group: str | None, search: str | None) -> set[str]:
    """Return the names of all accounts that match, which come in one answer."""
    if group is not None:
        return set(groups.members(group))
    return read_user_names(session, _search(search))


def read_user_names(session: Session, query: t.Mapping[str, str]) -> set[str]:
    """Return the names of accounts.

    :param query: ``search``, and ``limit``: how many of each user backend; without it all.
    """
    reply = session.request("GET", API + "/users", query=query, read_seconds=LIST_SECONDS)
    require(reply, {})
    return set(read_names(reply, "users"))
