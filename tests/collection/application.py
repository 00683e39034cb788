# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the role nextcloud_server that is about Nextcloud itself, played here by the real ansible-playbook: in
directories of the test's, with database servers of the tests' own, PHP of this machine, and a minimal release.

Services are not this machine's: a module in their place writes down what it was told.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pymysql
import pytest
from harness.mariadb import MariaDB
from harness.postgresql import PostgreSQL
from standins.nextcloud_release import Archive

from collection.conftest import Installed
from collection.installation import Run

USER = "www-data"
PASSWORDS = {"database": "Password-of-the-database-1", "admin": "Password-of-the-administrator-1"}
_COMMAND = ("ansible-playbook", "-i", "inventory.json", "--diff", "-v", "play.json")
_SERVICE = """#!/usr/bin/python
from ansible.module_utils.basic import AnsibleModule
module = AnsibleModule({"name": {}, "state": {}})
with open(%r, "a") as file:
    file.write(module.params["name"] + " " + module.params["state"] + "\\n")
module.exit_json(changed=True)
"""
_TASKS = [
    {"name": "Facts", "ansible.builtin.setup": {"gather_subset": ["!all", "min"]}},
    *(
        {"name": part, "ansible.builtin.include_role": {"name": "bill.nextcloud.nextcloud_server", "tasks_from": part}}
        for part in ("preflight/application.yml", "application/main.yml")
    ),
]


@dataclass
class Database:
    """An empty database of a real server. ``query`` runs a statement in it as its administrator; rows."""

    engine: str
    host: str
    name: str
    user: str
    password: str
    query: Callable[[str], list[tuple[Any, ...]]] = field(repr=False)

    def tables(self) -> set[str]:
        """Names of all tables."""
        schema = f"'{self.name}'" if self.engine == "mariadb" else "'public'"
        return {
            row[0]
            for row in self.query(f"SELECT table_name FROM information_schema.tables WHERE table_schema = {schema}")
        }

    def content(self) -> dict[str, list[tuple[Any, ...]]]:
        """All rows of all tables."""
        return {table: sorted(self.query(f"SELECT * FROM {table}")) for table in self.tables()}


class Databases:
    """A MariaDB and a PostgreSQL, and databases in them."""

    def __init__(self, mariadb: MariaDB, postgresql: PostgreSQL) -> None:
        self._mariadb = mariadb
        self._postgresql = postgresql
        self._made = 0
        mariadb.directory.chmod(0o755)  # for the user of PHP

    def make(self, engine: str) -> Database:
        """A new one."""
        self._made += 1
        name = f"nextcloud_{self._made}"
        if engine == "postgresql":
            url = self._postgresql.create_database(name)
            parts = urlsplit(url)
            return Database(
                engine,
                f"127.0.0.1:{parts.port}",
                name,
                str(parts.username),
                str(parts.password),
                self._in_postgresql(url),
            )
        query = self._in_mariadb(name)
        for statement in (
            f"CREATE DATABASE {name}",
            f"CREATE USER {name}@localhost IDENTIFIED BY '{PASSWORDS['database']}'",
            f"GRANT ALL ON {name}.* TO {name}@localhost",
        ):
            self._in_mariadb(None)(statement)
        return Database(engine, f"localhost:{self._mariadb.socket}", name, name, PASSWORDS["database"], query)

    def _in_mariadb(self, name: str | None) -> Callable[[str], list[tuple[Any, ...]]]:
        def query(statement: str) -> list[tuple[Any, ...]]:
            connection = pymysql.connect(read_default_file=str(self._mariadb.options), database=name, autocommit=True)
            with connection, connection.cursor() as cursor:
                cursor.execute(statement)
                return list(cursor.fetchall())

        return query

    @staticmethod
    def _in_postgresql(url: str) -> Callable[[str], list[tuple[Any, ...]]]:
        def query(statement: str) -> list[tuple[Any, ...]]:
            with psycopg.connect(url, autocommit=True) as connection:
                cursor = connection.execute(statement.encode())
                return list(cursor.fetchall()) if cursor.description else []

        return query


@dataclass
class Server:
    """What one host of a play has: directories, and a database."""

    directory: Path
    database: Database

    @property
    def code(self) -> Path:
        """Where Nextcloud is."""
        return self.directory / "www" / "nextcloud"

    @property
    def data(self) -> Path:
        """Where its data is."""
        return self.directory / "data"

    @property
    def backups(self) -> Path:
        """Where upgrades have theirs."""
        return self.directory / "www" / "nextcloud-backups"

    def variables(self) -> dict[str, Any]:
        """The host's variables."""
        return {
            "ansible_connection": "local",
            "ansible_pipelining": True,
            "ansible_python_interpreter": sys.executable,
            "nextcloud_server_directory": str(self.code),
            "nextcloud_server_data_directory": str(self.data),
            "nextcloud_server_host_names": ["cloud.example.org"],
            "nextcloud_server_admin_password": PASSWORDS["admin"],
            "nextcloud_server_database_engine": self.database.engine,
            "nextcloud_server_database_managed": False,
            "nextcloud_server_database_host": self.database.host,
            "nextcloud_server_database_name": self.database.name,
            "nextcloud_server_database_user": self.database.user,
            "nextcloud_server_database_password": self.database.password,
            # What the part for the machine has learned.
            "__nextcloud_server_user": USER,
            "__nextcloud_server_group": USER,
            "__nextcloud_server_php": shutil.which("php"),
            "__nextcloud_server_redis_socket": "/run/redis/redis-server.sock",
            "__nextcloud_server_packages": {"changed": False},
            "__nextcloud_server_services": {"fpm": "php-fpm", "nginx": "nginx", "apache": "apache2"},
        }

    def pretend(self, archive: Archive, *, settings: str) -> None:
        """Have the code of a release, and a config.php with these lines, as if somebody had put them there."""
        self.code.parent.mkdir(exist_ok=True)
        subprocess.run(["tar", "-xf", archive.path, "-C", self.code.parent], check=True)
        text = f"<?php\n$CONFIG = array (\n  'datadirectory' => '{self.data}',\n{settings});\n"
        (self.code / "config" / "config.php").write_text(text)

    def occ(self, *arguments: str) -> str:
        """What a command of occ prints, which has to succeed."""
        command = ["runuser", "-u", USER, "--", "php", str(self.code / "occ"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    def settings(self) -> dict[str, Any]:
        """What config.php has."""
        found: dict[str, Any] = json.loads(self.occ("config:list", "system", "--private", "--output=json"))["system"]
        return found

    def release(self) -> tuple[str, bool]:
        """Which release it is, and whether it is in maintenance mode."""
        status = json.loads(self.occ("status", "--output=json"))
        assert status["installed"]
        assert not status["needsDbUpgrade"]
        return status["versionstring"], status["maintenance"]

    def files(self) -> dict[str, tuple[int, str, int, bytes]]:
        """Everything in the host's directories: mode, owner, time of the last change, and content."""
        return {str(path.relative_to(self.directory)): _seen(path) for path in sorted(self.directory.rglob("*"))}

    def state(self) -> tuple[Any, ...]:
        """All of it."""
        return self.files(), self.database.content()


def _seen(path: Path) -> tuple[int, str, int, bytes]:
    status = path.lstat()
    content = path.read_bytes() if path.is_file() else b""
    return status.st_mode, f"{path.owner()}:{path.group()}", status.st_mtime_ns, content


class Machine:
    """Makes servers, and plays the role on them."""

    def __init__(self, installed: Installed, databases: Databases, directory: Path) -> None:
        self._installed = installed
        self._databases = databases
        self._directory = directory
        self._services = directory / "services"
        (directory / "library").mkdir()
        (directory / "library" / "service.py").write_text(_SERVICE % str(self._services))
        (directory / "play.json").write_text(
            json.dumps([{"name": "Play", "hosts": "all", "gather_facts": False, "tasks": _TASKS}])
        )

    def server(self, name: str, engine: str = "mariadb") -> Server:
        """A new one."""
        directory = self._directory / name
        directory.mkdir()
        return Server(directory, self._databases.make(engine))

    def play(self, hosts: Mapping[str, tuple[Server, Mapping[str, Any]]], *arguments: str) -> Run:
        """Play the role on hosts, each a server with variables of its own. No password may be printed."""
        run = self._installed.ansible.run(
            self._directory, *self._prepared(hosts), *arguments, environment=self._environment(), seconds=900
        )
        for server, _ in hosts.values():
            for secret in (server.database.password, PASSWORDS["admin"]):
                assert secret not in run.printed, run.printed
        return run

    def start(self, hosts: Mapping[str, tuple[Server, Mapping[str, Any]]]) -> subprocess.Popen[bytes]:
        """Start a play, to be killed."""
        return self._installed.ansible.start(self._directory, *self._prepared(hosts), environment=self._environment())

    def services(self) -> list[str]:
        """What services were told since this was asked for last."""
        told = self._services.read_text().splitlines() if self._services.exists() else []
        self._services.unlink(missing_ok=True)
        return told

    def _prepared(self, hosts: Mapping[str, tuple[Server, Mapping[str, Any]]]) -> tuple[str, ...]:
        named = {name: {**server.variables(), **variables} for name, (server, variables) in hosts.items()}
        (self._directory / "inventory.json").write_text(json.dumps({"all": {"hosts": named}}))
        return _COMMAND

    def _environment(self) -> dict[str, str]:
        return {
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_COLLECTIONS_PATH": f"{self._installed.collections}",
            "ANSIBLE_FORKS": "12",
        }


def needs() -> None:
    """Skip a test where PHP with its database drivers is missing, or this is not root; with REQUIRE_PHP it fails."""
    missing = []
    if os.geteuid() != 0:
        missing.append("root")
    php = shutil.which("php")
    modules = subprocess.run([php, "-m"], capture_output=True, text=True, check=True).stdout.split() if php else []
    missing += [name for name in ("pdo_mysql", "pdo_pgsql") if name not in modules]
    if missing:
        words = f"{', '.join(missing)} missing: apt-get install php-cli php-mysql php-pgsql"
        assert not os.environ.get("REQUIRE_PHP"), words
        pytest.skip(words)


@contextmanager
def database_servers() -> Iterator[Databases]:
    """Both servers, for several tests."""
    with ExitStack() as stack:
        yield Databases(stack.enter_context(MariaDB()), stack.enter_context(PostgreSQL()))


@contextmanager
def directory() -> Iterator[Path]:
    """A directory in which other users can find their files, other than in pytest's."""
    path = Path(tempfile.mkdtemp(prefix="nextcloud-server-"))
    try:
        path.chmod(0o755)
        yield path
    finally:
        shutil.rmtree(path)
