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
    so nobody else's account has it. ``perhaps_set``: the account may have the new password already. ``ahead``: the same
    order, when its name was claimed before the batch. ``held``: it was left to wait with its cloud."""

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
    ahead: Work | None = None
    held: bool = False

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
        service = self.ahead.service if self.ahead else self.service
        return service is not None and service.account is not None

    @property
    def claimed_in_vain(self) -> bool:
        """Whether the name was claimed ahead, and still is, for an order that cannot be carried out any more."""
        if self.ahead is None or self.failure is None or self.service is None:
            return False
        assert self.ahead.account is not None
        return self.service.account == self.ahead.account.name

    def take_over_claim(self) -> None:
        """An account that was claimed ahead is new, like one that is claimed now; unless something else is claimed by
        now, which is then what a claim of an earlier attempt is."""
        if self.ahead is None:
            return
        assert self.account is not None
        assert self.ahead.account is not None
        if (self.account.name, self.password) == (self.ahead.account.name, self.ahead.password):
            self.claimed_now = self.new_password = True

    @property
    def opening(self) -> bool:
        return self.request.command == "open"

    @property
    def means(self) -> str:
        """What is asked of the account (see ``account.wish``)."""
        if self.delete_after or self.undecided:
            return "close_retained"
        return self.request.command if self.service is None else meaning(self.request.command, self.service)
