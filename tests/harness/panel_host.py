# SPDX-License-Identifier: GPL-3.0-or-later
"""A panel host of its own, in a root of its own without a network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.own_root import REPOSITORY, OwnRoot

TESTS = REPOSITORY / "tests"
SYSTEMCTL = TESTS / "standins" / "systemctl.py"
PYTHON = REPOSITORY / ".venv" / "bin" / "python"
BILLMANAGER = Path("/usr/local/mgr5")

# $1: what is systemctl there. An installation of this machine is not.
_PREPARE = """
mkdir -p /run/systemd/system
rm -rf /opt/bill-nextcloud* /usr/local/mgr5 /etc/bill-nextcloud /etc/logrotate.d/bill-nextcloud \
  /var/lib/bill-nextcloud /var/log/bill-nextcloud /usr/local/bin/bill-nextcloud /etc/systemd/system/bill-nextcloud*
rm -f /usr/bin/systemctl
cp "$1" /usr/bin/systemctl
chmod 755 /usr/bin/systemctl
"""


class PanelHost(OwnRoot):
    """``with PanelHost(directory, seen) as host``: see :class:`OwnRoot`."""

    networked = False
    noise = rf"{OwnRoot.noise}|^/var/log/standin-"

    def prepare(self) -> None:
        self.do(_PREPARE, SYSTEMCTL)

    def panel(self, action: str) -> Any:
        """Let ``panel_inside`` do something in there; what it answers."""
        done = self.run(PYTHON, TESTS / "harness" / "panel_inside.py", action)
        assert done.returncode == 0, done.printed
        return json.loads(done.output)
