# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays the Molecule scenarios of the collection's roles: `make molecule`, `make molecule ROLES=…`.

Nothing of this machine is touched: what a role changes is a stand-in's, or in a root of its own, which needs root.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
if str(REPOSITORY / "tests") not in sys.path:
    sys.path.insert(0, str(REPOSITORY / "tests"))

from harness.certificate import self_signed  # noqa: E402
from harness.cloud_machine import CloudMachine, debian_machine  # noqa: E402
from harness.debian_root import NotMade  # noqa: E402
from harness.monitored_host import CLOUD, MonitoredHost  # noqa: E402
from harness.own_root import NoRoot  # noqa: E402
from harness.sshd import free_port  # noqa: E402
from roles.backup.host import CloudHost  # noqa: E402
from standins.cloud.process import StandinCloud  # noqa: E402
from standins.identity_provider import IdentityProvider  # noqa: E402

ROLES = REPOSITORY / "collections" / "ansible_collections" / "bill" / "nextcloud" / "roles"
MOLECULE = Path(sys.executable).with_name("molecule")
DEMO = REPOSITORY / "tests" / "acceptance" / "demo.py"


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
def monitored_host(directory: Path) -> Iterator[dict[str, str]]:
    """A host with the server of a stand-in cloud, in a root of its own; as root only."""
    with (
        StandinCloud(directory, admin_password="Admin-of-the-stand-in-1") as standin,
        MonitoredHost(directory / "root") as host,
    ):
        host.serve(standin)
        yield {
            "MOLECULE_ROOT": str(host.path("/")),
            "MOLECULE_OCC": str(CLOUD / "occ"),
            "MOLECULE_PHP": str(CLOUD / "php"),
            "MOLECULE_CLOUD_URL": standin.url,
            "MOLECULE_PORT": str(free_port()),
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
    "monitoring": monitored_host,
    "nextcloud_sso": standin_cloud_and_provider,
}
# Roles that set up a machine, and what that is.
MACHINES: dict[str, Callable[[Path], CloudMachine | CloudHost]] = {
    "nextcloud_backup": CloudHost,
    "nextcloud_server": debian_machine,
}


def attempt(role: str, scenario: str) -> int:
    """Play one scenario; returns Molecule's exit status."""
    with ExitStack() as stack:
        temporary = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bill-nextcloud-")))
        command: list[str | Path] = [MOLECULE, "test", "--scenario-name", scenario]
        machine: CloudMachine | CloudHost | None = None
        if role in MACHINES:
            machine = MACHINES[role](temporary / "machine")
            stack.enter_context(machine)
            command, server = machine.beside(ROLES / role, *command), machine.environment()
        else:
            server = stack.enter_context(SERVERS[role](temporary))
        environment = {
            **os.environ,
            "PATH": f"{MOLECULE.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            # Molecule installs the collection there, where it would go before the one that it is to play.
            "ANSIBLE_HOME": str(temporary / "ansible"),
            "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / "collections"),
            **server,
        }
        played = subprocess.run(command, cwd=ROLES / role, env=environment, check=False).returncode
        # The minimal release has no API for accounts; a whole one is sold on.
        if played or not isinstance(machine, CloudMachine) or not os.environ.get("NEXTCLOUD_ARCHIVE"):
            return played
        return subprocess.run(
            machine.reaching(sys.executable, DEMO),
            env={**os.environ, **sold_cloud(scenario), "CLOUD_CA_FILE": str(machine.certificate)},
            check=False,
        ).returncode


def sold_cloud(scenario: str) -> dict[str, str]:
    """Where a scenario of nextcloud_server has its cloud, and how its administrator logs in, for `make demo`."""
    settings = yaml.safe_load((ROLES / "nextcloud_server" / "molecule" / scenario / "molecule.yml").read_text("utf-8"))
    host = settings["provisioner"]["inventory"]["hosts"]["all"]["hosts"]["cloud"]
    return {
        "CLOUD_URL": {"default": "https://127.0.0.1", "alternative": "https://127.0.0.1:8443"}[scenario],
        "CLOUD_USER": "admin",
        "CLOUD_PASSWORD": host["nextcloud_server_admin_password"],
    }


def main() -> int:
    """Play the scenarios of the roles named on the command line, or of all; returns the exit code."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("roles", nargs="*", metavar="ROLE", help="all, unless some are named")
    known = [*SERVERS, *MACHINES]
    roles = arguments.parse_args().roles or known
    for role in roles:
        if role not in known:
            sys.exit(f"molecule: there is no role {role}; there are {', '.join(known)}")
    archive = os.environ.get("NEXTCLOUD_ARCHIVE")
    if archive and not Path(archive).is_file():
        sys.exit(f"molecule: NEXTCLOUD_ARCHIVE is not there: {archive}")
    try:
        return max(
            attempt(role, path.parent.name)
            for role in roles
            for path in sorted(ROLES.glob(f"{role}/molecule/*/molecule.yml"))
            if path.parent.name != "container"  # it needs an engine, and is played by hand
        )
    except (NoRoot, NotMade) as error:
        sys.exit(f"molecule: {error}")


if __name__ == "__main__":
    sys.exit(main())
