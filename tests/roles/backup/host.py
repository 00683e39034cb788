# SPDX-License-Identifier: GPL-3.0-or-later
"""A root of its own with a cloud in it, for the role that sets its backup up."""

from __future__ import annotations

import sys
from pathlib import Path

from harness.own_root import REPOSITORY, OwnRoot

CLOUD = Path("/srv/cloud")
_CLOUD = """
import sys
from pathlib import Path
from roles.backup.databases import Sqlite
from roles.backup.server import CloudServer
CloudServer(Path(sys.argv[1]), Sqlite(), "restic")
"""


class CloudHost(OwnRoot):
    """``with CloudHost(directory) as host``: a cloud in CLOUD, and no systemd. The programs are this machine's."""

    networked = False

    def prepare(self) -> None:
        self.do(
            "mkdir -p /srv/backup /srv/metrics; chmod 755 /srv; rm -rf /etc/nextcloud-backup /var/lib/nextcloud-backup"
        )
        done = self.run(sys.executable, "-Bc", _CLOUD, CLOUD, environment={"PYTHONPATH": str(REPOSITORY / "tests")})
        assert done.returncode == 0, done.printed

    def environment(self) -> dict[str, str]:
        """What Molecule's scenarios read."""
        return {"MOLECULE_ROOT": str(self.root)}
