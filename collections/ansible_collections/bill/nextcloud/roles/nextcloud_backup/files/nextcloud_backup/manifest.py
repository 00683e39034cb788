# SPDX-License-Identifier: GPL-3.0-or-later
"""What a snapshot has to hold: written into it when it is made, compared with what is restored."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .errors import NotAsBackedUp

FORMAT = 1
FILE = "manifest.json"
DUMP = "database"
SAMPLE = 100
LARGEST_SAMPLE_BYTES = 16 * 1024**2
COUNTED = ("users", "accounts", "groups", "share", "filecache")
"""Tables whose rows are counted, where there are such, without their prefix."""


@dataclass(frozen=True)
class Exclusions:
    """Patterns of paths below the data directory; ``*`` stands for any part of one name."""

    data: Path
    patterns: tuple[str, ...]

    def excludes(self, path: Path) -> bool:
        """Whether a path, or what is above it, matches."""
        try:
            parts = path.relative_to(self.data).parts
        except ValueError:
            return False
        return any(_matches(parts, pattern.strip("/").split("/")) for pattern in self.patterns)


def _matches(parts: tuple[str, ...], pattern: list[str]) -> bool:
    return len(parts) >= len(pattern) and all(map(fnmatch.fnmatchcase, parts, pattern))


@dataclass(frozen=True)
class Sampled:
    """One file whose content is known. path: below the directory. sha256: in hexadecimal."""

    directory: str
    path: str
    size: int
    mtime_ns: int
    sha256: str


@dataclass(frozen=True)
class Contents:
    """What is in directories: files (number) and bytes of each, and a sample."""

    files: dict[str, int]
    bytes: dict[str, int]
    sample: list[Sampled]


@dataclass(frozen=True)
class Manifest:
    """``exact``: nothing could change while it was made, so all has to be as it says. ``rows``: of some tables."""

    name: str
    made: str
    exact: bool
    version: str
    data: str
    database_type: str
    dump_sha256: str
    dump_bytes: int
    prefix: str
    tables: list[str]
    rows: dict[str, int]
    contents: Contents
    exclude: list[str]
    format: int = field(default=FORMAT)

    @property
    def directories(self) -> list[str]:
        """The directories of the installation."""
        return sorted(self.contents.files)

    @property
    def size(self) -> int:
        """Bytes that a restore needs, the database in its dump and in tables included."""
        return sum(self.contents.bytes.values()) + 3 * self.dump_bytes

    def write(self, path: Path) -> None:
        """Write it to a new file."""
        path.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")


def parse(text: str) -> Manifest:
    """Read one. Raises :class:`NotAsBackedUp` if it is none, or of another format."""
    try:
        content: dict[str, Any] = json.loads(text)
        contents = content.pop("contents")
        sample = [Sampled(**one) for one in contents.pop("sample")]
        found = Manifest(contents=Contents(sample=sample, **contents), **content)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotAsBackedUp("the snapshot has no manifest that this program can read") from error
    if found.format != FORMAT:
        raise NotAsBackedUp(f"the snapshot's manifest has format {found.format}, and this program knows {FORMAT}")
    return found


def look(directories: list[Path], exclusions: Exclusions) -> Contents:
    """Count the files of directories, and read a sample of them, each as likely as any other."""
    chance = random.Random()  # noqa: S311
    files, size = {}, {}
    sample: list[tuple[Path, Path]] = []
    seen = 0
    for directory in directories:
        files[str(directory)] = size[str(directory)] = 0
        for path, found in walk(directory, exclusions):
            files[str(directory)] += 1
            size[str(directory)] += found.st_size
            # What the cloud writes by itself, also in maintenance mode.
            if found.st_size > LARGEST_SAMPLE_BYTES or path.suffix == ".log":
                continue
            seen += 1
            if len(sample) < SAMPLE:
                sample.append((directory, path))
            elif (place := chance.randrange(seen)) < SAMPLE:
                sample[place] = (directory, path)
    return Contents(files, size, list(_read(sample)))


def _read(sample: list[tuple[Path, Path]]) -> Iterator[Sampled]:
    for directory, path in sample:
        try:
            found = path.lstat()
            checksum = sha256(path)
        except FileNotFoundError:
            continue  # removed meanwhile, where there is no maintenance mode
        yield Sampled(str(directory), str(path.relative_to(directory)), found.st_size, found.st_mtime_ns, checksum)


def walk(directory: Path, exclusions: Exclusions) -> Iterator[tuple[Path, os.stat_result]]:
    """All regular files below a directory that are not excluded."""
    waiting = [directory]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    path = Path(entry.path)
                    if exclusions.excludes(path):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(path)
                    elif entry.is_file(follow_symlinks=False):
                        yield path, entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue  # removed meanwhile


def sha256(path: Path) -> str:
    """The checksum of a file, which is no link."""
    checksum = hashlib.sha256()
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        while block := file.read(1024**2):
            checksum.update(block)
    return checksum.hexdigest()


def differences(manifest: Manifest, restored: Callable[[str], Path]) -> list[str]:
    """How what was restored differs from what was backed up, in words; empty if it does not. ``restored``: tells where
    a path of the snapshot is now.

    Where the manifest is not exact, numbers of files are not judged, nor are files that had changed before they were
    backed up: most of the sample has to be as it was.
    """
    found = []
    exclusions = Exclusions(restored(manifest.data), tuple(manifest.exclude))
    for directory, expected in manifest.contents.files.items():
        number = sum(1 for one in walk(restored(directory), exclusions))
        if number != expected and (manifest.exact or not number):
            found.append(f"{directory} has {number} files instead of {expected}")
    unchanged = 0
    for one in manifest.contents.sample:
        path = restored(one.directory) / one.path
        try:
            state = path.lstat()
            same = (state.st_size, state.st_mtime_ns) == (one.size, one.mtime_ns)
            unchanged += same
            if (same or manifest.exact) and sha256(path) != one.sha256:
                found.append(f"{one.directory}/{one.path} has another content")
        except OSError as error:
            if manifest.exact:
                found.append(f"{one.directory}/{one.path}: {error.strerror}")
    if 2 * unchanged < len(manifest.contents.sample):
        found.append(f"only {unchanged} of {len(manifest.contents.sample)} files are as they were")
    return found


def dump_differences(manifest: Manifest, dump: Path) -> list[str]:
    """How a restored dump differs from the one that was made."""
    if not dump.is_file():
        return ["the dump of the database is missing"]
    return [] if sha256(dump) == manifest.dump_sha256 else ["the dump of the database has another content"]


def below(where: Path, path: str) -> Path:
    """An absolute path, as it is below another directory."""
    return where / path.lstrip("/")
