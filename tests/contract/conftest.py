# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers under test: stand-ins, or real ones that the environment names (NEXTCLOUD_URL, NEXTCLOUD_USER,
NEXTCLOUD_PASSWORD, and so for each product: `Suite.variables`)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from contract.server import Server
from contract.suite import Suite
from standins.cloud.process import StandinCloud


@pytest.fixture(scope="session")
def _started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandinCloud]:
    folder = tmp_path_factory.mktemp("standin")
    with StandinCloud(folder, admin_password="Admin-of-the-stand-in-1", base_path="/cloud") as started:
        yield started


@pytest.fixture
def standin(_started: StandinCloud) -> StandinCloud:
    """A stand-in below a path, as new."""
    _started.reset()
    _started.clear_requests()
    return _started


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server under test of the module's SUITE, cleaned before and after."""
    suite: Suite[Any] = request.module.SUITE
    variables = [f"{suite.variables}_{name}" for name in ("URL", "USER", "PASSWORD")]
    url, user, password = (os.environ.get(name) for name in variables)
    with ExitStack() as stack:
        standin = None
        if not (url or user or password):
            settings = {"product": suite.product, "admin_password": "Admin-of-the-stand-in-0"}
            standin = stack.enter_context(StandinCloud(tmp_path_factory.mktemp("cloud"), **settings))
            url, user, password = standin.url, standin.admin_user, standin.admin_password
        if not (url and user and password):
            pytest.fail(f"all of {', '.join(variables)} are needed, or none")
        under_test: Server = suite.server(url, (user, password), standin)
        under_test.prepare()
        yield under_test
        under_test.close()
