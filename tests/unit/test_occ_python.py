# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs on a cloud's server has an older Python than everything else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from harness.cloud_metrics import PROGRAM
from harness.worker import REPOSITORY

PLUGINS = REPOSITORY / "collections" / "ansible_collections" / "bill" / "nextcloud" / "plugins"
FILES = [PLUGINS / "modules" / "nextcloud_occ.py", *sorted((PLUGINS / "module_utils" / "occ").glob("*.py")), PROGRAM]


def test_it_uses_nothing_newer_than_python_3_7() -> None:
    """The oldest one that ansible-core 2.17 has on hosts. ansible-test does not look at the library."""
    assert len(FILES) > 5
    vermin = str(Path(sys.executable).with_name("vermin"))
    command = [vermin, "--no-config-file", "--no-tips", "-vvv", "--target=3.7-", *map(str, FILES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
