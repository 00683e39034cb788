# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``--output`` names: refused before any work where it is no file, replaced in one piece, and its owner's only."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
import typer
from bill_nextcloud.cli.output import replaced, require_file


@pytest.mark.parametrize("name", ["", ".", "/", "there", "none/file", "pipe"])
def test_what_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A directory, one that is not there, a pipe or a device: nothing is put in their place."""
    monkeypatch.chdir(tmp_path)
    Path("there").mkdir()
    os.mkfifo("pipe")
    with pytest.raises(typer.BadParameter):
        require_file(Path(name))
    require_file(None)
    require_file(Path("new"))
    require_file(Path("dangling"))


def test_a_device_stays_one() -> None:
    """As root it would be replaced."""
    with pytest.raises(typer.BadParameter, match="no regular file"):
        require_file(Path("/dev/null"))


def test_the_file_is_its_owners(tmp_path: Path) -> None:
    """Whatever the umask and the file before it; a link stays one."""
    file, link = tmp_path / "found", tmp_path / "link"
    file.write_text("before")
    file.chmod(0o644)
    link.symlink_to("found")
    before = os.umask(0)
    try:
        with replaced(link) as new:
            new.write(b"after")
            assert file.read_text() == "before"
    finally:
        os.umask(before)
    assert link.is_symlink()
    assert file.read_text() == "after"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(tmp_path.iterdir()) == [file, link]


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    """And names the file, not the one beside it."""
    file = tmp_path / "found"
    file.write_text("before")
    with pytest.raises(OSError, match="No space left") as raised, replaced(file):
        raise OSError(28, "No space left on device")
    assert raised.value.filename == str(file)
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]
    with pytest.raises(FileNotFoundError) as missing, replaced(tmp_path / "none" / "found"):
        pass
    assert missing.value.filename == str(tmp_path / "none" / "found")
