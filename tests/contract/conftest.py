# SPDX-License-Identifier: GPL-3.0-or-later
"""The server under test: a stand-in, or the real one that NEXTCLOUD_URL, NEXTCLOUD_USER, NEXTCLOUD_PASSWORD name."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from contract.server import Server
from standins.cloud.process import StandinCloud

_VARIABLES = ("NEXTCLOUD_URL", "NEXTCLOUD_USER", "NEXTCLOUD_PASSWORD")


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


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server under test, cleaned before and after."""
    given = {name: os.environ.get(name) for name in _VARIABLES}
    url, user, password = given.values()
    if url and user and password:
        real = Server(url, (user, password), standin=None)
        real.prepare()
        yield real
        real.close()
        return
    if any(given.values()):
        pytest.fail(f"all of {', '.join(_VARIABLES)} are needed, or none")
    password = "Admin-of-the-stand-in-0"
    with StandinCloud(tmp_path_factory.mktemp("cloud"), admin_password=password) as started:
        made = Server(started.url, (started.admin_user, password), standin=started)
        made.prepare()
        yield made
        made.close()
