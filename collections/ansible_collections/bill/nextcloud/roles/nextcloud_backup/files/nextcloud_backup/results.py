# SPDX-License-Identifier: GPL-3.0-or-later
"""How the last runs went: kept in a file, and as metrics for the textfile collector of Prometheus's node exporter."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import Busy

Values = dict[str, float]
_METRICS = (
    ("last_run_timestamp_seconds", "When the last run ended, as Unix time"),
    ("last_run_success", "Whether the last run succeeded"),
    ("last_success_timestamp_seconds", "When the last run that succeeded ended, as Unix time"),
    ("last_success_duration_seconds", "How long that one took"),
    ("last_success_files", "Files of that one"),
    ("last_success_size_bytes", "Bytes of these files"),
    ("last_success_added_bytes", "Bytes by which that one let the repository grow"),
)


class Results:
    """``file``: where they are kept. ``directory``: of the textfile collector, or None. ``name``: the server's."""

    def __init__(self, file: Path, directory: Path | None, name: str) -> None:
        self._file = file
        self._directory = directory
        self._name = name

    @contextmanager
    def of(self, task: str) -> Iterator[Values]:
        """Keep how a task goes: `backup`, `check` or `restore_test`. What the body puts into the values is kept if it
        ends well; times are kept in any case."""
        started = time.monotonic()
        values: Values = {}
        try:
            yield values
        except Busy:
            raise
        except BaseException:
            self._keep(task, {"last_run_success": 0})
            raise
        told = {f"last_success_{key}": value for key, value in values.items()}
        told["last_success_duration_seconds"] = round(time.monotonic() - started, 3)
        told["last_success_timestamp_seconds"] = round(time.time(), 3)
        self._keep(task, {"last_run_success": 1, **told})

    def _keep(self, task: str, values: Values) -> None:
        everything = self.read()
        everything[task] = {**everything.get(task, {}), **values, "last_run_timestamp_seconds": round(time.time(), 3)}
        replace(self._file, json.dumps(everything, indent=1) + "\n", 0o600)
        if self._directory:
            replace(self._directory / "nextcloud_backup.prom", self._exposition(everything), 0o644)

    def read(self) -> dict[str, Values]:
        """All that is kept, by task."""
        try:
            found: dict[str, Values] = json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return found

    def _exposition(self, everything: dict[str, Values]) -> str:
        lines = []
        for metric, meaning in _METRICS:
            samples = [(task, values[metric]) for task, values in sorted(everything.items()) if metric in values]
            if samples:
                lines += [f"# HELP nextcloud_backup_{metric} {meaning}.", f"# TYPE nextcloud_backup_{metric} gauge"]
            for task, value in samples:
                lines.append(f'nextcloud_backup_{metric}{{name="{self._name}",task="{task}"}} {value!r}')
        return "\n".join(lines) + "\n"


def replace(path: Path, text: str, mode: int) -> None:
    """Write a file so that others see what was there or what is there now, and nothing between."""
    number, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
