# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a directory that looks like an installation of the cloud, as far as occ is concerned."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PROGRAM = Path(__file__).with_name("program.py")
_SYSTEM_PYTHON = "/usr/bin/python3"
# Options of PHP before the script are skipped.
_PHP = """\
#!/bin/sh
# A stand-in of PHP's command line: runs a file that is Python.
while :; do
  case "$1" in
    -d | -c) shift 2 ;;
    -d?* | -c?* | -n | -q | -f) shift ;;
    -v | --version) echo 'PHP 8.2.29 (cli) (built: Jan  1 2026 00:00:00) (NTS)'; exit 0 ;;
    *) break ;;
  esac
done
exec {python} -I -S "$@"
"""


def install(directory: Path, facts: Mapping[str, Any], owner: int | None) -> Path:
    """Write `occ`, `php`, `version.php` and `config/config.php` below the directory, which is made where missing;
    returns the path of occ.

    facts: of `service.OccService.describe`. owner: user id that config.php is given to (root only); None: one's own.
    Python runs them: that of the system, which every user may start, or else the one that runs this.
    """
    python = _SYSTEM_PYTHON if os.access(_SYSTEM_PYTHON, os.X_OK) else sys.executable
    config = directory / "config"
    config.mkdir(parents=True, exist_ok=True)
    occ = directory / "occ"
    conf = (facts["port"], "yes" if facts["drops_privileges"] else "no", facts["refusal"])
    files = {
        occ: (_PROGRAM.read_text(encoding="utf-8"), 0o755),
        directory / "php": (_PHP.format(python=python), 0o755),
        directory / "standin.conf": (" ".join(map(str, conf)) + "\n", 0o644),
        directory / "version.php": (_version(facts), 0o644),
        config / "config.php": (_config(facts), 0o640),
    }
    for path, (text, mode) in files.items():
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
    if owner is not None:
        os.chown(config / "config.php", owner, -1)
    return occ


def _version(facts: Mapping[str, Any]) -> str:
    parts = facts["version"].replace(".", ", ")
    return f"<?php\n$OC_Version = [{parts}];\n$OC_VersionString = '{facts['versionstring']}';\n"


def _config(facts: Mapping[str, Any]) -> str:
    return f"<?php\n$CONFIG = array (\n  'version' => '{facts['version']}',\n  'installed' => true,\n);\n"
