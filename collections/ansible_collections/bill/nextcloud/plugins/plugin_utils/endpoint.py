# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The address of a cloud."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError


@dataclass(frozen=True)
class Endpoint:
    """Where a cloud is, and how its certificate is verified."""

    base: str
    """``https://host[:port][/path]``, without a slash at the end."""
    verify: bool | str
    """True, or the path of a CA file or directory."""

    @classmethod
    def parse(cls, url: str, ca_path: str | None) -> Endpoint:
        """Check an address.

        :raises CloudError: ``invalid_url``; ``certificate_not_verified`` when ``ca_path`` cannot be read.
        """
        try:
            parts = urlsplit(url)
            parts.port  # noqa: B018 - raises when it is not a number
            if ":" not in (parts.hostname or ""):
                (parts.hostname or "").encode("idna")  # raises for an empty or too long part of the name
        except ValueError as error:
            raise CloudError("invalid_url", f"{error}.") from error
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise CloudError("invalid_url", "It does not begin with https:// (or http://) and a host.")
        if "@" in parts.netloc or "?" in url or "#" in url or any(c.isspace() or not c.isprintable() for c in url):
            raise CloudError("invalid_url", "It holds a user, a query, a fragment or a space.")
        if ca_path and not os.access(ca_path, os.R_OK):
            raise CloudError("certificate_not_verified", f"ca_path {ca_path} cannot be read.")
        return cls("{}://{}{}".format(parts.scheme, parts.netloc, parts.path.rstrip("/")), ca_path or True)

    def url(self, path: str) -> str:
        """Return the whole address of a path below the cloud's root."""
        return self.base + path

    def path(self, path: str) -> str:
        """Return the same without scheme and host, for messages."""
        return urlsplit(self.base).path + path

    @property
    def clear_text_warning(self) -> str | None:
        """A warning when passwords would travel readable through a network."""
        parts = urlsplit(self.base)
        if parts.scheme == "https" or _is_loopback(parts.hostname or ""):
            return None
        return f"api_url is http://: the administrator's password travels unencrypted to {parts.hostname}"

    def redirect_target(self, location: str) -> str:
        """Return where a redirect points to: scheme, host and path only, as the rest may hold a token."""
        try:
            target = urlsplit(urljoin(self.base + "/", location))
            return "{}://{}{}".format(target.scheme, target.netloc.rpartition("@")[2], target.path)
        except ValueError:
            return "an address that cannot be read"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
