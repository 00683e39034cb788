# SPDX-License-Identifier: GPL-3.0-or-later
"""A call of the module as it comes over the bridge's socket."""

from __future__ import annotations

import json
from typing import Any


def line(**values: Any) -> bytes:
    """A call as the module sends it."""
    return json.dumps({"command": "open", "item": "12", "runningoperation": "7", **values}).encode() + b"\n"
