# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cloud's own user may plant, and databases of others: root neither runs nor overwrites them."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import closing
from pathlib import Path

import pymysql
import pytest
from harness.mariadb import MariaDB

from roles.backup.conftest import BackedUp, MakeServer
from roles.backup.server import FILES, CloudServer

CLOSED_BY = "nextcloud-backup-restore.config.php"
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="it is about what root does")


def planted(server: CloudServer) -> Path:
    """Code of the cloud's user beside config.php, and the file that it makes if root runs it."""
    made = server.directory / "made by root"
    code = f"<?php if (posix_geteuid() === 0) {{ touch({server._php(made)}); }} $CONFIG = [];"
    (server.www / "config" / "planted.config.php").write_text(code)
    return made


@only_root
@pytest.mark.parametrize("way", ["link", "root's own file"])
def test_code_of_the_clouds_user_is_not_run_as_root(backed_up: BackedUp, way: str) -> None:
    """The directory is that user's, who can put a file of root's in the place of config.php."""
    server = backed_up("restic")
    made = planted(server)
    config = server.www / "config" / "config.php"
    if way == "link":
        config.rename(server.directory / "config.php")
        os.chown(server.directory / "config.php", 0, 0)
        config.symlink_to(server.directory / "config.php")
    else:
        os.chown(config, 0, 0)
    for words in (("run",), ("restore", "--account", "anna")):
        assert "is root's, in a directory that is not" in server.run(*words, status=1)
    assert not made.exists()


@only_root
def test_a_restore_follows_no_link(backed_up: BackedUp) -> None:
    """The file that closes the cloud takes a link's place."""
    server = backed_up("restic")
    victim = server.directory / "victim"
    victim.write_text("root's")
    victim.chmod(0o600)
    (server.www / "config" / CLOSED_BY).symlink_to(victim)
    server.run("restore", "--overwrite")
    assert victim.read_text() == "root's"
    assert (victim.stat().st_uid, victim.stat().st_mode & 0o777) == (0, 0o600)


def test_no_backup_of_what_a_restore_has_left(backed_up: BackedUp) -> None:
    """A restore that was killed leaves files and a database that do not belong together. They are not to become the
    latest snapshot."""
    server = backed_up("restic")
    before = server.snapshots()
    (server.www / "config" / CLOSED_BY).write_text("<?php $CONFIG = ['maintenance' => true];")
    assert "a restore was begun and has not ended" in server.run("run", status=1)
    assert server.snapshots() == before
    server.run("restore", "--overwrite")
    assert server.run("run").startswith("backed up")


def test_no_backup_in_the_middle_of_an_upgrade(backed_up: BackedUp) -> None:
    """The role nextcloud_server notes one that it has begun. Code and database need not belong together then."""
    server = backed_up("restic")
    before = server.snapshots()
    begun = Path(f"{server.www}-backups/begun.json")
    begun.parent.mkdir()
    begun.write_text("{}")
    assert "an upgrade was begun and has not ended" in server.run("run", status=1)
    assert server.snapshots() == before
    begun.unlink()
    assert server.run("run").startswith("backed up")


def test_a_database_in_use_is_not_replaced_unasked(make_server: MakeServer) -> None:
    """Neither where the directories are new, nor where this server has another database."""
    server = make_server("restic", "mysql")
    server.run("initialise")
    server.run("run")
    server.database.execute(["INSERT INTO oc_users VALUES ('carla', 'since the backup')"])
    rows, tree = server.database.content(), server.tree()
    other = server.www / "config" / "other.config.php"
    other.write_text("<?php $CONFIG = ['dbname' => 'of_this_server'];")
    said = server.run("restore", "--overwrite", status=1)
    assert "has 3 tables" in said
    assert "of_this_server" in said
    other.unlink()
    assert server.tree() == tree
    for path in (server.www, server.data):
        shutil.rmtree(path)
    assert "has 3 tables" in server.run("restore", status=1)
    assert server.database.content() == rows
    assert not server.www.exists()


def test_a_password_with_a_line_break(make_server: MakeServer) -> None:
    """It stays one value of MariaDB's option file."""
    server = make_server("restic", "mysql")
    password = 'p"\nhost=db.example.org\r#\\'
    codes = ", ".join(map(str, password.encode()))
    server.database.execute([f"EXECUTE IMMEDIATE CONCAT('SET PASSWORD = PASSWORD(', QUOTE(CHAR({codes})), ')')"])
    code = f"<?php $CONFIG = ['dbpassword' => {server._php(password)}];"
    (server.www / "config" / "password.config.php").write_text(code, newline="")
    server.run("initialise")
    assert server.run("run").startswith("backed up")


def test_a_dump_gives_the_client_no_commands(make_server: MakeServer) -> None:
    """A database server that somebody else has may put them into it, and mariadb would start them as root."""
    server = make_server("restic", "mysql")
    dump, made = server.directory / "dump.sql", server.directory / "made by the client"
    dump.write_text(f"SELECT 1;\n\\! touch '{made}'\nSELECT 1;\n")
    options = server.directory / "client.cnf"
    database = server.database.config
    values = {"user": database["dbuser"], "password": database["dbpassword"], "socket": database["dbhost"][10:]}
    quoted = {key: value.replace("\\", "\\\\").replace('"', '\\"') for key, value in values.items()}
    options.write_text("[client]\n" + "".join(f'{key} = "{value}"\n' for key, value in quoted.items()))
    code = (
        "import sys, pathlib; sys.path.insert(0, sys.argv[1])\n"
        "from nextcloud_backup.databases.mysql import MySQL\n"
        "MySQL(pathlib.Path(sys.argv[2]), sys.argv[3], 'oc_').replace(pathlib.Path(sys.argv[4]))"
    )
    subprocess.run(
        ["/usr/bin/python3", "-IBc", code, FILES, options, database["dbname"], dump], check=False, capture_output=True
    )
    assert not made.exists()


def test_a_repository_among_what_is_backed_up(backed_up: BackedUp) -> None:
    """By a link, too. It would hold itself, and be lost with the data."""
    server = backed_up("restic")
    (server.directory / "elsewhere").symlink_to(server.data)
    server.configure(repository=str(server.directory / "elsewhere" / "repository"))
    server.run("initialise")
    assert "is in a directory that is backed up" in server.run("run", status=1)


def test_no_account_is_not_the_whole_server(backed_up: BackedUp) -> None:
    """An empty name, as of a variable that is not set."""
    server = backed_up("restic")
    for path in (server.www, server.data):
        shutil.rmtree(path)
    server.run("restore", "--account", "", status=1)
    assert not server.data.exists()


def test_a_failure_of_the_system_in_one_line(backed_up: BackedUp) -> None:
    """A directory that is missing, or a disk that is full."""
    server = backed_up("restic")
    server.configure(metrics_directory="/nowhere")
    assert "/nowhere" in server.run("check", status=1)


def test_a_restore_that_fails_midway_tells_what_is_kept(make_server: MakeServer, mariadb: MariaDB) -> None:
    """The database is empty by then: the dump of what was in it is named, and the cloud stays closed."""
    server = make_server("restic", "mysql")
    server.run("initialise")
    server.run("run")
    name = server.database.config["dbname"]
    with closing(pymysql.connect(read_default_file=str(mariadb.options))) as connection, connection.cursor() as cursor:
        cursor.execute(f"REVOKE CREATE ON {name}.* FROM {name}@localhost")
    said = server.run("restore", "--overwrite", status=1)
    (dump,) = server.state.glob("before-restore-*.sql")
    assert "left in maintenance mode" in said
    assert str(dump) in said
    assert "anna" in dump.read_text()
    assert (server.www / "config" / CLOSED_BY).exists()
