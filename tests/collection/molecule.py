# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays the collection's Molecule scenarios, each on the server of a stand-in of its own: `make molecule`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
if str(REPOSITORY / "tests") not in sys.path:
    sys.path.insert(0, str(REPOSITORY / "tests"))

from standins.cloud.process import StandinCloud  # noqa: E402

COLLECTION = REPOSITORY / "collections" / "ansible_collections" / "bill" / "nextcloud"
MOLECULE = Path(sys.executable).with_name("molecule")


def attempt(scenario: str) -> int:
    """Play one scenario; returns Molecule's exit status."""
    with tempfile.TemporaryDirectory(prefix="bill-nextcloud-") as temporary:
        directory = Path(temporary)
        with StandinCloud(directory, admin_password="Admin-of-the-stand-in-1") as standin:
            occ = standin.install_occ(directory / "www")
            environment = {
                **os.environ,
                "PATH": f"{MOLECULE.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
                "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / "collections"),
                "MOLECULE_OCC": str(occ),
                "MOLECULE_PHP": str(occ.with_name("php")),
                "MOLECULE_CLOUD_URL": standin.url,
            }
            command = [str(MOLECULE), "test", "--scenario-name", scenario]
            return subprocess.run(command, cwd=COLLECTION, env=environment, check=False).returncode


def main() -> int:
    """Play all scenarios; returns the exit code."""
    scenarios = sorted(path.parent.name for path in COLLECTION.glob("extensions/molecule/*/molecule.yml"))
    return max(attempt(scenario) for scenario in scenarios)


if __name__ == "__main__":
    sys.exit(main())
