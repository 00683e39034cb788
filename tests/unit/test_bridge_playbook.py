# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a run's secrets lie: only on a tmpfs, for one user, and never for longer than the run."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bill_nextcloud.errors import SettingsInvalid
from bill_nextcloud.playbook import Runs
from bill_nextcloud.runs.private import Data, on_tmpfs, write
from bill_nextcloud.runs.sessions import Sessions
from bill_nextcloud.settings import BridgeSettings, Settings


def file_system(path: Path) -> str:
    """The type that coreutils name."""
    done = subprocess.run(["stat", "--file-system", "--format=%T", path], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def memory() -> Iterator[Path]:
    """A directory on a tmpfs."""
    with tempfile.TemporaryDirectory(prefix="bill-nextcloud-", dir="/dev/shm") as name:
        assert file_system(Path(name)) == "tmpfs"
        yield Path(name)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A directory that is not on a tmpfs: where pytest works, or else beside this file."""
    if file_system(tmp_path) not in ("tmpfs", "ramfs"):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix=".unit-", dir=Path(__file__).parent) as name:
        assert file_system(Path(name)) not in ("tmpfs", "ramfs")
        yield Path(name)


def runs(directory: Path) -> Runs:
    """Runs whose secrets would lie in ``directory``."""
    return Runs(Settings(bridge=BridgeSettings(runtime_directory=directory)))


def test_a_tmpfs_is_known(memory: Path, tmp_path: Path) -> None:
    """Also below it, before the directory is there, and through a link."""
    (memory / "deep" / "er").mkdir(parents=True)
    link = tmp_path / "link"
    link.symlink_to(memory)
    for directory in (memory, memory / "deep" / "er", memory / "not" / "made", link, link / "deep"):
        assert on_tmpfs(directory)


def test_other_file_systems_are_known(disk: Path, memory: Path) -> None:
    """A disk, one of the kernel's own, and a link on a tmpfs that leads out of it."""
    link = memory / "link"
    link.symlink_to(disk)
    for directory in (disk, Path("/proc"), Path("/proc/self"), Path("/sys"), link):
        assert not on_tmpfs(directory)


def test_the_mount_decides_not_the_name(disk: Path) -> None:
    """A directory beside a tmpfs whose name begins like it."""
    assert not on_tmpfs(Path("/dev/shmoo"))
    assert not on_tmpfs(disk / "dev" / "shm")


def test_the_nearest_mount_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """In whichever order they are listed; of two on one place the later one; with spaces in the name."""
    mounts = (
        "tmpfs /run/a tmpfs rw 0 0\n"
        "/dev/sda1 / ext4 rw 0 0\n"
        "/dev/sda2 /run/a/disk xfs rw 0 0\n"
        "tmpfs /twice tmpfs rw 0 0\n"
        "/dev/sda3 /twice xfs rw 0 0\n"
        "ramfs /with\\040space ramfs rw 0 0\n"
    )
    monkeypatch.setattr(Path, "read_text", lambda path, *_: mounts if str(path) == "/proc/self/mounts" else "")
    assert on_tmpfs(Path("/run/a/b"))
    assert on_tmpfs(Path("/with space/x"))
    for other in ("/run", "/run/a/disk/x", "/twice/x", "/run/ab", "/"):
        assert not on_tmpfs(Path(other))


def test_clearing_takes_away_what_killed_runs_left(memory: Path) -> None:
    """Their directories with all in them, and nothing else."""
    left = memory / "run-0123"
    (left / "env").mkdir(parents=True)
    (left / "secrets.yml").write_text("x")
    (memory / "bridge.sock").write_text("")
    (memory / "other").mkdir()
    runs(memory).clear()
    assert sorted(path.name for path in memory.iterdir()) == ["bridge.sock", "other"]


def test_clearing_makes_the_directory(memory: Path) -> None:
    """For its owner only."""
    runs(memory / "new" / "place").clear()
    assert stat.S_IMODE((memory / "new" / "place").stat().st_mode) == 0o700


def test_a_place_that_is_no_tmpfs_is_refused(disk: Path) -> None:
    """With the setting's name, and nothing in it is touched."""
    (disk / "run-0123").mkdir()
    with pytest.raises(SettingsInvalid) as raised:
        runs(disk).clear()
    assert raised.value.parameters["file"] == "bridge.runtime_directory"
    assert str(disk) in raised.value.parameters["detail"]
    assert (disk / "run-0123").is_dir()


def test_secrets_are_written_for_their_owner_only(memory: Path) -> None:
    """From the first byte on, whatever the umask; a file that is there already is not written into."""
    path = memory / "secrets.yml"
    write(path, {"cloud_password": "geheim"})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        write(path, {})


def test_texts_arrive_in_ansible_as_they_are(memory: Path) -> None:
    """Neither a template nor what YAML reads as a number, a truth or nothing: each text stays the text it was."""
    numbers = ["12_3", "00N", "yes", "null", "~", "0x10", "1e3"]
    texts = [*numbers, "{{ lookup('pipe', 'id') }} \"Ж\" \\ \n x", "😀\u2028\x85", ""]
    content = {"name": "12_3", "accounts": [{"name": text, "limit": 5, "none": None} for text in texts]}
    write(memory / "inventory.yml", {"clouds": {"hosts": {"cloud_1": Data(ansible_connection="local", **content)}}})
    write(memory / "secrets.yml", Data(passwords={text: text for text in texts}))
    playbook = memory / "playbook.yml"
    playbook.write_text(
        "- hosts: all\n  gather_facts: false\n  tasks:\n    - ansible.builtin.copy:\n"
        "        dest: \"{{ playbook_dir }}/seen.json\"\n        mode: '0600'\n"
        "        content: \"{{ {'name': name, 'accounts': accounts, 'passwords': passwords} | to_json }}\"\n"
        "      vars: {ansible_python_interpreter: '{{ ansible_playbook_python }}'}\n",
        encoding="utf-8",
    )
    command: list[str | Path] = [
        Path(sys.executable).parent / "ansible-playbook",
        *("-i", memory / "inventory.yml", "-e", f"@{memory / 'secrets.yml'}", playbook),
    ]
    environment = {"PATH": os.defpath, "HOME": str(memory), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    seen = json.loads((memory / "seen.json").read_text("utf-8"))
    assert seen == {**content, "passwords": {text: text for text in texts}}


def test_log_ins_are_kept_for_their_owner_until_the_bridge_stops(memory: Path) -> None:
    """A file for each cloud; clearing, at the bridge's start and stop, takes them away, and what is left of one."""
    file = Sessions(memory / "sessions").file("cloud_5")
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert Sessions(memory / "sessions").file("cloud_6") != file
    file.write_text("{}")
    file.with_name(".cloud_5.json.0123").write_text("{}")
    runs(memory).clear()
    assert list(memory.iterdir()) == []


def test_log_ins_that_have_ended_are_removed(memory: Path) -> None:
    """By themselves, also where they were being written; what runs have replaced a moment ago stays."""
    sessions = runs(memory)
    sessions.remove_ended_sessions()
    directory = Sessions(memory / "sessions").file("cloud_5").parent
    for name, minutes in (("old", 26), (".new", 26), ("young", 24)):
        (directory / name).write_text("{}")
        os.utime(directory / name, (0, time.time() - minutes * 60))
    sessions.remove_ended_sessions()
    assert [path.name for path in directory.iterdir()] == ["young"]


def test_nothing_is_removed_by_a_strangers_link(memory: Path, tmp_path: Path) -> None:
    """On a worker host the directory above is everybody's: a link of that name leads nowhere."""
    mine = tmp_path / "mine"
    mine.write_text("x")
    os.utime(mine, (0, 0))
    (memory / "sessions").symlink_to(tmp_path)
    Sessions(memory / "sessions").remove_old()
    assert mine.exists()


def test_a_strangers_file_stops_no_run(memory: Path) -> None:
    """It is the collection that finds out, and logs in."""
    (memory / "sessions").write_text("")
    assert Sessions(memory / "sessions").file("cloud_5").parent == memory / "sessions"
