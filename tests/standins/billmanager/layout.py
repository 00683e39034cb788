# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things lie below the root of the tree (/usr/local/mgr5 on a panel host), and laying it out."""

from __future__ import annotations

import json
import shlex
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import crypt
from .errors import PanelError
from .schema import create_tables

TESTS = Path(__file__).resolve().parents[2]
"""The folder that holds the package `standins`."""

# A first line with the interpreter would break at a space in its path; to Python the shell's part is a text.
MGRCTL = """\
#!/bin/sh
''':'
exec {python} -I "$0" "$@"
'''
import sys
from pathlib import Path

sys.path.insert(0, {tests!r})
from standins.billmanager.mgrctl import main

sys.exit(main(Path(__file__).resolve().parent.parent, sys.argv[1:]))
"""


@dataclass(frozen=True)
class Layout:
    """The paths of one tree. `root` is absolute."""

    root: Path

    @property
    def mgrctl(self) -> Path:
        """The command by which a module talks to the panel."""
        return self.root / "sbin" / "mgrctl"

    @property
    def key(self) -> Path:
        """The RSA key of all encrypted parameters."""
        return self.root / "etc" / "billmgr.pem"

    @property
    def database(self) -> Path:
        """The file that stands for BILLmanager's MySQL, or leads to it: see database.py."""
        options = self.root / "etc" / "billmgr.cnf"
        return options if options.exists() else self.root / "var" / "billmgr.sqlite"

    @property
    def history(self) -> Path:
        """One JSON line per run of the module."""
        return self.root / "var" / "history.jsonl"

    @property
    def mgrctl_log(self) -> Path:
        """One JSON line per call of mgrctl."""
        return self.root / "var" / "mgrctl.jsonl"

    @property
    def fault(self) -> Path:
        """The faults that mgrctl has to show, see faults.py."""
        return self.root / "var" / "mgrctl.fault"

    @property
    def features(self) -> Path:
        """The module's answer to `features`, kept from one start of the panel to the next."""
        return self.root / "var" / "features.xml"

    def module(self, name: str) -> Path:
        """The executable of a processing module."""
        return self.root / "processing" / name

    def descriptor(self, name: str) -> Path:
        """The descriptor of a processing module."""
        return self.root / "etc" / "xml" / f"billmgr_mod_{name}.xml"

    def configuration(self, name: str) -> Path:
        """The module's own configuration file."""
        return self.root / "etc" / f"{name}.conf"


def lay_out(root: Path, mariadb: Path | None) -> Layout:
    """Makes folders, key, database (see `Panel.create`) and sbin/mgrctl. `root` must be absent or empty, else
    `PanelError` not_empty."""
    root = root.resolve()
    if root.exists() and any(root.iterdir()):
        raise PanelError("not_empty", f"{root} holds something already")
    for folder in ("sbin", "etc/xml", "processing", "var", "tmp", "skins/common/plugin-logo"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    layout = Layout(root)
    crypt.write_key(layout.key)
    if mariadb is not None:
        from .on_mariadb import add

        add(mariadb, layout.root / "etc" / "billmgr.cnf")
    create_tables(layout.database)
    layout.mgrctl.write_text(MGRCTL.format(python=shlex.quote(sys.executable), tests=str(TESTS)), encoding="utf-8")
    layout.mgrctl.chmod(0o755)
    return layout


def append_line(path: Path, record: dict[str, Any]) -> None:
    """Adds one JSON line with the time; a single short write, so lines of several processes do not mix."""
    line = json.dumps({"time": time.strftime("%Y-%m-%dT%H:%M:%S%z"), **record}, ensure_ascii=False) + "\n"
    with path.open("ab", buffering=0) as file:
        file.write(line.encode())


def read_lines(path: Path) -> list[dict[str, Any]]:
    """All records of a JSON lines file; none when the file is absent."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
