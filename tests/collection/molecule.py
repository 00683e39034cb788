# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays the Molecule scenarios of the collection's roles: `make molecule`, `make molecule ROLES=…`.

Nothing of this machine is touched: what a role changes is a stand-in's, or in a root of its own.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
if str(REPOSITORY / "tests") not in sys.path:
    sys.path.insert(0, str(REPOSITORY / "tests"))

from harness.certificate import self_signed  # noqa: E402
from standins.cloud.process import StandinCloud  # noqa: E402
from standins.identity_provider import IdentityProvider  # noqa: E402

ROLES = REPOSITORY / "collections" / "ansible_collections" / "bill" / "nextcloud" / "roles"
MOLECULE = Path(sys.executable).with_name("molecule")


@contextmanager
def standin_cloud(directory: Path) -> Iterator[dict[str, str]]:
    """A stand-in cloud with an occ; the variables of the environment that the scenarios read."""
    with StandinCloud(directory, admin_password="Admin-of-the-stand-in-1") as standin:
        occ = standin.install_occ(directory / "www")
        yield {
            "MOLECULE_OCC": str(occ),
            "MOLECULE_PHP": str(occ.with_name("php")),
            "MOLECULE_CLOUD_URL": standin.url,
        }


@contextmanager
def standin_cloud_and_provider(directory: Path) -> Iterator[dict[str, str]]:
    """The same, and a provider of OpenID Connect, whose certificate is its own authority."""
    certificate, key = self_signed(directory)
    with standin_cloud(directory) as cloud, IdentityProvider(certificate, key) as provider:
        yield {**cloud, "MOLECULE_DISCOVERY_URL": provider.realm("customers"), "MOLECULE_CA": str(certificate)}


# What each role's scenarios are played on.
SERVERS: dict[str, Callable[[Path], AbstractContextManager[dict[str, str]]]] = {
    "cloud_for_sale": standin_cloud,
    "nextcloud_sso": standin_cloud_and_provider,
}


def attempt(role: str, scenario: str) -> int:
    """Play one scenario; returns Molecule's exit status."""
    with tempfile.TemporaryDirectory(prefix="bill-nextcloud-") as temporary, SERVERS[role](Path(temporary)) as server:
        environment = {
            **os.environ,
            "PATH": f"{MOLECULE.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / "collections"),
            **server,
        }
        command = [str(MOLECULE), "test", "--scenario-name", scenario]
        return subprocess.run(command, cwd=ROLES / role, env=environment, check=False).returncode


def main() -> int:
    """Play the scenarios of the roles named on the command line, or of all; returns the exit code."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument(
        "roles", nargs="*", metavar="ROLE", choices=[[], *SERVERS], help="all, unless some are named"
    )
    roles = arguments.parse_args().roles or SERVERS
    return max(
        attempt(role, path.parent.name)
        for role in roles
        for path in sorted(ROLES.glob(f"{role}/molecule/*/molecule.yml"))
    )


if __name__ == "__main__":
    sys.exit(main())
