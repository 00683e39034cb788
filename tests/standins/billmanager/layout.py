# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things lie below the root of the tree (/usr/local/mgr5 on a panel host), and laying it out."""

from __future__ import annotations

import os
import shlex
import site
import sys
from dataclasses import dataclass
from pathlib import Path

from . import crypt
from .errors import PanelError
from .files import Files
from .schema import create_tables

TESTS = Path(__file__).resolve().parents[2]
"""The folder that holds the package `standins`."""

MGRCTL = """\
{start}
import sys

sys.path += {folders!r}
from standins.billmanager.mgrctl import main

sys.exit(main(__file__, sys.argv[1:]))
"""

FIRST_LINE_BYTES = 127
"""How long the line that names a program's interpreter may be; newer Linux takes 255."""


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
        return Path(self._files.key)

    @property
    def database(self) -> Path:
        """The file that stands for BILLmanager's MySQL, or leads to it: see database.py."""
        return Path(self._files.database)

    @property
    def history(self) -> Path:
        """One JSON line per run of the module."""
        return self.root / "var" / "history.jsonl"

    @property
    def mgrctl_log(self) -> Path:
        """One JSON line per call of mgrctl."""
        return Path(self._files.mgrctl_log)

    @property
    def fault(self) -> Path:
        """The faults that mgrctl has to show, see faults.py."""
        return Path(self._files.fault)

    @property
    def features(self) -> Path:
        """The module's answer to `features`, kept from one start of the panel to the next."""
        return Path(self._files.features)

    def module(self, name: str) -> Path:
        """The executable of a processing module."""
        return self.root / "processing" / name

    def descriptor(self, name: str) -> Path:
        """The descriptor of a processing module."""
        return self.root / "etc" / "xml" / f"billmgr_mod_{name}.xml"

    def configuration(self, name: str) -> Path:
        """The module's own configuration file."""
        return self.root / "etc" / f"{name}.conf"

    @property
    def _files(self) -> Files:
        return Files(str(self.root))


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
    folders = [str(TESTS), *site.getsitepackages()]
    layout.mgrctl.write_text(MGRCTL.format(start=_start(sys.executable), folders=folders), encoding="utf-8")
    layout.mgrctl.chmod(0o755)
    return layout


def _start(python: str) -> str:
    """The beginning of a program for the interpreter `python`. It does without `site` (`-S`), which is a third of its
    start."""
    first = f"#!{python} -IS"
    if len(os.fsencode(first)) < FIRST_LINE_BYTES and not any(sign.isspace() for sign in python):
        return first
    # A shell starts it. To that the second line says nothing; to Python what the shell has to read is a text.
    return f"""#!/bin/sh
''':'
exec {shlex.quote(python)} -IS "$0" "$@"
'''"""
