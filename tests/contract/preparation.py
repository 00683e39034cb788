# SPDX-License-Identifier: GPL-3.0-or-later
"""Preparations of recordings that several products need."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

from contract.recording import Recording
from contract.server import OcsServer, Server
from standins.cloud.process import StandinCloud


def standin_of(server: Server) -> StandinCloud:
    """The stand-in; the recordings that need it are left out on a real server."""
    assert server.standin is not None
    return server.standin


def create_user_of_path(server: OcsServer, recording: Recording) -> None:
    """Make the account at the end of the path."""
    server.create_user(unquote(recording.path.rpartition("/")[2]))


def begin_maintenance(server: Server, _recording: Recording) -> None:
    """Switch maintenance mode on."""
    standin_of(server).fault("maintenance")


def end_maintenance(server: Server, _recording: Recording) -> None:
    """Switch maintenance mode off; the recorded servers were emptied afterwards."""
    standin_of(server).clear_faults()
    server.remove_everything(with_admins=False)


def log_in_wrongly(times: int) -> Callable[[Server, Recording], None]:
    """So many wrong log-ins of an account that does not exist."""

    def prepare(server: Server, _recording: Recording) -> None:
        standin_of(server)
        headers = {"OCS-APIRequest": "true"}
        for _ in range(times):
            server.send("GET", "/ocs/v2.php/cloud/users", auth=("rec-nobody", "wrong"), headers=headers)

    return prepare
