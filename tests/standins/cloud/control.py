# SPDX-License-Identifier: GPL-3.0-or-later
"""The paths by which a test steers the stand-in. They lie below /standin/ and need no log-in (loopback only)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from standins.cloud.faults import FaultRefused
from standins.cloud.quota import QuotaBreaks, QuotaRefused
from standins.cloud.seeds import SeedRefused, seed

if TYPE_CHECKING:
    from standins.cloud.app import Standin


def routes(standin: Standin) -> list[web.RouteDef]:
    """POST reset, POST and DELETE faults, POST clock, GET and DELETE requests, GET arrivals, DELETE login_attempts,
    POST accounts (`seeds.Seed`), POST app_config ({app: {key: text or null}}), GET mails, POST mails ({"works": …})."""

    async def order_fault(request: web.Request) -> web.Response:
        try:
            standin.faults.order(await request.json())
        except (FaultRefused, ValueError, TypeError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({})

    async def clear_faults(_request: web.Request) -> web.Response:
        standin.faults.clear()
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

    async def forget_attempts(_request: web.Request) -> web.Response:
        standin.authenticator.throttle.reset()
        return web.json_response({})

    async def reset(_request: web.Request) -> web.Response:
        standin.reset()
        return web.json_response({})

    async def make_accounts(request: web.Request) -> web.Response:
        try:
            made = seed(standin.cloud, await request.json())
        except (SeedRefused, QuotaRefused, QuotaBreaks, ValueError, TypeError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({"created": made})

    async def set_app_config(request: web.Request) -> web.Response:
        wish = [(app, key, value) for app, values in (await request.json()).items() for key, value in values.items()]
        if not all(value is None or isinstance(value, str) for _, _, value in wish):
            return web.json_response({"error": "a value must be a text, or null"}, status=400)
        for app, key, value in wish:
            standin.cloud.config.set(app, key, value)
        return web.json_response({})

    async def mails(_request: web.Request) -> web.Response:
        return web.json_response(standin.cloud.mails.sent())

    async def set_mails(request: web.Request) -> web.Response:
        standin.cloud.mails.works = bool((await request.json())["works"])
        return web.json_response({})

    return [
        web.post("/standin/accounts", make_accounts),
        web.post("/standin/app_config", set_app_config),
        web.get("/standin/mails", mails),
        web.post("/standin/mails", set_mails),
        web.post("/standin/reset", reset),
        web.post("/standin/faults", order_fault),
        web.delete("/standin/faults", clear_faults),
        web.post("/standin/clock", advance_clock),
        web.get("/standin/requests", requests),
        web.get("/standin/arrivals", arrivals),
        web.delete("/standin/requests", clear_requests),
        web.delete("/standin/login_attempts", forget_attempts),
    ]
