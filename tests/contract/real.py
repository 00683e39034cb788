# SPDX-License-Identifier: GPL-3.0-or-later
"""Which recordings a real server is held to: its release decides."""

from __future__ import annotations

import os
from typing import Any

import pytest
import requests
from contract.suite import Suite


def skip_other_releases(suite: Suite[Any]) -> None:
    """To be called by a test module: skips it, with a reason, when the environment names a real server of a release
    that other recordings are for."""
    url = os.environ.get(f"{suite.variables}_URL")
    if not url:
        return
    version = requests.get(f"{url.rstrip('/')}/status.php", timeout=60).json()["version"]
    if int(version.partition(".")[0]) not in suite.releases:
        reason = f"{suite.variables}_URL is of version {version}, which other recordings are for"
        pytest.skip(reason, allow_module_level=True)
