# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the collection importable, so that its tasks run in the tests' own process."""

from __future__ import annotations

import sys
from pathlib import Path

COLLECTIONS = str(Path(__file__).resolve().parents[2] / "collections")
if COLLECTIONS not in sys.path:
    sys.path.insert(0, COLLECTIONS)
