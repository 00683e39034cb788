# SPDX-License-Identifier: GPL-3.0-or-later
"""The mails that the cloud would send. None leaves this process."""

from __future__ import annotations

from typing import Any

from standins.cloud.clock import Clock


class MailFailed(Exception):
    """The mail server does not take the mail, or there is none."""


class Mails:
    """Mails to new accounts, oldest first. works: False makes every mail fail."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sent: list[dict[str, Any]] = []
        self.works = True

    def send_welcome(self, account_id: str, address: str, *, with_link: bool) -> None:
        """Note a welcome mail. with_link: it lets the reader set a password. Raises MailFailed."""
        if not self.works:
            raise MailFailed(address)
        self._sent.append({"time": self._clock.now(), "account": account_id, "to": address, "with_link": with_link})

    def sent(self) -> list[dict[str, Any]]:
        """All mails so far: time, account, to, with_link."""
        return list(self._sent)
