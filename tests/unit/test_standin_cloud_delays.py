# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in cloud is as slow as it is told to be: by route, by log-in, by what it works on at once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from contract.client import Client
from standins.cloud.delays import Delays, DelaysRefused
from standins.cloud.process import StandinCloud

ROUTES = [{"method": "PUT", "path": "/users/", "seconds": 2}, {"path": "/users$", "seconds": 3}, {"seconds": 0.5}]


def _waits(monkeypatch: pytest.MonkeyPatch, *requests: tuple[str, str, bool], **wish: Any) -> tuple[list[float], int]:
    """The seconds that each of ``requests`` waits when all come at the same time, and how many waited at once."""
    waited: list[float] = []
    waiting, most = 0, 0

    async def sleep(seconds: float) -> None:
        nonlocal waiting, most
        waited.append(seconds)
        waiting += 1
        most = max(most, waiting)
        for _ in range(10):
            await pause(0)
        waiting -= 1

    async def all_at_once() -> None:
        delays = Delays()
        delays.set(wish)
        await asyncio.gather(*(delays.wait(method, path, logged_in=new) for method, path, new in requests))

    pause = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", sleep)
    asyncio.run(all_at_once())
    return waited, most


def test_the_first_route_that_matches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log-in comes on top."""
    requests = [("PUT", "/users/anna", False), ("POST", "/users", True), ("GET", "/users/anna", False)]
    assert _waits(monkeypatch, *requests, routes=ROUTES, login=10) == ([2, 13, 0.5], 3)


def test_a_page_takes_as_long_as_it_is_large() -> None:
    """By the limit that the query has; without one nothing is known of its size."""
    waited: list[float] = []

    async def ask() -> None:
        delays = Delays()
        delays.set({"routes": [{"path": "/details$", "seconds": 1, "each": 0.25}]})
        for limit in (0, 4):
            await delays.wait("GET", "/users/details", logged_in=False, limit=limit)

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(asyncio, "sleep", sleep)
        asyncio.run(ask())
    assert waited == [1, 2]


def test_so_many_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others wait for a place."""
    requests = [("GET", "/users/anna", False)] * 5
    assert _waits(monkeypatch, *requests, routes=ROUTES, at_once=2) == ([0.5] * 5, 2)


@pytest.mark.parametrize("wish", [{"log_in": 1}, {"at_once": 0}, {"routes": [{"verb": "GET", "seconds": 1}]}])
def test_nonsense_is_refused(wish: dict[str, Any]) -> None:
    """With a reason, by the control path, too."""
    with pytest.raises((DelaysRefused, TypeError)):
        Delays().set(wish)


def test_a_new_log_in_takes_its_time_once(tmp_path: Path) -> None:
    """The log tells how long each request took: one that brings the session's cookie does not wait."""
    with StandinCloud(tmp_path, admin_password="secret-of-admin") as cloud:
        with pytest.raises(ValueError, match="at_once"):
            cloud.set_delays(at_once=0)
        cloud.set_delays(login=1.5)
        client = Client(cloud)
        client.session.cookies.set("cookie_test", "test")
        for _ in range(2):
            client.call("GET", "user")
        assert [one["seconds"] > 1.5 for one in cloud.requests()] == [True, False]
        cloud.set_delays(routes=[{"path": "/users/details$", "each": 0.5}])
        client.call("GET", "users/details?limit=2")
        assert cloud.requests()[-1]["seconds"] > 1
        cloud.reset()
        client.fresh().call("GET", "user")
        assert cloud.requests()[-1]["seconds"] < 1.5
