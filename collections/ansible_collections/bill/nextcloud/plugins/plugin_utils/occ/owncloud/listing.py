# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All accounts of an ownCloud by occ, without a silent gap. They come in one answer, their groups in others."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.bill.nextcloud.plugins.module_utils.account import Account
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Listing
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.owncloud.directory import OwncloudDirectory
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.owncloud.groups import OwncloudOccGroups


def list_accounts(
    directory: OwncloudDirectory,
    groups: OwncloudOccGroups,
    *,
    search: str | None = None,
    group: str | None = None,
    progress: t.Callable[[str], object] = lambda text: None,
) -> Listing:
    """Read the accounts of a cloud: all, those of a group, or those that a search finds; not both.

    :param search: a part of name, display name or e-mail address, in any case.
    :param group: only members of this group.
    :param progress: is told how far it is.
    :raises CloudError: ``group_missing``; ``refused`` for a search where display names are not known; and for every
        answer that is not one: there is no listing with gaps.
    """
    if group is not None and group not in groups.names():
        raise CloudError("group_missing", f'It is "{group}".')
    accounts = directory.all()
    wanted = sorted(name for name, account in accounts.items() if not search or _matches(account, search))
    unknown = [account.name for account in accounts.values() if account.display_name is None]
    if search and not set(wanted).issuperset(unknown):
        raise CloudError(
            "refused",
            f"occ does not tell the display names of {len(unknown)} accounts, in which the search might find something:"
            " somebody's holds marks such as <fg=x> or <href=. The API (transport api, with api_url and a log-in)"
            " shows whose it is; a list without a search is shown.",
            request="occ user:list",
        )
    progress(f"{len(accounts)} accounts read; the groups of {len(wanted)} to read")
    memberships = directory.memberships_by_group(accounts, wanted, frozenset())
    if memberships is None:
        memberships = directory.memberships(wanted)
    found = [replace(accounts[name], groups=memberships[name]) for name in wanted if name in memberships]
    return Listing([account for account in found if group is None or group in account.groups])


def _matches(account: Account, search: str) -> bool:
    texts = (account.name, account.display_name, account.email)
    return any(search.lower() in text.lower() for text in texts if text)
