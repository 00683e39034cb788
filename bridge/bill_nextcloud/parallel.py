# SPDX-License-Identifier: GPL-3.0-or-later
"""The same for many at once, where each mostly waits for BILLmanager; and what no two may use at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from bill_nextcloud.billmanager.mgrctl import AT_ONCE

_Item = TypeVar("_Item")


def for_each(items: Collection[_Item], act: Callable[[_Item], None]) -> None:
    """Call ``act`` with each item, several at once. When it returns, all have ended; it raises what the first of them
    raised that failed."""
    if len(items) < 2:
        for item in items:
            act(item)
        return
    with ThreadPoolExecutor(min(AT_ONCE, len(items)), thread_name_prefix="billmanager") as pool:
        # Not map: it takes back what has not begun when one fails.
        begun = [pool.submit(act, item) for item in items]
    for one in begun:
        one.result()


class InUse:
    """What threads use now, each alone."""

    def __init__(self) -> None:
        self._used: set[Hashable] = set()
        self._given_back = threading.Condition()

    @contextmanager
    def in_use(self, what: Hashable) -> Iterator[None]:
        """Use ``what`` within the block; wait for whoever does already."""
        with self._given_back:
            self._given_back.wait_for(lambda: what not in self._used)
            self._used.add(what)
        try:
            yield
        finally:
            with self._given_back:
                self._used.discard(what)
                self._given_back.notify_all()
