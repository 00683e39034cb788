# SPDX-License-Identifier: GPL-3.0-or-later
"""The paths by which a test steers the stand-in. They lie below /standin/ and need no log-in (loopback only)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from standins.cloud.delays import DelaysRefused
from standins.cloud.faults import FaultRefused, Faults
from standins.cloud.occ.faults import OccFaults
from standins.cloud.product import ControlRefused

if TYPE_CHECKING:
    from standins.cloud.app import Standin

Handler = Callable[[web.Request], Awaitable[web.Response]]


def routes(standin: Standin) -> list[web.RouteDef]:
    """GET occ?directory=… (what `occ.installation` has to know), GET and DELETE commands (of occ), POST and DELETE
    command_faults, POST reset, POST and DELETE faults, PUT delays (`delays.Delays.set`), POST clock, GET and DELETE
    requests, GET arrivals, DELETE login_attempts, POST accounts (`seeds.Seed`), POST app_config ({app: {key: text or
    null}}), GET mails, POST mails ({"works": …}).
    """

    def order_fault(faults: Callable[[], Faults | OccFaults]) -> Handler:
        async def order(request: web.Request) -> web.Response:
            try:
                faults().order(await request.json())
            except (FaultRefused, ValueError, TypeError) as error:
                return web.json_response({"error": str(error)}, status=400)
            return web.json_response({})

        return order

    def clear_faults(faults: Callable[[], Faults | OccFaults]) -> Handler:
        async def clear(_request: web.Request) -> web.Response:
            faults().clear()
            return web.json_response({})

        return clear

    async def set_delays(request: web.Request) -> web.Response:
        try:
            standin.delays.set(await request.json())
        except (DelaysRefused, ValueError, TypeError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({})

    async def advance_clock(request: web.Request) -> web.Response:
        standin.clock.advance(float((await request.json())["advance_seconds"]))
        return web.json_response({"now": standin.clock.now()})

    async def requests(_request: web.Request) -> web.Response:
        return web.json_response(standin.log.entries())

    async def arrivals(_request: web.Request) -> web.Response:
        return web.json_response(standin.log.arrivals())

    async def clear_requests(_request: web.Request) -> web.Response:
        standin.log.clear()
        return web.json_response({})

    async def reset(_request: web.Request) -> web.Response:
        standin.reset()
        return web.json_response({})

    async def describe_occ(request: web.Request) -> web.Response:
        try:
            base_url = f"{standin.config.scheme}://{request.host}{standin.config.base_path}"
            return web.json_response(await standin.occ.describe(base_url, Path(request.query["directory"])))
        except ControlRefused as error:
            return web.json_response({"error": str(error)}, status=400)

    async def commands(_request: web.Request) -> web.Response:
        return web.json_response(standin.occ.entries())

    async def clear_commands(_request: web.Request) -> web.Response:
        standin.occ.clear()
        return web.json_response({})

    def steered(action: str) -> Handler:
        async def steer(request: web.Request) -> web.Response:
            try:
                done = standin.product.control(action, await request.json() if request.can_read_body else None)
            except (ControlRefused, ValueError, TypeError, KeyError) as error:
                return web.json_response({"error": str(error)}, status=400)
            return web.json_response(done)

        return steer

    return [
        web.get("/standin/occ", describe_occ),
        web.get("/standin/commands", commands),
        web.delete("/standin/commands", clear_commands),
        web.post("/standin/command_faults", order_fault(lambda: standin.occ.faults)),
        web.delete("/standin/command_faults", clear_faults(lambda: standin.occ.faults)),
        web.post("/standin/accounts", steered("accounts")),
        web.post("/standin/app_config", steered("app_config")),
        web.get("/standin/mails", steered("mails")),
        web.post("/standin/mails", steered("break_mails")),
        web.post("/standin/reset", reset),
        web.post("/standin/faults", order_fault(lambda: standin.faults)),
        web.delete("/standin/faults", clear_faults(lambda: standin.faults)),
        web.put("/standin/delays", set_delays),
        web.post("/standin/clock", advance_clock),
        web.get("/standin/requests", requests),
        web.get("/standin/arrivals", arrivals),
        web.delete("/standin/requests", clear_requests),
        web.delete("/standin/login_attempts", steered("forget_login_attempts")),
    ]
