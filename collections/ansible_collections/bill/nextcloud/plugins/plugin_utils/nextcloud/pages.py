# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many accounts by pages of all accounts, as long as that is cheaper than reading each for itself.

The records are the same (``getUserData``, in all releases), so only time decides. A read takes the server about 45
milliseconds; in a page each account takes 5 of them, 90 where storages are slow, and one that nobody asks for takes as
long. So pages are read where at least every second account of the cloud is asked for. A list of names tells that, with
no more of them than twice those that are asked for; accounts that are to be made are not looked for in pages, either.
Pages come in the order of display names, cut for each user backend by itself: nobody knows in which one a name is. An
account that the cloud cannot show fails its whole page (a remnant of LDAP does up to 29, nextcloud/server#44982; what a
directory does not answer, always), so the place around it is left out.
Source: ``apps/provisioning_api/lib/Controller/{UsersController,AUserData}.php`` of 17, 31 and later.
"""

from __future__ import annotations

import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.account import Account
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.wish import Wish
from ansible_collections.bill.nextcloud.plugins.plugin_utils.listed import Listed, lists_may_fail
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.accounts import API
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.listing import (
    PAGE_ACCOUNTS,
    PAGE_SECONDS,
    SMALLEST_PAGE_ACCOUNTS,
    read_user_names,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.ocs import read_list, require
from ansible_collections.bill.nextcloud.plugins.plugin_utils.session import Session

SAMPLE_ACCOUNTS = 50
"""The first page is a small one: it may show that nearly all accounts have to be read for themselves anyway."""
ACCOUNTS_FOR_EACH_NAME = 2

_PARTS = 5
_MOST_LEFT_OUT = 3
_OF_THE_PAGE = ("server_error", "timeout", "unreachable", "not_an_answer", "refused")
_GATEWAY_TIMEOUTS = (502, 504)


def prepare(session: Session, listed: Listed, wishes: t.Sequence[Wish]) -> None:
    """Look in pages for accounts that are as wished, if that is cheaper than reading each: all, some or none.

    Nothing is said of an account that is not found, not even that there is none.

    :raises CloudError: see :func:`lists_may_fail`.
    """
    names = listed.seek(wishes)
    if not names:
        return
    with lists_may_fail():
        for records in _pages(session, names):
            for record in records:
                _show(listed, record)
            if not listed.is_of_use:
                break
    listed.end()


def _show(listed: Listed, record: t.Any) -> None:
    try:
        account = Account.from_record(record)
    except ValueError:  # such as only the name of one that is out of reach; its own record tells more
        return
    listed.show(account)


def _pages(session: Session, names: t.Collection[str]) -> t.Iterator[list[t.Any]]:
    """Yield pages of records as long as there are accounts to be found, by these names in the cloud's notation."""
    listed = read_user_names(session, {"limit": str(ACCOUNTS_FOR_EACH_NAME * len(names) + 1)})
    sought = listed.intersection(names)
    if not sought or len(listed) > ACCOUNTS_FOR_EACH_NAME * len(sought):
        return
    for records in _Pages(session).read(len(listed)):
        yield records
        sought.difference_update(
            record["id"] for record in records if isinstance(record, dict) and isinstance(record.get("id"), str)
        )
        if not sought:
            return


class _Pages:
    """Pages of all accounts, but for places that the cloud cannot show.

    Each begins at a multiple of its size: to a directory behind the cloud another place may be as good as none
    (``OCA\\User_LDAP\\Access::initPagedSearch`` turns pages from the beginning).
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._size = PAGE_ACCOUNTS
        self._left_out = 0

    def read(self, count: int) -> t.Iterator[list[t.Any]]:
        """Yield the records of the first page's beginning, then those of all pages.

        :param count: how many accounts there are: no user backend has more.
        :raises CloudError: a fault that neither smaller pages nor leaving a place out are a remedy for.
        """
        yield from self._read(0, SAMPLE_ACCOUNTS)
        offset = 0
        while offset < count:
            size = self._size
            yield from self._read(offset, size)
            offset += size

    def _read(self, offset: int, size: int) -> t.Iterator[list[t.Any]]:
        """Yield the records of a page, or of its parts as far as the cloud shows them."""
        try:
            records = self._ask(offset, size)
        except CloudError as error:
            smaller = self._smaller(error, size)
        else:
            yield records
            return
        if smaller is not None:
            for part in range(offset, offset + size, smaller):
                yield from self._read(part, smaller)

    def _ask(self, offset: int, size: int) -> list[t.Any]:
        query = {"limit": str(size), "offset": str(offset)}
        reply = self._session.request("GET", API + "/users/details", query=query, read_seconds=PAGE_SECONDS)
        require(reply, {})
        return read_list(reply, "users")

    def _smaller(self, error: CloudError, size: int) -> int | None:
        """Return the size of the parts in which a page that has failed is asked for; None: it is left out.

        A page that takes too long shows that all are too large. Any other fault may be that of a single account.

        :raises CloudError: the fault, when there is nothing left to try.
        """
        if error.cloud_wide or error.code not in _OF_THE_PAGE:
            raise error
        slow = error.code == "timeout" or error.http_status in _GATEWAY_TIMEOUTS
        smaller = size // _PARTS
        if smaller >= SMALLEST_PAGE_ACCOUNTS:
            if slow:
                self._size = smaller
            return smaller
        if slow or self._left_out == _MOST_LEFT_OUT:
            raise error
        self._left_out += 1
        return None
