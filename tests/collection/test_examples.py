# SPDX-License-Identifier: GPL-3.0-or-later
"""The EXAMPLES of every module and of the README, run as they are printed, by the installed collection against a
stand-in cloud. examples.yml has what they need."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from collection.conftest import Installed, Prepare
from collection.documents import as_playbook, examples, readme_playbooks
from collection.installation import COLLECTION, ON_A_SERVER, Run

SHOWN = {
    module.stem: examples(module)
    for module in sorted((COLLECTION / "plugins" / "modules").glob("*.py"))
    if module.stem not in ON_A_SERVER  # test_occ_server.py has one
} | {f"README-{number}": text for number, text in enumerate(readme_playbooks(COLLECTION / "README.md"))}
DATA: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "examples.yml").read_text(encoding="utf-8"))
# Deprecations are errors. That no inventory is given is as it should be.
SETTINGS = {"ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false"}


def clean(run: Run) -> Run:
    """Return a run that succeeded without a warning."""
    assert run.returncode == 0, run.printed
    assert "WARNING" not in run.printed, run.printed
    return run


@pytest.mark.parametrize("name", SHOWN)
def test_examples(name: str, installed: Installed, prepare: Prepare, tmp_path: Path) -> None:
    """Check mode writes nothing, the first run works, the second has nothing to do."""
    cloud = prepare(DATA["variables"]["cloud_password"], DATA["groups"], DATA["accounts"])
    (tmp_path / "play.yml").write_text(cloud.in_place(as_playbook(SHOWN[name])), encoding="utf-8")
    (tmp_path / "variables.json").write_text(json.dumps(DATA["variables"]))
    command = ("ansible-playbook", "-e", "@variables.json", "--diff", "play.yml")
    environment = {**SETTINGS, "ANSIBLE_COLLECTIONS_PATH": str(installed.collections)}
    harmless = {
        request
        for module, requests in DATA["sent_without_effect"].items()
        if f"bill.nextcloud.{module}:" in SHOWN[name]
        for request in requests
    }

    before, sent = cloud.state(), len(cloud.writes())
    checked = clean(installed.ansible.run(tmp_path, *command, "--check", environment=environment))
    assert set(cloud.writes()[sent:]) <= harmless
    assert cloud.state() == before

    first = clean(installed.ansible.run(tmp_path, *command, environment=environment))
    again = clean(installed.ansible.run(tmp_path, *command, environment=environment))
    if name in DATA["reads"]:
        assert not checked.changed_tasks | first.changed_tasks | again.changed_tasks
        assert set(cloud.writes()[sent:]) <= harmless
    else:
        assert checked.changed_tasks == first.changed_tasks != set(), first.printed
        assert again.changed_tasks == set(DATA["changes_again"].get(name, {})), again.printed
    for run in (checked, first, again):
        assert DATA["variables"]["cloud_password"] not in run.printed
