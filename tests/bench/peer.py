# SPDX-License-Identifier: GPL-3.0-or-later
"""Another processing module, called as BILLmanager calls this one: any command, or the source of ISPsystem's module
bill-nextcloud."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from harness.cloud import Cloud
from standins.billmanager import operations, sales
from standins.billmanager.database import transaction

from bench.callers import PATIENCE, Event, NotTaken
from bench.lives import COMMANDS, Place
from bench.scene import BUILD

# Where the source of ISPsystem's module has its executable, and what it needs.
_EXECUTABLE, _REQUIREMENTS = Path("src") / "pmnextcloud.py", "requirements.txt"
_LIBRARY = Path(__file__).resolve().parents[1] / "standins" / "billmanager" / "library"


@dataclass(frozen=True)
class Program:
    """What is started, with ``--command``, ``--item`` and ``--runningoperation`` added; ``vendors``: it is ISPsystem's,
    which needs BILLmanager's library and parameters of its own."""

    command: tuple[str, ...]
    vendors: bool = False

    @classmethod
    def of(cls, text: str) -> Program | None:
        """That of PEER: a directory with the source of ISPsystem's module, whose requirements are installed into
        ``build``, or a command; ``None`` where it is empty. Raises :class:`NotTaken` when they cannot be."""
        executable = Path(text).expanduser().resolve() / _EXECUTABLE
        if not executable.is_file():
            try:
                command = tuple(shlex.split(text))
            except ValueError as error:
                raise NotTaken(f"PEER: {text}: {error}") from error
            if command and shutil.which(command[0]) is None:
                raise NotTaken(f"PEER: {command[0]} is neither a program nor a directory that has {_EXECUTABLE}")
            return cls(command) if command else None
        # As its own installation does.
        environment = BUILD / "peer"
        python = environment / "bin" / "python"
        requirements = executable.parents[1] / _REQUIREMENTS
        for step in (
            [sys.executable, "-m", "venv", str(environment)],
            [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", str(requirements)],
        ):
            if subprocess.run(step, check=False).returncode != 0:
                raise NotTaken(f"PEER: {shlex.join(step)} failed")
        return cls((str(python), str(executable)), vendors=True)


class Peer:
    """A program at a place. It runs in the panel's directory, and finds cloud and administrator in CLOUD_URL,
    CLOUD_USER and CLOUD_PASSWORD, as well as in the panel's tables."""

    def __init__(self, program: Program, place: Place) -> None:
        self._program = program
        self._place = place
        if program.vendors:
            cloud = place.cloud
            named = {"base_url": cloud.url, "nc_username": cloud.username, "nc_password": cloud.password}
            with transaction(place.panel.layout.database) as connection:
                for name, value in named.items():
                    sales.insert(
                        connection, "processingparam", processingmodule=place.module, intname=name, value=value
                    )

    def live(self) -> dict[str, float]:
        """A new service from its order to its end, each event by one process; the seconds of each command. Raises
        :class:`NotTaken` when one fails, or has asked a stand-in for nothing."""
        took = {}
        service: int | None = None
        for command in COMMANDS:
            event = self._place.begin(command, service)
            service = event.service
            before = self._requests()
            took[command] = self.carry_out(event)
            if before is not None and self._requests() == before:
                raise NotTaken(f"PEER, {event}: it has not asked the cloud for anything")
        return took

    def carry_out(self, event: Event) -> float:
        """Let it do one event, in a process of its own; the seconds of that. Raises :class:`NotTaken`."""
        started = time.perf_counter()
        try:
            ended = subprocess.run(
                [*self._program.command, *event.arguments()],
                cwd=self._place.panel.root,
                env={**os.environ, **self._environment(self._place.cloud)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise NotTaken(f"PEER, {event}: it has not ended after {PATIENCE:g} seconds") from error
        seconds = time.perf_counter() - started
        if ended.returncode != 0:
            said = f"{ended.stdout.decode()[-1000:]}\n{ended.stderr.decode()[-1000:]}".strip()
            raise NotTaken(f"PEER, {event}: exit status {ended.returncode}\n{said}")
        self._settle(event)
        return seconds

    def _environment(self, cloud: Cloud) -> dict[str, str]:
        environment = {"CLOUD_URL": cloud.url, "CLOUD_USER": cloud.username, "CLOUD_PASSWORD": cloud.password}
        if cloud.ca_path is not None:
            environment |= {"REQUESTS_CA_BUNDLE": str(cloud.ca_path), "SSL_CERT_FILE": str(cloud.ca_path)}
        if self._program.vendors:
            environment |= {
                "PYTHONPATH": str(_LIBRARY),
                "BILLMANAGER_DATABASE": str(self._place.panel.layout.database),
            }
        return environment

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
