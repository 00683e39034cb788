# SPDX-License-Identifier: GPL-3.0-or-later
"""The role nextcloud_server, as far as it is about Nextcloud itself: its installation, settings, apps and upgrades."""

from __future__ import annotations

import functools
import http.server
import json
import os
import subprocess
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from harness.database_server import NotInstalled
from standins.nextcloud_release import Archive, make

from collection.application import Databases, Machine, Server, database_servers, directory, needs
from collection.conftest import Installed
from collection.installation import Run
from collection.roles import failures

# Several plays are one fixture.
pytestmark = pytest.mark.timeout(1200)

ENGINES = ("mariadb", "postgresql")
WISH: dict[str, Any] = {
    "nextcloud_server_config": {
        "default_phone_region": "DE",
        "maintenance_window_start": 1,
        "token_auth_enforced": True,
        "mail_smtppassword": "Password-of-the-mail-1",
        "enabledPreviewProviders": ["OC\\Preview\\PNG"],
        "memcache.distributed": None,
    },
    "nextcloud_server_trusted_proxies": ["192.0.2.1"],
    "nextcloud_server_apps_enabled": ["files"],
    "nextcloud_server_apps_disabled": ["dashboard"],
    "nextcloud_server_web_server": "apache",
}
SET: dict[str, Any] = {
    "trusted_domains": ["cloud.example.org"],
    "trusted_proxies": ["192.0.2.1"],
    "overwrite.cli.url": "https://cloud.example.org",
    "htaccess.RewriteBase": "/",
    "memcache.local": "\\OC\\Memcache\\APCu",
    "memcache.locking": "\\OC\\Memcache\\Redis",
    "redis": {"host": "/run/redis/redis-server.sock", "port": 0},
    "default_phone_region": "DE",
    "maintenance_window_start": 1,
    "token_auth_enforced": True,
    "enabledPreviewProviders": ["OC\\Preview\\PNG"],
    "upgrade.disable-web": True,
}


@pytest.fixture(scope="module")
def databases() -> Iterator[Databases]:
    """Database servers; the whole file needs them."""
    needs()
    with ExitStack() as stack:
        try:
            servers = stack.enter_context(database_servers())
        except NotInstalled as error:
            if os.environ.get("REQUIRE_PHP"):
                raise
            pytest.skip(str(error))
        yield servers


@dataclass
class Played:
    """What was played on two servers, and what was found afterwards, by the step's name."""

    machine: Machine
    archives: dict[str, Archive]
    servers: dict[str, Server]
    runs: dict[str, Run] = field(default_factory=dict)
    states: dict[str, dict[str, tuple[Any, ...]]] = field(default_factory=dict)
    services: dict[str, list[str]] = field(default_factory=dict)

    def play(self, step: str, hosts: dict[str, dict[str, Any]], *arguments: str) -> Run:
        """Play it on servers, each with variables of its own."""
        named = {name: (self.servers[name], {**WISH, **variables}) for name, variables in hosts.items()}
        run = self.runs[step] = self.machine.play(named, *arguments)
        self.look(step)
        self.services[step] = self.machine.services()
        return run

    def look(self, step: str) -> None:
        """See what is on both servers."""
        self.states[step] = {name: server.state() for name, server in self.servers.items()}


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Not among what the tests print."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A directory, and the address under which its files can be downloaded."""
    path = tmp_path_factory.mktemp("archives")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield path, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def played(installed: Installed, databases: Databases, address: tuple[Path, str]) -> Iterator[Played]:
    """The life of two servers: looked at, installed, nothing to do, an upgrade foreseen, two of which one fails."""
    archives, url = address
    fails = {"fail": "a table is too old"}
    made = {
        "30.0.8": make(archives, "30.0.8", ending="tar.gz"),
        "31.0.5": make(archives, "31.0.5", upgrade=fails),
        "31.0.6": make(archives, "31.0.6", without=["weather_status"]),
        "32.0.1": make(archives, "32.0.1", upgrade=fails, ending="zip"),
    }
    first, last = made["30.0.8"].variables, made["32.0.1"]
    downloaded = {**last.variables, "nextcloud_server_archive": f"{url}/{last.path.name}"}
    steps: dict[str, dict[str, Any]] = {
        "mariadb": {
            **downloaded,
            "nextcloud_server_earlier_archives": [made["30.0.8"].earlier, made["31.0.6"].earlier],
        },
        "postgresql": made["31.0.5"].variables,
    }
    with directory() as place:
        machine = Machine(installed, databases, place)
        played = Played(machine, made, {engine: machine.server(engine, engine) for engine in ENGINES})
        played.look("before")
        played.play("check", {"postgresql": first}, "--check")
        played.play("install", dict.fromkeys(ENGINES, first))
        assert played.runs["install"].returncode == 0, played.runs["install"].printed
        played.play("again", {"mariadb": first})
        for server in played.servers.values():
            (server.code / "custom_apps" / "of_the_store").mkdir()
            (server.code / "apps" / "by_hand").mkdir()
            (server.code / "themes" / "ours").mkdir()
            server.database.query("INSERT INTO oc_users VALUES ('anna', 'as it was')")
        played.look("used")
        played.play("foreseen", {"mariadb": steps["mariadb"]}, "--check")
        played.play("upgrade", steps)
        yield played


@pytest.mark.whole_role
def test_check_mode_of_a_fresh_server(played: Played) -> None:
    """It passes, says what would come, and nothing is there afterwards."""
    run = played.runs["check"]
    assert run.returncode == 0, run.printed
    assert "Nextcloud: nothing -> 30.0.8" in run.printed
    assert played.states["check"] == played.states["before"]


@pytest.mark.whole_role
def test_installation(played: Played) -> None:
    """Nextcloud is there with its settings, which have their types, and its apps; its code is not its own."""
    for name, server in played.servers.items():
        files, content = played.states["install"][name]
        modes = {path: (oct(mode)[-4:], owner) for path, (mode, owner, _, _) in files.items()}
        assert modes["www/nextcloud"] == ("0750", "root:www-data")
        assert modes["www/nextcloud/version.php"] == ("0640", "root:www-data")
        assert modes["www/nextcloud/config"] == ("0750", "www-data:www-data")
        assert modes["www/nextcloud/config/config.php"] == ("0640", "www-data:www-data")
        assert modes["www/nextcloud/custom_apps"] == ("0750", "www-data:www-data")
        assert modes["data"] == ("0750", "www-data:www-data")
        assert b"RewriteBase /\n" in files["www/nextcloud/.htaccess"][3]
        assert set(content) == {"oc_appconfig", "oc_users"}
        enabled = {app: value for app, key, value in content["oc_appconfig"] if key == "enabled"}
        assert enabled == {"dashboard": "no", "files": "yes", "weather_status": "yes"}
        settings = server.settings()
        assert {key: settings[key] for key in SET} == SET
        assert settings["mail_smtppassword"] == WISH["nextcloud_server_config"]["mail_smtppassword"]
        assert "memcache.distributed" not in settings
    shown = played.runs["install"].printed
    assert 'trusted_domains: [\\"localhost\\"] -> [\\"cloud.example.org\\"]' in shown
    assert "mail_smtppassword: a value -> another one" in shown
    assert WISH["nextcloud_server_config"]["mail_smtppassword"] not in shown


@pytest.mark.whole_role
def test_a_second_run_changes_nothing(played: Played) -> None:
    """Not one task, not one file."""
    run = played.runs["again"]
    assert (run.returncode, run.changed_tasks) == (0, set()), run.printed
    assert played.states["again"] == played.states["install"]
    assert played.services["again"] == []


@pytest.mark.whole_role
def test_check_mode_before_an_upgrade(played: Played) -> None:
    """It names the releases, and changes nothing."""
    run = played.runs["foreseen"]
    assert run.returncode == 0, run.printed
    assert "Nextcloud: 30.0.8 -> 31.0.6 -> 32.0.1" in run.printed
    assert played.states["foreseen"] == played.states["used"]


@pytest.mark.whole_role
def test_an_upgrade_that_fails_is_rolled_back(played: Played) -> None:
    """Code, settings and database are what they were; the play fails and says why."""
    run, server = played.runs["upgrade"], played.servers["postgresql"]
    assert run.returncode == 2
    words = failures(run)["postgresql"]
    assert "from 30.0.8 to 31.0.5 failed and was rolled back" in words, run.printed
    assert "Exception: a table is too old" in words
    former, now = (
        {name: (mode, owner, content) for name, (mode, owner, _, content) in files.items() if "backups" not in name}
        for files in (played.states["used"]["postgresql"][0], played.states["upgrade"]["postgresql"][0])
    )
    assert former.pop("www/nextcloud/config/config.php") != now["www/nextcloud/config/config.php"]
    assert b"'maintenance' => false" in now.pop("www/nextcloud/config/config.php")[2]
    assert now == former
    assert played.states["upgrade"]["postgresql"][1] == played.states["used"]["postgresql"][1]
    assert server.release() == ("30.0.8", False)
    assert "loglevel" not in server.settings()
    assert [path.name.partition("Z-")[2] for path in server.backups.iterdir()] == ["30.0.8-to-31.0.5.log"]


@pytest.mark.whole_role
def test_upgrades_step_by_step_until_one_fails(played: Played) -> None:
    """The first step is done, and stays so when the second is rolled back."""
    run, server = played.runs["upgrade"], played.servers["mariadb"]
    assert "from 31.0.6 to 32.0.1 failed and was rolled back" in failures(run)["mariadb"], run.printed
    assert server.release() == ("31.0.6", False)
    settings = server.settings()
    assert "loglevel" not in settings
    assert {key: settings[key] for key in SET} == SET
    content = played.states["upgrade"]["mariadb"][1]
    assert set(content) == {"oc_appconfig", "oc_users", "oc_made_by_31"}
    assert ("anna", "changed") in content["oc_users"]
    names = {path.relative_to(server.code).as_posix() for path in server.code.glob("*/*")}
    carried = {"custom_apps/of_the_store", "apps/by_hand", "themes/ours"}
    assert carried | {"apps/dashboard", "config/config.sample.php"} <= names
    assert "apps/weather_status" not in names
    assert not server.code.with_name("nextcloud-new").exists()
    (backup,) = (path for path in server.backups.iterdir() if path.is_dir())
    assert backup.name.endswith("-30.0.8-to-31.0.6")
    assert (backup / "code" / "config" / "config.php").exists()
    logs = sorted(path.name.partition("Z-")[2] for path in server.backups.glob("*.log"))
    assert logs == ["30.0.8-to-31.0.6.log", "31.0.6-to-32.0.1.log"]
    assert not (server.backups / "begun.json").exists()
    # New code thrice, and two ways back.
    assert played.services["upgrade"] == ["php-fpm restarted"] * 5


@pytest.mark.whole_role
def test_an_upgrade_that_was_killed_is_taken_back_and_made_anew(played: Played, tmp_path: Path) -> None:
    """It was in the middle of `occ upgrade`. Without being taken back the same table could not be made again."""
    server = played.servers["mariadb"]
    go_on = server.directory / "go"
    archive = make(tmp_path, "32.0.2", upgrade={"wait": str(go_on)})
    hosts = {"mariadb": (server, {**WISH, **archive.variables})}
    process = played.machine.start(hosts)
    deadline = time.monotonic() + 200
    while "oc_made_by_32" not in server.database.tables():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    everything = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
    for one in everything:
        one.kill()
    process.wait()
    psutil.wait_procs(everything)
    assert server.settings()["maintenance"] is True
    go_on.touch()

    checked = played.machine.play(hosts, "--check")
    assert checked.returncode == 0, checked.printed
    assert "An upgrade from 31.0.6 to 32.0.2 was interrupted. It is taken back to 31.0.6 first." in checked.printed
    assert "oc_made_by_32" in server.database.tables()

    done = played.machine.play(hosts)
    assert done.returncode == 0, done.printed
    assert server.release() == ("32.0.2", False)
    assert {"oc_made_by_31", "oc_made_by_32"} < server.database.tables()
    assert [path.name.partition("Z-")[2] for path in server.backups.iterdir() if path.is_dir()] == ["31.0.6-to-32.0.2"]


@pytest.mark.whole_role
def test_an_upgrade_that_was_killed_between_two_moves_is_taken_back(played: Played) -> None:
    """The former code is in the backup, and no other is in its place yet."""
    server, archive = played.servers["postgresql"], played.archives["30.0.8"]
    before = server.database.content()
    backup = server.backups / "20270101T000000Z-30.0.8-to-31.0.6"
    backup.mkdir()
    begun = {
        "version": "30.0.8.1",
        "name": "30.0.8",
        "checksum": archive.checksum,
        "to": "31.0.6",
        "backup": str(backup),
        "maintenance": False,
        "state": "backup",
    }
    (server.backups / "begun.json").write_text(json.dumps(begun))
    server.occ("maintenance:mode", "--on")
    server.code.rename(backup / "code")
    server.code.with_name("nextcloud-new").mkdir()

    done = played.machine.play({"postgresql": (server, {**WISH, **archive.variables})})
    assert done.returncode == 0, done.printed
    assert server.release() == ("30.0.8", False)
    assert server.database.content() == before
    assert not backup.exists()
    assert not (server.backups / "begun.json").exists()
    assert not server.code.with_name("nextcloud-new").exists()


Prepare = Callable[[Server], None]
INSTALLED = "  'installed' => true,\n  'version' => '{}.1',\n"


@contextmanager
def little_room(server: Server) -> Iterator[None]:
    """The server's directory has a file system of its own, which is nearly full."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k,mode=0755", "tmpfs", str(server.directory)]
    subprocess.run(mount, check=True)
    try:
        (server.directory / "full").write_bytes(b"." * 57344)
        yield
    finally:
        subprocess.run(["umount", str(server.directory)], check=True)


def test_what_does_not_fit_is_refused(installed: Installed, databases: Databases, address: tuple[Path, str]) -> None:
    """With words that say what, before anything is changed."""
    archives, url = address
    r30, r31, r32 = (make(archives, name, ending="tar.gz") for name in ("30.0.1", "31.0.1", "32.0.5"))
    young = make(archives, "31.0.2", php=("80900", "90000"))
    old = make(archives, "31.0.3", php=("70400", "80100"))
    with tarfile.open(archives / "empty.tar.gz", "w:gz") as packed:
        packed.add(__file__, "nextcloud/version.php")
    empty = Archive.of(archives / "empty.tar.gz")
    other = {"nextcloud_server_archive_checksum": "sha256:" + "0" * 64}
    remote = {"nextcloud_server_archive": f"{url}/{r31.path.name}"}

    def something(server: Server) -> None:
        server.code.mkdir(parents=True)
        (server.code / "index.html").touch()

    def tables(server: Server) -> None:
        server.database.query("CREATE TABLE of_somebody_else (id INT)")

    def interrupted(server: Server) -> None:
        server.pretend(r31, settings="  'version' => '31.0.1.1',\n")
        tables(server)

    def release(archive: Archive, name: str) -> Prepare:
        return lambda server: server.pretend(archive, settings=INSTALLED.format(name))

    def nothing(server: Server) -> None:
        """A fresh server."""

    cases: dict[str, tuple[Prepare, dict[str, Any], str]] = {
        "another_archive": (nothing, r31.variables | other, "It is another archive, or a damaged one."),
        "another_download": (nothing, r31.variables | remote | other, "did not match"),
        "no_archive": (
            nothing,
            r31.variables | {"nextcloud_server_archive": "/nowhere.zip"},
            "is not on the controller",
        ),
        "no_release": (nothing, empty.variables, "has no release of Nextcloud"),
        "php_is_too_old": (nothing, young.variables, "needs PHP 8.9 or later, below 9.0, and this server has 8."),
        "php_is_too_new": (nothing, old.variables, "needs PHP 7.4 or later, below 8.1, and this server has 8."),
        "downgrade": (release(r31, "31.0.1"), r30.variables, "is Nextcloud 30.0.1, and 31.0.1 is installed"),
        "leap": (release(r30, "30.0.1"), r32.variables, "The next release to take is the latest 31"),
        "by_hand": (release(r31, "30.0.1"), r31.variables, "Run occ upgrade first"),
        "not_installed": (lambda server: server.pretend(r30, settings=""), r31.variables, "which was never installed"),
        "something_else": (something, r31.variables, "is neither empty nor a Nextcloud"),
        "tables": (tables, r31.variables, "has 1 tables, and no Nextcloud is installed"),
        "tables_postgresql": (tables, r31.variables, "has 1 tables, and no Nextcloud is installed"),
        "interrupted": (interrupted, r31.variables, "was interrupted, and left 1 tables"),
        "data": (
            release(r31, "31.0.1"),
            r31.variables | {"nextcloud_server_data_directory": "/srv/other/data"},
            "The role moves no data.",
        ),
        "no_password": (
            nothing,
            r31.variables | {"nextcloud_server_admin_password": None},
            "admin_password is missing",
        ),
        "wishes": (
            nothing,
            {
                **r31.variables,
                "nextcloud_server_apps_enabled": ["files"],
                "nextcloud_server_apps_disabled": ["files"],
            },
            "files would be enabled and disabled",
        ),
        "own_setting": (
            nothing,
            r31.variables | {"nextcloud_server_config": {"dbhost": "a"}},
            "nextcloud_server_config has dbhost",
        ),
        "other_file_system": (
            nothing,
            r31.variables | {"nextcloud_server_upgrade_backup_directory": "/dev/shm/nextcloud-backups"},
            "has to be on the file system of",
        ),
        "backups_in_the_data": (
            nothing,
            r31.variables
            | {"nextcloud_server_upgrade_backup_directory": "{{ nextcloud_server_data_directory }}/backups"},
            "nor above them",
        ),
        "room": (nothing, r31.variables, "free, and about"),
    }
    with directory() as place, ExitStack() as stack:
        machine = Machine(installed, databases, place)
        servers = {name: machine.server(name, "postgresql" if "postgresql" in name else "mariadb") for name in cases}
        stack.enter_context(little_room(servers["room"]))
        for name, (prepare, _, _) in cases.items():
            servers[name].code.parent.mkdir()
            prepare(servers[name])
        before = {name: server.state() for name, server in servers.items()}
        run = machine.play({name: (servers[name], variables) for name, (_, variables, _) in cases.items()})
        found = failures(run)
        assert {name: server.state() for name, server in servers.items()} == before
    missing = {name: words for name, (_, _, words) in cases.items() if words not in found.get(name, "")}
    assert not missing, (missing, run.printed)
