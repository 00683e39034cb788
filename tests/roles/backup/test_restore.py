# SPDX-License-Identifier: GPL-3.0-or-later
"""What was backed up is there again after it was lost."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from harness.leaks import Watcher, files_with
from harness.prometheus import promtool

from roles.backup.conftest import BackedUp, MakeServer
from roles.backup.databases import DROPPED
from roles.backup.server import PASSWORD, CloudServer

KINDS = [("restic", "mysql"), ("borg", "pgsql"), ("borg", "sqlite3")]


def kept(server: CloudServer) -> list[Path]:
    return sorted(server.directory.glob("*.before-restore-*"))


@pytest.mark.parametrize(("program", "kind"), KINDS)
def test_a_server_that_lost_files_and_tables(make_server: MakeServer, program: str, kind: str) -> None:
    """Backed up in maintenance mode, tried, and restored with owners, modes and every row, beside what was there.
    Clients learn of it. No secret shows on the way, and nothing is left behind."""
    server = make_server(program, kind)
    before, rows = server.tree(), server.database.content()
    secrets = [PASSWORD, *([server.database.secret] if server.database.secret else [])]

    watcher = Watcher()
    assert server.run("initialise") == "made"
    assert server.run("run").startswith("backed up 16 files, ")
    watcher.stop()
    assert watcher.leaks(secrets) == []
    assert server.run("initialise") == "there already"
    assert server.told_occ() == ["off maintenance:mode --on", "on maintenance:mode --off"]
    (snapshot,) = server.snapshots()
    assert server.run("test").startswith(f"snapshot {snapshot['id']} of {snapshot['made']} can be restored: 16 files, ")
    assert server.told_occ() == []

    # Customers go on, and then much is lost.
    (server.data / "boris" / "files" / "new").write_text("newer than the backup")
    shutil.rmtree(server.data / "anna")
    (server.www / "themes" / "sold" / "theme.css").write_text("broken")
    if kind == "sqlite3":
        (server.data / "owncloud.db").write_bytes(b"broken")
    else:
        server.database.execute([*DROPPED[:-1], "DELETE FROM oc_users", "CREATE TABLE oc_newer (id INTEGER)"])

    refused = server.run("restore", status=1)
    assert f"{server.data} and {server.www} would be replaced" in refused
    assert server.told_occ() == []
    restored = server.run("restore", "--overwrite")
    assert "16 files, 2 accounts, release 31.0.6.2; maintenance mode is off" in restored
    assert server.tree() == before
    assert server.database.content() == rows
    if kind != "sqlite3":
        with pytest.raises(Exception, match="oc_newer"):
            server.database.execute(["SELECT * FROM oc_newer"])
        (dump,) = server.state.glob("before-restore-*.sql")
        assert "oc_newer" in dump.read_text()
        assert stat.S_IMODE(dump.stat().st_mode) == 0o600
    assert (kept(server)[0] / "boris" / "files" / "new").read_text() == "newer than the backup"
    assert server.told_occ() == ["on maintenance:data-fingerprint", "on maintenance:mode --off", "off status"]
    assert len(server.config()["data-fingerprint"]) == 32
    assert not server.in_maintenance()

    left = [server.state, server.metrics, server.directory / "scratch", server.repository]
    assert files_with(left, secrets) == []
    assert [path.name for path in (server.directory / "scratch").iterdir()] == []
    assert list(server.directory.glob(".*")) == []
    promtool_says = subprocess.run(
        [promtool(), "check", "metrics"], input=(server.metrics / "nextcloud_backup.prom").read_bytes(), check=False
    )
    assert promtool_says.returncode == 0
    for task in ("backup", "restore_test"):
        assert server.metric("last_run_success", task) == 1
        assert server.metric("last_success_files", task) == 16


def test_a_new_server(make_server: MakeServer) -> None:
    """Where nothing is there but an empty database, all comes out of the repository. Without maintenance mode a backup
    tells occ nothing."""
    server = make_server("borg", "mysql", consistency="database")
    server.run("initialise")
    before, rows = server.tree(), server.database.content()
    server.run("run")
    assert server.told_occ() == []
    (first,) = server.snapshots()
    for path in (server.www, server.data):
        shutil.rmtree(path)
    server.database.execute(DROPPED)
    server.run("restore", "--snapshot", first["id"])
    assert server.tree() == before
    assert server.database.content() == rows
    assert kept(server) == []
    assert not server.in_maintenance()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may hide what names are looked up in")
def test_where_no_name_can_be_looked_up(make_server: MakeServer) -> None:
    """Restoring is tried without a network, on a server that does not even know localhost."""
    server = make_server("restic", "mysql")
    server.run("initialise")
    server.run("run")
    hidden = 'mount --bind /dev/null /etc/hosts; hostname nowhere; exec "$@"'
    done = subprocess.run(
        ["unshare", "--mount", "--uts", "--net", "sh", "-euc", hidden, "sh", *server.command("test")],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


def test_files_of_one_account(backed_up: BackedUp) -> None:
    """They come into a new folder of the account, to its owner, and the cloud is told to look at it."""
    server = backed_up("restic")
    files = server.data / "anna" / "files"
    content = {path.name: path.read_bytes() for path in files.iterdir()}
    (files / "Photo 1 é.jpg").write_text("overwritten by mistake")
    before = server.tree()
    server.told_occ()
    said = server.run("restore", "--account", "anna")
    (folder,) = files.glob("Restored *")
    assert said == f"6 files and folders of anna are in the folder {folder.name}"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == content
    assert folder.stat().st_uid == server.user.pw_uid
    assert server.told_occ()[-1] == f"off files:scan --path=anna/files/{folder.name}"
    after = server.tree()
    assert {path: after[path] for path in before} == before

    assert "../boris has no files" in server.run("restore", "--account", "../boris", status=1)
    assert "carla has no files" in server.run("restore", "--account", "carla", status=1)
    (server.www / "encryption").touch()
    assert "files are encrypted" in server.run("restore", "--account", "anna", status=1)
    assert os.listdir(files).count(folder.name) == 1


def test_a_snapshot_with_a_file_missing(backed_up: BackedUp) -> None:
    """The restore test tells, and a restore changes nothing."""
    server = backed_up("borg")
    (snapshot,) = server.snapshots()
    missing = str(server.data / "anna" / "files" / "Photo 3 é.jpg")
    environment = {
        **os.environ,
        "BORG_REPO": str(server.repository),
        "BORG_PASSCOMMAND": f"cat {server.password}",
        "BORG_BASE_DIR": str(server.state / "borg"),
    }
    command = ["borg", "recreate", "--exclude", missing.lstrip("/"), f"::{snapshot['id']}"]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    before = server.tree()
    words = server.run("test", status=1)
    assert f"{server.data} has 10 files instead of 11" in words
    assert "Photo 3 é.jpg: No such file or directory" in words
    assert server.metric("last_run_success", "restore_test") == 0
    assert "nothing was changed" in server.run("restore", "--overwrite", status=1)
    assert server.tree() == before
    assert not server.in_maintenance()
