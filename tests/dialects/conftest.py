# SPDX-License-Identifier: GPL-3.0-or-later
"""The clouds on which the cases are tried: a stand-in of each product, by its API and by its occ; and the real server
that CLOUD_URL, CLOUD_USER and CLOUD_PASSWORD name, if they do, by its occ as well if NEXTCLOUD_OCC is its command line.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

_COLLECTIONS = str(Path(__file__).resolve().parents[2] / "collections")
if _COLLECTIONS not in sys.path:
    sys.path.insert(0, _COLLECTIONS)

from harness.cloud_server import OCC, CloudServer  # noqa: E402
from harness.over_connection import OverConnection  # noqa: E402
from standins.cloud.process import StandinCloud  # noqa: E402

from dialects.cloud import CloudUnderTest  # noqa: E402
from dialects.local_occ import execute as execute_here  # noqa: E402
from dialects.products import PRODUCTS  # noqa: E402

_VARIABLES = ("CLOUD_URL", "CLOUD_USER", "CLOUD_PASSWORD")
_REAL = "real"
_REAL_BY_OCC = "real by occ"


def _clouds() -> list[str]:
    real = [_REAL] if os.environ.get("CLOUD_URL") else []
    return [*PRODUCTS, *real, *([_REAL_BY_OCC] if real and os.environ.get("NEXTCLOUD_OCC") else [])]


@dataclass(frozen=True)
class Started:
    """A cloud that runs. standin: None for a real one; execute: runs its occ, if that is used; options: of the modules
    then; dialect: None where it is not known beforehand."""

    standin: StandinCloud | None
    execute: Callable[..., dict[str, Any]] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    dialect: str | None = None


@pytest.fixture(scope="session", params=_clouds())
def started(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """A stand-in of one product, or the real server."""
    folder = tmp_path_factory.mktemp(request.param.replace(" ", "-"))
    with ExitStack() as stack:
        if request.param == _REAL:
            yield Started(None)
            return
        (folder / "home").mkdir()
        if request.param == _REAL_BY_OCC:
            local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
            server = stack.enter_context(OverConnection(local, folder / "home"))
            command = shlex.split(os.environ["NEXTCLOUD_OCC"])
            yield Started(None, server.execute, {"transport": "occ", "occ_command": command}, "nextcloud")
            return
        product = PRODUCTS[request.param]
        dialect = request.param.removesuffix(" by occ")
        standin = stack.enter_context(
            StandinCloud(folder, product=product.standin or dialect, admin_password="Admin-of-the-stand-in-1")
        )
        if not product.by_occ:
            yield Started(standin, dialect=dialect)
            return
        occ = standin.install_occ(folder / "occ")
        if not product.over_ssh:
            options = {"transport": "occ", "occ_path": str(occ), "php_path": str(occ.with_name("php"))}
            yield Started(standin, execute_here, options, dialect)
            return
        machine = stack.enter_context(CloudServer(folder / "server", occ))
        machine.serve(standin)
        server = stack.enter_context(OverConnection(machine.variables(kept=True), folder / "home"))
        yield Started(standin, server.execute, {"transport": "occ", "occ_path": str(OCC)}, dialect)


@pytest.fixture
def cloud(started: Started) -> Iterator[CloudUnderTest]:
    """A cloud without accounts of this case; a stand-in is as new."""
    standin, make = started.standin, partial(CloudUnderTest, execute=started.execute, dialect=started.dialect)
    if standin is not None:
        standin.reset()
        found = make(standin.url, standin.admin_user, standin.admin_password, standin)
        standin.clear_requests()
        standin.clear_commands()
        yield found.with_connection(**started.options)
        return
    url, user, password = (os.environ.get(name) for name in _VARIABLES)
    if not (url and user and password):
        pytest.fail(f"all of {', '.join(_VARIABLES)} are needed, or none")
    found = make(url.rstrip("/"), user, password, None).with_connection(**started.options)
    yield found
    found.clean_up()
