# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the files lie that mgrctl works with, as text. `Layout` has these and all others as paths."""

from __future__ import annotations

import os

KEY = "etc/billmgr.pem"
"""The RSA key of all encrypted parameters, below the root."""


class Files:
    """Those of the tree at `root`, an absolute path. `pathlib` takes half as long to import as a whole call."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.key = f"{root}/{KEY}"
        self.mgrctl_log = f"{root}/var/mgrctl.jsonl"
        self.fault = f"{root}/var/mgrctl.fault"
        self.features = f"{root}/var/features.xml"

    @property
    def database(self) -> str:
        """The file that stands for BILLmanager's MySQL, or leads to it: see database.py."""
        options = f"{self.root}/etc/billmgr.cnf"
        return options if os.path.exists(options) else f"{self.root}/var/billmgr.sqlite"
