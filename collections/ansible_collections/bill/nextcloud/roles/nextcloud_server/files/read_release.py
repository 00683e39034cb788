# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads which release of Nextcloud an archive has, and which PHP that needs; nothing is unpacked.

    read_release.py ARCHIVE

Prints JSON: `version` and `name` (31.0.6.2 and 31.0.6), `over`, the releases over which it can be installed (30.0,
31.0), `php_least` and `php_below` (PHP_VERSION_ID; the second may be null), `root`, the archive's directory, and
`bytes`, the archive's own size. If there is no release in it, prints only `problem`, the words for that.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tarfile
import typing as t
import zipfile
from functools import partial

# Both are in the release's own directory: https://github.com/nextcloud/server, version.php and lib/versioncheck.php
VERSION = "version.php"
PHP = "lib/versioncheck.php"
_MOST_BYTES = 100000

_NUMBERS = re.compile(r"\$OC_Version\s*=\s*(?:array\s*\(|\[)\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)")
_NAME = re.compile(r"\$OC_VersionString\s*=\s*'([^']+)'")
_VENDOR = re.compile(r"\$vendor\s*=\s*'nextcloud'")
_OVER = re.compile(r"'nextcloud'\s*=>\s*(?:array\s*\(|\[)([^)\]]*)")
_RELEASE = re.compile(r"'([\d.]+)'\s*=>\s*true")
_PHP_LEAST = re.compile(r"PHP_VERSION_ID\s*<\s*(\d+)")
_PHP_BELOW = re.compile(r"PHP_VERSION_ID\s*>=\s*(\d+)")


class NoRelease(Exception):
    """The archive has no release of Nextcloud; the text says what is missing."""


def members(path: str) -> t.Iterator[tuple[str, t.Callable[[], bytes]]]:
    """Give the name of each file of the archive, and what reads it.

    :raises NoRelease: it is neither a tar archive nor a zip archive.
    """
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as zipped:
            for entry in zipped.infolist():
                yield entry.filename, partial(_zipped, zipped, entry)
        return
    try:
        with tarfile.open(path, "r|*") as packed:
            for member in packed:
                if member.isfile():
                    yield member.name, partial(_packed, packed, member)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise NoRelease(f"it cannot be read as .tar.bz2, .tar.gz or .zip: {error}") from error


def _zipped(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    with archive.open(member) as file:
        return file.read(_MOST_BYTES)


def _packed(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    assert file is not None  # it is a regular file
    return file.read(_MOST_BYTES)


def find(path: str) -> tuple[str, dict[str, str]]:
    """Return the archive's directory, and the text of the two files by their names. It is read up to the second one.

    :raises NoRelease: one of them is missing.
    """
    found: dict[str, dict[str, str]] = {}
    for name, read in members(path):
        root, *rest = (name[2:] if name.startswith("./") else name).split("/", 1)
        file = "".join(rest)
        if file in (VERSION, PHP):
            files = found.setdefault(root, {})
            files[file] = read().decode("utf-8", "replace")
            if len(files) == 2:
                return root, files
    raise NoRelease(f"there is no directory with {VERSION} and {PHP} in it")


def release(root: str, files: t.Mapping[str, str]) -> dict[str, t.Any]:
    """Return what the two files say.

    :raises NoRelease: they are not Nextcloud's.
    """
    numbers, name = _NUMBERS.search(files[VERSION]), _NAME.search(files[VERSION])
    over, least = _OVER.search(files[VERSION]), _PHP_LEAST.search(files[PHP])
    if numbers is None or name is None or over is None or least is None or not _VENDOR.search(files[VERSION]):
        raise NoRelease(f"{VERSION} and {PHP} are not those of a Nextcloud")
    below = _PHP_BELOW.search(files[PHP])
    return {
        "root": root,
        "version": ".".join(numbers.groups()),
        "name": name.group(1),
        "over": _RELEASE.findall(over.group(1)),
        "php_least": int(least.group(1)),
        "php_below": int(below.group(1)) if below else None,
    }


def main() -> None:
    """Print the release of the archive that the command line names."""
    path = sys.argv[1]
    try:
        found = {**release(*find(path)), "bytes": os.path.getsize(path)}
    except (NoRelease, OSError) as error:
        found = {"problem": f"{path} has no release of Nextcloud: {error}."}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
