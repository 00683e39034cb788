# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests' directories on the tmpfs go away with the tests, also when something still writes there, or was killed."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import tmpfs
from harness.worker import REPOSITORY


@pytest.fixture
def directory() -> Iterator[Path]:
    """One of this process."""
    made = tmpfs.make()
    yield made
    tmpfs.remove(made)


def test_one_that_is_still_written(directory: Path) -> None:
    """It goes as soon as the last process lets it: a run that was killed ends a moment later than its test."""
    over = time.monotonic() + 0.5

    def write() -> None:
        while time.monotonic() < over and directory.exists():
            with contextlib.suppress(FileNotFoundError):
                (directory / str(time.monotonic())).mkdir()

    writing = [threading.Thread(target=write) for _ in range(4)]
    for thread in writing:
        thread.start()
    tmpfs.remove(directory)
    assert not directory.exists()
    for thread in writing:
        thread.join()


def test_one_that_is_gone(directory: Path) -> None:
    """Is no error."""
    tmpfs.remove(directory)
    tmpfs.remove(directory)


def test_one_that_cannot_be_removed(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is said, not passed over."""

    def refuse(path: Path, **_: object) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))

    monkeypatch.setattr(shutil, "rmtree", refuse)
    with pytest.raises(PermissionError):
        tmpfs.remove(directory, seconds=0.1)
    monkeypatch.undo()


def test_what_killed_tests_have_left(directory: Path) -> None:
    """Goes when the next tests begin; what belongs to a process that runs, or to nobody's test, stays."""
    make = "from harness import tmpfs; print(tmpfs.make())"
    killed = subprocess.run(
        [sys.executable, "-c", make],
        env={"PATH": os.defpath, "PYTHONPATH": str(REPOSITORY / "tests")},
        capture_output=True,
        text=True,
        check=True,
    )
    left = Path(killed.stdout.strip())
    (left / "run-1").mkdir()
    other = tmpfs.TMPFS / f"bill-nextcloud-other-{os.getpid()}"
    other.mkdir()
    try:
        tmpfs.remove_abandoned()
        assert not left.exists()
        assert directory.is_dir()
        assert other.is_dir()
    finally:
        other.rmdir()
