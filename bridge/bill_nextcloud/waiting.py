# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions to a cloud for which a person waits: past every queue, and answered in time even when the cloud hangs."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TypeVar

from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.errors import Failure, OperationError, RunUnknown
from bill_nextcloud.log import logger

T = TypeVar("T")

log = logger("waiting")

# BILLmanager is not known to wait longer than 10 seconds for a module that a person waits for; the module gives up
# after 8.
SECONDS = 7


def within(cloud: Cloud, ask: Callable[[int], T | Failure], seconds: int = SECONDS) -> T | Failure:
    """What ``ask(seconds)`` answers, or why it does not: any ``OperationError`` as its failure, a run that ended
    without results and one that takes longer than ``seconds`` as ``timeout``, everything else as ``internal``. What is
    late goes on in its thread until its own limit, and nobody hears of it. Raises nothing.
    """
    answers: queue.SimpleQueue[T | Failure] = queue.SimpleQueue()

    def answer() -> None:
        try:
            answers.put(ask(seconds))
        except RunUnknown:
            answers.put(_late(cloud, seconds))
        except OperationError as error:
            answers.put(error.failure)
        except Exception as error:  # the edge of the thread
            log.exception("cloud not asked", cloud=cloud.name)
            answers.put(Failure("internal", {"detail": type(error).__name__}))

    threading.Thread(target=answer, name="waiting", daemon=True).start()
    try:
        return answers.get(timeout=seconds)
    except queue.Empty:
        return _late(cloud, seconds)


def _late(cloud: Cloud, seconds: int) -> Failure:
    return Failure("timeout", {"cloud": cloud.name, "account": cloud.username, "detail": f"{seconds} s"})
