# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes tests/ importable, so that every test reaches the stand-ins as `standins.<name>`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = str(Path(__file__).resolve().parent)
if TESTS not in sys.path:
    sys.path.insert(0, TESTS)

from harness import tmpfs  # noqa: E402
from harness.database_server import NotInstalled  # noqa: E402
from harness.postgresql import PostgreSQL  # noqa: E402


def pytest_sessionstart() -> None:
    """Tests that were killed have cleaned nothing up."""
    tmpfs.remove_abandoned()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server. Where none is installed the test is skipped, with REQUIRE_POSTGRESQL it fails."""
    try:
        server = PostgreSQL()
    except NotInstalled as error:
        if os.environ.get("REQUIRE_POSTGRESQL"):
            raise
        pytest.skip(str(error))
    with server:
        yield server
