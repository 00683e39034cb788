# SPDX-License-Identifier: GPL-3.0-or-later
"""What answers the programs `occ`: carries commands out, applies faults on the way, and notes them."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from standins.cloud.occ.application import Application, Outcome
from standins.cloud.occ.faults import OccFault, OccFaults

_KEPT = 100_000
_PASSWORDS = ("OC_PASS", "NC_PASS")
# Arguments may be any bytes.
_CODING = ("utf-8", "surrogateescape")
_NOTHING = Outcome(255, "", "")


@dataclass(frozen=True)
class _Question:
    """What a program was started with. uid: as it runs; started_by: before it became another user."""

    uid: int
    started_by: int
    pid: int
    environment: dict[str, str]
    arguments: list[str]

    @classmethod
    def read(cls, data: bytes) -> _Question:
        uid, started_by, pid, *texts = data.decode(*_CODING).split("\0")
        given = zip(_PASSWORDS, texts, strict=False)
        environment = {name: password for name, password in given if password}
        return cls(int(uid), int(started_by), int(pid), environment, texts[len(_PASSWORDS) :])


class OccService:
    """Listens on the loopback address. application: gives the cloud's occ as it is now; url: the cloud's address."""

    def __init__(self, application: Callable[[], Application]) -> None:
        self._application = application
        self._server: asyncio.Server | None = None
        self._url = ""
        self._directory: Path | None = None
        self._entries: deque[dict[str, Any]] = deque(maxlen=_KEPT)
        self.faults = OccFaults()

    async def describe(self, url: str, directory: Path) -> dict[str, Any]:
        """What `program.py` has to know; from the first time on, it is listened for. url: the cloud's address;
        directory: where it is installed."""
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=512)
        self._url, self._directory = url, directory
        dialect = self._application().dialect
        return {
            "port": self._server.sockets[0].getsockname()[1],
            "version": dialect.full_version,
            "versionstring": dialect.version.rpartition(" ")[2],
            "drops_privileges": dialect.drops_privileges,
            "refusal": dialect.refusal,
        }

    def entries(self) -> list[dict[str, Any]]:
        """The commands, oldest first: arguments, passwords (names of the variables that had one), uid, started_by, pid,
        started and ended (seconds since 1970; ended None: it runs), status (None: it ended otherwise), fault."""
        return list(self._entries)

    def clear(self) -> None:
        """Forget the commands so far."""
        self._entries.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            size = int(await reader.readline())
            question = _Question.read(await reader.readexactly(size))
            outcome, signal = await self._answered(question, reader)
            output = outcome.output.encode(*_CODING)
            writer.write(b"%d %d %d\n" % (outcome.status, signal, len(output)))
            writer.write(output + outcome.errors.encode(*_CODING))
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            # The program was ended; the entry says what came of the command.
            return
        finally:
            writer.close()

    async def _answered(self, question: _Question, reader: asyncio.StreamReader) -> tuple[Outcome, int]:
        """How the command ended, and the signal that is to end the program (0: none)."""
        fault = self.faults.take(question.arguments)
        entry: dict[str, Any] = {
            "arguments": question.arguments,
            "passwords": list(question.environment),
            "uid": question.uid,
            "started_by": question.started_by,
            "pid": question.pid,
            "started": time.time(),
            "ended": None,
            "status": None,
            "fault": fault.kind if fault else None,
        }
        self._entries.append(entry)
        outcome, signal = await self._carried_out(question, fault, reader)
        entry["ended"] = time.time()
        if outcome is None or signal:
            return _NOTHING, signal
        entry["status"] = outcome.status
        return outcome, 0

    async def _carried_out(
        self, question: _Question, fault: OccFault | None, reader: asyncio.StreamReader
    ) -> tuple[Outcome | None, int]:
        """How the command ended (None: it did no work), and the signal that ends the program."""
        if fault is None:
            return self._run(question), 0
        if fault.kind in ("slow", "hang") and not await self._waited(fault, reader):
            return None, 0
        if fault.kind == "fail":
            return Outcome(fault.status, fault.output, fault.errors), 0
        if fault.kind == "nothing":
            return Outcome(0, fault.output, ""), 0
        if fault.kind == "killed":
            return None, fault.signal
        outcome = self._run(question, maintenance=fault.kind == "maintenance")
        if fault.kind in ("slow_after", "hang_after"):
            await self._waited(fault, reader)
        if fault.kind == "fail_after":
            return Outcome(fault.status, fault.output, fault.errors), 0
        if fault.kind == "noise":
            return Outcome(outcome.status, fault.output + outcome.output, fault.errors + outcome.errors), 0
        return outcome, fault.signal if fault.kind == "killed_after" else 0

    async def _waited(self, fault: OccFault, reader: asyncio.StreamReader) -> bool:
        """Wait as the fault says; False when the program was ended meanwhile."""
        over = asyncio.ensure_future(
            self.faults.cleared.wait() if fault.kind.startswith("hang") else asyncio.sleep(fault.seconds)
        )
        gone = asyncio.ensure_future(reader.read(1))
        done, waiting = await asyncio.wait((over, gone), return_when=asyncio.FIRST_COMPLETED)
        for one in waiting:
            one.cancel()
        return over in done

    def _run(self, question: _Question, *, maintenance: bool = False) -> Outcome:
        application = self._application()
        application.machine.directory = self._directory
        return application.run(question.arguments, question.environment, self._url, maintenance=maintenance)
