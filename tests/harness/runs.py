# SPDX-License-Identifier: GPL-3.0-or-later
"""A run as the bridge sends it to a worker host, and an event that comes back."""

from __future__ import annotations

from typing import Any

from bill_nextcloud.runs.run import Run

SECRET = "hunter2-geheim"
EVENT: dict[str, Any] = {
    "event": "playbook_on_stats",
    "counter": 1,
    "uuid": "a-1",
    "stdout": "PLAY RECAP",
    "event_data": {},
}


def one_run(**changes: Any) -> Run:
    """A run with ``SECRET`` as the password of a new account; ``changes``: other fields of ``Run``."""
    fields: dict[str, Any] = {
        "ident": "0" * 32,
        "cloud": 3,
        "playbook": "accounts",
        "accounts": [{"name": "user_1"}],
        "passwords": {"user_1": SECRET},
        "timeout": 60,
    }
    return Run(**{**fields, **changes})
