# SPDX-License-Identifier: GPL-3.0-or-later
"""The clouds on which the cases are tried: a stand-in of each product, and the real server that CLOUD_URL, CLOUD_USER
and CLOUD_PASSWORD name, if they do."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

_COLLECTIONS = str(Path(__file__).resolve().parents[2] / "collections")
if _COLLECTIONS not in sys.path:
    sys.path.insert(0, _COLLECTIONS)

from harness.cloud_server import CloudServer  # noqa: E402
from harness.over_connection import OverConnection  # noqa: E402
from standins.cloud.process import StandinCloud  # noqa: E402

from dialects.cloud import CloudUnderTest  # noqa: E402
from dialects.products import PRODUCTS  # noqa: E402

_VARIABLES = ("CLOUD_URL", "CLOUD_USER", "CLOUD_PASSWORD")
_REAL = "real"


def _clouds() -> list[str]:
    return [*PRODUCTS, *([_REAL] if os.environ.get("CLOUD_URL") else [])]


@dataclass(frozen=True)
class Started:
    """A stand-in that runs, its dialect, and if its occ is used, the connection to its server."""

    standin: StandinCloud
    server: OverConnection | None
    dialect: str


@pytest.fixture(scope="session", params=_clouds())
def started(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started | None]:
    """A stand-in of one product; None for the real server."""
    if request.param == _REAL:
        yield None
        return
    folder = tmp_path_factory.mktemp(request.param.replace(" ", "-"))
    product = PRODUCTS[request.param]
    with ExitStack() as stack:
        standin = stack.enter_context(
            StandinCloud(folder, product=product.standin or request.param, admin_password="Admin-of-the-stand-in-1")
        )
        server = None
        if product.by_occ:
            machine = stack.enter_context(CloudServer(folder / "server", standin.install_occ(folder / "occ")))
            machine.serve(standin)
            (folder / "home").mkdir()
            server = stack.enter_context(OverConnection(machine.variables(kept=True), folder / "home"))
        yield Started(standin, server, request.param.removesuffix(" by occ"))


@pytest.fixture
def cloud(started: Started | None) -> Iterator[CloudUnderTest]:
    """A cloud without accounts of this case; a stand-in is as new."""
    if started is not None:
        standin = started.standin
        standin.reset()
        cloud = CloudUnderTest(
            standin.url,
            standin.admin_user,
            standin.admin_password,
            standin,
            server=started.server,
            dialect=started.dialect,
        )
        standin.clear_requests()
        standin.clear_commands()
        yield cloud
        return
    url, user, password = (os.environ.get(name) for name in _VARIABLES)
    if not (url and user and password):
        pytest.fail(f"all of {', '.join(_VARIABLES)} are needed, or none")
    cloud = CloudUnderTest(url.rstrip("/"), user, password, None)
    yield cloud
    cloud.clean_up()
