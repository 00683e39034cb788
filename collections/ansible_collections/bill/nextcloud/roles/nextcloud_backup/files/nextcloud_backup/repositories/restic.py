# SPDX-License-Identifier: GPL-3.0-or-later
"""restic, from 0.12 on."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from .. import processes
from ..errors import RepositoryError
from ..manifest import Exclusions
from ..results import replace
from .repository import LOCK_SECONDS, Repository, Snapshot, Stored

_TAG = "nextcloud-backup"
_INCOMPLETE = 3
_NO_SUCH_FILE = 2
_LOCKED = "repository is already locked"
PAUSE_SECONDS = 2


class Restic(Repository):
    """Its snapshots are told apart by the host, and from an administrator's own by a tag."""

    def identity(self) -> str:
        content: dict[str, Any] = json.loads(self._run("cat", "config"))
        return str(content["id"])

    def make(self) -> None:
        self._run("init")

    def _ours(self) -> list[str]:
        return ["--host", self._settings.name, "--tag", _TAG]

    def snapshots(self) -> list[Snapshot]:
        found: list[dict[str, Any]] = json.loads(self._run("snapshots", "--json", *self._ours())) or []
        return [Snapshot(one["short_id"], one["time"][:19]) for one in sorted(found, key=lambda one: str(one["time"]))]

    def store(self, paths: list[Path], exclusions: Exclusions) -> Stored:
        # A run that was killed may have left its lock; restic removes only those whose process is gone.
        self._run("unlock")
        listed = self._settings.work / "exclude"
        listed.write_text(
            "".join(f"{_literal(str(exclusions.data))}/{one.strip('/')}\n" for one in exclusions.patterns)
        )
        done = self._start("backup", "--json", *self._ours(), "--exclude-file", str(listed), "--", *map(str, paths))
        remarks = [_remark(line) for line in done.errors.splitlines() if line.strip()]
        harmless = all(one is not None for one in remarks)
        if done.returncode not in (0, _INCOMPLETE) or (done.returncode == _INCOMPLETE and not harmless):
            raise RepositoryError(f"restic backup failed: {done.said}")
        summary = json.loads(done.output.splitlines()[-1])
        return Stored(int(summary["data_added"]), [one for one in remarks if one])

    def read(self, snapshot: Snapshot, path: Path) -> str:
        return self._run("dump", snapshot.id, str(path))

    def restore(self, snapshot: Snapshot, path: Path, target: Path) -> None:
        self._run("restore", snapshot.id, "--target", str(target), "--include", _literal(str(path)))

    def forget(self) -> None:
        settings = self._settings
        kept = zip(("daily", "weekly", "monthly"), (settings.keep_daily, settings.keep_weekly, settings.keep_monthly))
        rules = [word for period, number in kept if number for word in (f"--keep-{period}", str(number))]
        self._run("forget", *self._ours(), "--group-by", "host", *rules, "--prune")

    def check(self, data: bool) -> None:
        self._run("unlock")
        self._run("check", *(["--read-data"] if data else []))

    def _run(self, *arguments: str) -> str:
        done = self._start(*arguments)
        if done.returncode != 0:
            raise RepositoryError(f"restic {arguments[0]} failed: {done.said}")
        return done.output

    def _start(self, *arguments: str) -> processes.Finished:
        # The address may hold a password, as that of a REST server.
        address = self._state / "repository"
        replace(address, self._settings.repository + "\n", 0o600)
        variables = {
            **self._settings.environment,
            "RESTIC_PASSWORD_FILE": self._settings.password_file,
            "RESTIC_REPOSITORY_FILE": str(address),
            "RESTIC_CACHE_DIR": str(self._state / "cache"),
            "TZ": "UTC",
        }
        # --retry-lock is not known before 0.16. Nothing has been done where it says that.
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            done = processes.run([self._program(), *arguments], variables=variables)
            if done.returncode == 0 or _LOCKED not in done.errors or time.monotonic() > deadline:
                return done
            time.sleep(PAUSE_SECONDS)


def _remark(line: str) -> str | None:
    """What a line says of a file that was removed meanwhile; '' for one that only sums up; None for anything else."""
    try:
        content = json.loads(line)
    except ValueError:
        return "" if line.startswith("Warning: ") else None
    error = content.get("error", {})
    if content.get("message_type") == "error" and error.get("Err") == _NO_SUCH_FILE:
        return f"{content.get('item')} was removed meanwhile"
    return None


def _literal(path: str) -> str:
    return "".join(f"\\{one}" if one in "\\*?[" else one for one in path)
