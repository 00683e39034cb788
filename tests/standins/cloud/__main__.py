# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the stand-in cloud: `python tests/standins/cloud --config FILE`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import ssl
import sys
from pathlib import Path

_PARENT = os.getppid()  # read before the slow imports, see end_with_parent
# Started as a folder, Python puts that folder itself in front; the package is found two levels up.
_HERE = Path(__file__).resolve().parent
sys.path[:] = [str(_HERE.parents[1]), *(entry for entry in sys.path if Path(entry).resolve() != _HERE)]

from aiohttp import web  # noqa: E402

from standins.cloud.app import Standin  # noqa: E402
from standins.cloud.config import Config, ConfigError, load  # noqa: E402
from standins.cloud.lifetime import end_with_parent  # noqa: E402
from standins.cloud.products import PRODUCTS  # noqa: E402


async def serve(config: Config) -> None:
    """Answer requests on the loopback address until SIGTERM or SIGINT. Prints the address as one JSON line."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    end_with_parent(_PARENT)
    context = None
    if config.tls_certificate and config.tls_key:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(config.tls_certificate, config.tls_key)
    runner = web.AppRunner(Standin(config).application(), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", config.port, ssl_context=context, backlog=512)
        await site.start()
        port = runner.addresses[0][1]
        print(json.dumps({"url": f"{config.scheme}://127.0.0.1:{port}{config.base_path}"}), flush=True)
        await stop.wait()
    finally:
        await runner.cleanup()  # waits shutdown_timeout seconds for requests that a fault holds, then cuts them


def main() -> int:
    """Read the configuration and serve. 2 when the configuration cannot be used."""
    parser = argparse.ArgumentParser(prog="cloud", description="A stand-in that answers as a recorded server does.")
    parser.add_argument("--config", required=True, type=Path, help="JSON file, mode 0600")
    try:
        config = load(parser.parse_args().config, PRODUCTS)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    asyncio.run(serve(config))
    return 0


if __name__ == "__main__":
    sys.exit(main())
