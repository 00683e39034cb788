# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations that wait for one cloud go together into its next run: read, claim, plan and apply under its lock."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from bill_nextcloud.errors import Failure
from bill_nextcloud.log import logger
from bill_nextcloud.request import Outcome, Request

log = logger("batch")

MOST = 500

Converge = Callable[[int, list[Request]], list[Outcome]]
Observe = Callable[[int, list[Failure | None]], None]


@dataclass(frozen=True)
class _Member:
    request: Request
    outcome: Future[Outcome]


class Batches:
    """One thread for each cloud, which takes what waits and converges it. A single request never waits for others.

    ``converge(module, requests)`` returns an outcome for each request, in order, and does not raise for what it knows.
    ``observe(module, failures)`` is told before the operations are, so that they find their cloud held.
    """

    def __init__(self, converge: Converge, observe: Observe) -> None:
        self._converge = converge
        self._observe = observe
        self._queues: dict[int, queue.SimpleQueue[_Member]] = {}
        self._guard = threading.Lock()

    def submit(self, module: int, request: Request) -> Future[Outcome]:
        """Let ``request`` join the next run for the processing module ``module``."""
        member = _Member(request, Future())
        with self._guard:
            if module not in self._queues:
                waiting: queue.SimpleQueue[_Member] = queue.SimpleQueue()
                # A daemon: at the end of the process the kernel ends its run too.
                name = f"cloud-{module}"
                threading.Thread(target=self._serve, args=(module, waiting), name=name, daemon=True).start()
                # Only now: a queue that nobody serves would keep its cloud waiting for ever.
                self._queues[module] = waiting
        self._queues[module].put(member)
        return member.outcome

    def _serve(self, module: int, waiting: queue.SimpleQueue[_Member]) -> None:
        while True:
            members = [waiting.get()]
            while len(members) < MOST and not waiting.empty():
                members.append(waiting.get())
            try:
                outcomes = self._converge(module, [member.request for member in members])
            except Exception as error:  # the edge of the thread: whatever happens, each member gets an answer
                log.exception("batch failed", module=module)
                failure = Failure("internal", {"detail": type(error).__name__})
                outcomes = [Outcome(member.request, failure=failure) for member in members]
            try:
                self._observe(module, [outcome.failure for outcome in outcomes])
            except Exception:  # what became of them is known all the same
                log.exception("batch not observed", module=module)
            for member, outcome in zip(members, outcomes, strict=True):
                member.outcome.set_result(outcome)
