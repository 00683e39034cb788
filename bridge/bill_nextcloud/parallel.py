# SPDX-License-Identifier: GPL-3.0-or-later
"""The same for many at once, where each mostly waits for BILLmanager."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
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
