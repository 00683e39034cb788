# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks by hand, with an inventory of one's own: what their variables say arrives, and a failure is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from harness.playbook import BIN
from harness.worker import REPOSITORY


def refused(tmp_path: Path, playbook: str, variables: dict[str, Any]) -> str:
    """Run a playbook that fails; what it tells then."""
    inventory = tmp_path / "clouds.yml"
    inventory.write_text(json.dumps({"clouds": {"hosts": {"cloud": variables}}}), encoding="utf-8")
    done = subprocess.run(
        [BIN / "ansible-playbook", "-i", inventory, f"playbooks/{playbook}.yml"],
        cwd=REPOSITORY,
        env={"PATH": os.defpath, "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 2
    return done.stdout.rpartition("fatal: ")[2]


@pytest.mark.parametrize("playbook", ["accounts", "groups", "import", "probe", "usage"])
def test_how_occ_is_started(tmp_path: Path, playbook: str) -> None:
    """With no more variables than the playbook asks for by occ. Of a PHP that is not there the module tells."""
    php = tmp_path / "php8.9"
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "cloud_url": "https://cloud.example",
        "cloud_transport": "occ",
        "cloud_occ_path": str(tmp_path / "occ"),
        "cloud_php_path": str(php),
        "accounts": [{"name": "anna", "state": "disabled"}],
    }
    assert f"php_path {php} is not a program" in refused(tmp_path, playbook, variables)


@pytest.mark.parametrize(
    ("playbook", "number"), [("accounts", 17), ("accounts", 0), ("import", 17), ("usage", 17), ("usage", 0)]
)
def test_how_many_requests_at_once(tmp_path: Path, playbook: str, number: int) -> None:
    """The module tells of more than it takes, and of none."""
    variables = {
        "cloud_url": "https://cloud.example",
        "cloud_username": "admin",
        "cloud_password": "Example-password-of-the-administrator",
        "cloud_api_requests": number,
        "accounts": [],
    }
    assert "api_requests must be from 1 to 8" in refused(tmp_path, playbook, variables)
