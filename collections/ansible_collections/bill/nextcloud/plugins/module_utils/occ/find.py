# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where occ and PHP are on this host."""

from __future__ import annotations

import glob
import os
import shutil

from ansible_collections.bill.nextcloud.plugins.module_utils.occ.refusals import Unusable

OCC_PLACES = (
    "/var/www/*/occ",  # Debian's web root, and html itself
    "/var/www/html/*/occ",
    "/var/www/*/data/www/*/occ",  # ISPmanager
    "/srv/*/occ",
    "/srv/www/*/occ",
    "/srv/www/htdocs/*/occ",  # openSUSE
    "/opt/*/occ",
    "/usr/share/nextcloud/occ",  # Fedora
    "/usr/share/webapps/nextcloud/occ",  # Arch, Alpine
    "/usr/local/www/nextcloud/occ",  # FreeBSD
)
PHP_PLACES = (
    "/usr/bin/php[0-9]*",
    "/usr/local/bin/php[0-9]*",
    "/opt/php*/bin/php",  # ISPmanager
    "/opt/plesk/php/*/bin/php",
    "/opt/cpanel/ea-php*/root/usr/bin/php",
    "/opt/alt/php*/usr/bin/php",  # CloudLinux
    "/opt/remi/php*/root/usr/bin/php",
    "/etc/opt/remi/php*/root/usr/bin/php",
)
_KEPT = ".before-restore-"  # in the name of a directory that the role nextcloud_backup has kept beside the restored one
_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


def program(name: str) -> str | None:
    """Return the path of a program, from PATH and the usual directories (SSH gives a short PATH), or None."""
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), *_PATH)))


def find_occ(given: str | None) -> str:
    """Return the path of the file occ: ``given``, or the only one in the usual places.

    A given one is not looked at, since this user may not be allowed to: PHP does.

    :raises Unusable: there is none, or several.
    """
    if given is not None:
        if not os.path.isabs(given):
            raise Unusable(f"occ_path must be an absolute path, not {given}")
        return given
    found: dict[str, str] = {}
    for place in OCC_PLACES:
        for path in sorted(glob.glob(place)):
            directory = os.path.dirname(path)
            # Another program may have this name.
            if (
                os.path.isfile(path)
                and os.path.isfile(os.path.join(directory, "console.php"))
                and _KEPT not in os.path.basename(directory)
            ):
                found.setdefault(os.path.realpath(path), path)
    if len(found) > 1:
        raise Unusable(f"there is more than one occ: {', '.join(sorted(found.values()))}. Name one with occ_path.")
    if not found:
        raise Unusable(
            f"no file occ that this user can see in {', '.join(OCC_PLACES)}. Name it with occ_path, or the whole "
            f"command with occ_command."
        )
    return next(iter(found.values()))


def find_php(given: str | None) -> str:
    """Return the path of PHP's command line program: ``given``, ``php`` of the PATH, or the only one elsewhere.

    :raises Unusable: there is none, or several and none is ``php`` of the PATH.
    """
    if given is not None:
        if not os.path.isabs(given):
            raise Unusable(f"php_path must be an absolute path, not {given}")
        if not (os.path.isfile(given) and os.access(given, os.X_OK)):
            raise Unusable(f"php_path {given} is not a program that this user may start")
        return given
    usual = program("php")
    if usual is not None:
        return usual
    found = sorted(path for place in PHP_PLACES for path in glob.glob(place) if os.access(path, os.X_OK))
    if len(found) > 1:
        raise Unusable(f"there is more than one PHP: {', '.join(found)}. Name one with php_path.")
    if not found:
        raise Unusable(
            f"no PHP in the PATH, nor {', '.join(PHP_PLACES)}. Install PHP's command line program, name it with "
            f"php_path, or the whole command with occ_command."
        )
    return found[0]
