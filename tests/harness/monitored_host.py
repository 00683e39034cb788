# SPDX-License-Identifier: GPL-3.0-or-later
"""A host for the role `monitoring`, in a root of its own: with the server of a cloud, and what the packages of
Prometheus and Grafana lay out. No systemd runs there: what is systemctl keeps what it was told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from standins.cloud.process import StandinCloud

from harness.own_root import OwnRoot

OWNER = "www-data"
CLOUD = Path("/var/www/nextcloud")
DATA = Path("/srv/cloud/data")
"""The data directory that the stand-in's occ names."""
TEXTFILES = Path("/var/lib/prometheus/node-exporter")
PROMETHEUS, GRAFANA = Path("/etc/prometheus"), Path("/etc/grafana/provisioning/dashboards")
CONFIGURATION = """
rule_files: [bill_nextcloud/*.rules.yml]
scrape_configs:
  - job_name: node
    file_sd_configs:
      - files: [/etc/prometheus/bill_nextcloud/*.json]
"""
CALLS = Path("/var/log/systemctl")

# Units are those with a file.
_SYSTEMCTL = f"""#!/bin/sh
printf '%s\\n' "$*" >> {CALLS}
for word; do case "$word" in -*) ;; *) unit=$word ;; esac; done
if [ "$1" != daemon-reload ] && [ ! -e "/etc/systemd/system/$unit" ] && [ ! -e "/lib/systemd/system/$unit" ]; then
  echo "Id=$unit"
  echo LoadState=not-found
  [ "$1" = show ]
  exit
fi
case "$1" in
  show)
    echo "Id=$unit"
    echo LoadState=loaded
    if [ -e "/run/units/$unit.active" ]; then echo ActiveState=active; else echo ActiveState=inactive; fi
    ;;
  is-enabled) [ -e "/run/units/$unit.enabled" ] && echo enabled || {{ echo disabled; exit 1; }} ;;
  enable) touch "/run/units/$unit.enabled" ;;
  start | restart | reload) touch "/run/units/$unit.active" ;;
  daemon-reload) ;;
  *) exit 1 ;;
esac
"""
_PREPARE = """
rm -rf /etc/prometheus /etc/grafana /var/lib/prometheus /var/www/nextcloud /srv/cloud
mkdir -p /run/systemd/system /run/units "$2" "$3" "$4" "$5"
rm -f /usr/bin/systemctl
printf %s "$1" > /usr/bin/systemctl
chmod 755 /usr/bin/systemctl
for unit in prometheus.service grafana-server.service; do
  touch "/etc/systemd/system/$unit" "/run/units/$unit.active"
done
chown "$6:$6" "$3"
printf %s "$7" > "$4/prometheus.yml"
"""


class MonitoredHost(OwnRoot):
    """``with MonitoredHost(directory) as host``: see :class:`OwnRoot`."""

    noise = rf"{OwnRoot.noise}|^/var/log/systemctl"

    def prepare(self) -> None:
        self.do(_PREPARE, _SYSTEMCTL, TEXTFILES, DATA, PROMETHEUS, GRAFANA, OWNER, CONFIGURATION)

    def serve(self, cloud: StandinCloud) -> None:
        """Let the cloud in there be this stand-in."""
        cloud.install_occ(self.path(CLOUD), owner=int(self.run("id", "-u", OWNER).output))

    def variables(self) -> dict[str, Any]:
        """Ansible's connection variables, for an Ansible that runs beside it."""
        return {
            "ansible_connection": "community.general.chroot",
            "ansible_host": str(self.path("/")),
            "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_pipelining": True,
        }
