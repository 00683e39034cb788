# SPDX-License-Identifier: GPL-3.0-or-later
"""The role nextcloud_backup, played in a root of its own, with real restic."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from harness.own_root import REPOSITORY, Finished

from roles.backup.host import CLOUD, CloudHost
from roles.backup.server import PHP

PASSWORD = "Password-of-the-repository-1"
SECRET = "Key-of-the-repository-1"
COMMAND = "/usr/local/sbin/nextcloud-backup"
SYSTEMCTL = REPOSITORY / "tests" / "standins" / "systemctl.py"
WISH: dict[str, Any] = {
    "nextcloud_backup_directory": str(CLOUD / "www"),
    "nextcloud_backup_php_path": PHP,
    "nextcloud_backup_repository": "/srv/backup/repository",
    "nextcloud_backup_repository_environment": {"AWS_SECRET_ACCESS_KEY": SECRET},
    "nextcloud_backup_allow_same_file_system": True,
    "nextcloud_backup_metrics_directory": "/srv/metrics",
}
_CHANGED = re.compile(r"^changed: \[", re.MULTILINE)
_FAILED = re.compile(r"^(?:fatal|failed): \[(\w+)\].*?\"msg\": \"(.*?)\"", re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 and not os.environ.get("REQUIRE_INSTALLATION"), reason="only root may make a root of its own"
)


class Host(CloudHost):
    """The host, on which Ansible plays the role."""

    noise = rf"{CloudHost.noise}|^/root/play/"

    def play(self, hosts: Mapping[str, Mapping[str, Any]], *arguments: str, tasks_from: str = "main") -> Finished:
        """Play the role in there; no secret may be printed."""
        local = {
            "ansible_connection": "local",
            "ansible_pipelining": True,
            "ansible_python_interpreter": "/usr/bin/python3",
            "nextcloud_backup_repository_password": PASSWORD,
        }
        inventory = {"all": {"hosts": {name: {**local, **wish} for name, wish in hosts.items()}}}
        role = {"name": "bill.nextcloud.nextcloud_backup", "tasks_from": tasks_from}
        content = [{"hosts": "all", "gather_facts": False, "tasks": [{"ansible.builtin.import_role": role}]}]
        self.path("/root/play").mkdir(exist_ok=True)
        for name, text in (("inventory.json", inventory), ("play.json", content)):
            self.path(f"/root/play/{name}").write_text(json.dumps(text))
        done = self.run(
            Path(sys.executable).with_name("ansible-playbook"),
            *("-i", "/root/play/inventory.json", "--diff", *arguments, "/root/play/play.json"),
            environment={
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / "collections"),
            },
        )
        for secret in (PASSWORD, SECRET):
            assert secret not in done.printed
        return done

    def text(self, path: str | Path) -> str:
        """The text of a file in there."""
        return self.path(path).read_text("utf-8")

    def mode(self, path: str | Path) -> int:
        """The mode of a file in there."""
        return stat.S_IMODE(self.path(path).stat().st_mode)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with Host(tmp_path / "host", tmp_path) as made:
        yield made


def succeeded(done: Finished) -> int:
    """How many tasks changed something in a play that has to succeed without a warning."""
    assert done.returncode == 0, done.printed
    assert "WARNING" not in done.printed, done.printed
    return len(_CHANGED.findall(done.output))


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "short": ({"repository_password": "short"}, "at least 16 characters"),
    "name": ({"name": "a b"}, "letters, digits and"),
    "relative": ({"repository": "backup"}, "is no place"),
    "form": ({"repository": "ssh://user@host/./cloud"}, "not in the form that restic knows"),
    "variable": ({"repository_environment": {"RESTIC_PASSWORD": "x"}}, "a variable that the role sets itself"),
    "nothing": ({"keep_daily": 0, "keep_weekly": 0, "keep_monthly": 0}, "has to be more than 0"),
    "pattern": ({"exclude": ["/srv/cloud/data/anna"]}, "a pattern that is none"),
    "time": ({"check_at": "Sunday 04:30"}, "has to be HH:MM"),
    "inside": ({"state_directory": f"{CLOUD}/www/state"}, "must not be in nextcloud_backup_directory"),
    "scratch": ({"scratch_directory": "/nowhere"}, "/nowhere is no directory"),
    "closed": ({"scratch_directory": "/root"}, "is closed to other users"),
    "metrics": ({"metrics_directory": "/nowhere"}, "/nowhere is no directory"),
    "cloud": ({"directory": "/srv/other"}, "/srv/other/config/config.php is not there"),
    "store": ({"directory": "/srv/store"}, "in an object store"),
    "roots": ({"directory": "/srv/roots"}, "is root's, in a directory that is not"),
    "oracle": ({"directory": "/srv/oracle"}, "of the type oci"),
    "unmounted": ({"repository": "/mnt/unmounted/repository"}, "The directory of the repository is not there"),
    "same": ({"allow_same_file_system": False}, "one broken disk would take both"),
    "data": ({"repository": f"{CLOUD}/data/repository"}, "must not be in the data directory"),
    "slash": (
        {"directory": "/srv/slash", "repository": f"{CLOUD}/data/repository"},
        "must not be in the data directory",
    ),
}


def test_what_is_refused(host: Host) -> None:
    """Each in one line, before anything is changed."""
    settings = {
        "store": "'objectstore' => []",
        "oracle": "'dbtype' => 'oci'",
        "slash": f"'datadirectory' => '{CLOUD}/data/'",
    }
    for name, more in settings.items():
        host.do(
            'cp -a /srv/cloud/www "$1"; printf "%s" "$2" >"$1/config/z.config.php"',
            f"/srv/{name}",
            f"<?php $CONFIG = [{more}];",
        )
    host.do("cp -a /srv/cloud/www /srv/roots; chown 0:0 /srv/roots/config/config.php; chown nobody /srv/roots/config")
    before = host.files()
    hosts = {
        name: {**WISH, **{f"nextcloud_backup_{key}": value for key, value in wrong.items()}}
        for name, (wrong, _) in WRONG.items()
    }
    done = host.play(hosts, "--forks", "3")
    assert done.returncode == 2, done.printed
    told = _FAILED.findall(done.printed)
    missed = [name for name, (_, words) in WRONG.items() if not any(words in said for on, said in told if on == name)]
    assert missed == [], told
    assert host.files() == before


@pytest.mark.timeout(900)
@pytest.mark.whole_role
def test_a_server_from_the_first_backup_to_a_restore(host: Host) -> None:
    """Looked at, set up, unchanged by a second run; what cron starts makes a backup; files are lost and restored; the
    password cannot be changed by mistake."""
    before = host.files()
    wish = {"cloud": WISH}
    assert succeeded(host.play(wish, "--check"))
    assert host.files() == before

    assert succeeded(host.play(wish))
    assert succeeded(host.play(wish)) == 0
    for path, mode in (("settings.json", 0o600), ("password", 0o600), ("", 0o700)):
        assert host.mode(f"/etc/nextcloud-backup/{path}") == mode
    assert host.mode("/var/lib/nextcloud-backup") == 0o700
    cron = host.text("/etc/cron.d/nextcloud-backup")
    assert f"30 2 * * * root {COMMAND} run --delay 1800 --wait 21600 >/dev/null; {COMMAND} tidy >/dev/null\n" in cron
    assert f"30 4 * * 0 root {COMMAND} check --delay 1800 --wait 43200 >/dev/null\n" in cron
    assert f"30 5 1 * * root {COMMAND} test --delay 1800 --wait 43200 >/dev/null\n" in cron

    for line in re.findall(r"root (.*)", cron.replace("--delay 1800", "--delay 0")):
        done = host.run("sh", "-c", line)
        assert (done.returncode, done.printed) == (0, "")
    metrics = host.text("/srv/metrics/nextcloud_backup.prom")
    assert metrics.count("last_run_success{") == metrics.count("} 1\n") == 3

    tree = "cd /srv/cloud && find www data ! -name config.php -printf '%p %m %u %s %l\n' | grep -v cache | sort"
    alive = host.run("sh", "-c", tree).output
    host.do("rm -r /srv/cloud/data/anna /srv/cloud/www/themes")
    refused = host.play(wish, tasks_from="restore")
    assert refused.returncode == 2
    assert "would be replaced" in refused.printed
    overwriting = {"cloud": {**WISH, "nextcloud_backup_restore_overwrite": True}}
    done = host.play(overwriting, tasks_from="restore")
    assert succeeded(done) == 1
    assert "17 files, 2 accounts, release 31.0.6.2; maintenance mode is off" in done.printed
    assert host.run("sh", "-c", tree).output == alive

    other = host.play({"cloud": {**WISH, "nextcloud_backup_repository_password": "Another-password-1"}})
    assert other.returncode == 2
    assert "is not the one that this repository has" in other.printed
    assert host.text("/etc/nextcloud-backup/password") == PASSWORD


@pytest.mark.timeout(900)
@pytest.mark.whole_role
def test_timers_where_systemd_runs(host: Host) -> None:
    """They take the place of cron's schedule. One that is not wanted any more goes."""
    wish = {"cloud": WISH}
    host.path("/etc/cron.d/nextcloud-backup").touch()
    host.do('mkdir -p /run/systemd/system; rm -f /usr/bin/systemctl; install "$1" /usr/bin/systemctl', SYSTEMCTL)
    assert succeeded(host.play(wish, "--check"))
    assert succeeded(host.play(wish))
    assert succeeded(host.play(wish)) == 0
    assert not host.path("/etc/cron.d/nextcloud-backup").exists()
    units = "/etc/systemd/system/nextcloud-backup"
    assert "OnCalendar=*-*-* 02:30:00\nRandomizedDelaySec=1800\n" in host.text(f"{units}.timer")
    assert "OnCalendar=Sun *-*-* 04:30:00\n" in host.text(f"{units}-check.timer")
    assert "OnCalendar=*-*-01 05:30:00\n" in host.text(f"{units}-test.timer")
    service = host.text(f"{units}.service")
    assert f"\nExecStart={COMMAND} run --wait 21600\n" in service
    assert f"\nExecStopPost={COMMAND} tidy\n" in service

    untested = {"cloud": {**WISH, "nextcloud_backup_test_at": ""}}
    assert succeeded(host.play(untested)) == 3
    assert not host.path(f"{units}-test.timer").exists()
