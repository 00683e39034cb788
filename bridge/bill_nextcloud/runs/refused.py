# SPDX-License-Identifier: GPL-3.0-or-later
"""Which credentials of worker hosts a cloud has refused: they are not tried again, since each further log-in slows down
and at last locks the caller's address.

They are known by marks of the worker hosts (``credentials.mark``), from which no password follows.
"""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

from bill_nextcloud.errors import EngineUnavailable

# More than there are worker hosts; marks of hosts that have got other credentials are left behind.
_KEPT = 50


class Refused:
    """The marks of each cloud, in one small file below ``directory``, the state directory, which a restart of the
    bridge survives. Each method raises :class:`EngineUnavailable` when the file cannot be read or written."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "refused.json"
        self._guard = threading.Lock()

    def of(self, cloud: int) -> list[str]:
        """The marks of the credentials that ``cloud`` has refused."""
        return self._read().get(str(cloud), [])

    def add(self, cloud: int, mark: str) -> None:
        """Remember one."""
        with self._guard:
            marks = self._read()
            known = marks.get(str(cloud), [])
            if mark not in known:
                self._write({**marks, str(cloud): [*known, mark][-_KEPT:]})

    def forget(self, cloud: int) -> None:
        """Let them be tried again."""
        with self._guard:
            marks = self._read()
            if marks.pop(str(cloud), None):
                self._write(marks)

    def _read(self) -> dict[str, list[str]]:
        try:
            marks: dict[str, list[str]] = json.loads(self._path.read_text("utf-8"))
            return marks
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise EngineUnavailable(detail=f"{self._path}: {error}") from error

    def _write(self, marks: dict[str, list[str]]) -> None:
        # In one piece: another process may be reading.
        new = self._path.with_suffix(f".{os.getpid()}.new")
        try:
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                json.dump(marks, file)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
        except OSError as error:
            raise EngineUnavailable(detail=f"{self._path}: {error.strerror}") from error
