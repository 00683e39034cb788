# SPDX-License-Identifier: GPL-3.0-or-later
"""A server with a cloud on it: its files, its database, and the program that backs it up."""

from __future__ import annotations

import json
import os
import pwd
import secrets
import shutil
import subprocess
from pathlib import Path
from typing import Any

from collection.installation import COLLECTION

from roles.backup.databases import CloudDatabase

FILES = COLLECTION / "roles" / "nextcloud_backup" / "files"
PHP = shutil.which("php")
_PROGRAM = """
import sys
sys.path.insert(0, sys.argv.pop(1))
from nextcloud_backup.cli import main
sys.exit(main())
"""
ACCOUNTS = ("anna", "boris")
PASSWORD = "Password-of-the-repository-1"


class CloudServer:
    """Below ``directory``: the installation ``www``, its ``data``, a repository, settings. The cloud belongs to nobody
    where root runs this."""

    def __init__(self, directory: Path, database: CloudDatabase, program: str, **settings: Any) -> None:
        self.directory = directory
        self.database = database
        self.www, self.data = directory / "www", directory / "data"
        self.repository = directory / "repository"
        self.state = directory / "state"
        self.metrics = directory / "metrics"
        self.password = directory / "password"
        self.user = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self._make_cloud()
        self._settings_file = directory / "settings.json"
        for path in (self.state, self.metrics, directory / "scratch"):
            path.mkdir()
        self.password.touch(mode=0o600)
        self.password.write_text(PASSWORD)
        assert PHP is not None
        self.settings = {
            "name": "cloud",
            "directory": str(self.www),
            "php": PHP,
            "consistency": "maintenance",
            "repository_program": program,
            "repository": str(self.repository),
            "password_file": str(self.password),
            "environment": {},
            "encryption": "repokey-blake2",
            "keep_daily": 7,
            "keep_weekly": 4,
            "keep_monthly": 6,
            "exclude": ["*/cache"],
            "state_directory": str(self.state),
            "scratch_directory": str(directory / "scratch"),
            "metrics_directory": str(self.metrics),
            "check_data": True,
            **settings,
        }
        self.configure()

    def configure(self, **settings: Any) -> None:
        """Write the settings file, with some settings changed."""
        self.settings |= settings
        self._settings_file.touch(mode=0o600)
        self._settings_file.write_text(json.dumps(self.settings))

    def _make_cloud(self) -> None:
        contents = {
            self.www / "occ": (Path(__file__).with_name("occ.php").read_text("utf-8"), 0o755),
            self.www / "version.php": ("<?php\n$OC_Version = [31, 0, 6, 2];\n$OC_VersionString = '31.0.6';\n", 0o644),
            self.www / "themes" / "sold" / "theme.css": ("body {}\n", 0o644),
            self.www / "config" / "config.php": (self._config(), 0o640),
            self.www / "config" / "sold.config.php": ("<?php\n$CONFIG = ['theme' => 'sold'];\n", 0o640),
            self.data / "nextcloud.log": ("a line\n", 0o640),
            self.data / "anna" / "cache" / "left out": ("x", 0o644),
        }
        for account in ACCOUNTS:
            for number in range(5):
                contents[self.data / account / "files" / f"Photo {number} é.jpg"] = (secrets.token_hex(500), 0o644)
        for path, (text, mode) in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            path.chmod(mode)
        (self.data / "anna").chmod(0o750)
        (self.data / "anna" / "files" / "link").symlink_to("Photo 0 é.jpg")
        self.database.make(self.data)
        for base in (self.www, self.data):
            for path in (base, *base.rglob("*")):
                os.chown(path, self.user.pw_uid, self.user.pw_gid, follow_symlinks=False)
        (self.directory / "occ.log").touch()
        os.chown(self.directory / "occ.log", self.user.pw_uid, self.user.pw_gid)

    def _config(self) -> str:
        values = {
            "instanceid": "oc123",
            "datadirectory": str(self.data),
            "version": "31.0.6.2",
            "installed": True,
            **self.database.config,
        }
        lines = [f"  {self._php(key)} => {self._php(value)},\n" for key, value in values.items()]
        return f"<?php\n$CONFIG = array (\n{''.join(lines)});\n"

    @staticmethod
    def _php(value: object) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"

    def command(self, *words: str) -> list[str]:
        """What starts the program, as the file that the role installs does."""
        return [
            *("/usr/bin/python3", "-IBc", _PROGRAM, str(FILES)),
            *("--settings", str(self._settings_file), *words),
        ]

    def run(self, *words: str, status: int = 0) -> str:
        """Run the program, which has to end with ``status``; returns what it said: one line where it failed."""
        done = subprocess.run(self.command(*words), capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
        if not status:
            assert done.stderr == ""
            return done.stdout.strip()
        assert (done.stdout, done.stderr.count("\n")) == ("", 1), (done.stdout, done.stderr)
        return done.stderr.strip()

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start the program, to be ended."""
        return subprocess.Popen(self.command(*words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def snapshots(self) -> list[dict[str, str]]:
        """What `list` lists."""
        found: list[dict[str, str]] = json.loads(self.run("list", "--json"))
        return found

    def told_occ(self) -> list[str]:
        """What occ was told since this was asked for last, each with the maintenance mode at that time before it."""
        log = self.directory / "occ.log"
        lines = log.read_text("utf-8").splitlines()
        os.truncate(log, 0)
        return lines

    def config(self) -> dict[str, Any]:
        """What config.php says, as PHP reads it."""
        code = "include $argv[1]; echo json_encode($CONFIG);"
        command = [str(PHP), "-r", code, "--", str(self.www / "config" / "config.php")]
        values: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
        return values

    def in_maintenance(self) -> bool:
        """Whether maintenance mode is on."""
        return bool(self.config().get("maintenance"))

    def set_maintenance(self, on: bool) -> None:
        """Switch it, as an administrator does."""
        command = [str(PHP), str(self.www / "occ"), "maintenance:mode", "--on" if on else "--off"]
        subprocess.run(command, check=True, capture_output=True)
        self.told_occ()

    def tree(self) -> dict[str, tuple[object, ...]]:
        """All that is in the installation and its data, but for config.php's content and what is left out."""
        found: dict[str, tuple[object, ...]] = {}
        for base in (self.www, self.data):
            for path in (base, *sorted(base.rglob("*"))):
                if "cache" in path.parts or path.name.endswith(".db"):
                    continue
                state = path.lstat()
                content: object = None
                if path.is_symlink():
                    content = os.readlink(path)
                elif path.is_file() and path.name != "config.php":
                    content = (path.read_bytes(), state.st_mtime_ns)
                found[str(path.relative_to(self.directory))] = (state.st_mode, state.st_uid, state.st_gid, content)
        return found

    def metric(self, name: str, task: str) -> float:
        """The value of a metric."""
        sample = f'nextcloud_backup_{name}{{name="cloud",task="{task}"}} '
        lines = (self.metrics / "nextcloud_backup.prom").read_text("utf-8").splitlines()
        (value,) = [line.removeprefix(sample) for line in lines if line.startswith(sample)]
        return float(value)
