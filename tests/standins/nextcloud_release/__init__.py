# SPDX-License-Identifier: GPL-3.0-or-later
"""A release archive of a Nextcloud that is as small as can be: what setting up and upgrading a server needs of it.

Its occ and its web addresses are real PHP with a real database. `occ upgrade` makes a table and changes the accounts'
passwords, so that it is seen whether that was taken back.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

FILES = Path(__file__).with_name("files")
_VERSION = """<?php
$OC_Version = array({numbers});
$OC_VersionString = '{name}';
$OC_Edition = '';
$OC_Channel = 'stable';
$OC_VersionCanBeUpgradedFrom = array (
  'nextcloud' =>
  array (
{over}
  ),
);
$vendor = 'nextcloud';
"""


@dataclass(frozen=True)
class Archive:
    """A release archive and its checksum, as the role takes it."""

    path: Path
    checksum: str

    @classmethod
    def of(cls, path: Path) -> Archive:
        """A file that is there."""
        return cls(path, f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}")

    @property
    def variables(self) -> dict[str, str]:
        """What names it as the release that is to be there."""
        return {"nextcloud_server_archive": str(self.path), "nextcloud_server_archive_checksum": self.checksum}

    @property
    def earlier(self) -> dict[str, str]:
        """What names it as one between."""
        return {"archive": str(self.path), "checksum": self.checksum}


def make(
    directory: Path,
    name: str,
    *,
    over: Sequence[str] | None = None,
    upgrade: Mapping[str, str] | None = None,
    php: tuple[str, str] = ("80100", "80500"),
    without: Sequence[str] = (),
    ending: str = "tar.bz2",
) -> Archive:
    """Make the archive of a release (``31.0.6``) in ``directory``.

    ``over``: the releases over which it can be installed, by default its own and the major version before; ``upgrade``:
    what its `occ upgrade` does, ``fail`` with words, or ``wait`` for a file; ``php``: the least that it takes, and the
    least that it does not, as PHP_VERSION_ID; ``without``: apps that it does not bring; ``ending``: ``tar.bz2``,
    ``tar.gz`` or ``zip``.
    """
    major = int(name.split(".")[0])
    allowed = over if over is not None else (f"{major - 1}.0", f"{major}.0")
    path = directory / f"nextcloud-{name}.{ending}"
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary, "nextcloud")
        shutil.copytree(FILES, root)
        version = _VERSION.format(
            numbers=",".join((*name.split("."), "1")),
            name=name,
            over="\n".join(f"    '{release}' => true," for release in allowed),
        )
        (root / "version.php").write_text(version)
        check = root / "lib" / "versioncheck.php"
        check.write_text(check.read_text().replace("80100", php[0]).replace("80500", php[1]))
        if upgrade is not None:
            (root / "core" / "upgrade.json").write_text(json.dumps(upgrade))
        for app in without:
            shutil.rmtree(root / "apps" / app)
        _pack(root, path)
    return Archive.of(path)


def _pack(root: Path, path: Path) -> None:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as zipped:
            for file in sorted(root.rglob("*")):
                zipped.write(file, file.relative_to(root.parent))
    elif path.suffix == ".bz2":
        with tarfile.open(path, "w:bz2") as packed:
            packed.add(root, root.name)
    else:
        with tarfile.open(path, "w:gz") as packed:
            packed.add(root, root.name)
