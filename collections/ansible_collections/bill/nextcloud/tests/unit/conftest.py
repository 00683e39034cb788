# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the collection importable and gives every test a cloud, or its occ, that answers by script."""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

import pytest

_COLLECTIONS = str(Path(__file__).resolve().parents[5])
if _COLLECTIONS not in sys.path:
    sys.path.insert(0, _COLLECTIONS)

from ansible_collections.bill.nextcloud.tests.unit.scripted import ScriptedCloud  # noqa: E402
from ansible_collections.bill.nextcloud.tests.unit.scripted_occ import ScriptedOcc  # noqa: E402


@pytest.fixture
def cloud() -> t.Iterator[ScriptedCloud]:
    """A cloud that expects exactly the scripted requests; a request too many, too few or different fails the test."""
    with ScriptedCloud() as server:
        yield server
    server.check()


@pytest.fixture
def cloud_below_path() -> t.Iterator[ScriptedCloud]:
    """The same below the path /cloud."""
    with ScriptedCloud(base_path="/cloud") as server:
        yield server
    server.check()


@pytest.fixture
def occ() -> t.Iterator[ScriptedOcc]:
    """A server whose occ is given exactly the scripted commands; one too many, too few or different fails the test."""
    server = ScriptedOcc()
    yield server
    server.check()
