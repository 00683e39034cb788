# SPDX-License-Identifier: GPL-3.0-or-later
"""The Pythons of this machine that BILLmanager's systems have: `pmnextcloud` runs by whichever is theirs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

OLDEST = (3, 6)
"""AlmaLinux 8 and CentOS 7 have it."""

# Where systems, pyenv, uv, software collections and AlmaLinux (its own, `platform-python`) keep them.
_PLACES = (
    "usr/bin/python3.*",
    "usr/local/bin/python3.*",
    "usr/libexec/platform-python3.*",
    "opt/python*/bin/python3.*",
    "opt/python/*/bin/python3.*",
    "opt/rh/*/root/usr/bin/python3.*",
)
_HOME_PLACES = (".pyenv/versions/*/bin/python3.*", ".local/share/uv/python/*/bin/python3.*")
_NAME = re.compile(r"(?:platform-)?python(3)\.(\d+)")


def found() -> dict[str, Path]:
    """Each Python from :data:`OLDEST` on by its version (``3.9``), oldest first; one of each."""
    pythons: dict[tuple[int, int], Path] = {}
    for path in _candidates():
        named = _NAME.fullmatch(path.name)
        if named is None:
            continue
        version = int(named[1]), int(named[2])
        if version >= OLDEST and version not in pythons and _runs(path, version):
            pythons[version] = path
    return {f"{major}.{minor}": pythons[major, minor] for major, minor in sorted(pythons)}


def _candidates() -> Iterator[Path]:
    yield Path(sys.executable).with_name(f"python3.{sys.version_info.minor}")
    for place in _PLACES:
        yield from sorted(Path("/").glob(place))
    for place in _HOME_PLACES:
        yield from sorted(Path.home().glob(place))
    for directory in os.get_exec_path():
        yield from sorted(Path(directory).glob("python3.*"))


def _runs(path: Path, version: tuple[int, int]) -> bool:
    """Whether it is one at all: pyenv puts scripts of these names on the path for versions that are not switched on."""
    question = [str(path), "-ESc", "import sys; print(sys.version_info[:2])"]
    try:
        answer = subprocess.run(question, env={}, capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.stdout.decode("ascii", "replace").strip() == str(version)
