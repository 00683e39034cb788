# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server tells about itself, and what is left of OCS: status.php, capabilities, the own account.

The provisioning API of OCS is not there. Only JSON (`format=json`) is given.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from standins.cloud.ocs import Answer
from standins.cloud.opencloud.errors import JSON_HEADERS, NO_PAGE, PRODUCT_VERSION, TEXT_HEADERS, VERSION
from standins.cloud.opencloud.state import Cloud, User

_CAPABILITIES = json.loads((Path(__file__).parent / "capabilities.json").read_text(encoding="utf-8"))
_STATUS = {
    "installed": True,
    "maintenance": False,
    "needsDbUpgrade": False,
    "version": f"{VERSION}.0",
    "versionstring": VERSION,
    "edition": "Community",
    "productname": "OpenCloud",
    "product": "OpenCloud",
    "productversion": PRODUCT_VERSION,
}


def status_page() -> Answer:
    """status.php, which needs no log-in."""
    return Answer(200, json.dumps(_STATUS, indent=4).encode(), dict(JSON_HEADERS))


def is_public(path: tuple[str, ...]) -> bool:
    """True for what of OCS needs no log-in: the capabilities of version 1 (proxy/pkg/middleware/authentication.go)."""
    return path == ("v1.php", "cloud", "capabilities")


def ocs_answer(path: tuple[str, ...], cloud: Cloud, acting: User | None) -> Answer:
    """The answer to a path below ocs. acting: None only where `is_public`."""
    version = "".join(path[:1]).removeprefix("v").removesuffix(".php")
    headers = {"Ocs-Api-Version": version}
    if path[1:] == ("cloud", "capabilities"):
        return _envelope(version, _capabilities(cloud), headers)
    if path[1:] == ("cloud", "user") and acting is not None:
        shown = {"id": acting.name, "display-name": acting.display_name, "email": acting.mail or ""}
        return _envelope(version, shown | {"user-type": "primary"}, headers)
    return Answer(404, NO_PAGE, TEXT_HEADERS | headers)


def _capabilities(cloud: Cloud) -> Any:
    shown = _CAPABILITIES["capabilities"]
    spaces = shown["spaces"] | {"max_quota": cloud.settings.max_quota}
    # From source: services/frontend/pkg/revaconfig/config.go.
    read_only = cloud.settings.directory_read_only
    users = shown["graph"]["users"] | {"create_disabled": read_only, "delete_disabled": read_only}
    graph = shown["graph"] | {"users": users}
    return _CAPABILITIES | {"capabilities": shown | {"spaces": spaces, "graph": graph}}


def _envelope(version: str, data: Any, headers: dict[str, str]) -> Answer:
    meta = {"status": "ok", "statuscode": 100 if version == "1" else 200, "message": "OK"}
    body = json.dumps({"ocs": {"meta": meta, "data": data}}, ensure_ascii=False, separators=(",", ":"))
    return Answer(200, body.encode(), {"Content-Type": "application/json; charset=utf-8"} | headers)
