# SPDX-License-Identifier: GPL-3.0-or-later
"""The role nextcloud_server, played as its README shows it on a machine of its own, with this one's packages: nginx,
PHP-FPM, MariaDB and Redis are real, Nextcloud is a minimal release."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness.cloud_machine import ROLE, CloudMachine
from standins.nextcloud_release import Archive, make

from collection.conftest import Installed
from collection.documents import readme_playbooks
from collection.installation import Run
from collection.roles import failures

NAME = "cloud.example.org"
SECRETS = {"vault_admin_password": "Only-of-the-admin-1", "vault_database_password": "Only-of-the-database-1"}
FILE = "remote.php/dav/files/admin/hello.txt"
_COMMAND = ("ansible-playbook", "-i", "inventory.json", "-e", "@secrets.json", "--diff", "play.json")
_PROGRAMS = ("nginx", "mariadbd", "redis-server", "logrotate", "cron", "unzip", "ss")


def _needs() -> None:
    missing = [name for name in _PROGRAMS if shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin") is None]
    modules = subprocess.run(["php", "-m"], capture_output=True, text=True, check=False).stdout.split()
    missing += [f"php-{name}" for name in ("apcu", "curl", "gd", "pdo_mysql", "redis", "zip") if name not in modules]
    if os.geteuid() != 0:
        missing.append("root")
    if missing:
        words = f"{', '.join(missing)} missing: .ci/run installs all that is needed"
        assert not os.environ.get("REQUIRE_WEB_SERVER"), words
        pytest.skip(words)


@dataclass
class Played:
    """The machine, and what was played on it."""

    machine: CloudMachine
    installed: Installed
    archive: Archive

    def play(self, hosts: dict[str, dict[str, Any]], *arguments: str) -> Run:
        """Play the role with the README's variables, and others of each host; all hosts are this machine. No password
        may be printed."""
        directory = self.machine.directory
        ((shown,),) = [play["roles"] for text in readme_playbooks(ROLE / "README.md") for play in yaml.safe_load(text)]
        assert shown["role"] == "bill.nextcloud.nextcloud_server"
        # Nothing of the machine's size is to be taken here.
        small = {"nextcloud_server_database_memory": 0.01, "nextcloud_server_fpm_memory": 0.01}
        common = {**self.machine.variables(), **shown["vars"], **self.archive.variables, **small}
        named = {name: {**common, **variables} for name, variables in hosts.items()}
        play = {"name": "Play", "hosts": "all", "gather_facts": False, "roles": [shown["role"]]}
        (directory / "inventory.json").write_text(json.dumps({"all": {"hosts": named}}))
        (directory / "secrets.json").write_text(json.dumps(SECRETS))
        (directory / "play.json").write_text(json.dumps([play]))
        environment = {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_COLLECTIONS_PATH": str(self.installed.collections)}
        command = self.machine.beside(directory, *_COMMAND, *arguments)
        run = self.installed.ansible.run(directory, *map(str, command), environment=environment)
        for secret in SECRETS.values():
            assert secret not in run.printed
        return run

    def ask(self, *requests: dict[str, Any]) -> list[dict[str, Any]]:
        """The machine's answers to requests."""
        asked = [
            {
                **request,
                "headers": {"Host": NAME, **request.get("headers", {})},
                "verify": str(self.machine.certificate),
            }
            for request in requests
        ]
        command = self.machine.beside(
            self.machine.directory, sys.executable, Path(__file__).parents[1] / "harness/ask.py"
        )
        done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        answers: list[dict[str, Any]] = json.loads(done.stdout)
        return answers

    def get(self, *paths: str) -> list[dict[str, Any]]:
        """Its answers to plain requests by HTTPS."""
        return self.ask(*({"method": "GET", "url": f"https://127.0.0.1/{path}"} for path in paths))

    def told(self, *command: str) -> str:
        """What a command prints in there, which has to succeed."""
        done = self.machine.run(*command)
        assert done.returncode == 0, done.printed
        return done.output

    def written(self) -> dict[str, float]:
        """What is in there and not on this machine, or differs, with the time of its last change."""
        command: list[str | Path] = ["find", self.machine.written, "!", "-type", "d", "-printf", "/%P %T@\\n"]
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        found = {path: float(time) for path, _, time in (line.rpartition(" ") for line in lines)}
        return {path: time for path, time in found.items() if not path.startswith(("/tmp/", "/root/", "/var/tmp/"))}


@pytest.fixture(scope="module")
def played(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """The machine, before anything is played on it."""
    _needs()
    archive = make(tmp_path_factory.mktemp("archive"), "31.0.6")
    with CloudMachine(tmp_path_factory.mktemp("server") / "machine") as machine:
        yield Played(machine, installed, archive)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "names": ({"host_names": ["https://cloud.example.org"]}, "without https:// and without a port"),
    "data": ({"data_directory": "/var/www/nextcloud/data"}, "is below nextcloud_server_directory"),
    "data_above": ({"data_directory": "/var/www"}, "could exchange the code"),
    "data_of_others": ({"data_directory": "/etc/ssl"}, "would be taken from whom it belongs to"),
    "data_unpacked": ({"data_directory": "/var/www/nextcloud-new"}, "removed before and after that"),
    "directory": ({"directory": "/srv"}, "full paths of two names or more"),
    "address": ({"listen_addresses": ["127.0.0.1:80"]}, "without ports and brackets"),
    "ports": ({"listen_https": 80}, "two different ports"),
    "no_key": ({"certificate_key": None}, "nextcloud_server_certificate_key are needed"),
    "no_tls": ({"tls": "none"}, "with none, neither may be given"),
    "no_http": ({"listen_http": 0, "acme_directory": "/var/lib/acme"}, "without nextcloud_server_acme_directory"),
    "size": ({"upload_limit": "10 GB"}, "whole numbers with K, M or G"),
    "memory": ({"fpm_memory": 0.9, "database_memory": 0.2}, "0.9 together or less"),
    "php": ({"php_version": "latest"}, "has to be a version such as"),
    "database": ({"database_host": "db.example.org"}, "is on this machine"),
    "elsewhere": ({"database_managed": False}, "needs it"),
    "database_name": ({"database_name": "next cloud"}, "letters, digits and _"),
    "certificate": ({"certificate": "/nowhere/cloud.pem"}, "/nowhere/cloud.pem is not on the server"),
    "open_key": ({"certificate_key": "/etc/ssl/cloud.pem"}, "Everybody on the server may read /etc/ssl/cloud.pem"),
    "web_server": ({"web_server": "lighttpd"}, "must be one of: nginx, apache"),
}


def test_what_does_not_fit_is_refused(played: Played) -> None:
    """In words, and nothing is changed."""
    hosts = {
        name: {f"nextcloud_server_{variable}": value for variable, value in wish.items()}
        for name, (wish, _) in REFUSED.items()
    }
    before = played.written()
    run = played.play(hosts)
    found = failures(run)
    assert {name: words for name, (_, words) in REFUSED.items() if words not in found.get(name, "")} == {}, run.printed
    assert played.written() == before


@pytest.mark.whole_role
def test_check_mode(played: Played) -> None:
    """It changes nothing, and says that something would be."""
    before = played.written()
    run = played.play({"cloud": {}}, "--check")
    assert run.returncode == 0, run.printed
    assert run.changed_tasks
    assert played.written() == before


@pytest.mark.whole_role
def test_it_is_set_up(played: Played) -> None:
    """Without a warning."""
    run = played.play({"cloud": {}})
    assert run.returncode == 0, run.printed
    assert "WARNING" not in run.printed, run.printed


@pytest.mark.whole_role
def test_a_second_run(played: Played) -> None:
    """Has nothing to change."""
    run = played.play({"cloud": {}})
    assert run.returncode == 0, run.printed
    assert run.changed_tasks == set()


@pytest.mark.whole_role
def test_it_answers_over_tls(played: Played) -> None:
    """It is installed, sends the headers that Nextcloud's manual asks for, and HTTP leads to HTTPS."""
    status, plain, calendar, program, client = played.ask(
        {"method": "GET", "url": "https://127.0.0.1/status.php"},
        {"method": "GET", "url": "http://127.0.0.1/apps/files/?dir=/"},
        {"method": "GET", "url": "https://127.0.0.1/.well-known/caldav"},
        {"method": "GET", "url": "https://127.0.0.1/index.php"},
        {"method": "GET", "url": "https://127.0.0.1/", "headers": {"User-Agent": "DavClnt"}},
    )
    assert json.loads(status["text"])["installed"]
    headers = {name.lower(): value for name, value in status["headers"].items()}
    assert headers["strict-transport-security"] == "max-age=15768000"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["x-robots-tag"] == "noindex, nofollow"
    assert headers["x-xss-protection"] == "1; mode=block"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-permitted-cross-domain-policies"] == "none"
    assert "x-powered-by" not in headers
    assert headers["server"] == "nginx"
    assert (plain["status"], plain["headers"]["Location"]) == (301, f"https://{NAME}/apps/files/?dir=/")
    assert (calendar["status"], calendar["headers"]["Location"]) == (301, f"https://{NAME}/remote.php/dav/")
    assert "true" in program["text"]
    assert (client["status"], client["headers"]["Location"]) == (302, f"https://{NAME}/remote.php/webdav/")


@pytest.mark.whole_role
def test_files_come_and_go(played: Played) -> None:
    """A WebDAV client can upload a file and gets it back; without the password it cannot."""
    url = f"https://127.0.0.1/{FILE}"
    login = {"auth": ["admin", SECRETS["vault_admin_password"]]}
    stranger, uploaded, downloaded = played.ask(
        {"method": "PUT", "url": url, "auth": ["admin", "Something-else-1"], "data": "Nothing"},
        {"method": "PUT", "url": url, **login, "data": "Hello"},
        {"method": "GET", "url": url, **login},
    )
    assert (stranger["status"], uploaded["status"], downloaded["text"]) == (401, 201, "Hello")


@pytest.mark.whole_role
def test_what_nobody_may_see(played: Played) -> None:
    """Settings, data, code and hidden files are not shown, and lie where only Nextcloud reads them."""
    answers = played.get("config/config.php", "data/", ".htaccess", "occ", "lib/versioncheck.php", "console.php")
    assert {answer["status"] for answer in answers} == {404}
    for path, mode in (
        ("/var/www/nextcloud/config/config.php", 0o640),
        ("/var/lib/nextcloud/data", 0o750),
        ("/var/log/nextcloud", 0o750),
    ):
        assert stat.S_IMODE(played.machine.path(path).stat().st_mode) == mode
    # www-data is the owner of what Nextcloud writes only.
    assert played.machine.path("/var/www/nextcloud/index.php").owner() == "root"
    for socket, group in (("/run/redis/redis-server.sock", "redis"), ("/run/php/nextcloud.sock", "www-data")):
        seen = played.told("stat", "--format=%G %A", socket).split()
        assert (seen[0], seen[1][-3:]) == (group, "---")


@pytest.mark.whole_role
def test_who_listens(played: Played) -> None:
    """The web server where it was asked to, MariaDB on the loopback, and nothing else; Redis has no password, only
    a socket for its group."""
    lines = played.told("ss", "--tcp", "--udp", "--listening", "--numeric", "--no-header").splitlines()
    assert {line.split()[4] for line in lines} == {
        *("0.0.0.0:80", "0.0.0.0:443", "[::]:80", "[::]:443"),
        "127.0.0.1:3306",
    }
    ping = ("redis-cli", "-s", "/run/redis/redis-server.sock", "ping")
    assert played.told("runuser", "-u", "www-data", "--", *ping) == "PONG\n"
    assert "Permission denied" in played.machine.run("runuser", "-u", "nobody", "--", *ping).printed


@pytest.mark.whole_role
def test_jobs_and_logs(played: Played) -> None:
    """What cron is told runs Nextcloud's jobs, and logrotate takes what it is told."""
    (line,) = [line for line in played.told("crontab", "-u", "www-data", "-l").splitlines() if line[0] != "#"]
    times, command = line.split(" ", 5)[:5], line.split(" ", 5)[5]
    assert times == ["*/5", "*", "*", "*", "*"]
    occ = ("runuser", "-u", "www-data", "--", "php", "/var/www/nextcloud/occ")
    last = (*occ, "config:app:get", "--default-value=0", "--", "core", "lastcron")
    assert played.told(*last) == "0\n"
    played.told("runuser", "-u", "www-data", "--", "sh", "-c", command)
    assert int(played.told(*last)) > 1_700_000_000
    log = played.machine.path("/var/log/nextcloud/nextcloud.log")
    log.write_text("A line\n")
    played.told("chown", "www-data:www-data", "/var/log/nextcloud/nextcloud.log")
    played.told("logrotate", "--force", "/etc/logrotate.d/nextcloud")
    assert log.read_text() == ""
    assert played.machine.path("/var/log/nextcloud/nextcloud.log.1").read_text() == "A line\n"


@pytest.mark.whole_role
def test_the_cache_of_programs(played: Played) -> None:
    """PHP has the limits that were asked for, and its caches, also on the command line."""
    played.machine.write(
        Path("/var/www/nextcloud/public.php"),
        b"<?php echo json_encode([ini_get('memory_limit'), ini_get('upload_max_filesize'), apcu_enabled(),"
        b" (int) ini_get('opcache.interned_strings_buffer'), opcache_get_status() !== false]);",
        0o644,
    )
    (answer,) = played.get("public.php")
    assert json.loads(answer["text"]) == ["512M", "512M", True, 32, True]
    assert played.told("php", "-r", "echo json_encode(apcu_enabled());") == "true"
