# SPDX-License-Identifier: GPL-3.0-or-later
"""The role monitoring, played on a host in a root of its own. (The part node_exporter needs Debian's packages: its
Molecule scenario has it.)"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness.cloud_metrics import PREFIX
from harness.monitored_host import CALLS, CLOUD, DATA, OWNER, TEXTFILES, MonitoredHost
from harness.prometheus import promtool, samples
from standins.cloud.process import StandinCloud

from collection.conftest import Installed
from collection.documents import readme_playbooks
from collection.installation import COLLECTION, Run
from collection.roles import failures, play_hosts

ROLE = "monitoring"
OCC = {"monitoring_cloud_occ_path": str(CLOUD / "occ"), "monitoring_cloud_php_path": str(CLOUD / "php")}
# The README's playbook, on a host without Debian's packages.
(README,) = readme_playbooks(COLLECTION / "roles" / ROLE / "README.md")
WISH: dict[str, Any] = {
    **yaml.safe_load(README)[0]["roles"][0]["vars"],
    **OCC,
    "monitoring_parts": ["cloud", "prometheus", "grafana", "zabbix"],
    "monitoring_cloud_name": "blue",
    "monitoring_prometheus_groups": ["clouds", "panels"],
    "monitoring_zabbix_directory": "/srv/zabbix",
}

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 and not os.environ.get("REQUIRE_INSTALLATION"), reason="only root may make a root of its own"
)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandinCloud]:
    """The cloud of that host."""
    with StandinCloud(tmp_path_factory.mktemp("cloud"), admin_password="Admin-of-the-stand-in-1") as started:
        yield started


@pytest.fixture
def host(tmp_path: Path, cloud: StandinCloud) -> Iterator[MonitoredHost]:
    """Nothing of the role is there yet."""
    promtool()
    with MonitoredHost(tmp_path / "root") as started:
        started.serve(cloud)
        yield started


def play(installed: Installed, directory: Path, hosts: dict[str, dict[str, Any]], *arguments: str) -> Run:
    """Play it on hosts, beside which the inventory has those that Prometheus scrapes."""
    away = {"monitoring_node_exporter_address": "192.0.2.20", "monitoring_node_exporter_port": 9101}
    scraped: dict[str, dict[str, dict[str, Any]]] = {
        "clouds": {
            "web1.example.org": away,
            "web2.example.org": {"ansible_host": "2001:db8::2", "monitoring_node_exporter_address": "127.0.0.1"},
            "web3.example.org": {},
        },
        "panels": {"panel.example.org": {"monitoring_prometheus_target": "panel:9100"}},
    }
    return play_hosts(installed, directory, ROLE, hosts, *arguments, beside=scraped, secrets={})


@pytest.mark.whole_role
def test_a_host_with_all_parts(installed: Installed, host: MonitoredHost, cloud: StandinCloud, tmp_path: Path) -> None:
    """Check mode shows what is done and does nothing; then it is done; then there is nothing to do. The command of the
    unit, run as the unit's user, writes what node_exporter reads."""
    hosts = {"host": {**host.variables(), **WISH, "monitoring_cloud_url": cloud.url}}
    played = partial(play, installed, tmp_path, hosts)
    before = host.files()
    checked = played("--check")
    assert checked.returncode == 0, checked.printed
    assert host.files() == before

    first = played()
    assert first.returncode == 0, first.printed
    assert first.changed_tasks == checked.changed_tasks | {f"bill.nextcloud.{ROLE} : Start and enable the timer"}
    calls = host.path(CALLS).read_text("utf-8")
    for call in ("start nextcloud-metrics-blue.timer", "reload prometheus.service", "restart grafana-server.service"):
        assert call in calls
    targets = json.loads(host.path("/etc/prometheus/bill_nextcloud/targets.json").read_text("utf-8"))
    assert targets == [
        {
            "labels": {"group": "clouds"},
            "targets": ["192.0.2.20:9101", "[2001:db8::2]:9100", "web3.example.org:9100"],
        },
        {"labels": {"group": "panels"}, "targets": ["panel:9100"]},
    ]
    unit = host.path("/etc/systemd/system/nextcloud-metrics-blue.service").read_text("utf-8")
    (command,) = re.findall("(?m)^ExecStart=(.*)$", unit)
    assert f"User={OWNER}\n" in unit
    as_owner = ("setpriv", f"--reuid={OWNER}", f"--regid={OWNER}", "--init-groups", "--no-new-privs")
    ran = host.run(*as_owner, *command.split())
    assert (ran.returncode, ran.printed) == (0, "")
    # As node_exporter reads it: by its link, as another user.
    read = host.run("setpriv", "--reuid=nobody", "--clear-groups", "cat", TEXTFILES / "nextcloud-blue.prom")
    found = samples(read.output, PREFIX)
    assert found["up"] == {("blue",): 1}
    assert set(found["collection_success"].values()) == {1}
    assert host.run(*as_owner, "touch", TEXTFILES / "another.prom").returncode != 0

    again = played()
    assert again.returncode == 0, again.printed
    assert again.changed_tasks == set()
    for run in (checked, first, again):
        assert "[WARNING]" not in run.printed, run.printed


def test_the_token_of_serverinfo_is_not_shown(installed: Installed, host: MonitoredHost, tmp_path: Path) -> None:
    """By -v neither, with which Ansible prints all that a task was told."""
    occ = 'case "$*" in *token*) printf Token-of-; echo serverinfo-1 ;; *) echo "$0" ;; esac'
    wish = {
        "monitoring_parts": ["cloud"],
        "monitoring_cloud_url": "https://cloud.example.org",
        "monitoring_cloud_occ_command": ["sh", "-c", occ, str(DATA)],
        "monitoring_cloud_user": OWNER,
        "monitoring_cloud_data_directory": str(DATA),
        "monitoring_cloud_serverinfo": True,
        "monitoring_cloud_ca_path": "/nowhere",
    }
    run = play(installed, tmp_path, {"host": {**host.variables(), **wish}}, "-vvv")
    assert "/nowhere: not on this host" in failures(run)["host"]
    assert "serverinfo has a token" in run.printed
    assert "Token-of-serverinfo-1" not in run.printed


REFUSED: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "unknown": ({"parts": ["cloud", "mail"]}, ("value of monitoring_parts must be one or more of",)),
    "every_address": (
        {"parts": ["node_exporter"], "node_exporter_address": "0.0.0.0"},
        ("everybody who reaches this host", "set monitoring_node_exporter_every_address"),
    ),
    "arguments": (
        {
            "parts": ["node_exporter"],
            "node_exporter_address": "web",
            "node_exporter_arguments": ["--web.listen-address=:9100"],
        },
        ("an IPv4 or IPv6 address", "Address and directory have variables of their own"),
    ),
    "cloud": (
        {"cloud_url": None, "cloud_seconds": 60, "cloud_php_fpm_status_url": "http://127.0.0.1/status?json"},
        ("monitoring_cloud_url has to be", "small letters", "from 1 to 20", "without a question mark"),
    ),
    "container": ({"cloud_occ_command": ["occ"]}, ("monitoring_cloud_user has to be given, and neither",)),
    "user": ({"cloud_user": "nobody"}, ("has to be run as www-data, the owner of config.php",)),
    "paths": (
        {"cloud_ca_path": "/nowhere/ca.pem", "cloud_data_directory": "/nowhere/data"},
        ("/nowhere/data, /nowhere/ca.pem: not on this host",),
    ),
    "serverinfo": ({"cloud_serverinfo": True}, ("has no token",)),
    "host": (
        {
            "parts": ["cloud", "grafana"],
            "textfile_directory": "/nowhere/textfiles",
            "grafana_provisioning_directory": "/nowhere/grafana",
        },
        ("/nowhere/textfiles, /nowhere/grafana/dashboards: not on this host",),
    ),
    "groups": (
        {"parts": ["prometheus", "zabbix"], "prometheus_groups": ["mails"], "zabbix_directory": None},
        ("is not in the inventory", "The part zabbix needs"),
    ),
    "rules": (
        {"parts": ["prometheus"], "prometheus_directory": "/etc/prometheus/others"},
        (
            "does not name /etc/prometheus/others/bill_nextcloud.rules.yml. Add under rule_files",
            "does not name /etc/prometheus/others/targets.json. Add under scrape_configs",
        ),
    ),
    "service": ({"parts": ["prometheus"], "prometheus_service": "prometheus2.service"}, ("prometheus2.service",)),
}


def test_what_does_not_fit_is_refused(
    installed: Installed, host: MonitoredHost, cloud: StandinCloud, tmp_path: Path
) -> None:
    """With words that say what, before anything is changed."""
    before = host.files()
    hosts = {
        name: {
            **host.variables(),
            **WISH,
            "monitoring_parts": ["cloud"],
            "monitoring_cloud_url": cloud.url,
            **{f"monitoring_{variable}": value for variable, value in wish.items()},
        }
        for name, (wish, _) in REFUSED.items()
    }
    hosts["cloud"].pop("monitoring_cloud_name")
    run = play(installed, tmp_path, hosts)
    assert host.files() == before
    found = failures(run)
    missing = {name: [one for one in words if one not in found.get(name, "")] for name, (_, words) in REFUSED.items()}
    assert not any(missing.values()), (missing, run.printed)
