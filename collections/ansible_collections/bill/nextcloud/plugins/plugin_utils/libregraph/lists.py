# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many accounts of a LibreGraph cloud by its two lists, of all accounts and of all drives, instead of one by one.

There are no pages, and nothing tells how many accounts there are. So a list may take as long, and be as large, as it is
worth: an account that is read for itself takes two requests, one for its address, of about 50 milliseconds each
(OpenCloud 0.1.0).
"""

from __future__ import annotations

import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.wish import Wish
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph.groups import LIST_BYTES, LIST_SECONDS
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph.listing import read_all
from ansible_collections.bill.nextcloud.plugins.plugin_utils.libregraph.session import GraphSession
from ansible_collections.bill.nextcloud.plugins.plugin_utils.listed import Listed, lists_may_fail

SECONDS_FOR_EACH_NAME = 0.1
BYTES_FOR_EACH_NAME = 4000
"""The records of about four accounts."""


def prepare(session: GraphSession, listed: Listed, wishes: t.Sequence[Wish]) -> None:
    """Look in lists for accounts that are as wished, if that is cheaper than reading each.

    Nothing is said of an account that is not found, not even that there is none; nor of one of which the list does not
    tell whether it is enabled.

    :raises CloudError: see :func:`lists_may_fail`.
    """
    names = listed.seek(wishes)
    if not names:
        return
    with lists_may_fail():
        found = read_all(
            session,
            is_sought=names.__contains__,
            read_seconds=min(LIST_SECONDS, SECONDS_FOR_EACH_NAME * len(names)),
            max_bytes=min(LIST_BYTES, BYTES_FOR_EACH_NAME * len(names)),
        )
        for one in found:
            if one.tells_enabled:
                listed.show(one.account)
    listed.end()
