# SPDX-License-Identifier: GPL-3.0-or-later
"""One request on its way through a batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bill_nextcloud.account import Account
from bill_nextcloud.billmanager.service import Service
from bill_nextcloud.errors import Failure
from bill_nextcloud.request import Request, meaning


@dataclass
class Work:
    """One request on its way through a batch. ``undecided``: why it is not known whether the account of a closed
    service is kept; it is disabled all the same. ``new_password``: it was made a moment ago,
    so nobody else's account has it. ``perhaps_set``: the account may have the new password already."""

    request: Request
    service: Service | None = None
    account: Account | None = None
    password: str | None = None
    new_password: bool = False
    perhaps_set: bool = False
    unclaimed: bool = False
    claimed_now: bool = False
    failure: Failure | None = None
    run: str | None = None
    wish: dict[str, Any] | None = None
    result: dict[str, Any] = field(default_factory=dict)
    delete_after: str | None = None
    undecided: Failure | None = None
    dropped: str | None = None

    @property
    def open(self) -> bool:
        return self.failure is None and self.account is not None

    @property
    def confirmed(self) -> bool:
        """Whether the account was seen as ours before."""
        return self.service is not None and self.service.confirmed

    @property
    def typed(self) -> bool:
        """Whether the account's name stood in the order."""
        return self.service is not None and self.service.account is not None

    @property
    def opening(self) -> bool:
        return self.request.command == "open"

    @property
    def means(self) -> str:
        """What is asked of the account (see ``account.wish``)."""
        if self.delete_after or self.undecided:
            return "close_retained"
        return self.request.command if self.service is None else meaning(self.request.command, self.service)
