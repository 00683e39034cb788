# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment of the tests' own process."""

from __future__ import annotations

import os


def leave_pytest_out() -> None:
    """Of the environment, which is to be the same for the server and its runs: pytest writes each test's name there."""
    os.environ.pop("PYTEST_CURRENT_TEST", None)
