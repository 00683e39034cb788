# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The groups of many accounts of an ownCloud, group by group.

Two requests for each group tell what otherwise takes two for each account: its groups, and those that it administers.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud.groups import OwncloudGroups, is_addressable


@dataclass
class Memberships:
    """The groups of one account, sorted."""

    groups: list[str] = field(default_factory=list)
    group_admin_of: list[str] = field(default_factory=list)


def read_memberships(groups: OwncloudGroups, names: t.Collection[str], most: int) -> dict[str, Memberships] | None:
    """Return the memberships of accounts, by their names in the cloud's notation; of one that does not exist, none.

    :param most: how many groups there may be.
    :returns: None where there are more, or one of which the cloud does not list the members.
    """
    all_groups = groups.names()
    if len(all_groups) > most or not all(is_addressable(group) for group in all_groups):
        return None
    found = {name: Memberships() for name in names}
    for group in all_groups:
        for name in _members(groups, group) & found.keys():
            found[name].groups.append(group)
    for group in all_groups:
        for name in groups.administrators(group) & found.keys():
            found[name].group_admin_of.append(group)
    return found


def _members(groups: OwncloudGroups, group: str) -> frozenset[str]:
    """Return the members of a group, none of one that was deleted since."""
    try:
        return groups.members(group)
    except CloudError as error:
        if error.code != "group_missing":
            raise
        return frozenset()
