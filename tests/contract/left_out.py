# SPDX-License-Identifier: GPL-3.0-or-later
"""What is not replayed, and why: the one table.

Patterns are those of fnmatch. Against the stand-in everything is replayed. "real server only": left out when the
suite runs against a real server.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import NamedTuple


class LeftOut(NamedTuple):
    """A pattern of recording names, the reason, and whether it holds on a real server only."""

    pattern: str
    reason: str
    real_server_only: bool


_WRONG_LOGINS = "wrong log-ins lock the caller's address on a real server"
LEFT_OUT = (
    LeftOut("auth.wrongPassword*", _WRONG_LOGINS, real_server_only=True),
    LeftOut("auth.unknownUser", _WRONG_LOGINS, real_server_only=True),
    LeftOut("auth.right.afterWrong", _WRONG_LOGINS, real_server_only=True),
    LeftOut("auth.bruteforce.*", _WRONG_LOGINS, real_server_only=True),
    LeftOut("auth.appPassword.wrong", _WRONG_LOGINS, real_server_only=True),
    LeftOut("maintenance.*", "maintenance mode stops a real server for everybody", real_server_only=True),
    LeftOut("session.after30min.*", "takes 30 minutes on a real server", real_server_only=True),
    LeftOut("user.welcome", "needs a mail server behind the real server", real_server_only=True),
)


def reason_to_leave_out(name: str, *, real_server: bool) -> str | None:
    """Why the recording is not replayed against this kind of server; None when it is."""
    for entry in LEFT_OUT:
        if fnmatchcase(name, entry.pattern) and (real_server or not entry.real_server_only):
            return entry.reason
    return None
