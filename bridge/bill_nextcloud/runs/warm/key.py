# SPDX-License-Identifier: GPL-3.0-or-later
"""What a process has read at its start and a run must have read, too: settings, versions, files."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bill_nextcloud.runs.release import PACKAGE

# These may differ from run to run: they are set again after the fork (see ``preloaded``).
OF_ONE_RUN = frozenset({"ANSIBLE_LOCAL_TEMP", "AWX_ISOLATED_DATA_DIR"})
# Plugins of all users of this machine, which Ansible finds as well.
_EVERYBODYS = Path("/usr/share/ansible")


@dataclass(frozen=True)
class Key:
    """``environment``: all but :data:`OF_ONE_RUN`; ``files``: see :func:`_stamp`, of each file that may be read or
    found, by its path; a link that leads nowhere counts by itself. Installed packages count by the directories that
    hold their versions."""

    environment: Mapping[str, str]
    directory: str
    files: Mapping[str, tuple[int, ...]]

    @classmethod
    def of(cls, environment: Mapping[str, str], directory: str) -> Key:
        """That of a run in ``directory``, which is the project's. Raises ``OSError``."""
        return cls(
            {name: value for name, value in environment.items() if name not in OF_ONE_RUN},
            directory,
            dict(_files(Path(directory))),
        )

    def difference(self, other: Key) -> str | None:
        """What differs first, in words without any value; ``None``: nothing does."""
        if self.directory != other.directory:
            return "the directory"
        for what, ours, theirs in (
            ("the environment", self.environment, other.environment),
            ("a file", self.files, other.files),
        ):
            different = ours.items() ^ theirs.items()
            if different:
                return f"{what}: {min(name for name, _ in different)}"
        return None


def _files(project: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    collection = project / "collections" / "ansible_collections" / "bill" / "nextcloud"
    trees = (PACKAGE, project / "playbooks", collection / "plugins", collection / "meta", _EVERYBODYS)
    yield _stamp(str(project / "ansible.cfg"), (project / "ansible.cfg").stat())
    for tree in trees:
        if tree.is_dir():
            yield from _below(str(tree))
    with os.scandir(sysconfig.get_path("purelib")) as entries:
        for entry in entries:
            if entry.name.endswith(".dist-info"):
                yield _stamp(entry.path, entry.stat())


def _below(directory: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    with os.scandir(directory) as entries:
        for entry in entries:
            # Neither Ansible (of a directory of variables or plugins) nor Python reads what is hidden, such as an
            # editor's lock file.
            if entry.name.startswith(".") or entry.name == "__pycache__":
                continue
            if entry.is_dir():
                yield from _below(entry.path)
            else:
                yield _stamp(entry.path, _status(entry))


def _status(entry: os.DirEntry[str]) -> os.stat_result:
    """Of what a link leads to; of the link itself, where that is not there."""
    try:
        return entry.stat()
    except FileNotFoundError:
        return entry.stat(follow_symlinks=False)


def _stamp(path: str, status: os.stat_result) -> tuple[str, tuple[int, ...]]:
    """Size, times (ns) and number of what is at ``path``. The files of a release all have one time of modification, and
    a file that takes another's place may have the same size; the kernel's own time of the change nobody can set."""
    return path, (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
