# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine of its own for the role nextcloud_server: a root of its own without a network but its loopback, in which
services are started by scripts, as no systemd runs there. What is installed there has been fetched before."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import yaml
from standins.nextcloud_release import make

from harness.certificate import self_signed
from harness.debian_root import debian_root
from harness.own_root import REPOSITORY, OwnRoot

ROLE = REPOSITORY / "collections" / "ansible_collections" / "bill" / "nextcloud" / "roles" / "nextcloud_server"

CERTIFICATE, KEY = Path("/etc/ssl/cloud.pem"), Path("/etc/ssl/private/cloud.key")

# The lists of packages count as new: there is no network by which they could be renewed.
_PREPARE = """
ip link set lo up
rm -f /sbin/init /usr/sbin/policy-rc.d
mkdir -p /var/lib/apt/periodic /etc/ssl/private
touch /var/lib/apt/lists /var/lib/apt/periodic/update-success-stamp
"""
# What this machine has of what the role makes is not there: the packages are as after their installation.
_AS_NEW = """
rm -rf /var/www/nextcloud* /var/lib/nextcloud /var/log/nextcloud /etc/nginx/sites-enabled/* /var/lib/mysql
rm -f /etc/mysql/mariadb.conf.d/*nextcloud* /etc/php/*/*/*/*nextcloud* /etc/logrotate.d/nextcloud
rm -f /etc/nginx/sites-*/nextcloud* /etc/systemd/system/nextcloud* /var/spool/cron/crontabs/www-data
install -d -o mysql -g mysql -m 0755 /var/lib/mysql
mariadb-install-db --user=mysql --skip-test-db
"""


class CloudMachine(OwnRoot):
    """``with CloudMachine(directory) as machine``: ``directory`` is made, with a certificate for 127.0.0.1 in it, which
    is in there as well. Ansible reaches it by its connection `chroot`, :meth:`beside` it."""

    networked = False

    def __init__(self, directory: Path, below: Path = Path("/")) -> None:
        directory.mkdir(parents=True)
        super().__init__(directory / "machine", below=below)
        self.directory = directory

    def prepare(self) -> None:
        self.do(_PREPARE)
        if self.below == Path("/"):
            self.do(_AS_NEW)
        self.certificate, key = self_signed(self.directory)
        self.write(CERTIFICATE, self.certificate.read_bytes(), 0o644)
        self.write(KEY, key.read_bytes(), 0o600)

    def write(self, path: Path, content: bytes, mode: int) -> None:
        """Write a file in there."""
        seen = self.path(path)
        seen.touch(mode=mode)
        seen.chmod(mode)
        seen.write_bytes(content)

    def variables(self) -> dict[str, Any]:
        """Ansible's connection variables."""
        return {
            "ansible_connection": "community.general.chroot",
            "ansible_host": str(self.root),
            "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_pipelining": True,
        }

    def environment(self) -> dict[str, str]:
        """What Molecule's scenarios read: its root, and a release archive beside its checksum."""
        archive = release_archive(self.directory)
        return {"MOLECULE_ROOT": str(self.root), "MOLECULE_ARCHIVE": str(archive)}


def packages(release: str) -> set[str]:
    """What the role installs on a Debian of that major version, whatever is chosen."""
    main, debian = (yaml.safe_load((ROLE / "vars" / name).read_text("utf-8")) for name in ("main.yml", "Debian.yml"))

    def names(key: str) -> Any:
        return debian[f"__nextcloud_server_{key}"]

    php = main["__nextcloud_server_releases"][f"Debian {release}"]["php"]
    extensions = [*names("php_extensions"), *names("php_database_extensions").values()]
    alternatives = (*names("web_server_packages").values(), *names("database_packages").values())
    return {
        *names("common_packages"),
        *names("cron_packages"),
        *(f"php{php}-{extension}" for extension in extensions),
        *(package for one in alternatives for package in one),
    }


def debian_machine(directory: Path) -> CloudMachine:
    """A machine with nothing but a small Debian 12."""
    return CloudMachine(directory, debian_root("bookworm", packages("12")))


def release_archive(directory: Path) -> Path:
    """A link to the release archive that the environment names, or else a minimal one; with a file of its checksum
    beside it."""
    # The Makefile hands on what is not set as an empty text.
    named = os.environ.get("NEXTCLOUD_ARCHIVE")
    if named:
        archive = directory / Path(named).name
        archive.symlink_to(Path(named).absolute())
        with archive.open("rb") as file:
            checksum = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    else:
        minimal = make(directory, "31.0.6")
        archive, checksum = minimal.path, minimal.checksum
    archive.with_name(f"{archive.name}.checksum").write_text(checksum, "utf-8")
    return archive
