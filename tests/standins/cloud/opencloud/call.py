# SPDX-License-Identifier: GPL-3.0-or-later
"""One LibreGraph call after authentication."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from standins.cloud.opencloud import gojson
from standins.cloud.opencloud.errors import GraphError, invalid, not_found
from standins.cloud.opencloud.state import Cloud, Group, User


@dataclass(frozen=True)
class Call:
    """names: what stands in the path where the route has a name of its own ("users/*/drive")."""

    cloud: Cloud
    acting: User
    names: tuple[str, ...]
    query: Mapping[str, str]
    body: bytes
    base_url: str

    @property
    def is_admin(self) -> bool:
        """True when the acting account may manage accounts."""
        return self.cloud.is_admin(self.acting)

    def read_body(self, shape: gojson.Shape, what: str = "invalid request body: ") -> dict[str, Any]:
        """The body's members. Raises GraphError 400, its message beginning with `what`."""
        try:
            return gojson.read(self.body, shape)
        except gojson.BodyRefused as error:
            raise invalid(f"{what}{error}") from error

    def user(self) -> User:
        """The account that the path names by id or user name. Raises GraphError 404."""
        user = self.cloud.find_user(self.names[0])
        if user is None:
            raise not_found()
        return user

    def group(self) -> Group:
        """The group that the path names by id or name. Raises GraphError 404."""
        group = self.cloud.find_group(self.names[0])
        if group is None:
            raise not_found()
        return group

    def require_writable(self) -> None:
        """Raise GraphError 405 where accounts and groups are kept elsewhere (services/graph/pkg/identity)."""
        if self.cloud.settings.directory_read_only:
            raise GraphError(405, "server is configured read-only")
