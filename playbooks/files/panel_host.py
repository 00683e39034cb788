# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the bridge can be installed on this host; run by playbooks/bridge.yml with the interpreter for the bridge.

The argument is a JSON object: `manifest` (see bridge/bundle.py), `directory`, `billmanager`, `settings`, `command`,
`downgrade`. Prints a JSON object: `refusals` (sentences, none when all is well), `installed` (the release that is
there, or null), `running` (whether the bridge is), `complete` and `activated` (of the release to be installed).
Changes nothing. For Python 3.6 and newer, so that an old one can say why it is refused.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
from typing import Any, Dict, Iterator, Optional, Tuple

NEEDED_BYTES = 500 * 1024 * 1024
PROGRAMS = {"setpriv": "util-linux", "systemctl": "systemd", "logrotate": "logrotate"}
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def numbers(version: str) -> Tuple[int, ...]:
    """A version as numbers, for comparing."""
    return tuple(int(part) for part in version.split("."))


def interpreter(manifest: Dict[str, Any], settings: str) -> Iterator[str]:
    """What is wrong with the interpreter, and with the libraries behind it."""
    found = "%d.%d" % sys.version_info[:2]
    if found != manifest["python"]:
        yield "%s is Python %s, and this bundle is for %s: make bundle PYTHON=… builds one for another" % (
            sys.executable,
            found,
            manifest["python"],
        )
    if platform.machine() != manifest["machine"]:
        yield "this bundle is for %s, and this host is %s" % (manifest["machine"], platform.machine())
    library, version = platform.libc_ver()
    if library != "glibc" or numbers(version) < numbers(manifest["glibc"]):
        yield "this bundle needs glibc %s, and this host has %s: build it on a host like this one" % (
            manifest["glibc"],
            " ".join((library, version)).strip() or "another library",
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        yield "%s has no module venv; on Debian, Ubuntu and Astra Linux: apt-get install python%s-venv" % (
            sys.executable,
            found,
        )
    try:
        import sqlite3
    except ImportError:
        yield "%s has no module sqlite3" % sys.executable
        return
    have = sqlite3.sqlite_version_info
    if sys.version_info >= (3, 12) and have < (3, 42):
        yield "Python %s needs SQLite 3.42 or newer, and this host has %s" % (found, sqlite3.sqlite_version)
    elif have < (3, 35) and not in_postgresql(settings):
        yield (
            "SQLite %s is too old for the bridge's databases (3.35 or newer): name a PostgreSQL database in %s, "
            '[engine] database = "postgresql://…"' % (sqlite3.sqlite_version, settings)
        )


def in_postgresql(path: str) -> bool:
    """Whether the settings name a PostgreSQL database. (Whether they are right is asked later.)"""
    try:
        import tomllib

        with open(path, "rb") as file:
            database = tomllib.load(file).get("engine", {}).get("database", "")
            return bool(database.startswith("postgresql"))
    except (ImportError, OSError, ValueError, AttributeError):
        return False


def paths(asked: Dict[str, Any]) -> Iterator[str]:
    """What is wrong with the paths that were given."""
    for name in ("directory", "billmanager"):
        given = asked[name]
        if given != os.path.normpath(given) or not os.path.isabs(given) or any(one.isspace() for one in given):
            yield "bridge_%s is to be an absolute path without blanks and without a slash at its end, not %r" % (
                name,
                given,
            )


def host(directory: str, billmanager: str, command: str) -> Iterator[str]:
    """What is wrong with the host."""
    if os.geteuid() != 0:
        yield "the bridge is installed by root (over ssh by another user: --become)"
    if not os.path.isdir("/run/systemd/system"):
        yield "systemd does not run here"
    for program, package in sorted(PROGRAMS.items()):
        if shutil.which(program, path=PATH) is None:
            yield "%s is missing (package %s)" % (program, package)
    if not os.access("/usr/bin/python3", os.X_OK):
        yield "/usr/bin/python3, which runs the module, is missing (package python3)"
    if not os.access(os.path.join(billmanager, "sbin", "mgrctl"), os.X_OK):
        yield "BILLmanager is not there: %s/sbin/mgrctl (another directory: -e bridge_billmanager=…)" % billmanager
        return
    module = os.path.join(billmanager, "processing", "pmnextcloud")
    ours = os.path.join(directory, "bridge", "pmnextcloud")
    if os.path.lexists(module) and not (os.path.islink(module) and os.readlink(module) == ours):
        yield "%s is another module's: docs/migrate.md says how to change over; then remove it" % module
    program = os.path.join(directory, ".venv", "bin", "bill-nextcloud")
    if os.path.lexists(command) and not (os.path.islink(command) and os.readlink(command) == program):
        yield "%s is there, and not by this playbook: move it away" % command


def place(directory: str) -> Iterator[str]:
    """What is wrong with the directory of the bridge."""
    if os.path.exists(directory) and not os.path.islink(directory):
        yield (
            "%s is there, and not by this playbook: stop the bridge (systemctl stop bill-nextcloud.service) and move "
            "the directory away; settings and records are elsewhere and stay" % directory
        )
    parent = os.path.dirname(directory)
    while not os.path.isdir(parent):
        parent = os.path.dirname(parent)
    free = shutil.disk_usage(parent).free
    if free < NEEDED_BYTES:
        yield "%s has %d MiB free, and %d are needed" % (parent, free // 1048576, NEEDED_BYTES // 1048576)


def older(manifest: Dict[str, Any], directory: str, installed: Optional[str]) -> Iterator[str]:
    """Whether an older version would take the place of a newer one."""
    try:
        with open(os.path.join(directory, "bundle.json")) as file:
            now = json.load(file)["version"]
    except (OSError, ValueError, KeyError):
        return
    if installed and numbers(manifest["version"]) < numbers(now):
        yield "version %s is installed, and this bundle is %s: -e bridge_downgrade=true goes back" % (
            now,
            manifest["version"],
        )


def running() -> bool:
    """Whether systemd has the bridge started."""
    try:
        return subprocess.call(["systemctl", "--quiet", "is-active", "bill-nextcloud.service"]) == 0
    except OSError:
        return False


def main() -> None:
    """The program."""
    asked = json.loads(sys.argv[1])
    manifest, directory = asked["manifest"], asked["directory"]
    installed = os.path.basename(os.path.realpath(directory)) if os.path.islink(directory) else None
    refusals = list(interpreter(manifest, asked["settings"]))
    refusals += paths(asked)
    refusals += host(directory, asked["billmanager"], asked["command"])
    refusals += place(directory)
    if not asked["downgrade"]:
        refusals += older(manifest, directory, installed)
    release = os.path.join(directory + ".releases", manifest["release"])
    print(
        json.dumps(
            {
                "refusals": refusals,
                "installed": installed,
                "running": running(),
                "complete": os.path.exists(os.path.join(release, ".venv", "installed")),
                "activated": os.path.exists(os.path.join(release, ".venv", "activated")),
            }
        )
    )


if __name__ == "__main__":
    main()
