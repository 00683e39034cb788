# SPDX-License-Identifier: GPL-3.0-or-later
"""What recordings need that was made by calls nobody recorded: a table from recording to preparation."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from urllib.parse import unquote

from contract.recording import Recording
from contract.server import Server
from standins.cloud.process import StandinCloud

_LIMITED_EDITS = 50


def _create_user_of_path(server: Server, recording: Recording) -> None:
    server.create_user(unquote(recording.path.rpartition("/")[2]))


def _use_up_edits(server: Server, _recording: Recording) -> None:
    """Fifty edits by a new admin; the last leaves 50 GB."""
    server.create_user("rec-rl")
    limited = server.new_admin()
    for number in range(1, _LIMITED_EDITS + 1):
        server.setup("PUT", "/cloud/users/rec-rl", auth=limited, form={"key": "quota", "value": f"{number} GB"})


def _new_admin(server: Server, _recording: Recording) -> None:
    server.new_admin()


def _standin(server: Server) -> StandinCloud:
    """The stand-in; the recordings that need it are left out on a real server."""
    assert server.standin is not None
    return server.standin


def _begin_maintenance(server: Server, _recording: Recording) -> None:
    _standin(server).fault("maintenance")


def _end_maintenance(server: Server, _recording: Recording) -> None:
    _standin(server).clear_faults()
    server.remove_everything(with_admins=False)


def _log_in_wrongly(server: Server, _recording: Recording) -> None:
    _standin(server)
    for _ in range(11):
        server.send("GET", "/ocs/v2.php/cloud/users", auth=("rec-nobody", "wrong"), headers={"OCS-APIRequest": "true"})


def _forget_attempts(server: Server, _recording: Recording) -> None:
    _standin(server).forget_login_attempts()


def _app_password(server: Server, _recording: Recording) -> None:
    server.remove_everything(with_admins=False)
    server.create_user("rec-o1")
    name, password = server.admin()
    made = server.setup("GET", "/core/getapppassword", auth=(name, password))
    server.app_password = (name, made["apppassword"])


def _old_session(server: Server, _recording: Recording) -> None:
    """Log in twice, as the session begins with the second log-in only; then let 31 minutes pass."""
    server.remove_everything(with_admins=False)
    for _ in range(2):
        answer = server.send(
            "GET",
            "/ocs/v2.php/cloud/user",
            auth=server.admin(),
            headers={"OCS-APIRequest": "true"},
            cookies=server.old_cookies,
        )
        server.old_cookies |= answer.cookies.get_dict()
    _standin(server).advance_clock(31 * 60)


def _unset_settings(server: Server, _recording: Recording) -> None:
    server.unset_settings()


_PREPARATIONS: dict[str, Callable[[Server, Recording], None]] = {
    "user.quota[[]*.set": _create_user_of_path,
    "user.edit.quota.tiny": _create_user_of_path,
    "limit.edit.51st": _use_up_edits,
    "limit.multi.1": _new_admin,
    "maintenance.status": _begin_maintenance,
    "maintenance.over": _end_maintenance,
    "auth.bruteforce.blocked": _log_in_wrongly,
    "auth.bruteforce.reset": _forget_attempts,
    "auth.appPassword.list": _app_password,
    "session.after30min.list": _old_session,
    "config.fresh.files.default_quota": _unset_settings,
    "config.appPassword.set": _app_password,
}


def prepare(server: Server, recording: Recording) -> None:
    """Bring the server into the state in which this exchange was recorded."""
    for pattern, preparation in _PREPARATIONS.items():
        if fnmatchcase(recording.name, pattern):
            preparation(server, recording)
