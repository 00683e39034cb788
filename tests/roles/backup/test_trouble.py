# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups that fail or are ended: loudly, and with the cloud as it was."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable

import pytest
from harness.processes import until

from roles.backup.conftest import BackedUp
from roles.backup.server import CloudServer

pytestmark = pytest.mark.whole_role
PROGRAMS = ("restic", "borg")


def in_the_middle(server: CloudServer, number: signal.Signals) -> int:
    """Start a backup, and send it a signal as soon as the database is dumped; returns its exit status."""
    server.told_occ()
    process = server.start("run")
    until((server.state / "work" / "manifest.json").exists, 30, "for the backup to begin")
    assert server.in_maintenance()
    process.send_signal(number)
    return process.wait(60)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_killed_backup(backed_up: BackedUp, program: str) -> None:
    """kill -9 leaves maintenance mode on; whatever runs next switches it off, and backs up as if nothing had been."""
    server = backed_up(program)
    assert in_the_middle(server, signal.SIGKILL) == -signal.SIGKILL
    assert server.in_maintenance()
    told = "maintenance mode, which a killed run had left on, is off"
    if program == "restic":
        assert server.run("tidy") == told
        assert not server.in_maintenance()
        assert server.run("tidy") == ""
        assert server.run("run").startswith("backed up")
    else:
        first, second = server.run("run").splitlines()
        assert first == told
        assert second.startswith("backed up")
    assert not server.in_maintenance()
    assert server.run("check") == "no damage was found"


def test_a_backup_that_is_asked_to_end(backed_up: BackedUp) -> None:
    """It ends at once, leaves nothing, and the cloud is open."""
    server = backed_up("restic")
    before = server.snapshots()
    assert in_the_middle(server, signal.SIGTERM) == 130
    assert not server.in_maintenance()
    assert not (server.state / "work").exists()
    assert server.snapshots() == before
    assert server.metric("last_run_success", "backup") == 0


def test_maintenance_mode_of_an_administrator(backed_up: BackedUp) -> None:
    """It is used, and left alone."""
    server = backed_up("restic")
    server.set_maintenance(True)
    assert server.run("run").startswith("backed up")
    server.run("tidy")
    assert server.told_occ() == []
    assert server.in_maintenance()


def wrong_password(server: CloudServer) -> None:
    server.password.write_text("Another-password-1")


def gone(server: CloudServer) -> None:
    server.repository.rename(server.directory / "elsewhere")


def another_one(server: CloudServer) -> None:
    gone(server)
    (server.state / "repository.json").rename(server.state / "former.json")
    server.run("initialise")
    (server.state / "former.json").rename(server.state / "repository.json")


def damaged_config(server: CloudServer) -> None:
    os.truncate(server.repository / "config", 10)


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("trouble", [wrong_password, gone, another_one, damaged_config])
def test_a_repository_that_cannot_be_used(
    backed_up: BackedUp, program: str, trouble: Callable[[CloudServer], None]
) -> None:
    """Neither is anything backed up, nor is the cloud touched, nor is a repository made; the exit status and the metric
    tell."""
    server = backed_up(program)
    trouble(server)
    before, there = server.tree(), server.repository.exists()
    server.run("run", status=1)
    assert server.metric("last_run_success", "backup") == 0
    if trouble is not another_one:
        server.run("initialise", status=1)
    if trouble is gone:
        for words, task in (("test", "restore_test"), ("check", "check")):
            server.run(words, status=1)
            assert server.metric("last_run_success", task) == 0
        server.run("restore", "--overwrite", status=1)
    assert server.told_occ() == []
    assert server.tree() == before
    assert server.repository.exists() == there
    assert server.metric("last_success_files", "backup") == 16


@pytest.mark.parametrize("program", PROGRAMS)
def test_damaged_data(backed_up: BackedUp, program: str) -> None:
    """`check` finds it."""
    server = backed_up(program)
    for path in sorted((server.repository / "data").rglob("*")):
        if path.is_file() and path.stat().st_size > 1000:
            path.chmod(0o600)
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 255
            path.write_bytes(content)
    server.run("check", status=1)


def no_occ(server: CloudServer) -> None:
    (server.www / "occ").unlink()


def object_store(server: CloudServer) -> None:
    (server.www / "config" / "s3.config.php").write_text("<?php $CONFIG = ['objectstore' => ['class' => 'S3']];")


def no_data(server: CloudServer) -> None:
    shutil.rmtree(server.data)


def broken_config(server: CloudServer) -> None:
    (server.www / "config" / "config.php").write_text("<?php $CONFIG = ['dbpassword' => 'secret'")


def oracle(server: CloudServer) -> None:
    (server.www / "config" / "z.config.php").write_text("<?php $CONFIG = ['dbtype' => 'oci'];")


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (no_occ, "occ is not there"),
        (object_store, "the files are not on this server"),
        (no_data, "is its file system mounted?"),
        (broken_config, "PHP cannot read"),
        (oracle, "the type oci cannot be backed up"),
    ],
)
def test_a_cloud_that_cannot_be_backed_up(
    backed_up: BackedUp, trouble: Callable[[CloudServer], None], words: str
) -> None:
    """It is said why, and nothing is stored."""
    server = backed_up("restic")
    before = sorted(server.repository.rglob("*"))
    trouble(server)
    said = server.run("run", status=1)
    assert words in said
    assert "secret" not in said
    assert sorted(server.repository.rglob("*")) == before


def test_settings_that_others_may_read(backed_up: BackedUp) -> None:
    """They are refused, and so is an open password file."""
    server = backed_up("restic")
    server.password.chmod(0o640)
    assert f"{server.password} has to be owned" in server.run("run", status=1)
    server.password.chmod(0o600)
    (server.directory / "settings.json").chmod(0o604)
    assert "settings.json has to be owned" in server.run("list", status=1)


@pytest.mark.parametrize("program", PROGRAMS)
def test_retention(backed_up: BackedUp, program: str) -> None:
    """Only this server's own snapshots are removed: those of others whose names begin alike stay."""
    server = backed_up(program)
    (first,) = server.snapshots()
    server.configure(name="cloud-2", keep_daily=1, keep_weekly=0, keep_monthly=0)
    server.run("run")
    others = server.snapshots()
    server.configure(name="cloud")
    assert server.snapshots() == [first]
    server.run("run")
    (second,) = server.snapshots()
    assert second["id"] != first["id"]
    server.configure(name="cloud-2")
    assert server.snapshots() == others


def test_one_at_a_time(backed_up: BackedUp) -> None:
    """A second run does nothing, and says so by its exit status; one that waits comes after the first."""
    server = backed_up("restic")
    process = server.start("run")
    until((server.state / "work").exists, 30, "for the backup to begin")
    assert "another run" in server.run("run", status=75)
    assert server.run("check", "--wait", "60") == "no damage was found"
    assert process.wait(60) == 0


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_repository_that_another_server_uses(backed_up: BackedUp, program: str) -> None:
    """It is waited for: servers that share a repository begin within the same half hour."""
    server = backed_up(program)
    environment = {
        **os.environ,
        "RESTIC_REPOSITORY": str(server.repository),
        "RESTIC_PASSWORD_FILE": str(server.password),
        "BORG_REPO": str(server.repository),
        "BORG_PASSCOMMAND": f"cat {server.password}",
        "BORG_BASE_DIR": str(server.state / "borg"),
    }
    command = {
        "restic": ["restic", "backup", "--stdin", "--host", "another"],
        "borg": ["borg", "with-lock", str(server.repository), "cat"],
    }[program]
    locks = server.repository / {"restic": "locks", "borg": "lock.exclusive"}[program]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as other:
        assert other.stdin is not None
        until(lambda: locks.exists() and any(locks.iterdir()), 30, "for the lock of another server")
        process = server.start("run")
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(8)
        other.communicate(b"something")
    assert process.wait(60) == 0
    assert server.metric("last_run_success", "backup") == 1


def test_a_file_system_that_is_full(backed_up: BackedUp) -> None:
    """A restore test for which there is no room does not begin."""
    server = backed_up("restic")
    server.configure(scratch_directory="/proc")
    assert "/proc has room for 0 bytes" in server.run("test", status=1)
