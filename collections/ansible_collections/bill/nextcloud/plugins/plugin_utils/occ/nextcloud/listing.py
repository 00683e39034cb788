# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All accounts of a Nextcloud by occ, without a silent gap.

An account that is deleted while pages are read moves others to a page that was read already. So when the pages are
read, the names of all accounts are, in one answer, and what is in one of the two only is read one by one. Space in
use, language, manager and the groups that an account administers are not in a page; an account for itself shows the
first.
"""

from __future__ import annotations

import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.account import Account
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Listing
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.nextcloud.directory import (
    PAGE_ACCOUNTS,
    NextcloudDirectory,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.nextcloud.groups import NextcloudOccGroups


def list_accounts(
    directory: NextcloudDirectory,
    groups: NextcloudOccGroups,
    *,
    search: str | None = None,
    group: str | None = None,
    progress: t.Callable[[str], object] = lambda text: None,
) -> Listing:
    """Read the accounts of a cloud: all, those of a group, or those that a search finds; not both.

    occ can neither search nor tell who is in a group, so all accounts are read.

    :param search: a part of name, display name or e-mail address; upper and lower case are equal, as for the API.
    :param group: only members of this group.
    :param progress: is told how far it is, after each page.
    :raises CloudError: ``group_missing``, and for every answer that is not one: there is no listing with gaps.
    """
    if group is not None and not groups.exists(group):
        raise CloudError("group_missing", f'It is "{group}".')
    found = _read_pages(directory, progress)
    names = directory.names()
    listing = Listing(use_left_out=True)
    for name, account in directory.find_all(sorted(names ^ found.keys())).items():
        if account is not None:
            found[name] = account
        elif name in names:
            listing.unreadable.append(name)
        else:  # deleted after its page was read
            del found[name]
    listing.accounts = [found[name] for name in sorted(found) if _matches(found[name], search, group)]
    return listing


def _read_pages(directory: NextcloudDirectory, progress: t.Callable[[str], object]) -> dict[str, Account]:
    """Return the accounts of all pages; none where the release has no pages."""
    found: dict[str, Account] = {}
    number = 0
    while True:
        page = directory.page(number)
        if page is None:
            return found
        found.update((account.name, account) for account in page)
        progress(f"{len(found)} accounts read")
        if len(page) < PAGE_ACCOUNTS:
            return found
        number += 1


def _matches(account: Account, search: str | None, group: str | None) -> bool:
    if group is not None and group not in account.groups:
        return False
    texts = (account.name, account.display_name, account.email)
    return not search or any(search.lower() in (text or "").lower() for text in texts)
