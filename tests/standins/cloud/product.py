# SPDX-License-Identifier: GPL-3.0-or-later
"""What a product is to the stand-in: the part that answers as one of the recorded servers does.

Faults, the log, the clock and the control paths are the same for every product.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qsl

from standins.cloud.faults import Fault
from standins.cloud.occ.application import Application
from standins.cloud.ocs import Answer


@dataclass(frozen=True)
class HttpRequest:
    """One request to the cloud. segments: of the path below the cloud's own, decoded; query: as it was sent;
    credentials: of Basic auth; address: the caller's; base_url: the cloud's address as this caller names it."""

    method: str
    segments: tuple[str, ...]
    query: str
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    credentials: tuple[str, str] | None
    address: str
    body: bytes
    base_url: str

    @property
    def ocs_version(self) -> int:
        """Version of the OCS API that the path names; 2 for other paths."""
        return 1 if self.segments[:2] == ("ocs", "v1.php") else 2

    @property
    def wants_json(self) -> bool:
        """True when the query asks for JSON."""
        return dict(parse_qsl(self.query)).get("format") == "json"


class ControlRefused(Exception):
    """This product has nothing of the kind that a test wants to steer."""


class Product(Protocol):
    """One kind of server, with all that it holds. occ: its administrators' command; None: it has none."""

    occ: Application | None

    def answer(self, request: HttpRequest) -> tuple[Answer, Sequence[str]]:
        """The answer, and the cookies that it sets (values of Set-Cookie)."""

    def refusal(self, fault: Fault, request: HttpRequest) -> Answer | None:
        """The answer to a request that is not worked on because of a fault of the kinds `maintenance`,
        `not_permitted` or `status` with an `ocs_code`; None: this product has no such answer, and works."""

    def control(self, action: str, wish: Any) -> Any:
        """Steer it: `accounts` (seeds), `app_config`, `mails`, `break_mails`, `forget_login_attempts`. Raises
        ControlRefused, ValueError or TypeError for what makes no sense here."""
