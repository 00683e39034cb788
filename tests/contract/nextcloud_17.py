# SPDX-License-Identifier: GPL-3.0-or-later
"""What was recorded from a real Nextcloud 17.0.10: how it is prepared and compared, and what is left out."""

from __future__ import annotations

from typing import Any, ClassVar

from contract import preparation
from contract.nextcloud_31 import NextcloudComparison, NextcloudServer
from contract.recording import Recording, load
from contract.suite import LeftOut, Suite

_WRONG_LOGINS_RECORDED = 18


class Nextcloud17Server(NextcloudServer):
    """A Nextcloud 17."""

    # The recorded administrator had none of their own.
    admin_settings: ClassVar[dict[str, str]] = {}


class Nextcloud17Comparison(NextcloudComparison):
    """One answer of a Nextcloud 17. Its quota differs between servers by what is free on their disks, too."""

    recorded_skeleton = 6264618

    def password_policy(self, shown: dict[str, Any]) -> None:
        """See `NextcloudComparison`; nothing more differs."""

    def quota(self, quota: dict[str, Any]) -> dict[str, Any]:
        """See `OcsComparison`; also as on a server whose default is unlimited."""
        numbers = {name: value if value == "none" else float(value) for name, value in quota.items()}
        if not self.answer.recorded and numbers["quota"] == self.server.default_quota:
            numbers["quota"] = -3.0 if "free" in numbers else "none"
        if self.shift and numbers["used"] >= self.server.skeleton:
            numbers["used"] += self.shift
        if numbers["quota"] == -3:
            return {"quota": -3, "used": numbers["used"], "of the disk": sorted(set(numbers) - {"quota", "used"})}
        return numbers


def _no_mail_server(server: Nextcloud17Server, _recording: Recording) -> None:
    preparation.standin_of(server).break_mails()


_WRONG_LOGINS = "wrong log-ins slow the caller's address down on a real server"

SUITE = Suite(
    product="nextcloud-17",
    variables="NEXTCLOUD",
    releases=range(24),
    recordings=load("nextcloud-17.0.10.jsonl"),
    count=253,
    server=Nextcloud17Server,
    comparable=Nextcloud17Comparison.comparable,
    preparations={
        "user.quota[[]*.set": preparation.create_user_of_path,
        "user.edit.quota.tiny": preparation.create_user_of_path,
        "user.welcome": _no_mail_server,
        "maintenance.status": preparation.begin_maintenance,
        "maintenance.over": preparation.end_maintenance,
        "auth.afterManyFailures": preparation.log_in_wrongly(_WRONG_LOGINS_RECORDED),
    },
    left_out=(
        LeftOut("auth.*", _WRONG_LOGINS),
        LeftOut("maintenance.*", "maintenance mode stops a real server for everybody"),
        LeftOut("user.welcome", "needs a real server without a mail server"),
    ),
)
