# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lists of accounts spare a task: the first read of an account that is as it should be already.

A list shows nothing else. It may be minutes old when its last account is looked at, it may come from the middle of
another change, and an account that others make or delete meanwhile may be in none of its pages. So whatever is to be
changed, deleted or created, whatever belongs to an administrator, and whatever has to be proven, is read for itself
first, as if there were no lists: what they cost then is one more request, and nothing of what protects an account
depends on them.
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.account import Account
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.plan import NONE, make_plan
from ansible_collections.bill.nextcloud.plugins.module_utils.wish import Wish

MANY = 50
"""Fewer accounts are read one by one, in about two seconds."""

_TELLING = 10
_TELLING_PART = 20


class Listed:
    """The accounts of one task that may be found in lists, and those that were.

    Many threads may ask, once it is filled: wishes and accounts are taken out by single operations.

    :param ignored: the options that the product has nothing for and leaves alone.
    """

    def __init__(self, ignored: frozenset[str] = frozenset()) -> None:
        self._ignored = ignored
        self._sought: dict[str, Wish] = {}
        self._as_wished: dict[str, Account] = {}
        self._shown = 0
        self._telling = _TELLING

    def seek(self, wishes: t.Iterable[Wish]) -> t.Collection[str]:
        """Take note of the wishes; return the names of accounts that lists may show to be as wished; none if few."""
        self._sought = {wish.name: wish for wish in wishes if _can_be_seen(wish)}
        self._as_wished.clear()
        self._shown = 0
        self._telling = max(_TELLING, len(self._sought) // _TELLING_PART)
        return self._sought.keys() if len(self._sought) >= MANY else ()

    def show(self, account: Account) -> None:
        """Keep an account that a list has shown, if it is one that is sought and as wished. Each is looked at once."""
        wish = self._sought.pop(account.name, None)
        if wish is None:
            return
        self._shown += 1
        if not account.is_admin and _is_as_wished(account, wish.without(*self._ignored) if self._ignored else wish):
            self._as_wished[account.name] = account

    def end(self) -> None:
        """Seek no longer: what a list did not show is read for itself, and needs no memory until then."""
        self._sought.clear()

    @property
    def is_of_use(self) -> bool:
        """Whether at least a quarter of those that were shown are as wished, or too few were shown to tell.

        With fewer of them, reading all for themselves is quicker. One in twenty of all has to be shown before that is
        believed: those that come first may be peculiar, and of very many accounts lists spare hours.
        """
        return self._shown < self._telling or 4 * len(self._as_wished) >= self._shown

    def take(self, name: str) -> Account | None:
        """Return an account that a list has shown to be as wished, once: the next read is the cloud's."""
        return self._as_wished.pop(name, None)


@contextlib.contextmanager
def lists_may_fail() -> t.Iterator[None]:
    """Read lists, as far as the cloud has them: an account that they do not show is read for itself.

    :raises CloudError: what concerns every request to the cloud, as a log-in that it refuses: not to be tried again.
        But who may not list accounts may perhaps read them.
    """
    try:
        yield
    except CloudError as error:
        if error.cloud_wide and error.code != "write_not_permitted":
            raise


def _can_be_seen(wish: Wish) -> bool:
    """Whether a record alone can show that nothing is to be done."""
    return wish.state != "absent" and not wish.proven and not wish.sets_password


def _is_as_wished(account: Account, wish: Wish) -> bool:
    try:
        return make_plan(account, wish).action == NONE
    except CloudError:  # what is wrong with it is told by the account's own record
        return False
