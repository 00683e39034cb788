# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shipped, and what its metadata says."""

from __future__ import annotations

import json
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import yaml

from collection.conftest import Installed
from collection.installation import COLLECTION, ON_A_SERVER


def metadata(path: str) -> dict[str, Any]:
    """Return a YAML file of the collection."""
    content: dict[str, Any] = yaml.safe_load((COLLECTION / path).read_text(encoding="utf-8"))
    return content


def test_everything_under_version_control_is_shipped_and_nothing_else(installed: Installed) -> None:
    """No cache, no output of tests; documentation, changelog and tests are in it."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate"]
    listed = subprocess.run(command, cwd=COLLECTION, capture_output=True, text=True, check=True).stdout.splitlines()
    here = {name for name in listed if (COLLECTION / name).is_file()}
    root = installed.collections / "ansible_collections" / "bill" / "nextcloud"
    files = json.loads((root / "FILES.json").read_text())["files"]
    shipped = {file["name"] for file in files if file["ftype"] == "file"}
    assert shipped == here - {"galaxy.yml"}


def test_the_action_group_has_every_module() -> None:
    """A module that is not in it would not get the connection options."""
    modules = {module.stem for module in (COLLECTION / "plugins" / "modules").glob("*.py")} - ON_A_SERVER
    assert set(metadata("meta/runtime.yml")["action_groups"]["nextcloud"]) == modules


def test_the_oldest_core_that_is_tried_is_the_oldest_that_is_promised() -> None:
    """requires_ansible and cores.toml say the same."""
    oldest = next(iter(tomllib.loads(Path(__file__).with_name("cores.toml").read_text())))
    assert metadata("meta/runtime.yml")["requires_ansible"] == f">={oldest}.0"
