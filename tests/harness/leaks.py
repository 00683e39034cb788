# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks for secrets where none may be: arguments and environments of processes, files, databases and their pickles."""

from __future__ import annotations

import base64
import binascii
import json
import pickletools
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

MGRCTL = b"sbin/mgrctl"
# Other cookies say "true".
SHORTEST_SESSION = 20


def forms(secret: str) -> set[bytes]:
    """``secret`` as it is, percent-encoded, and in base64 at each of the three offsets it can have in longer data."""
    plain = secret.encode()
    found = {plain, quote(secret, safe="").encode(), quote_plus(secret).encode()}
    for offset in range(3):
        # Whatever stands before and behind, these characters of the encoding are made of the secret alone.
        encoded = base64.b64encode(b"\0" * offset + plain)
        first = -(-offset * 8 // 6)
        last = (offset + len(plain)) * 8 // 6
        found |= {encoded[first:last], encoded[first:last].translate(bytes.maketrans(b"+/", b"-_"))}
    return found


@dataclass
class Watcher:
    """Reads the arguments and environments of all processes again and again until :meth:`stop`.

    ``allowed``: part of the command lines of the one program that may have a secret in its environment, which only its
    user can read: BILLmanager's own command, unless another is given.
    """

    allowed: bytes = MGRCTL
    arguments: set[bytes] = field(default_factory=set)
    environments: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.is_set():
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    before = (process / "cmdline").read_bytes()
                    environment = (process / "environ").read_bytes()
                    after = (process / "cmdline").read_bytes()
                except OSError:
                    continue  # ended meanwhile
                self.arguments |= {before, after}
                # Between the two it may have become another program, or have ended, which leaves an empty line: whose
                # environment that was is not known then. One that goes on is met again by the next round.
                if before == after and before and self.allowed not in before:
                    self.environments.add(environment)

    def stop(self) -> None:
        """End the watch."""
        self._over.set()
        self._thread.join()

    def leaks(self, secrets: Iterable[str]) -> list[str]:
        """Where one of ``secrets`` was seen."""
        wanted = {form for secret in secrets for form in forms(secret)}
        seen = [("arguments", one) for one in self.arguments] + [("environment", one) for one in self.environments]
        return [f"{where}: {one[:200]!r}" for where, one in seen if any(form in one for form in wanted)]


def files_with(directories: Iterable[Path], secrets: Iterable[str]) -> list[str]:
    """The files below ``directories`` that hold one of ``secrets`` in any form, databases' decoded values included."""
    wanted = {form for secret in secrets for form in forms(secret)}
    found = []
    for directory in directories:
        for path in directory.rglob("*"):
            if path.is_file() and not path.is_symlink():
                content = path.read_bytes()
                pieces = [content, *_decoded(path, content)]
                if any(form in piece for piece in pieces for form in wanted):
                    found.append(str(path))
    return found


def session_cookies(runtime: Path) -> dict[Path, list[str]]:
    """The log-ins to clouds that are kept below ``runtime``: their files, the only places where they may be, with the
    secrets among the cookies' values."""
    found = {}
    for file in runtime.glob("*sessions*/*.json"):
        values = [cookie["value"] for cookie in json.loads(file.read_text("utf-8"))["cookies"]]
        found[file] = [value for value in values if len(value) >= SHORTEST_SESSION]
    return found


def _decoded(path: Path, content: bytes) -> Iterator[bytes]:
    """What the values of an SQLite database become when base64 and pickle are undone."""
    if not content.startswith(b"SQLite format 3\0"):
        return
    with sqlite3.connect(path) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    yield from _values(value)


def _values(value: object) -> Iterator[bytes]:
    raw = value.encode() if isinstance(value, str) else value
    if not isinstance(raw, bytes):
        return
    yield raw
    try:
        decoded = base64.b64decode(raw, validate=True)
    except (binascii.Error, ValueError):
        return
    yield decoded
    try:
        operations = list(pickletools.genops(decoded))
    except Exception:  # not a pickle: pickletools has no error type of its own
        return
    for _, argument, _ in operations:
        if isinstance(argument, str):
            yield argument.encode()
        elif isinstance(argument, bytes):
            yield argument
