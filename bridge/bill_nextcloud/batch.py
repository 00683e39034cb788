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
from bill_nextcloud.work import Work

log = logger("batch")

# Under way for one cloud at once.
MOST = 500
# In one run: what one has done is reported while the next is carried out, and a run that is lost leaves fewer in doubt.
TOGETHER = 50
# Names of orders that are claimed at once, ahead of their batches.
_CLAIMING = 4

ClaimAhead = Callable[[int, Request], Work | None]
Converge = Callable[[int, list[Request], list[Work | None]], list[Outcome]]
Observe = Callable[[int, list[Failure | None]], None]


@dataclass(frozen=True)
class _Member:
    """``claim``: of an order, when it came while its cloud was busy."""

    request: Request
    outcome: Future[Outcome]
    claim: Future[Work | None] | None


class Batches:
    """One thread for each cloud, which takes what waits and converges it. A single request never waits for others.

    ``converge(module, requests, ahead)`` returns an outcome for each request, in order, and does not raise for what it
    knows. ``claim_ahead(module, request)`` is called for orders that wait for their cloud, and returns what ``ahead``
    has of it. ``observe(module, failures)`` is told before the operations are, so that they find their cloud held; not
    of those that have waited because it was.
    """

    def __init__(self, converge: Converge, claim_ahead: ClaimAhead, observe: Observe) -> None:
        self._converge = converge
        self._claim_ahead = claim_ahead
        self._observe = observe
        self._queues: dict[int, queue.SimpleQueue[_Member]] = {}
        self._busy: set[int] = set()
        self._orders: queue.SimpleQueue[tuple[int, Request, Future[Work | None]]] = queue.SimpleQueue()
        self._guard = threading.Lock()
        for number in range(_CLAIMING):
            threading.Thread(target=self._claim, name=f"claims-{number}", daemon=True).start()

    def submit(self, module: int, request: Request) -> Future[Outcome]:
        """Let ``request`` join the next run for the processing module ``module``."""
        waits = request.command == "open" and module in self._busy
        member = _Member(request, Future(), Future() if waits else None)
        with self._guard:
            if module not in self._queues:
                waiting: queue.SimpleQueue[_Member] = queue.SimpleQueue()
                # A daemon: at the end of the process the kernel ends its run too.
                name = f"cloud-{module}"
                threading.Thread(target=self._serve, args=(module, waiting), name=name, daemon=True).start()
                # Only now: a queue that nobody serves would keep its cloud waiting for ever.
                self._queues[module] = waiting
        if member.claim is not None:
            self._orders.put((module, request, member.claim))
        self._queues[module].put(member)
        return member.outcome

    def _claim(self) -> None:
        while True:
            module, request, claim = self._orders.get()
            if not claim.set_running_or_notify_cancel():
                continue  # its batch has begun
            work = None
            try:
                work = self._claim_ahead(module, request)
            except Exception:  # the edge of the thread: the batch finds out what there is
                log.exception("order not claimed ahead", module=module, service=request.service)
            claim.set_result(work)

    def _serve(self, module: int, waiting: queue.SimpleQueue[_Member]) -> None:
        while True:
            members = [waiting.get()]
            self._busy.add(module)
            while len(members) < TOGETHER and not waiting.empty():
                members.append(waiting.get())
            ahead = [_claimed_ahead(member) for member in members]
            try:
                outcomes = self._converge(module, [member.request for member in members], ahead)
            except Exception as error:  # the edge of the thread: whatever happens, each member gets an answer
                log.exception("batch failed", module=module)
                failure = Failure("internal", {"detail": type(error).__name__})
                outcomes = [Outcome(member.request, failure=failure) for member in members]
            try:
                self._observe(module, [outcome.failure for outcome in outcomes if not outcome.held])
            except Exception:  # what became of them is known all the same
                log.exception("batch not observed", module=module)
            self._busy.discard(module)
            for member, outcome in zip(members, outcomes, strict=True):
                member.outcome.set_result(outcome)


def _claimed_ahead(member: _Member) -> Work | None:
    """The claim, if it was begun before its batch; from now on nobody else claims for this order."""
    if member.claim is None or member.claim.cancel():
        return None
    return member.claim.result()
