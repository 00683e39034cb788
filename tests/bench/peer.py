# SPDX-License-Identifier: GPL-3.0-or-later
"""Another processing module, called as BILLmanager calls this one."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence

from standins.billmanager import operations
from standins.billmanager.database import transaction

from bench.callers import PATIENCE, Event, NotTaken
from bench.lives import COMMANDS, Place


class Peer:
    """``command``: what starts it, to which ``--command``, ``--item`` and ``--runningoperation`` are added. It runs in
    the panel's directory, and finds cloud and administrator in CLOUD_URL, CLOUD_USER and CLOUD_PASSWORD, as well as
    in the panel's tables."""

    def __init__(self, command: Sequence[str], place: Place) -> None:
        self._command = list(command)
        self._place = place

    def live(self) -> dict[str, float]:
        """A new service from its order to its end, each event by one process; the seconds of each command. Raises
        :class:`NotTaken` when one fails, or has asked a stand-in for nothing."""
        cloud, panel = self._place.cloud, self._place.panel
        environment = {"CLOUD_URL": cloud.url, "CLOUD_USER": cloud.username, "CLOUD_PASSWORD": cloud.password}
        took = {}
        service: int | None = None
        for command in COMMANDS:
            event = self._place.begin(command, service)
            service = event.service
            before = self._requests()
            started = time.perf_counter()
            ended = subprocess.run(
                [*self._command, *event.arguments()],
                cwd=panel.root,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=PATIENCE,
                check=False,
            )
            took[command] = time.perf_counter() - started
            if ended.returncode != 0:
                raise NotTaken(f"PEER, {event}: exit status {ended.returncode}\n{ended.stderr.decode()[-2000:]}")
            if before is not None and self._requests() == before:
                raise NotTaken(f"PEER, {event}: it has not asked the cloud for anything")
            self._settle(event)
        return took

    def _requests(self) -> int | None:
        standin = self._place.standin
        return None if standin is None else len(standin.arrivals())

    def _settle(self, event: Event) -> None:
        """Its ``mgrctl`` may be another's that does nothing: what it has left running is ended as BILLmanager does."""
        with transaction(self._place.panel.layout.database) as connection:
            query = "SELECT id FROM runningoperation WHERE id = ?"
            if connection.execute(query, (event.operation,)).fetchone() is None:
                return
            if event.command == "open":
                operations.open_service(connection, event.service, "backupservice")
            else:
                operations.finish(connection, event.service, f"service.post{event.command}")
