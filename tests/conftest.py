# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes tests/ importable, so that every test reaches the stand-ins as `standins.<name>`."""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = str(Path(__file__).resolve().parent)
if TESTS not in sys.path:
    sys.path.insert(0, TESTS)

from harness import tmpfs  # noqa: E402


def pytest_sessionstart() -> None:
    """Tests that were killed have cleaned nothing up."""
    tmpfs.remove_abandoned()
