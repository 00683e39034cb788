# SPDX-License-Identifier: GPL-3.0-or-later
"""ownCloud's log-in: no wrong one slows a caller down, and example files are copied whatever the quota is."""

from __future__ import annotations

from standins.cloud.account import Account
from standins.cloud.auth import Authenticator, Throttle
from standins.cloud.clock import Clock
from standins.cloud.state import Cloud

# What the example files of a new account weigh on the recorded server.
SKELETON_BYTES = 4688555


class _NoThrottle(Throttle):
    """The app brute_force_protection is not there."""

    def check(self, address: str) -> None:
        """Nobody is blocked."""


class OwnCloudAuthenticator(Authenticator):
    """See the module."""

    def __init__(self, cloud: Cloud, clock: Clock) -> None:
        super().__init__(cloud, clock)
        self.throttle = _NoThrottle(clock)

    def account(self, credentials: tuple[str, str] | None, address: str) -> Account | None:
        """Log in; None without credentials. Raises WrongLogin and AccountDisabled."""
        login = self.login({}, credentials, address)
        return login.account if login else None

    def _copy_skeleton(self, account: Account) -> None:
        account.files.skeleton = SKELETON_BYTES
