# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One step with each of many accounts: one after the other, or several at the same time where the cloud allows it."""

from __future__ import annotations

import threading
import typing as t
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError

MAX_SILENT_ACCOUNTS = 3
"""After so many accounts in a row without any answer the cloud counts as unreachable."""

_SILENCE = ("unreachable", "timeout")

Item = t.TypeVar("Item")


class Steps(t.Generic[Item]):
    """The steps of one pass over all accounts. A fault of the whole cloud ends it: no further step is begun.

    :param step: is taken with each item; raises CloudError.
    :param failed: is told of each item whose step failed.
    :param at_once: how many steps may be taken at the same time.
    :param stop: is told of the fault of the cloud.
    :param in_line: whether a step is one of those that are taken one after the other, in the order of the items.
    """

    def __init__(
        self,
        step: t.Callable[[Item], None],
        failed: t.Callable[[Item, CloudError], None],
        at_once: int,
        *,
        stop: t.Callable[[CloudError], None] = lambda fault: None,
        in_line: t.Callable[[Item], bool] = lambda item: False,
    ) -> None:
        self._step = step
        self._failed = failed
        self._at_once = at_once
        self._stop = stop
        self._in_line = in_line
        self._lock = threading.Lock()
        self._silent = 0
        self._answers = 0
        self._ended = False
        self._fault: CloudError | None = None

    def take(self, items: t.Sequence[Item]) -> tuple[CloudError | None, list[Item]]:
        """Take the step with each item.

        :returns: the fault of the cloud that ended it, or None, and the items with which no step was taken then.
        """
        line = [number for number, item in enumerate(items) if self._in_line(item)]
        lanes = [line] if line else []
        lanes += [[number] for number in sorted(set(range(len(items))) - set(line))]
        at_once = min(self._at_once, len(lanes))

        def follow(lane: list[int]) -> list[int]:
            return [number for number in lane if not self._take(items[number])]

        if at_once < 2:
            left_out = [number for number in range(len(items)) if not self._take(items[number])]
        else:
            with ThreadPoolExecutor(at_once, "account") as pool:
                try:
                    left_out = sorted(number for left in pool.map(follow, lanes) for number in left)
                except BaseException:  # a time-out of the task, for instance: nothing goes on behind its back
                    self._end(_no_more())
                    raise
        return self._fault, [items[number] for number in left_out]

    def _take(self, item: Item) -> bool:
        """Take one step, if the cloud is still there; return whether it was taken."""
        if self._ended:
            return False
        answers = self._answers
        try:
            self._step(item)
        except CloudError as error:
            self._failed(item, error)
            with self._lock:
                self._note(error, answers)
        except BaseException:  # no fault of the cloud: it ends the task
            self._end(_no_more())
            raise
        else:
            with self._lock:
                self._silent, self._answers = 0, self._answers + 1
        return True

    def _note(self, error: CloudError, answers: int) -> None:
        """Note a fault of a step that began after so many answers."""
        never_there = not self._answers and error.code == "unreachable" and not error.outcome_unknown
        if error.code not in _SILENCE:
            self._silent, self._answers = 0, self._answers + 1
        elif answers == self._answers:  # nobody was answered meanwhile
            self._silent += 1
        if self._fault is None and (error.cloud_wide or never_there or self._silent >= MAX_SILENT_ACCOUNTS):
            # Of those that are left out nothing was sent.
            self._fault = error.recoded(error.code, error.message, outcome_unknown=False)
            self._end(self._fault)

    def _end(self, fault: CloudError) -> None:
        """Let no further step begin; the first fault is what others are told."""
        if not self._ended:
            self._ended = True
            self._stop(fault)


def _no_more() -> CloudError:
    return CloudError("timeout", "The task was ended.", cloud_wide=True)
