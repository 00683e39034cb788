# SPDX-License-Identifier: GPL-3.0-or-later
"""Lives of services: the events of each, and what each event asks of the cloud."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from bill_nextcloud.record import Operation, State
from harness.cloud import Cloud
from harness.interruption import uninterrupted
from standins.billmanager import Panel
from standins.cloud.process import StandinCloud

from bench.callers import Event, NotTaken, run_module
from bench.scene import GROUP, Scene

COMMANDS = ("open", "setparam", "suspend", "resume", "close")


@dataclass(frozen=True)
class Call:
    """One request, ``path`` and ``query`` as the stand-in's log has them, and the status of its answer. ``anonymous``:
    without credentials."""

    method: str
    path: str
    query: str
    status: int
    anonymous: bool


@dataclass(frozen=True)
class Asked:
    """What one command asks of a cloud about an account and a group: the requests of the bridge, and what its playbook
    was asked for."""

    calls: tuple[Call, ...]
    wish: dict[str, Any]
    account: str
    group: str

    def of(self, account: str, group: str) -> Asked:
        """The same about others."""

        def renamed(text: str) -> str:
            return text.replace(self.account, account).replace(self.group, group)

        calls = tuple(replace(one, path=renamed(one.path), query=renamed(one.query)) for one in self.calls)
        return Asked(calls, json.loads(renamed(json.dumps(self.wish))), account, group)


@dataclass(frozen=True)
class Lived:
    """An event that the bridge carried out: from the start of ``pmnextcloud`` (``began``, seconds since 1970) to its
    end, ``seconds`` later."""

    event: Event
    operation: Operation
    began: float
    seconds: float


@dataclass(frozen=True)
class Place:
    """A cloud as one processing module of ``here``. Accounts are called ``mark`` and the number of the service; both
    tariffs give ``group``, and ``large`` is the second. ``standin``: its process, where it is one. ``others``: accounts
    that no service has."""

    here: Scene
    module: int
    cloud: Cloud
    standin: StandinCloud | None
    mark: str
    group: str
    large: int
    others: list[str] = field(default_factory=list)

    @property
    def panel(self) -> Panel:
        return self.here.panel

    def begin(self, command: str, service: int | None) -> Event:
        """BILLmanager begins ``command``; without a service that is ``open``, of a new one. ``setparam`` is a larger
        tariff."""
        if service is None:
            (event,) = self.here.orders(self.module, 1)
            return event
        operation = {
            "setparam": lambda: self.panel.change_tariff(service, self.large),
            "suspend": lambda: self.panel.suspend(service),
            "resume": lambda: self.panel.resume(service),
            "close": lambda: self.panel.close(service),
        }[command]()
        return Event(command, service, operation)

    def live(self) -> Iterator[Lived]:
        """A new service from its order to its end, each event by the bridge. Raises :class:`NotTaken`."""
        service: int | None = None
        for command in COMMANDS:
            event = self.begin(command, service)
            service = event.service
            began = time.time()
            output = run_module(self.panel, event)
            (operation, *_) = self.here.record.search(service=service, command=command)
            if operation.state != State.DONE:
                raise NotTaken(f"{event}: {operation.state} {operation.failure}")
            yield Lived(event, operation, began, output.seconds)

    def account(self, service: int) -> str:
        """The name of a service's account."""
        return f"{self.mark}_{service}"

    def other(self, name: str) -> str:
        """The name of an account that no service has, to be made by whoever asks."""
        self.others.append(f"{self.mark}_{name}")
        return self.others[-1]


def learn(place: Place) -> dict[str, Asked]:
    """What the events of one life ask of ``place``, which is a stand-in. Raises :class:`NotTaken`."""
    assert place.standin is not None
    learnt = {}
    place.standin.clear_requests()
    for lived in place.live():
        name = place.account(lived.event.service)
        seen = place.standin.requests()
        place.standin.clear_requests()
        if any(one["auth"] not in (None, place.cloud.username) for one in seen):
            raise NotTaken(f"{lived.event.command}: requests of others than the administrator cannot be repeated")
        calls = tuple(
            Call(one["method"], one["path"], one["query"], one["status"], anonymous=one["auth"] is None) for one in seen
        )
        wish = place.here.record.attempts(lived.operation.id)[-1].wish
        learnt[lived.event.command] = Asked(calls, wish or {}, name, place.group)
    return learnt


def standin_place(here: Scene, module: int) -> Place:
    """The stand-in of the processing module ``module``."""
    large = here.panel.add_tariff("Large", module, disk=(3, "gib"), params={"usergroup": GROUP})
    server = here.servers[module]
    return Place(here, module, server.cloud, server.standin, "user", GROUP, large)


@contextmanager
def real_place(here: Scene, cloud: Cloud) -> Iterator[Place]:
    """``cloud`` as one more processing module. Everything there has names of its own and is taken away afterwards."""
    mark = f"bench-{secrets.token_hex(3)}"
    params = {"usergroup": mark, "username_pattern": f"{mark}_{{id}}"}
    module = here.panel.add_cloud("Real", {"url": cloud.url, "username": cloud.username}, {"password": cloud.password})
    here.tariffs[module] = here.panel.add_tariff("Small", module, disk=(1, "gib"), params=params)
    large = here.panel.add_tariff("Large", module, disk=(3, "gib"), params=params)
    cloud.add_group(mark)
    where = Place(here, module, cloud, None, mark, mark, large)
    try:
        yield where
    finally:
        with uninterrupted():
            # What it has begun could make an account again.
            here.stack.worker.stop()
            for name in [*map(where.account, here.panel.services()), *where.others]:
                cloud.delete(name)
            cloud.delete_group(mark)
