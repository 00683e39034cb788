# SPDX-License-Identifier: GPL-3.0-or-later
"""The administrator's command between a real record and a stand-in of the worker's socket."""

from __future__ import annotations

import json
import os
import socketserver
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bill_nextcloud.errors import Failure
from bill_nextcloud.record import Clouds, Operation, Operations, State, Store
from bill_nextcloud.record.tables import operation as operation_table
from sqlalchemy import update

from harness import tmpfs
from harness.worker import COMMAND

GREETING = {"status": "running", "wait": 5}
Listen = Callable[..., "Answering"]


class Command:
    """A settings file below ``directory``, and ``bill-nextcloud`` called with it."""

    def __init__(self, directory: Path) -> None:
        self.state = directory / "state"
        self.state.mkdir(mode=0o700)
        self.runtime = tmpfs.make()
        self.socket = self.runtime / "bridge.sock"
        self.settings = directory / "settings.toml"
        self.settings.write_text(
            f'[bridge]\nstate_directory = "{self.state}"\nruntime_directory = "{self.runtime}"\n', encoding="utf-8"
        )
        self.directory = directory

    def cleanup(self) -> None:
        """Take the directory on the tmpfs away."""
        tmpfs.remove(self.runtime)

    def __call__(
        self, *arguments: object, status: int = 0, answer: str | None = None, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the command; ``status``: how it has to end, ``answer``: what is typed."""
        words = list(map(str, arguments))
        done = subprocess.run(
            [COMMAND, words[0], "--settings", str(self.settings), *words[1:]],
            input=answer or "",
            env={
                "PATH": os.defpath,
                "HOME": str(self.directory),
                "LC_ALL": "C.UTF-8",
                "TZ": "UTC",
                **(environment or {}),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == status, f"{done.returncode}: {done.stdout}{done.stderr}"
        return done

    def json(self, *arguments: object, status: int = 0) -> Any:
        """Run the command with ``--json``: nothing but JSON, and nothing on standard error."""
        done = self(*arguments, "--json", status=status)
        assert done.stderr == ""
        return json.loads(done.stdout)

    def error(self, *arguments: object, status: int = 1) -> str:
        """The one line of an error; nothing else is printed."""
        done = self(*arguments, status=status)
        assert done.stdout == ""
        lines = done.stderr.splitlines()
        assert len(lines) == 1, done.stderr
        assert lines[0].startswith("bill-nextcloud: ")
        return lines[0].removeprefix("bill-nextcloud: ")


class Record:
    """A record of operations as the worker makes it."""

    def __init__(self, state: Path) -> None:
        self.store = Store(f"sqlite:///{state / 'record.sqlite'}")
        self.store.create()
        self.operations = Operations(self.store)
        self.clouds = Clouds(self.store)

    def add(self, service: int = 12, command: str = "open", **values: Any) -> Operation:
        """An operation; ``values``: columns to set."""
        accepted, _ = self.operations.accept(
            key=f"billmanager:{service}:{command}",
            created=None,
            installation="billmanager",
            billmanager_operation=70 + service,
            command=command,
            service=service,
            cloud=3,
            client=5,
            account=f"user_{service}",
            asked_by="BILLmanager",
            due_at=values.pop("due_at", None),
        )
        if values:
            self.set(accepted.id, **values)
        return self.operations.get(accepted.id)

    def set(self, number: int, **values: Any) -> None:
        """Columns of an operation as they are to be, whatever the bridge would say; nothing goes to its timeline."""
        if isinstance(values.get("failure"), Failure):
            values["failure"] = json.dumps(values["failure"].as_dict())
        with self.store.writing() as connection:
            connection.execute(update(operation_table).where(operation_table.c.id == number).values(**values))

    def attempt(self, operation: Operation, dispatch: int = 1, **values: Any) -> None:
        """One attempt that has ended; what came after it (the operation's state) is as it was."""
        now = self.operations.get(operation.id)
        self.set(operation.id, state=State.QUEUED, dispatch=dispatch)
        assert self.operations.begin_attempt(operation, dispatch)
        ended: dict[str, Any] = {
            "failure": None, "run": None, "wish": None, "result": {}, "outcome": {}, "account": None, "cloud": None,
        }  # fmt: skip
        self.operations.end_attempt(operation, dispatch, **{**ended, **values})
        after = {"state": now.state, "dispatch": now.dispatch, "due_at": now.due_at}
        self.set(operation.id, **after)


class Answering(socketserver.ThreadingUnixStreamServer):
    """Stands in for the worker at ``path``: ``answers`` by action; ``requests`` is what was asked. ``lines``: sent as
    they are instead, one after the other. ``dies``: it does before it answers."""

    daemon_threads = True
    dies = False

    def __init__(self, path: Path, answers: dict[str, Any] | None = None, lines: list[bytes] | None = None) -> None:
        self.answers = answers or {}
        self.lines = lines
        self.requests: list[dict[str, Any]] = []
        super().__init__(str(path), _Call)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """End it and take the socket away."""
        self.shutdown()
        self.server_close()
        Path(str(self.server_address)).unlink(missing_ok=True)


class _Call(socketserver.StreamRequestHandler):
    server: Answering

    def handle(self) -> None:
        lines = self.server.lines
        if lines is not None:
            for line in lines:
                self.wfile.write(line)
            # As long as the caller stays.
            self.rfile.read()
            return
        self.wfile.write(json.dumps(GREETING).encode() + b"\n")
        request = json.loads(self.rfile.readline())
        self.server.requests.append(request)
        if self.server.dies:
            return
        answer = self.server.answers[request["action"]]
        if callable(answer):
            answer = answer(request["parameters"])
        self.wfile.write(json.dumps(answer).encode() + b"\n")
