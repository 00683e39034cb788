# SPDX-License-Identifier: GPL-3.0-or-later
"""The program as such: what it asks of a server's Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from roles.backup.server import FILES


def test_it_uses_nothing_newer_than_python_3_9() -> None:
    """The one of AlmaLinux 9. ansible-test does not look at the library."""
    files = sorted((FILES / "nextcloud_backup").rglob("*.py"))
    assert len(files) > 15
    vermin = str(Path(sys.executable).with_name("vermin"))
    command = [vermin, "--no-config-file", "--no-tips", "-vvv", "--target=3.9-", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
