# SPDX-License-Identifier: GPL-3.0-or-later
"""The boundaries of an operation, before and after each call of mgrctl and each request, and services held there."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from harness.processes import until
from harness.stack import WRITING, Stack

POST_CALLS = {
    "open": "backupservice.open",
    "setparam": "service.postsetparam",
    "suspend": "service.postsuspend",
    "resume": "service.postresume",
    "close": "service.postclose",
    "reopen": "service.postreopen",
    "prolong": "service.postprolong",
    "changepassword": "service.postchangepassword",
}
"""BILLmanager's commands, and the function that reports each."""
API = "/ocs/"
CLOSE_KEPT = "close, kept"
"""``close`` of a service whose account is kept for a while, as is that of one to be reopened."""
FROM = {
    "setparam": "active",
    "suspend": "active",
    "resume": "suspended",
    "close": "active",
    CLOSE_KEPT: "active",
    "reopen": "deleted",
    "prolong": "active",
    "changepassword": "active",
}


@dataclass(frozen=True)
class Boundary:
    """``name``: a function of mgrctl, or ``""`` for a request of the cloud; ``passed``: how many of these go through
    before; ``after``: behind its effect instead of before it; ``writing``: a request that changes something; ``words``:
    for people."""

    name: str
    passed: int
    after: bool
    words: str
    writing: bool = False

    def __str__(self) -> str:
        return f"{'after' if self.after else 'before'} {self.words}"

    @property
    def request(self) -> bool:
        """Whether it is at a request."""
        return not self.name


@dataclass
class Held:
    """An operation that stands, or stood, at ``boundary``; ``seen``, ``called``: how many requests the cloud, and
    calls of mgrctl the panel, had seen before."""

    place: Stack
    service: int
    operation: int
    command: str
    boundary: Boundary | None
    seen: int
    called: int

    def stands(self) -> bool:
        """Whether the boundary has been reached."""
        assert self.boundary is not None
        if self.boundary.request:
            return len(self.arrivals()) > self.boundary.passed
        return any(str(call["fault"]).startswith("hang") for call in self.calls())

    def arrivals(self) -> list[dict[str, Any]]:
        """The requests of this operation to the API that have come in; what product it is, is asked beside it."""
        return [one for one in self.place.standin.arrivals()[self.seen :] if API in one["path"]]

    def calls(self) -> list[dict[str, Any]]:
        """The calls of mgrctl for this service since then."""
        calls = self.place.panel.mgrctl_calls()[self.called :]
        return [call for call in calls if call["elid"] == str(self.service)]

    def let_go(self) -> None:
        """What the cloud holds goes on; returns when it has dealt with it."""
        self.place.standin.clear_faults()
        until(lambda: len(self.place.standin.requests()) == len(self.place.standin.arrivals()))


@dataclass
class Places:
    """Several clouds on one panel with one bridge: at each an operation can be held while those beside it go on."""

    stacks: Sequence[Stack]
    found: dict[str, list[Boundary]] = field(default_factory=dict)

    def boundaries(self, command: str) -> list[Boundary]:
        """Those of ``command``, learned from a run that nothing disturbs."""
        if command not in self.found:
            self.found[command] = self._learn(command)
        return self.found[command]

    def _learn(self, command: str) -> list[Boundary]:
        place = self.stacks[0]
        held = self.begin(place, command, None, self.prepared(place, command))
        place.run(held.service, held.operation)
        found = []
        counted: dict[str, int] = {}
        for call in held.calls():
            function = call["function"]
            passed = counted.setdefault(function, 0)
            counted[function] += 1
            words = f"{function} number {passed + 1}"
            found += [Boundary(function, passed, after, words) for after in (False, True)]
        for passed, request in enumerate(held.arrivals()):
            # A request that only reads has no effect to be before or behind of.
            writing = request["method"] in WRITING
            words = f"{request['method']} {request['path']} number {passed + 1}"
            found += [Boundary("", passed, after, words, writing) for after in ((False, True) if writing else (True,))]
        return found

    def prepared(self, place: Stack, command: str) -> int:
        """A service at ``place`` for which ``command`` can be begun: one that is left over, or a new one."""
        if command == "open":
            return place.order(place.small)
        kept = command in (CLOSE_KEPT, "reopen")
        for service in place.panel.services():
            row = place.panel.service(service)
            if (row["processingmodule"], row["status_name"]) != (place.module, FROM[command]):
                continue
            # These two tariffs sell the same. With the large one the requests would be others than were learned.
            alike = row["pricelist"] in (place.small, place.kept)
            if (kept and not alike) or (command == "reopen" and "delete_after" not in row["params"]):
                continue
            if alike:
                place.set_tariff(service, place.kept if kept else place.small)
            return service
        service = place.opened(place.kept if kept else place.small)
        if FROM[command] == "suspended":
            place.panel.suspend(service)
            place.run(service)
        elif FROM[command] == "deleted":
            place.panel.close(service)
            place.run(service)
        return service

    def begin(self, place: Stack, command: str, boundary: Boundary | None, service: int) -> Held:
        """Begin ``command`` in BILLmanager, with ``boundary`` in its way; nothing runs yet."""
        panel = place.panel
        if command == "open":
            (operation,) = panel.service(service)["operations"]
        elif command == "setparam":
            other = place.large if panel.service(service)["pricelist"] == place.small else place.small
            operation = panel.change_tariff(service, other)
        elif command == "prolong":
            # So that there is something to be mended.
            place.cloud.ocs("PUT", f"users/user_{service}", key="quota", value="77 GB")
            operation = panel.prolong(service)
        elif command == "changepassword":
            operation = panel.change_password(service, f"Changed-{secrets.token_hex(6)}-Passw0rd")
        else:
            command = "close" if command == CLOSE_KEPT else command
            operation = getattr(panel, command)(service)
        if boundary is not None and boundary.request:
            kind = "hold_after" if boundary.after else "hold"
            place.standin.fault(kind, path=API, skip=boundary.passed, times=1)
        elif boundary is not None:
            fault = "hang_after" if boundary.after else "hang"
            panel.set_fault(fault, boundary.name, 1, skip=boundary.passed, elid=service)
        seen, called = len(place.standin.arrivals()), len(panel.mgrctl_calls())
        return Held(place, service, operation, command, boundary, seen, called)

    def begin_all(self, command: str, boundaries: Sequence[Boundary]) -> list[Held]:
        """One service for each of ``boundaries``, each at a cloud of its own."""
        places = self.stacks[: len(boundaries)]
        with ThreadPoolExecutor(len(places)) as pool:
            services = list(pool.map(lambda place: self.prepared(place, command), places))
        return [
            self.begin(place, command, boundary, service)
            for place, boundary, service in zip(places, boundaries, services, strict=True)
        ]
