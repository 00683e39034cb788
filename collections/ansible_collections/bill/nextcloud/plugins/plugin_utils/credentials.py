# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose log-in a request carries."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

with contextlib.suppress(ImportError):  # see deadline.MISSING_LIBRARY
    from requests.auth import AuthBase, HTTPBasicAuth


@dataclass(frozen=True)
class Password:
    """A name and its password, or an app password or app token in its place; sent as Basic authentication."""

    username: str
    password: str = field(repr=False)

    def auth(self) -> AuthBase:
        """Return what signs a request."""
        return HTTPBasicAuth(self.username.encode(), self.password.encode())  # text would be sent as Latin-1


Credentials = Password
