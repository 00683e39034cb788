# SPDX-License-Identifier: GPL-3.0-or-later
"""Borg, 1.2."""

from __future__ import annotations

import json
import shlex
import time
from pathlib import Path
from typing import Any

from .. import processes
from ..errors import RepositoryError
from ..manifest import Exclusions
from .repository import LOCK_SECONDS, Repository, Snapshot, Stored

_WARNING = 1
_HARMLESS = ("file changed while we backed it up", "No such file or directory")
_TIME = "????????T??????Z"


class Borg(Repository):
    """Its archives are told apart by their names: the server's, and the time."""

    def identity(self) -> str:
        content: dict[str, Any] = json.loads(self._run("info", "--json"))
        return str(content["repository"]["id"])

    def make(self) -> None:
        self._run("init", "--encryption", self._settings.encryption)

    def _ours(self) -> list[str]:
        # All of one length, so that those of a server whose name begins alike do not match.
        return ["--glob-archives", f"{self._settings.name}-{_TIME}"]

    def snapshots(self) -> list[Snapshot]:
        found = [one["name"] for one in json.loads(self._run("list", "--json", *self._ours()))["archives"]]
        return [Snapshot(name, _readable(name[-16:])) for name in sorted(found)]

    def store(self, paths: list[Path], exclusions: Exclusions) -> Stored:
        listed = self._settings.work / "exclude"
        listed.write_text(
            "".join(f"sh:{_literal(str(exclusions.data))}/{one.strip('/')}\n" for one in exclusions.patterns)
        )
        name = f"{self._settings.name}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
        done = self._start(
            *("create", "--json", "--log-json", "--exclude-from", str(listed), f"::{name}", "--", *map(str, paths))
        )
        messages = [json.loads(line) for line in done.errors.splitlines() if line.startswith("{")]
        warnings = [one["message"] for one in messages if one.get("levelname") == "WARNING"]
        harmless = all(any(words in one for words in _HARMLESS) for one in warnings)
        if done.returncode > _WARNING or (done.returncode == _WARNING and not harmless):
            said = "; ".join(str(one["message"]) for one in messages if "message" in one) or done.said
            raise RepositoryError(f"borg create failed: {said[-processes.SHOWN :]}")
        return Stored(int(json.loads(done.output)["archive"]["stats"]["deduplicated_size"]), warnings)

    def read(self, snapshot: Snapshot, path: Path) -> str:
        return self._run("extract", "--stdout", f"::{snapshot.id}", _inside(path))

    def restore(self, snapshot: Snapshot, path: Path, target: Path) -> None:
        # An owner's name counts, if there is such a user.
        self._run("extract", f"::{snapshot.id}", _inside(path), directory=target)

    def forget(self) -> None:
        settings = self._settings
        kept = zip(("daily", "weekly", "monthly"), (settings.keep_daily, settings.keep_weekly, settings.keep_monthly))
        rules = [word for period, number in kept if number for word in (f"--keep-{period}", str(number))]
        self._run("prune", *self._ours(), *rules)
        self._run("compact")

    def check(self, data: bool) -> None:
        self._run("check", *(["--verify-data"] if data else []))

    def _run(self, *arguments: str, directory: Path | None = None) -> str:
        done = self._start(*arguments, directory=directory)
        if done.returncode != 0:
            raise RepositoryError(f"borg {arguments[0]} failed: {done.said}")
        return done.output

    def _start(self, *arguments: str, directory: Path | None = None) -> processes.Finished:
        variables = {
            **self._settings.environment,
            "BORG_REPO": self._settings.repository,
            "BORG_PASSCOMMAND": f"cat {shlex.quote(self._settings.password_file)}",
            "BORG_BASE_DIR": str(self._state / "borg"),
            "TZ": "UTC",
        }
        command = [self._program(), arguments[0], "--lock-wait", str(LOCK_SECONDS), *arguments[1:]]
        return processes.run(command, variables=variables, directory=directory)


def _readable(stamp: str) -> str:
    return f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}T{stamp[9:11]}:{stamp[11:13]}:{stamp[13:15]}"


def _inside(path: Path) -> str:
    return str(path).lstrip("/")


def _literal(path: str) -> str:
    return "".join(f"[{one}]" if one in "*?[" else one for one in path)
