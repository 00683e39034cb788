# SPDX-License-Identifier: GPL-3.0-or-later
"""What an ownCloud tells about itself: status.php and the capabilities."""

from __future__ import annotations

import json
from typing import Any

from standins.cloud.ocs import Answer
from standins.cloud.owncloud.passwords import requirements
from standins.cloud.request import Call


def _status(maintenance: bool) -> dict[str, Any]:
    return {
        "installed": True,
        "maintenance": maintenance,
        "needsDbUpgrade": False,
        "version": "10.15.2.0",
        "versionstring": "10.15.2",
        "edition": "Community",
        "productname": "ownCloud",
        "product": "ownCloud",
    }


def status_page(maintenance: bool) -> Answer:
    """status.php, which needs no log-in and answers 200 in maintenance as well."""
    headers = {"Content-Type": "application/json", "Access-Control-Allow-Origin": "*"}
    return Answer(200, json.dumps(_status(maintenance), separators=(",", ":")).encode(), headers)


def capabilities(call: Call) -> dict[str, Any]:
    """GET capabilities, as far as clients that manage accounts read them."""
    core = {
        "pollinterval": 30000,
        "webdav-root": "remote.php/webdav",
        "status": _status(maintenance=False),
        "support-url-signing": True,
    }
    version = {
        "major": 10,
        "minor": 15,
        "micro": 2,
        "string": "10.15.2",
        "edition": "Community",
        "product": "ownCloud",
    }
    return {"version": version, "capabilities": {"core": core, **requirements(call.cloud.config)}}
