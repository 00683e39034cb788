# SPDX-License-Identifier: GPL-3.0-or-later
"""The clouds on which the cases are tried: a stand-in of each product, and the real server that CLOUD_URL, CLOUD_USER
and CLOUD_PASSWORD name, if they do."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_COLLECTIONS = str(Path(__file__).resolve().parents[2] / "collections")
if _COLLECTIONS not in sys.path:
    sys.path.insert(0, _COLLECTIONS)

from standins.cloud.process import StandinCloud  # noqa: E402

from dialects.cloud import CloudUnderTest  # noqa: E402
from dialects.products import PRODUCTS  # noqa: E402

_VARIABLES = ("CLOUD_URL", "CLOUD_USER", "CLOUD_PASSWORD")
_REAL = "real"


def _clouds() -> list[str]:
    return [*PRODUCTS, *([_REAL] if os.environ.get("CLOUD_URL") else [])]


@pytest.fixture(scope="session", params=_clouds())
def started(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandinCloud | None]:
    """A stand-in of one product; None for the real server."""
    if request.param == _REAL:
        yield None
        return
    folder = tmp_path_factory.mktemp(request.param)
    product = PRODUCTS[request.param].standin or request.param
    with StandinCloud(folder, product=product, admin_password="Admin-of-the-stand-in-1") as standin:
        yield standin


@pytest.fixture
def cloud(started: StandinCloud | None) -> Iterator[CloudUnderTest]:
    """A cloud without accounts of this case; a stand-in is as new."""
    if started is not None:
        started.reset()
        cloud = CloudUnderTest(started.url, started.admin_user, started.admin_password, started)
        started.clear_requests()
        yield cloud
        return
    url, user, password = (os.environ.get(name) for name in _VARIABLES)
    if not (url and user and password):
        pytest.fail(f"all of {', '.join(_VARIABLES)} are needed, or none")
    cloud = CloudUnderTest(url.rstrip("/"), user, password, None)
    yield cloud
    cloud.clean_up()
